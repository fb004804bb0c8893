"""`greenbench sensors`: what is read now, how often it really changes, what to do where nothing is; and the meters outside the machine."""

import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape

from greenbench.cli.output import make_console, print_json
from greenbench.core import places
from greenbench.core.errors import MeterError, ParameterError
from greenbench.core.external import PARAMS, ExternalKind, ExternalMeter, add_meter, described, remove_meter
from greenbench.core.measurement import Channel, Sample, SourceReport, SourceState
from greenbench.core.params import field_specs
from greenbench.core.quote import duration, scale, significant
from greenbench.meters import discover
from greenbench.meters.meter import NS, Meter, monotonic
from greenbench.meters.outer import instrument
from greenbench.meters.polled import PolledMeter
from greenbench.meters.study import study

NO_READING = 1
_BEAT_S = 0.1


@dataclass
class Heard:
    """What was read, by channel. `energy` and `watts`: the last sample with joules and with watts."""

    energy: dict[str, Sample] = field(default_factory=dict)
    watts: dict[str, Sample] = field(default_factory=dict)
    all: list[Sample] = field(default_factory=list)

    def take(self, samples: Sequence[Sample]) -> None:
        self.all.extend(samples)
        for sample in samples:
            if sample.energy_j is not None:
                self.energy[sample.channel] = sample
            if sample.power_w is not None:
                self.watts[sample.channel] = sample


class _NeverStop:
    """Waits as it is told and never asks to end."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def wait(self, timeout: float) -> bool:
        return self._event.wait(timeout)


def show_sensors(as_json: bool) -> int:
    """Prints each power source with what it shows now and, where it cannot be read, what to do. Takes two seconds to look closely."""
    found = discover.discover(discover.MeterSettings(home=places.home()))
    heard = Heard()
    try:
        discover.wait_for_outer(found)
        discover.reports(found)
        study(found, _NeverStop(), monotonic, heard.take, _BEAT_S)
        reports = discover.reports(found)
    finally:
        _close(found)
    if as_json:
        print_json([_as_json(report, heard) for report in reports])
        return 0
    console = make_console()
    for report in reports:
        _print_source(console, report, heard)
    return 0


def add_sensor(kind: str, address: str, title: str, words: dict[str, str], settings: tuple[str, ...]) -> int:
    """Keeps a meter outside the machine. `words` are options as text, `settings` more of them as "NAME=VALUE".

    Raises:
        GreenBenchError: there is no such kind or option, the address cannot be one, or it cannot be kept.
    """
    try:
        which = ExternalKind(kind.strip().lower())
    except ValueError:
        raise MeterError(f'There is no kind of meter "{kind}".', f"Choose one of: {', '.join(ExternalKind)}.") from None
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals:
            raise ParameterError(f'"{setting}" is not a setting.', "Write NAME=VALUE, for example profile=generic.")
        words = {**words, name.strip(): text.replace("\\n", "\n")}
    fields = {spec.name: spec for spec in field_specs(PARAMS[which])}
    options = {name: fields[name].parse(text) if name in fields else text for name, text in words.items()}
    meter = add_meter(places.home(), described(which, address, title, options))
    place = "" if meter.address in meter.title else f", {meter.address}"
    _say(f'Added "{meter.key}": {meter.title}{place}. Try it: greenbench sensors test {meter.key}')
    _say(_first_try(meter))
    return 0


def _first_try(meter: ExternalMeter) -> str:
    """Asks a meter once and says what came of it; it is kept either way, because it may only be switched off."""
    reader = PolledMeter(meter, instrument(meter))
    try:
        reader.poll()
        report = reader.report()
        watts = next((sample.power_w for sample in reader.read() if sample.power_w is not None), None)
    finally:
        reader.close()
    if report.state is SourceState.IN_USE:
        return f"It answers: {significant(watts, 3)} W now." if watts else "It answers."
    why = " ".join(filter(None, (report.reason, report.remedy)))
    return f"It was asked once and gives no reading: {why} It is kept, and asked again whenever power is read."


def remove_sensor(key: str) -> int:
    """Forgets a meter outside the machine.

    Raises:
        MeterError: there is none of that key.
    """
    meter = remove_meter(places.home(), key)
    _say(f'Removed "{meter.key}": {meter.title}.')
    return 0


def try_sensor(key: str, seconds: float) -> int:
    """Reads one source for some seconds and prints its values as they come; exit code 1 if there was no reading.

    Raises:
        MeterError: there is no such source.
    """
    found = discover.discover(discover.MeterSettings(home=places.home()))
    console, heard = make_console(), Heard()
    try:
        discover.wait_for_outer(found)
        wanted = _the_source(discover.reports(found), key).key
        _read_on(found, wanted, seconds, heard, console)
        report = _the_source(discover.reports(found), wanted)
    finally:
        _close(found)
    _print_source(console, report, heard)
    told = [_summary(channel, heard) for channel in report.channels]
    for line in filter(None, told):
        _say(f"{line} in {duration(seconds)}.")
    if not any(told):
        _say(f"No reading in {duration(seconds)}.")
        return NO_READING
    return 0


def _summary(channel: Channel, heard: Heard) -> str:
    """ "Desk: 20 readings, 58.1 to 63.4 W", or "" where there was none."""
    mine = [sample for sample in heard.all if sample.channel == channel.key]
    readings = sum(1 for sample in mine if sample.power_w is not None or sample.energy_j is not None)
    watts = [sample.power_w for sample in mine if sample.power_w is not None]
    lost = sum(1 for sample in mine if sample.reason)
    span = f", {min(watts):.1f} to {max(watts):.1f} W" if watts else ""
    gaps = f", {lost} {'gap' if lost == 1 else 'gaps'}" if lost else ""
    return f"{channel.title}: {readings} {'reading' if readings == 1 else 'readings'}{span}{gaps}" if readings else ""


def _read_on(found: Sequence[Meter], wanted: str, seconds: float, heard: Heard, console: Console) -> None:
    """Reads at the ordinary beat and prints the source's watts once a second."""
    stop, start_ns, next_ns = _NeverStop(), monotonic(), monotonic()
    while (now_ns := monotonic()) - start_ns < seconds * NS:
        for meter in found:
            heard.take(meter.read())
        if now_ns >= next_ns:
            next_ns += NS
            report = _the_source(discover.reports(found), wanted)
            values = [f"{channel.title} {_live(channel, heard)}" for channel in report.channels]
            console.print(f"{(now_ns - start_ns) / NS:5.0f} s  {', '.join(values) or report.reason}", markup=False)
        stop.wait(_BEAT_S)


def _the_source(reports: Sequence[SourceReport], key: str) -> SourceReport:
    for report in reports:
        if report.key in (key, f"external:{key}"):
            return report
    keys = ", ".join(report.key.removeprefix("external:") for report in reports)
    raise MeterError(f'There is no power source "{key}".', f"There are: {keys}.")


def _close(found: Sequence[Meter]) -> None:
    for meter in found:
        meter.close()


def _as_json(report: SourceReport, heard: Heard) -> dict[str, object]:
    """The report, with the last watts of each of its channels."""
    watts = {c.key: heard.watts[c.key].power_w if c.key in heard.watts else None for c in report.channels}
    return {**report.model_dump(mode="json"), "power_w": watts}


def _print_source(console: Console, report: SourceReport, heard: Heard) -> None:
    key = report.key.removeprefix("external:")
    console.print(f"[bold]{escape(report.title)}[/bold]  {report.state.value}  [dim]{escape(key)}[/dim]")
    console.print(f"  {report.provenance.mark} {report.provenance.value}: {report.covers or 'covers nothing now'}", markup=False)
    for channel in report.channels:
        note = "" if channel.counted else f", not added to the total{f' (inside {channel.inside})' if channel.inside else ''}"
        console.print(f"    {channel.title}: {channel.covers}{note}", markup=False)
        console.print(f"      {_live(channel, heard)}; {_refresh(channel)}{_resolution(channel, heard)}", markup=False)
    for text in (report.reason, report.remedy):
        if text:
            console.print(f"  {text}", markup=False)
    for command in report.commands:
        console.print(f"    {command}", markup=False, soft_wrap=True)


def _live(channel: Channel, heard: Heard) -> str:
    sample = heard.watts.get(channel.key)
    if sample is None or sample.power_w is None:
        return "no reading now"
    about = "" if channel.provenance.measured else "≈ "
    return f"{about}{significant(sample.power_w, 3) if sample.power_w >= 0.1 else f'{sample.power_w:.1f}'} W now"


def _refresh(channel: Channel) -> str:
    stated = f"{significant(channel.refresh_s * 1e3, 2)} ms"
    if channel.refresh_measured_s is None:
        return f"a new value every {stated}, as stated"
    return f"a new value every {significant(channel.refresh_measured_s * 1e3, 2)} ms as seen, {stated} as stated"


def _resolution(channel: Channel, heard: Heard) -> str:
    if channel.resolution is None:
        return ""
    unit = scale("J" if channel.key in heard.energy else "W", [channel.resolution])
    return f", in steps of {channel.resolution * unit.factor:.3g} {unit.unit}"


def _say(text: str) -> None:
    print(text, file=sys.stdout)  # noqa: T201 - the terminal is this door's voice
