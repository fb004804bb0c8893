"""The dialog "Join a meter's log": which file, which of its columns, how its clock is brought over, and in words what came of it."""

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QDialog, QDoubleSpinBox, QFileDialog, QFrame, QGridLayout, QLineEdit, QVBoxLayout, QWidget

from greenbench.core.errors import GreenBenchError
from greenbench.core.run import Failure, RunResult
from greenbench.engine.joining import JoinOptions
from greenbench.gui.controls import Button, Choice, Icon, Segments, Text, row
from greenbench.gui.forms.result import FailureCard
from greenbench.gui.history import when
from greenbench.gui.joining.work import JoinWork
from greenbench.gui.results.card import dense
from greenbench.gui.theme import Theme, font
from greenbench.meters.power_log import JOULES, WATTS, Columns, PowerLog, columns_of
from greenbench.report.joined import clock_words, variant_words

_WIDTH, _FEW = 560, 5  # pixels, and variants that are told here
_WITHIN_S, _FARTHEST_S, _WORST = 120.0, 86_400.0, 50.0
_FOUND = "Found by its name"
_WANTED = "It needs a time and a power, or a count of energy, in each row."
_FIND = "It is found by laying the log's power over what the run knows: the log's clock may be off by this much, either way."
_GIVE = "Added to the log's times. Of a log that counts its own seconds: where its zero lies, in seconds since the start of the run."


class JoinDialog(QDialog):
    """`joined` carries the run's results with the log in them, once they are kept."""

    joined = Signal(object)  # RunResult

    def __init__(self, parent: QWidget | None, theme: Theme, work: JoinWork, result: RunResult) -> None:
        super().__init__(parent)
        self._theme, self.work, self.run = theme, work, result
        self._busy = False
        self.setWindowTitle("Join a meter's log")
        self.setFixedWidth(_WIDTH)
        self.file, self.title = QLineEdit(), QLineEdit()
        self.columns = {name: Choice() for name in ("Time", "Power or energy", "Unit")}
        self.found = Text(_WANTED, 12, 400, "muted", wrap=True)
        self.clock = Segments([(False, "Find its clock's offset"), (True, "I know the offset")], False, height=32)
        self.seconds, self.error = QDoubleSpinBox(), QDoubleSpinBox()
        self._clock_help = Text("", 12, 400, "muted", wrap=True)
        self.failure = FailureCard(theme)
        self.outcome = QFrame()
        self.words = Text("", 12, 400, wrap=True)
        self.leave = Button(theme, "Cancel")
        self.go = Button(theme, "Join", "link", "primary")
        self._lay_out()
        self._dress_fields()
        self.clock.chosen.connect(lambda _: self._take_clock())
        self.file.editingFinished.connect(self._take_file)
        for box in self.columns.values():
            box.activated.connect(lambda _: self._look())
        self.leave.clicked.connect(self.reject)
        self.go.clicked.connect(self.join)
        work.read.connect(self._show_log)
        work.joined.connect(self._show_joined)
        work.failed.connect(self._fail)
        self._take_clock()
        self._mind()

    def _lay_out(self) -> None:
        choose = Button(self._theme, "Choose…", "folder-open")
        choose.clicked.connect(self.choose)
        for button in (choose, self.leave, self.go):
            button.setAutoDefault(False)  # Enter ends the typing of a path, no more
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(4)
        for place, (name, box) in enumerate(self.columns.items()):
            grid.addWidget(Text(name, 12, 500), 0, place)
            grid.addWidget(box, 1, place)
            grid.setColumnStretch(place, 1)
        file = row(spacing=8)
        file.addWidget(self.file, 1)
        file.addWidget(choose)
        self.outcome.setProperty("role", "notice")
        said = row(spacing=10, margins=(12, 10, 12, 10))
        said.addWidget(Icon(self._theme, "check-circle", "accent"), 0, Qt.AlignmentFlag.AlignTop)
        said.addWidget(self.words, 1)
        self.outcome.setLayout(said)
        self.outcome.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 18)
        layout.setSpacing(8)
        layout.addWidget(Text(f"{self.run.title}, {when(self.run.started)}", 14, 600, wrap=True))
        what = "What a wall or lab meter logged while this run was under way is laid beside it, by time stamp. Its own numbers stay."
        layout.addWidget(Text(f"{what}", 12, 400, "second", wrap=True))
        layout.addWidget(Text("Log, a CSV file", 13, 500))
        layout.addLayout(file)
        layout.addLayout(grid)
        layout.addWidget(self.found)
        layout.addWidget(Text("Clock", 13, 500))
        layout.addLayout(row(self.clock, 12, self.seconds, 0))
        layout.addWidget(self._clock_help)
        layout.addWidget(Text("Meter", 13, 500))
        layout.addLayout(row(Text("Name", 12, 500), self.title, 6, Text("Its own error", 12, 500), self.error))
        layout.addWidget(self.failure)
        layout.addWidget(self.outcome)
        layout.addLayout(row(0, self.leave, self.go))

    def _dress_fields(self) -> None:
        for field, name in ((self.file, "Path of the log"), (self.title, "Name of the meter")):
            field.setFont(font(13))
            field.setAccessibleName(name)
        self.title.setPlaceholderText("as it shall be called in tables")
        for name, box in self.columns.items():
            box.setFont(font(12))
            box.setFixedHeight(28)
            box.setMinimumWidth(60)  # a long name of a column gives way
            box.setAccessibleName(f"Column: {name}" if name != "Unit" else name)
        self._offer(())
        dense(self.seconds, "Seconds")
        self.seconds.setDecimals(2)
        dense(self.error, "The meter's own error")
        self.error.setRange(0.0, _WORST)
        self.error.setSuffix(" %")
        self.error.setSpecialValueText("not known")

    # ---- what is asked ----------------------------------------------------------------------------------------

    def choose(self) -> None:
        """Asks for the file."""
        name, _ = QFileDialog.getOpenFileName(self, "Log of a meter", self.file.text() or str(Path.home()), "Tables (*.csv *.txt *.tsv)")
        if name:
            self.take(Path(name))

    def take(self, path: Path) -> None:
        """Takes a file: its columns are offered, and what is found by their names is said."""
        self.file.setText(str(path))
        self._take_file()

    def _take_file(self) -> None:
        self._offer(())
        try:
            self._offer(columns_of(self.path) if self.file.text().strip() else ())
        except GreenBenchError as error:
            self._fail(error)
        else:
            self._look()

    @property
    def path(self) -> Path:
        return Path(self.file.text().strip()).expanduser()

    @property
    def chosen(self) -> Columns:
        """The columns that are named; "" where they are found."""
        time, value, unit = (box.currentData() or "" for box in self.columns.values())
        return Columns(time, value, unit)

    @property
    def options(self) -> JoinOptions:
        seconds, error = self.seconds.value(), self.error.value() / 100
        if self.clock.value():
            return JoinOptions(self.chosen, offset_s=seconds, title=self.title.text().strip(), error=error)
        return JoinOptions(self.chosen, within_s=seconds, title=self.title.text().strip(), error=error)

    def _offer(self, columns: tuple[str, ...]) -> None:
        """The columns of a file in the boxes, at "found by its name"."""
        names = {"Time": columns, "Power or energy": columns, "Unit": (*WATTS, *JOULES)}
        for name, box in self.columns.items():
            box.clear()
            box.addItem(_FOUND, "")
            for each in names[name]:
                box.addItem(each, each)

    def _take_clock(self) -> None:
        given = bool(self.clock.value())
        self.seconds.setPrefix("" if given else "within ")
        self.seconds.setSuffix(" s")
        self.seconds.setRange(-_FARTHEST_S if given else 0.1, _FARTHEST_S)
        self.seconds.setValue(0.0 if given else _WITHIN_S)
        self._clock_help.setText(_GIVE if given else _FIND)
        self._fit()

    def _look(self) -> None:
        self.failure.hide()
        self.outcome.hide()
        if self.file.text().strip():
            self.found.setText("The log is read …")
            self.work.look(self.path, self.chosen)
        self._mind()

    def _show_log(self, log: PowerLog, path: Path, columns: Columns) -> None:
        """What was taken for what; not that of a choice that was changed meanwhile."""
        if (path, columns) != (self.path, self.chosen):
            return
        span_s = float(log.t_s[-1] - log.t_s[0])
        self.found.setText(f"{log.t_s.size} readings over {span_s:.0f} s, one every {log.refresh_s:.2g} s. {' '.join(log.notes)}")
        self._fit()

    def _mind(self) -> None:
        self.go.setEnabled(bool(self.file.text().strip()) and not self._busy)
        self._fit()

    def _fit(self) -> None:
        QTimer.singleShot(0, self, self._grow)

    def _grow(self) -> None:
        """As high as the words need: a size hint does not know how they wrap."""
        layout = self.layout()
        assert layout is not None
        layout.activate()
        self.resize(_WIDTH, layout.totalHeightForWidth(_WIDTH))

    # ---- joining ----------------------------------------------------------------------------------------------

    def join(self) -> None:
        """Joins the log, or says why it cannot be."""
        self._busy = True
        self.go.setText("Joining …")
        self.failure.hide()
        self.outcome.hide()
        self._mind()
        self.work.join(self.path, self.options)

    def _show_joined(self, result: RunResult) -> None:
        self._rest()
        self.run, log = result, result.joined[-1]
        lines = variant_words(result, log)
        shown = (*lines[:_FEW], f"… and {len(lines) - _FEW} more on the results page") if len(lines) > _FEW + 1 else lines
        self.words.setText("\n".join((f"{log.title}: {clock_words(log)}", "One inference by the log:", *shown, *log.notes)))
        self.outcome.show()
        self.leave.setText("Close")
        self._mind()
        self.joined.emit(result)

    def _fail(self, error: GreenBenchError) -> None:
        self._rest()
        self.found.setText(_WANTED)
        self.failure.show_failure(Failure(kind="", message=error.message, remedy=error.remedy), "This log cannot be joined")
        self._mind()

    def _rest(self) -> None:
        self._busy = False
        self.go.setText("Join")

    def done(self, code: int) -> None:
        for signal, slot in ((self.work.read, self._show_log), (self.work.joined, self._show_joined), (self.work.failed, self._fail)):
            signal.disconnect(slot)
        super().done(code)
