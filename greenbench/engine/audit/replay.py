"""A run joined again from what the store has of it, by the code that joined it first."""

import math
from collections.abc import Iterator

from greenbench.core import messages
from greenbench.core.measurement import Channel, Sample, SourceReport, Window
from greenbench.core.run import NodeState, RunResult, VariantResult, letter
from greenbench.engine import results
from greenbench.engine.recorder import Recorder
from greenbench.engine.results.wall import wall_energy_again
from greenbench.meters.discover import channels_in_use
from greenbench.meters.ledger import EnergyLedger
from greenbench.store.history import SampleSeries
from greenbench.store.store import Store

_COUNTS = ("size_bytes", "size_coded_bytes", "parameters", "nonzero_parameters", "flops")


class Replay:
    """A run joined again. `told`: whether the worker's words on the variants were kept; without them (older runs) only what clock and
    meter say can be made again. `series` are the raw samples by channel, `damaged` the blocks whose calls cannot be read back: what rests
    on these is not made again (`damage`), their energies are."""

    def __init__(self, store: Store, stored: RunResult) -> None:
        """Reads everything and joins it; writes nothing.

        Raises:
            StoreError: the store cannot be read.
        """
        self.stored = stored
        self.series: dict[str, SampleSeries] = {key: store.samples(stored.run_id, key) for key in store.channels(stored.run_id)}
        self.ledger = EnergyLedger(_channels(stored.sources))
        for key, series in self.series.items():
            self.ledger.add(_samples(key, series))
        self.damaged: list[Window] = []
        words = [messages.decode_event(line.encode()) for line in store.words(stored.run_id)]
        self.told = bool(words)
        self.recorder = self._recorder(store, words or list(_from_results(stored)))
        self.result = wall_energy_again(results.assemble(self.recorder, stored.sources, stored.started), self.recorder, stored)

    def _recorder(self, store: Store, words: list[messages.Event]) -> Recorder:
        stored = self.stored
        recorder = Recorder(stored.run_id, stored.plan, store, self.ledger, lambda text: None)
        recorder.store_failed = True  # what is only read again is not written again
        recorder.environment, recorder.started_ns, recorder.state = stored.environment, stored.started_ns, stored.state
        recorder.ended_ns = stored.started_ns + round(stored.seconds * 1e9)
        recorder.nodes = {node.node: node for node in stored.nodes}
        recorder.windows = list(store.windows(stored.run_id))
        for window, durations_s in store.blocks(stored.run_id, self.damaged):
            recorder.latencies[(window.node, window.variant, window.block)] = tuple(durations_s.tolist())
        self._stand_in(recorder)
        for word in words:
            recorder.on_event(word)
        for node in stored.nodes:
            if node.state is NodeState.DONE:
                recorder.charge(node.node)
        return recorder

    def _stand_in(self, recorder: Recorder) -> None:
        """Gives each damaged block the stored median for every call, so that the rest of it can be joined; one that was not stored is
        left out."""
        kept = {(each.benchmark, own, b.index): b for each, own in own_letters(self.stored) for b in each.blocks}
        for window in self.damaged:
            key = (window.node, window.variant, window.block)
            if key in kept:
                recorder.latencies[key] = (kept[key].median_s,) * max(window.calls, 1)
            else:
                recorder.windows.remove(window)

    def damage(self, benchmark: str, letter: str = "") -> str:
        """Which blocks of a benchmark, or of one of its variants, have damaged calls: "block 1 of F"; "" if none has."""
        found = [w for w in self.damaged if w.node == benchmark and letter in ("", w.variant)]
        return ", ".join(f"block {window.block + 1} of {self.letter(window)}" for window in found)

    def letter(self, window: Window) -> str:
        """The letter that the results give to a window's variant."""
        names = {(each.benchmark, own): each.letter for each, own in own_letters(self.stored)}
        return names.get((window.node, window.variant), window.variant)


def own_letters(stored: RunResult) -> Iterator[tuple[VariantResult, str]]:
    """The variants, each with the letter it had in its own benchmark: a second benchmark goes on in the results where the first ended."""
    seen: dict[str, int] = {}
    for variant in stored.variants:
        place = seen.get(variant.benchmark, 0)
        seen[variant.benchmark] = place + 1
        yield variant, letter(place)


def _channels(sources: tuple[SourceReport, ...]) -> list[Channel]:
    """What made up the run's ledger: a source that fell silent stayed in it, so that what it did not read is a gap, not a lower number."""
    return list(channels_in_use(sources))


def _samples(key: str, series: SampleSeries) -> Iterator[Sample]:
    rows = zip(series.t_ns.tolist(), series.power_w.tolist(), series.energy_j.tolist(), series.reasons, strict=True)
    for t_ns, power_w, energy_j, reason in rows:
        yield Sample(channel=key, t_ns=t_ns, power_w=_known(power_w), energy_j=_known(energy_j), reason=reason)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _from_results(stored: RunResult) -> Iterator[messages.Event]:
    """What the worker must have said of the variants of an older run, as far as its results tell."""
    for variant, own in own_letters(stored):
        if variant.failure is not None or not variant.metrics:
            continue
        counts = {name: _whole(variant, name) for name in _COUNTS}
        yield messages.VariantReady(
            node=variant.benchmark,
            variant=own,
            source=variant.node,
            name=variant.name,
            runtime=variant.runtime,
            precision=variant.precision,
            batch=variant.batch,
            threads=variant.threads,
            size_bytes=counts["size_bytes"] or 0,
            size_coded_bytes=counts["size_coded_bytes"],
            parameters=counts["parameters"] or 0,
            nonzero_parameters=counts["nonzero_parameters"] or 0,
            flops=counts["flops"],
            notes=variant.notes,
            execution=variant.execution,
        )


def _whole(variant: VariantResult, key: str) -> int | None:
    found = variant.metrics.get(key)
    return None if found is None or found.value is None else round(found.value)
