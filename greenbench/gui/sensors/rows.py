"""The rows of the sensors page as data: one for each channel that is read, one for each source that is silent. No Qt."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from greenbench.core.calibration import Calibration
from greenbench.core.measurement import Channel, Domain, Provenance, SourceReport, SourceState
from greenbench.gui.sensors.states import GROUPS, STATES, State
from greenbench.meters.ledger import EnergyLedger
from greenbench.meters.pairing import wholes
from greenbench.meters.replay import without_mark

_NOT_ADDED = State("intersect", "muted", "Not added", "standby or not added")
_APART = State("circle-half", "muted", "Shown apart", "standby or not added")
FOLD = "fold"  # the key of the line that stands for what this machine cannot have
_NO_EXTERNAL = "external"  # what the meter says in place of meters outside the machine, while there are none
_COVERED = {
    Domain.SYSTEM: "Whole system",
    Domain.PLATFORM: "Whole board",
    Domain.PACKAGE: "Processor package",
    Domain.CORE: "Processor cores",
    Domain.UNCORE: "Beside the cores",
    Domain.DRAM: "Memory modules",
    Domain.GPU: "Graphics board",
    Domain.BATTERY: "Whole laptop, screen too",
    Domain.OTHER: "Part of the machine",
}


@dataclass(frozen=True)
class SensorRow:
    """One line of the table. `key` is the channel's, or the source's where it has none; `act` is what its note does when it is pressed
    ("" for a plain note): "remedy", "add", "calibrate" or "fold". `place` says of a meter of the user's own what it is and where."""

    key: str
    title: str
    detail: str
    provenance: Provenance
    covers: str
    state: State
    note: str
    act: str
    report: SourceReport
    channel: Channel | None = None
    added: bool = False
    place: str = ""

    @property
    def modelled(self) -> bool:
        return self.provenance is Provenance.MODELLED

    @property
    def external(self) -> bool:
        return self.provenance is Provenance.EXTERNAL or self.report.key.startswith("external:")

    @property
    def refresh_s(self) -> float | None:
        """As measured where it was, else as stated."""
        if self.channel is None:
            return self.report.refresh_s
        return self.channel.refresh_measured_s or self.channel.refresh_s


def channels_of(reports: Iterable[SourceReport]) -> tuple[Channel, ...]:
    """The channels that are in use now."""
    return tuple(channel for report in reports if report.state is SourceState.IN_USE for channel in report.channels)


def counted(reports: Iterable[SourceReport]) -> tuple[Channel, ...]:
    """The channels that make up the reported total, by the ledger's own rule."""
    return EnergyLedger(channels_of(reports)).counted


def rows(
    reports: Sequence[SourceReport], calibration: Calibration | None = None, places: Mapping[str, str] | None = None
) -> tuple[SensorRow, ...]:
    """The lines of the table in the order of the meter: what is read first, what is not there last. `places` says of the meters of the
    user's own, by the key of their source, what they are and where."""
    reports = tuple(_plain(report) for report in reports)
    known = {channel.key: channel for channel in channels_of(reports)}
    added = {channel.key for channel in counted(reports)}
    found: list[SensorRow] = []
    for report in reports:
        if report.state is SourceState.IN_USE and report.channels:
            found += [_of_channel(report, channel, known, added, calibration) for channel in report.channels]
        else:
            found.append(_of_source(report))
    found = [replace(row, place=(places or {}).get(row.report.key, "")) for row in found]
    found = [replace(row, detail=row.place) if row.place and row.channel is not None else row for row in found]
    return tuple(sorted(found, key=_rank))


def folded(table: Sequence[SensorRow], *, opened: bool) -> tuple[SensorRow, ...]:
    """The lines with those of other systems behind one line, that opens: hardware that this machine does not have and for which there is
    nothing to do."""
    foreign = [row for row in table if _foreign(row)]
    if len(foreign) < 2:
        return tuple(table)
    names = ", ".join(row.title for row in foreign)
    report = SourceReport(
        key=FOLD, title=f"{len(foreign)} sources that this machine cannot have", state=SourceState.ABSENT,
        provenance=Provenance.UNAVAILABLE, covers="other systems and hardware",
        reason=f"They belong to other systems, or to hardware that is not built in: {names}.",
    )  # fmt: skip
    line = SensorRow(
        key=FOLD, title=report.title, detail=names, provenance=Provenance.UNAVAILABLE, covers="", state=STATES[report.state],
        note="Hide them" if opened else "Show them", act="fold", report=report,
    )  # fmt: skip
    rest = [row for row in table if not _foreign(row)]
    return (*rest, line, *foreign) if opened else (*rest, line)


def _foreign(row: SensorRow) -> bool:
    """Whether it is not there and nothing can be done about it."""
    report = row.report
    plain = report.state is SourceState.ABSENT and not (report.remedy or report.commands)
    return plain and not row.external and report.key != _NO_EXTERNAL


def _rank(row: SensorRow) -> int:
    """What is added first, then what can be mended, then what is read besides, then what is not there."""
    if row.added:
        return 0
    order = (SourceState.PERMISSION, SourceState.SILENT, SourceState.IN_USE, SourceState.STANDBY, SourceState.ABSENT)
    return 1 + order.index(row.report.state)


def urgent(table: Sequence[SensorRow]) -> str:
    """The key of the row to look at first: one that wants permission or does not answer, else the first."""
    for state in (SourceState.PERMISSION, SourceState.SILENT):
        for row in table:
            if row.report.state is state:
                return row.key
    return table[0].key if table else ""


def playing(reports: Iterable[SourceReport]) -> bool:
    """Whether a recording is played back in place of this machine's sources."""
    return any(report.recorded for report in reports)


def _plain(report: SourceReport) -> SourceReport:
    """A recorded source as it was: the page says once, above the table, that all of it is a recording."""
    if not report.recorded:
        return report
    channels = tuple(c.model_copy(update={"title": without_mark(c.title), "covers": _unplayed(c.covers)}) for c in report.channels)
    words = {"title": without_mark(report.title), "covers": _unplayed(report.covers), "channels": channels}
    return report.model_copy(update=words)


def _unplayed(covers: str) -> str:
    return covers.partition(" (played back from ")[0]


def _of_channel(
    report: SourceReport, channel: Channel, known: dict[str, Channel], added: set[str], calibration: Calibration | None
) -> SensorRow:
    state, note, act = STATES[SourceState.IN_USE], "", ""
    whole = channel in wholes(known.values())
    if channel.key not in added:
        modelled = channel.provenance is Provenance.MODELLED
        state, note = (_APART, "A guess, never added") if modelled else (_NOT_ADDED, _why_not_added(channel, known, added))
    elif channel.provenance is Provenance.MODELLED:
        note = "A guess, ± 50 %"
    if whole and channel.provenance is Provenance.EXTERNAL:
        paired = calibration is not None and calibration.external == channel.key
        note, act = ("Calibrated" if paired else "Calibrate…"), "calibrate"
    return SensorRow(
        key=channel.key, title=channel.title, provenance=channel.provenance,
        detail=_short(report.title) if report.title != channel.title else "External meter",
        covers=_COVERED[channel.domain] + (f", ± {channel.error * 100:.0f} %" if channel.error >= 0.2 else ""),
        state=state, note=note, act=act, report=report, channel=channel, added=channel.key in added,
    )  # fmt: skip


def _why_not_added(channel: Channel, known: dict[str, Channel], added: set[str]) -> str:
    inner = [other.title for other in known.values() if other.inside == channel.key and other.key in added]
    if inner:
        return f"Contains {_short(inner[0])}"
    around = known.get(channel.inside)
    if around is not None:
        return f"Inside {_short(around.title)}"
    total = next((known[key].title for key in known if key in added), "")
    return f"Covered by {_short(total)}" if total else "Shown only"


def _of_source(report: SourceReport) -> SensorRow:
    note, act = {
        SourceState.PERMISSION: ("Allow reading…", "remedy"),
        SourceState.SILENT: ("What to do…", "remedy"),
        SourceState.ABSENT: ("Why not?", "remedy"),
        SourceState.STANDBY: (_first_clause(report.remedy or report.reason), ""),
        SourceState.IN_USE: ("", ""),
    }[report.state]
    if report.key == _NO_EXTERNAL and report.state is SourceState.ABSENT:
        note, act = "Add…", "add"
    return SensorRow(
        key=report.key, title=report.title, detail=_first_clause(report.reason), provenance=Provenance.UNAVAILABLE,
        covers=report.covers[:1].upper() + report.covers[1:], state=STATES[report.state], note=note, act=act, report=report,
    )  # fmt: skip


def _short(title: str) -> str:
    return title if len(title) <= 34 else title.split(",")[0].split("(")[0].strip()


def _first_clause(text: str) -> str:
    """The sentence up to its first stop: "On mains", "This machine has no battery"."""
    for stop in (": ", ". ", "; "):
        text = text.partition(stop)[0]
    return text.rstrip(".")


def groups(table: Iterable[SensorRow]) -> dict[str, int]:
    """How many rows stand under each word of the page's head, those with none left out."""
    several = [row.state.group for row in table]
    return {name: several.count(name) for name, _, _ in GROUPS if name in several}


def total_words(reports: Sequence[SourceReport]) -> str:
    """What the reported total is made of, and what is shown apart."""
    reports = [_plain(report) for report in reports]
    channels, total = channels_of(reports), counted(reports)
    if not total:
        return "Reported total: none, for nothing is read."
    kinds: dict[str, list[str]] = {}
    for channel in total:
        kinds.setdefault(channel.provenance.value, []).append(_short(channel.title).removesuffix(" (model)"))
    words = " + ".join(f"{', '.join(titles)} ({kind})" for kind, titles in kinds.items())
    if not total[0].provenance.measured:
        return f"Reported total: {words}, an estimate that is never compared."
    apart = [_short(channel.title).removesuffix(" (model)") for channel in channels if channel.provenance is Provenance.MODELLED]
    return f"Reported total: {words}." + (f" {', '.join(apart)}: shown apart, never added." if apart else "")
