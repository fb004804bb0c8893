"""What an audit says of a run: each printed number beside the one made again from the raw data, and the samples behind each block."""

from collections.abc import Iterator

from greenbench.core import quote
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.metrics import BY_KEY
from greenbench.core.value import Value


class AuditedNumber(Value):
    """One number as it is stored with the run, and as it comes out of the raw data now; SI in `unit`.

    `path` names it: run, variant's letter, metric's key. `rests_on` says in words what it was made of. `agrees` None: it cannot be made
    again, for the reason in `note`; else `note` says what differs.
    """

    path: str
    key: str
    title: str
    unit: str = ""
    stored: float | None = None
    found: float | None = None
    agrees: bool | None = None
    rests_on: str = ""
    note: str = ""

    def quoted(self, value: float | None) -> str:
        """One of its two values with its unit, with more digits than are printed elsewhere: "8.7312 mJ"; a difference in per cent."""
        if value is None:
            return quote.NO_READING
        if self.path.endswith("/against"):
            points = self.key in BY_KEY and BY_KEY[self.key].fraction
            return f"{quote.significant(value * 100, 5)} {'pp' if points else '%'}"
        shown = quote.scale(self.unit, [value])
        whole = shown.factor == 1 and float(value).is_integer()
        text = quote.count(value) if whole else quote.significant(value * shown.factor, 5)
        return f"{text} {shown.unit}".strip()


class ChannelSamples(Value):
    """The samples of one channel that give the energy of a block: those inside it, and one beyond each end. Times in seconds since the
    start of the run; `edge_j` is what the ends between samples leave open. `gap` says why there is no energy."""

    channel: str
    title: str
    provenance: Provenance
    count: int
    first_s: float | None = None
    last_s: float | None = None
    energy_j: float | None = None
    edge_j: float | None = None
    gap: str = ""

    @property
    def words(self) -> str:
        """ "100 of CPU package, 12.300–22.301 s ◉"."""
        if self.gap:
            return f"{self.count} of {self.title}: {self.gap}"
        span = "" if self.first_s is None or self.last_s is None else f", {self.first_s:.3f}–{self.last_s:.3f} s"
        return f"{self.count} of {self.title}{span} {self.provenance.mark}"


class AuditedBlock(Value):
    """One timed block: its window in seconds since the start of the run, calls, median, joules of all counted channels with what the
    ends (`edge_j`) and all errors of the meters (`half_width_j`) leave open, and the samples behind them."""

    index: int
    t0_s: float
    t1_s: float
    calls: int
    median_s: float
    energy_j: float | None = None
    edge_j: float | None = None
    half_width_j: float | None = None
    provenance: Provenance = Provenance.UNAVAILABLE
    reason: str = ""
    samples: tuple[ChannelSamples, ...] = ()
    agrees: bool = True
    note: str = ""

    @property
    def seconds(self) -> float:
        return self.t1_s - self.t0_s

    @property
    def energy_words(self) -> str:
        """ "140.30 ± 0.12 J ◉", the ± being what the ends of the window leave open; "—" with the reason where there is no reading."""
        if self.energy_j is None:
            return f"{quote.NO_READING} {self.reason}".strip()
        edge_j = self.edge_j or 0.0
        whole = Measurement(
            value=self.energy_j, low=self.energy_j - edge_j, high=self.energy_j + edge_j, unit="J", provenance=self.provenance
        )
        shown = quote.scale("J", [self.energy_j])
        quoted = quote.quote(whole, shown)
        about = "≈ " if quoted.approx else ""
        edge = f" ± {quote.number(edge_j * shown.factor, quote.interval_decimals(edge_j * shown.factor))}" if edge_j else ""
        return f"{about}{quoted.text}{edge} {shown.unit} {quoted.mark}"


class AuditedVariant(Value):
    """The numbers and blocks of one variant; `benchmark` and `own_letter` are what windows and calls of the raw data are named by."""

    letter: str
    name: str
    benchmark: str = ""
    own_letter: str = ""
    numbers: tuple[AuditedNumber, ...] = ()
    blocks: tuple[AuditedBlock, ...] = ()
    reason: str = ""

    @property
    def agrees(self) -> bool:
        return all(number.agrees is not False for number in self.numbers) and all(block.agrees for block in self.blocks)


class Audit(Value):
    """A whole run. `digest` was printed with it, `digest_found` is that of the raw data as it is now. `reason`: why not all of it can be
    made again; "" if it can. `other_rules`: it was made by other rules than those of today, so that numbers may differ though the raw data
    is whole, which is for the digest to say. `damaged`: blocks whose call times cannot be read back; then no digest can be made."""

    run_id: str
    title: str
    started: str = ""
    digest: str = ""
    digest_found: str = ""
    numbers: tuple[AuditedNumber, ...] = ()
    variants: tuple[AuditedVariant, ...] = ()
    reason: str = ""
    other_rules: bool = False
    damaged: tuple[str, ...] = ()

    @property
    def digest_agrees(self) -> bool | None:
        """None: the run was kept without a digest."""
        return self.digest == self.digest_found if self.digest else None

    @property
    def disagreements(self) -> tuple[str, ...]:
        """Everything that does not come out as it is stored though it should, in words."""
        found = tuple(f"{block}: its call times are damaged and cannot be read back." for block in self.damaged)
        if not found and self.digest_agrees is False:
            found = ("The raw data is not what the printed digest stands for.",)
        return found if self.other_rules else (*found, *self.differences)

    @property
    def differences(self) -> tuple[str, ...]:
        """The numbers and blocks that come out otherwise than they are stored, in words: no fault where there are `other_rules`."""
        found = [f"{n.path}: {n.note}" for n in self.all_numbers if n.agrees is False]
        found += [f"{path}: {b.note}" for path, b in self._blocks() if not b.agrees and path not in self.damaged]
        return tuple(found)

    def _blocks(self) -> Iterator[tuple[str, AuditedBlock]]:
        for variant in self.variants:
            for block in variant.blocks:
                yield f"{self.run_id}/{variant.letter}/block {block.index + 1}", block

    @property
    def agrees(self) -> bool:
        return not self.disagreements

    @property
    def all_numbers(self) -> tuple[AuditedNumber, ...]:
        return (*self.numbers, *(number for variant in self.variants for number in variant.numbers))
