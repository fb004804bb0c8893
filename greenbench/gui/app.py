"""Starts the window: builds every object once and hands it on. Nothing here, or below, imports torch.

greenbench [FILE] [--run]
"""

import argparse
import sys
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication

from greenbench.core import places
from greenbench.core.catalog import Catalog
from greenbench.core.document import read
from greenbench.core.errors import GreenBenchError
from greenbench.core.run import RunResult
from greenbench.engine.devices import devices
from greenbench.gui import style
from greenbench.gui.autosave import Leftover, leftovers
from greenbench.gui.files import Files, Questions
from greenbench.gui.job_bridge import JobBridge
from greenbench.gui.late_runner import LateRunner
from greenbench.gui.look import Look
from greenbench.gui.main_window import MainWindow, Parts
from greenbench.gui.mishaps import Mishaps, told
from greenbench.gui.results.export import Exporter
from greenbench.gui.run_bridge import RunBridge, Runner
from greenbench.gui.run_control import RunControl
from greenbench.gui.session import Session
from greenbench.gui.settings import Settings
from greenbench.gui.start import gallery
from greenbench.gui.theme import Theme
from greenbench.steps import installed

_FRAME = 36  # a title bar of the system is not part of the window's size


def run(arguments: list[str]) -> int:
    """Opens the window with FILE, or with the quick start, and returns when it is closed. `--run` starts the pipeline at once."""
    asked = _parser().parse_args(arguments)
    places.home().mkdir(parents=True, exist_ok=True)
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("greenbench")
    application.setApplicationDisplayName("GreenBench")
    application.setDesktopFileName("greenbench")
    style.load_fonts()
    answer_quickly()
    runner = LateRunner(partial(_local_runner, asked.replay), lambda runner: runner.wait_for_meter())
    window = build(application, runner)
    mishaps = attend(window)
    open_first(window, asked.file)
    window.painted.connect(partial(_after_first_paint, window, runner, asked.run))
    show(window)
    code = application.exec()
    mishaps.close()
    runner.close()
    window.parts.exporter.wait()
    return int(code)


def answer_quickly() -> None:
    """Lets the window's thread have its turn ten times sooner while the runner's threads put results together."""
    sys.setswitchinterval(0.0005)


def _local_runner(replay: Path | None) -> Runner:
    from greenbench.engine.runner import LocalRunner  # brings SciPy and the store: not before the first paint

    return LocalRunner(places.home(), ("--replay", str(replay)) if replay else ())


def _proved(runner: Runner, result: RunResult) -> RunResult:
    """A result held against its raw data, for a report."""
    from greenbench.engine.raw_data import proved

    return proved(runner.store, result)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="greenbench", description="Opens the window of GreenBench.")
    parser.add_argument("file", nargs="?", type=Path, help="a .greenbench pipeline")
    # For trying the window with meters that this machine does not have: everything that is shown says that it is a recording.
    parser.add_argument("--replay", type=Path, metavar="FILE", help=argparse.SUPPRESS)
    parser.add_argument("--run", action="store_true", help="start it at once")
    return parser


def build(application: QApplication, runner: Runner, catalog: Catalog | None = None, questions: Questions | None = None) -> MainWindow:
    """The window with everything it needs, not yet shown."""
    settings = Settings()
    theme = Theme()
    look = Look(application, theme, settings)
    session = Session(catalog or installed())
    bridge = RunBridge(runner)
    control = RunControl(session, runner, bridge)
    control.device, control.protocol = settings.text("device", "cpu"), settings.text("protocol", "quick")
    asking = questions or Questions()
    exporter = Exporter(lambda result: _proved(runner, result))
    parts = Parts(theme, look, settings, session, runner, bridge, control, Files(session, settings, asking), exporter, JobBridge())
    window = MainWindow(parts)
    asking.parent = window
    window.setWindowIcon(QIcon(str(places.resources() / "style" / "greenbench.svg")))
    window.toolbar.protocol.set_value(control.protocol)
    return window


def attend(window: MainWindow) -> Mishaps:
    """From now on an action that raises is told in the window."""
    mishaps = Mishaps(places.home())

    def tell(error: Exception) -> None:
        if isinstance(error, GreenBenchError):
            window.messages.show_error(error, window.show_node)
        else:
            window.messages.say("failure", *told(error, mishaps.log))

    mishaps.happened.connect(tell)
    mishaps.listen()
    return mishaps


def open_first(window: MainWindow, file: Path | None) -> None:
    """Opens the file that was asked for, else the start page with the quick start behind it; what cannot be opened is said in the
    window."""
    if file is not None:
        window.parts.files.open_path(file)
        return
    window.start.show()
    sample = next(iter(gallery.files()), None)
    if sample is None:
        return
    try:
        window.parts.session.open(read(sample, window.parts.session.catalog), None, saved=True)
    except GreenBenchError as error:
        window.messages.show_error(error)


def show(window: MainWindow) -> None:
    """Shows the window where it was last time, or as large as the design if the screen has room."""
    settings = window.parts.settings
    geometry = settings.state("window/geometry")
    if geometry is None or not window.restoreGeometry(geometry):
        room = window.screen().availableGeometry()
        window.resize(min(1440, room.width()), min(900, room.height() - _FRAME))
    window.panels.first_sizes(window.width(), window.height() - 130)
    window.panels.restore(settings)
    window.show()
    if not window.start.shown:
        window.editor.canvas.setFocus()


def _after_first_paint(window: MainWindow, runner: Runner, start: bool) -> None:
    window.finish()
    window.wiring.devices.show(devices())
    _offer_leftovers(window)
    opening = threading.Thread(target=runner.open, name="open runner", daemon=True)
    opening.start()
    if start:
        QTimer.singleShot(0, window.parts.control.run)


def _offer_leftovers(window: MainWindow) -> None:
    """Asks once, calmly, whether to restore what a crashed window left."""
    found = leftovers(places.home() / "autosave")
    if not found:
        return
    newest = found[0]

    def restore(leftover: Leftover) -> None:
        try:
            pipeline = leftover.read(window.parts.session.catalog)
        except GreenBenchError as error:
            window.messages.show_error(error)
            return
        if not window.parts.files.may_go_on():
            return
        window.parts.session.open(pipeline)
        window.parts.session.document.path = leftover.original
        window.autosave.write()
        discard(found)

    def discard(several: Sequence[Leftover]) -> None:
        for leftover in several:
            leftover.remove()

    when = f"{newest.saved:%d %B, %H:%M}"
    window.messages.say(
        "notice",
        f'"{newest.title}" was not saved when GreenBench last ended unexpectedly ({when}).',
        "Restore it, or leave it.",
        [("Restore", partial(restore, newest)), ("Discard", partial(discard, found))],
    )
