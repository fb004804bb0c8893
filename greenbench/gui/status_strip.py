"""The bottom row: watts, degrees, load and memory of the machine; how far the run is, what failed, and what it has cost so far."""

import time

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton

from greenbench.core import messages, quote
from greenbench.core.measurement import Channel, Facts, Provenance
from greenbench.core.run import RunResult, RunState
from greenbench.gui.controls import Icon, ProvenanceMark, Text, line
from greenbench.gui.energy import EnergyOf
from greenbench.gui.run_control import Phase, RunControl
from greenbench.gui.session_total import SessionTotal
from greenbench.gui.style import restyle
from greenbench.gui.theme import Theme, font
from greenbench.meters.fitness import counted

_SECOND_MS = 1_000
_STALE_NS = 3_000_000_000
_WORDS = {
    RunState.FINISHED: "finished",
    RunState.FAILED: "ended, with failures",
    RunState.CANCELLED: "was stopped",
    RunState.LOST: "broke off",
}


class StatusStrip(QFrame):
    """Takes events through `on_event`; the joules so far come from `energy_of`, once a second."""

    def __init__(self, theme: Theme, control: RunControl, energy_of: EnergyOf) -> None:
        super().__init__()
        self.setProperty("role", "status")
        self.setFixedHeight(27)
        self._control, self._energy_of = control, energy_of
        self._channels: dict[str, Channel] = {}
        self._watts: dict[str, tuple[float | None, int]] = {}
        self._started_ns: int | None = None
        self._ended_ns: int | None = None
        self._due: tuple[str, float] | None = None  # what is about to end, with the moment at which it is expected to
        self._build(theme)
        self._timer = QTimer(self, interval=_SECOND_MS)
        self._timer.timeout.connect(self._show_energy)
        self._timer.timeout.connect(self._count_down)
        self._timer.start()
        control.phase_changed.connect(self._on_phase)
        control.advanced.connect(self._on_advance)
        control.ended.connect(self._on_end)

    def _build(self, theme: Theme) -> None:
        self._mark = ProvenanceMark(theme, size=13)
        self.watts, self.degrees, self.load = Text("no reading", 12, 500), Text("", 12, 500), Text("—", 12, 500)
        self.memory, self.node, self.name = Text("—", 12, 500), Text("Ready", 12, 500), Text("", 12, 400, "muted")
        self.left, self.energy = Text("", 12, 500), Text("", 12, 500)
        self.failed = QPushButton()
        self.failed.setFont(font(12, 500))
        self.failed.setProperty("kind", "link")
        restyle(self.failed, tone="danger")
        self.failed.hide()
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(140)
        self._bar.hide()
        self._energy_mark = ProvenanceMark(theme, size=13)
        self._energy_mark.hide()
        self.total = SessionTotal(theme)
        self._thermometer = Icon(theme, "thermometer", "muted", 14)
        self._thermometer.hide()
        separator = line(upright=True)
        separator.setFixedHeight(14)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 12, 0)
        layout.setSpacing(5)
        pairs = (
            (self._mark, self.watts), (self._thermometer, self.degrees),
            (Icon(theme, "cpu", "muted", 14), self.load), (Icon(theme, "hard-drives", "muted", 14), self.memory),
        )  # fmt: skip
        for picture, words in pairs:
            layout.addWidget(picture)
            layout.addWidget(words)
            layout.addSpacing(8)
        layout.addWidget(separator)
        layout.addSpacing(8)
        layout.addWidget(Icon(theme, "flow-arrow", "muted", 14))
        for widget in (self.node, self.name, self._bar, self.left, self.failed):
            layout.addWidget(widget)
            layout.addSpacing(4)
        layout.addStretch(1)
        layout.addWidget(self._energy_mark)
        layout.addWidget(self.energy)
        layout.addSpacing(8)
        layout.addWidget(self.total)

    # ---- the machine ------------------------------------------------------------------------------------------

    def on_event(self, event: object) -> None:
        match event:
            case messages.Sources():
                self._channels = {channel.key: channel for report in event.reports for channel in report.channels}
            case messages.Samples():
                self._take_samples(event)
            case messages.RunStarted():
                self._started_ns, self._ended_ns = event.t_ns, None
                self.failed.hide()
            case messages.NodeStarted() | messages.NodeFinished():
                self._show_node("")
            case messages.Progress():
                self._show_node(self._time_left(event))
            case messages.NodeFailed():
                count = len(self._control.failed)
                self.failed.setText(f"{count} failed")
                self.failed.setVisible(bool(count))
            case messages.RunFinished():
                self._ended_ns = event.t_ns
            case messages.MeterState() if not event.alive:
                self._watts.clear()
                self._mark.set(Provenance.UNAVAILABLE)
                self.watts.setText("no reading")
                self.watts.setToolTip(event.text)

    def _time_left(self, event: messages.Progress) -> str:
        """Of the whole run where all its nodes were timed before, else of the node alone, and it says so."""
        whole = self._control.left()
        mine = self._control.left_of_node() if whole is None else whole
        if mine is None or mine < 1:
            self._due = None
            return event.text
        about = "this node: about" if whole is None else "at most" if self._control.left_at_most else "about"
        self._due = about, time.monotonic() + mine
        return _left_words(self._due[0], mine)

    def _count_down(self) -> None:
        """Between two words of the run the time goes on."""
        if self._due is not None and self._control.phase is Phase.RUNNING:
            left_s = self._due[1] - time.monotonic()
            self.left.setText(_left_words(self._due[0], left_s) if left_s >= 1 else "")

    def _take_samples(self, event: messages.Samples) -> None:
        for sample in event.samples:
            if sample.power_w is not None or sample.energy_j is None:
                self._watts[sample.channel] = (sample.power_w, sample.t_ns)
        newest = max((t for _, t in self._watts.values()), default=0)
        fresh = {key: w for key, (w, t) in self._watts.items() if newest - t < _STALE_NS and self._counts(key)}
        # What covers the whole machine stands in for its parts, and a guess is never added to a measurement.
        total = [channel.key for channel in counted([self._channels[key] for key in fresh if key in self._channels])] or list(fresh)
        values = [w for w in (fresh[key] for key in total) if w is not None]
        if values and len(values) == len(total):
            provenance = Provenance.least([self._channels[key].provenance for key in total if key in self._channels])
            about = "≈ " if provenance is Provenance.MODELLED else ""
            self._mark.set(provenance)
            self.watts.setText(f"{about}{sum(values):.1f} W")
        else:
            self._mark.set(Provenance.UNAVAILABLE)
            self.watts.setText("no reading")
        if event.facts:
            self._show_facts(event.facts)

    def _counts(self, key: str) -> bool:
        return key not in self._channels or self._channels[key].counted

    def _show_facts(self, facts: Facts) -> None:
        self._thermometer.setVisible(facts.temperature_c is not None)
        self.degrees.setVisible(facts.temperature_c is not None)
        if facts.temperature_c is not None:
            self.degrees.setText(f"{facts.temperature_c:.0f} °C")
        self.load.setText("—" if facts.cpu_percent is None else f"{facts.cpu_percent:.0f} %")
        if facts.memory_bytes is not None and facts.memory_total_bytes:
            self.memory.setText(f"{facts.memory_bytes / 2**30:.1f} of {facts.memory_total_bytes / 2**30:.1f} GiB")

    # ---- the run ----------------------------------------------------------------------------------------------

    def _show_node(self, words: str) -> None:
        control = self._control
        self.node.setText(f"Node {max(control.place(), 1)} of {len(control.order)}")
        self.name.setText(control.titles.get(control.current, ""))
        self.left.setText(words)
        if not words:
            self._due = None

    def _on_phase(self, phase: Phase) -> None:
        self._bar.setVisible(phase in (Phase.RUNNING, Phase.STOPPING))
        if phase is Phase.STARTING:
            self.node.setText("Starting")
        elif phase is Phase.STOPPING:
            self.left.setText("stopping")
        elif phase is Phase.READY:
            self.left.setText("")
            self.name.setText("")
            if self._control.result is None:
                self.node.setText("Ready")

    def _on_advance(self, share: float) -> None:
        self._bar.setValue(round(share * 1000))

    def _on_end(self, result: RunResult) -> None:
        count = len(self._control.failed)
        failures = f", {count} failed" if count else ""
        self.node.setText(f"Run {_WORDS.get(result.state, result.state.value)} in {quote.duration(result.seconds)}{failures}")
        self.failed.hide()
        self.total.add(result)
        self._show_energy()

    def _show_energy(self) -> None:
        if self._started_ns is None:
            return
        newest = min((t for key, (_, t) in self._watts.items() if self._counts(key)), default=0)
        end = min(self._ended_ns or newest, newest)  # what is not read yet is still on its way
        if end <= self._started_ns:
            return
        found = self._energy_of(self._started_ns, end)
        self._energy_mark.setVisible(True)
        self._energy_mark.set(found.provenance)
        if found.energy_j is None:
            self.energy.setText("Energy: no reading")
            self.energy.setToolTip(found.reason)
            return
        shown = quote.scale("J", [found.energy_j])
        about = "≈ " if found.provenance is Provenance.MODELLED else ""
        word = "This run" if self._ended_ns else "Run so far"
        self.energy.setText(f"{word} {about}{quote.significant(found.energy_j * shown.factor, 3)} {shown.unit}")
        self.energy.setToolTip(found.provenance.meaning)
        if not self._ended_ns:
            self.total.count_in(found.energy_j, found.provenance)

    def clear(self) -> None:
        """Another pipeline is open: nothing of it has run, and nothing has been spent on it."""
        self._started_ns = self._ended_ns = None
        self.node.setText("Ready")
        for words in (self.name, self.left, self.energy):
            words.setText("")
        self._energy_mark.setVisible(False)
        self.failed.hide()

    def stop(self) -> None:
        self._timer.stop()


def _left_words(about: str, seconds: float) -> str:
    """ "about 3 min left": nobody needs the seconds of ten minutes."""
    return f"{about} {quote.duration(seconds if seconds < 120 else round(seconds / 10) * 10)} left"
