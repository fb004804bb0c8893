"""The toolbar's menu of where to run and measure: the device, how many threads, which cores."""

import os
import re
import sys
from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QActionGroup, QFontMetrics
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QMenu, QPushButton, QVBoxLayout, QWidget

from greenbench.core.errors import GreenBenchError
from greenbench.core.quote import spans
from greenbench.engine.devices import Device, check_affinity, default_threads
from greenbench.gui.controls import Button, Icon, Text, row
from greenbench.gui.style import restyle
from greenbench.gui.theme import Theme, font

_WIDEST = 300
_LONGEST_LIST = 16  # of thread counts; a machine with more is offered powers of two
_ABSURD = re.compile(r"\d{6,}")  # no machine has such a core; a range up to it would fill the memory


def short_title(device: Device) -> str:
    """A device's name without the marks of trade."""
    return re.sub(r"\((?:R|TM)\)", "", device.title).replace("  ", " ").strip()


def short_uuid(device: Device) -> str:
    """The first part of a GPU's UUID, which tells it from its twins: "GPU-8c2f1a3b"."""
    return "-".join(device.uuid.split("-")[:2])


def typed_cores(text: str) -> tuple[int, ...]:
    """The cores of "0-3,6".

    Raises:
        GreenBenchError: it is no such list, or this machine has no such core.
    """
    if _ABSURD.search(text):
        raise GreenBenchError("This machine has no core of that number.", f"Its logical cores are 0 to {(os.cpu_count() or 1) - 1}.")
    return check_affinity(text)


def can_pin() -> bool:
    """Whether the system lets a program choose its cores."""
    return hasattr(os, "sched_setaffinity") or sys.platform == "win32"


def thread_choices(default: int) -> list[int]:
    """The numbers of threads that are offered."""
    cores = os.cpu_count() or 1
    if cores <= _LONGEST_LIST:
        return list(range(1, cores + 1))
    powers = [2**power for power in range(cores.bit_length()) if 2**power <= cores]
    return sorted({*powers, default, cores})


class DeviceMenu(QPushButton):
    """ "Core i7-1260P, 5 threads". It only tells what was chosen; `threads` None is as many as suit the machine."""

    device_chosen = Signal(str)
    threads_chosen = Signal(object)  # int or None
    cores_chosen = Signal(object)  # tuple[int, ...]

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._devices: Sequence[Device] = ()
        self._device = "cpu"
        self._cores: tuple[int, ...] = ()
        self._threads: int | None = None
        self._used = default_threads(window_open=True)
        self._full = ""
        self._words = Text("", 13)
        self.setAccessibleName("Device")
        self.setFixedHeight(32)
        self._layout = row(Icon(theme, "cpu"), self._words, 0, Icon(theme, "caret-down", "muted", 12), margins=(10, 0, 10, 0))
        self.setLayout(self._layout)
        for label in self.findChildren(QLabel):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setMenu(QMenu(self))
        self.menu().setToolTipsVisible(True)

    def sizeHint(self) -> QSize:
        return self._layout.sizeHint().expandedTo(QSize(150, 32))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def changeEvent(self, event: QEvent) -> None:
        """The words are faint while nothing can be chosen."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.EnabledChange:
            self._words.set_tone("" if self.isEnabled() else "muted")

    @property
    def words(self) -> str:
        """What stands on it."""
        return self._words.text()

    def show_choice(self, devices: Sequence[Device], device: str, threads: int | None, used: int, cores: tuple[int, ...]) -> None:
        """`threads` is the user's choice, None if there is none; `used` how many threads a run would have now."""
        self._devices, self._threads, self._used, self._cores = devices, threads, used, cores
        keys = [each.key for each in devices]
        self._device = device if device in keys else keys[0] if keys else "cpu"
        self._fill()
        self._say()

    # ---- what it says -----------------------------------------------------------------------------------------

    def _say(self) -> None:
        chosen = next((each for each in self._devices if each.key == self._device), None)
        if chosen is None:
            return
        if chosen.key == "cpu":
            threads = f"{self._used} {'thread' if self._used == 1 else 'threads'}"
            words = f"{threads} on {'core' if len(self._cores) == 1 else 'cores'} {spans(self._cores)}" if self._cores else threads
        else:
            words = short_uuid(chosen)
        self._full = f"{short_title(chosen)}, {words}" if words else short_title(chosen)
        self.setToolTip(f"Where the variants are run and measured: {self._full}")
        self.setAccessibleDescription(self._full)
        # The end of the words (threads, cores) is kept: a long name gives way in the middle.
        self._words.setText(QFontMetrics(font(13)).elidedText(self._full, Qt.TextElideMode.ElideMiddle, _WIDEST - 66))
        self.updateGeometry()

    # ---- its menu ---------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        menu = self.menu()
        menu.clear()
        _heading(menu, "Run and measure on")
        group = QActionGroup(menu)
        for device in self._devices:
            entry = menu.addAction(", ".join(part for part in (short_title(device), device.detail, short_uuid(device)) if part))
            entry.setCheckable(True)
            entry.setChecked(device.key == self._device)
            entry.setToolTip("\n".join(part for part in (device.title, device.uuid, f"--device {device.key}") if part))
            entry.triggered.connect(lambda _=False, key=device.key: self.device_chosen.emit(key))
            group.addAction(entry)
        menu.addSeparator()
        _heading(menu, "On the processor")
        menu.addMenu(self._thread_menu(menu))
        cores = menu.addAction(f"Cores…   {spans(self._cores) or 'all'}")
        cores.setEnabled(can_pin())
        cores.setToolTip("Keep measuring to some logical cores" if can_pin() else "This system lets no program choose its cores")
        cores.triggered.connect(self.ask_cores)

    def _thread_menu(self, parent: QMenu) -> QMenu:
        suits = default_threads(window_open=True)
        menu = QMenu(f"Threads   {self._used}", parent)
        group = QActionGroup(menu)
        choices: list[tuple[int | None, str]] = [
            (None, f"{suits}: the cores, less one for the window" if suits > 1 else "1: as suits this machine")
        ]
        choices += [(number, str(number)) for number in thread_choices(suits)]
        for place, (number, words) in enumerate(choices):
            if place == 1:
                menu.addSeparator()
            entry = menu.addAction(words)
            entry.setCheckable(True)
            entry.setChecked(number == self._threads)
            entry.triggered.connect(lambda _=False, number=number: self.threads_chosen.emit(number))
            group.addAction(entry)
        return menu

    def ask_cores(self) -> "CoresDialog":
        """Opens the question for the cores."""
        dialog = CoresDialog(self.window(), self._theme, self._cores, self._used, self.cores_chosen.emit)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog


def _heading(menu: QMenu, words: str) -> None:
    entry = menu.addAction(words)
    entry.setEnabled(False)


class CoresDialog(QDialog):
    """Asks for logical cores as "0-3,6"; says at once what is wrong, and when threads would have to share a core."""

    def __init__(
        self, parent: QWidget, theme: Theme, cores: tuple[int, ...], threads: int, take: Callable[[tuple[int, ...]], object]
    ) -> None:
        super().__init__(parent)
        self._threads, self._take = threads, take
        self._cores: tuple[int, ...] | None = cores
        self.setWindowTitle("Cores")
        self.setMinimumWidth(420)
        self.field = QLineEdit(spans(cores))
        self.field.setPlaceholderText("all, or for example 0-3,6")
        self.field.setAccessibleName("Logical cores")
        self.field.textChanged.connect(self._check)
        self.said = Text("", 12, 400, "muted", wrap=True)
        self.ok = Button(theme, "Use these cores", kind="primary")
        self.ok.setDefault(True)
        self.ok.clicked.connect(self.accept)
        leave = Button(theme, "Cancel")
        leave.clicked.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 18)
        layout.setSpacing(8)
        layout.addWidget(Text("Logical cores that measuring keeps to", 13, 600))
        layout.addWidget(self.field)
        layout.addWidget(self.said)
        layout.addSpacing(6)
        layout.addLayout(row(0, leave, self.ok))
        self._check()

    def _check(self) -> None:
        try:
            self._cores = typed_cores(self.field.text())
        except GreenBenchError as error:
            self._cores = None
            words, tone = str(error), "danger"
        else:
            last = (os.cpu_count() or 1) - 1
            words, tone = f"This machine has the logical cores 0 to {last}. Empty: all of them, as the system likes.", "muted"
            if self._cores and len(self._cores) < self._threads:
                words, tone = f"{self._threads} threads would share {len(self._cores)} cores and wait for each other.", "warning"
        restyle(self.field, bad=self._cores is None)
        self.said.setText(words)
        self.said.set_tone(tone)
        self.ok.setEnabled(self._cores is not None)

    def accept(self) -> None:
        if self._cores is not None:
            self._take(self._cores)
            super().accept()
