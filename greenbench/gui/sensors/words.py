"""What the panel beside the table says of a row: why it stands as it does, what it can tell apart, what changes when it is mended."""

from collections.abc import Sequence

from greenbench.analysis.calibration import gain_half, offset_half_w
from greenbench.core.calibration import Calibration
from greenbench.core.measurement import Domain, Provenance, SourceState
from greenbench.core.quote import scale, significant
from greenbench.gui.sensors.rows import FOLD, SensorRow

NO_ADMINISTRATOR = "Never needs the window to run as administrator."


def short_time(seconds: float | None) -> str:
    """ "1 ms", "100 ms", "2 s"; "—" where it is not known."""
    if seconds is None or seconds <= 0:
        return "—"
    value, unit = (seconds * 1e3, "ms") if seconds < 0.995 else (seconds, "s")
    digits = 3 if value >= 100 else 2 if value >= 1 else 1
    return f"{float(f'{value:.{digits}g}'):g} {unit}"


def refresh_hint(row: SensorRow) -> str:
    """Whether the interval was seen or stated, in a sentence for the tooltip."""
    channel = row.channel
    if channel is None:
        return "Nothing is read, so no interval is known."
    stated = f"stated: every {short_time(channel.refresh_s)}"
    if channel.refresh_measured_s is None:
        return f"Not measured yet or standing still; {stated}."
    return f"Measured here: a new value every {short_time(channel.refresh_measured_s)}; {stated}."


def why(row: SensorRow) -> str:
    """The first paragraph of the panel."""
    if row.channel is None:
        return row.report.reason or row.covers
    first = row.channel.covers[:1].upper() + row.channel.covers[1:]
    first = first if first.endswith(".") or not first else f"{first}."
    return f"{first} {row.report.reason}".strip()


def where_from(row: SensorRow) -> str:
    """The second line: of a meter of the user's own what it is and where, else the source of a channel, or what a source covers."""
    if row.place:
        return row.place
    source = row.report.title if row.channel is not None and row.report.title != row.title else row.covers
    return ", ".join(part for part in (source, "" if row.key == FOLD else row.key) if part)


def facts(row: SensorRow) -> list[tuple[str, str]]:
    """What is known of a channel: interval, resolution, error, whether it is added."""
    channel = row.channel
    if channel is None:
        return []
    found = [("New value every", short_time(row.refresh_s) + ("" if channel.refresh_measured_s else ", as stated"))]
    if channel.resolution:
        shown = scale("J" if channel.provenance is Provenance.COUNTER else "W", [channel.resolution])
        found.append(("Smallest step", f"{significant(channel.resolution * shown.factor, 2)} {shown.unit}"))
    if channel.error:
        found.append(("Error of the gain", f"± {significant(channel.error * 100, 2)} %"))
    found.append(("In the reported total", "added" if row.added else "not added"))
    if row.refresh_s and row.refresh_s >= 0.01:
        found.append(("100 new values take", short_time(100 * row.refresh_s)))
    return found


def what_changes(row: SensorRow, table: Sequence[SensorRow] = ()) -> str:
    """What would be different if it were mended, or what its being there means for the results, beside what else is in the table."""
    match row.report.state:
        case SourceState.PERMISSION:
            return _if_allowed(table)
        case SourceState.SILENT:
            return _until_it_answers(row, table)
        case SourceState.ABSENT:
            return _without(row)
        case SourceState.STANDBY:
            return "It takes over by itself when what is measured now falls away."
    if row.modelled:
        return (
            "Energy carries ≈ and a band of ± 50 %, and variants are not compared by it. A counter or a wall meter takes its place by "
            "itself."
        )
    if row.provenance is Provenance.EXTERNAL and row.added:
        return (
            "Where blocks are long enough for it, the total is what it reads: the whole system, power supply included. The counters inside "
            "are shown and not added again. In shorter blocks they count, and a calibration estimates the wall from them."
        )
    if row.added:
        part = "its board" if row.channel and row.channel.domain is Domain.GPU else "what it covers"
        return f"Energy of a run includes {part}. It misses the power supply: 20 to 40 % of what a wall meter sees."
    return "It is drawn and recorded, and adds nothing: what it covers is in the total already, or lies around it."


def _if_allowed(table: Sequence[SensorRow]) -> str:
    whole = next((row for row in table if row.added and row.external), None)
    if whole is not None:
        return (
            f"The total stays what {whole.title} reads, for this lies inside it. It is recorded beside it, counts in blocks that are too "
            "short for the meter, and a calibration can use it."
        )
    if any(row.added and row.modelled for row in table):
        return (
            "It joins the total as a counter, and the ± 50 % band goes. Runs made before keep their mark; they are not compared "
            "with new ones."
        )
    return "It joins the total where nothing else measures the same. Runs made before keep their mark."


def _until_it_answers(row: SensorRow, table: Sequence[SensorRow]) -> str:
    """What has answered once stays in the total: its silence is a gap. What never did was never in it."""
    if row.report.channels:
        return "Windows without reading have no energy, never 0. When it answers again the next window counts."
    total = [other for other in table if other.added]
    if any(other.modelled for other in total):
        return "Until it answers the total stays a guess from the load, with ≈ and ± 50 %. Runs that begin after its first answer count it."
    if total:
        names = ", ".join(other.title for other in total)
        return f"Until it answers the total stays what {names} says. Runs that begin after its first answer count it."
    return "Until it answers there is no energy at all in the results, never 0. Runs that begin after its first answer count it."


def _without(row: SensorRow) -> str:
    if row.key == FOLD:
        return "Nothing: no result of this machine misses them."
    if row.report.key == "external":
        return (
            "A wall meter sees the whole system with its power supply, which takes 20 to 40 % more than the counters inside say. What it "
            "reads becomes the total."
        )
    covers = row.report.covers or "what it would read"
    return f"If the machine had it, the energy of {covers} would be measured. Now only another source or a wall meter can say it."


def calibration_words(calibration: Calibration) -> str:
    """The line in words, with its 95 % errors, what it misses and where it holds."""
    c = calibration
    return (
        f"What no counter sees draws {significant(c.offset_w, 3)} W ± {significant(offset_half_w(c), 2)} at the wall; each watt of the "
        f"counters costs {c.gain:.3f} W ± {significant(gain_half(c), 2)} there. The {c.n} loads miss that line by "
        f"{significant(c.residual_w, 2)} W. It holds from {significant(c.low_w, 2)} to {significant(c.high_w, 2)} W of the counters."
    )
