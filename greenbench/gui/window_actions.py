"""Everything a user can do in the window, as one list of actions."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMenu

from greenbench.core import document, places
from greenbench.gui.about import About
from greenbench.gui.actions import Action
from greenbench.gui.focus_tour import next_panel
from greenbench.gui.model_doors import INSIDE_PAGE
from greenbench.gui.results.export import FORMATS
from greenbench.gui.start import gallery

if TYPE_CHECKING:
    from greenbench.gui.main_window import MainWindow

__all__ = ["recent_menu", "sample_menu", "window_actions"]

_ICONS = {"pdf": "file-pdf"}
_README = places.resources().parent / "README.md"


def window_actions(window: "MainWindow") -> list[Action]:
    """The actions of a window, in the order of its menus."""
    files, control, session, look = window.parts.files, window.parts.control, window.parts.session, window.parts.look
    undo = session.undo_stack
    found = [
        Action("new", "New pipeline", files.new, "plus", "Ctrl+N", "File"),
        Action("open", "Open…", files.open, "folder-open", "Ctrl+O", "File", aliases="load"),
        Action("start", "Start page", window.start.show, "house", "Ctrl+Shift+H", "File", aliases="home samples quick start papers"),
        Action("save", "Save", files.save, "", "Ctrl+S", "File", 1),
        Action("save-as", "Save as…", files.save_as, "", "Ctrl+Shift+S", "File", 1),
        *(
            Action(f"export-{suffix}", f"Export {title}…", partial(window.export, suffix), _ICONS.get(suffix, "export"), "", "File", 2)
            for suffix, title in FORMATS.items()
        ),
        Action("export-model", "Export model…", window.models.export, "cube", "", "File", 2, aliases="onnx openvino deploy ship"),
        Action("audit", "Audit trail…", window.audits.ask, "fingerprint", "", "File", 2, aliases="raw samples digest proof provenance"),
        Action("join", "Join a meter's log…", window.joining.ask, "link", "", "File", 2, aliases="csv plug wall external"),
        Action("quit", "Quit", window.close, "", "Ctrl+Q", "File", 3, aliases="exit close"),
        Action("undo", "Undo", undo.undo, "arrow-u-up-left", "Ctrl+Z", "Edit"),
        Action("redo", "Redo", undo.redo, "arrow-u-up-right", "Ctrl+Y or Ctrl+Shift+Z", "Edit"),
        Action("copy-table", "Copy results table", window.results.copy_table, "copy", "", "Edit", 2),
        Action("find", "Find an action or a step", window.find_anything, "magnifying-glass", "Ctrl+K", "Edit", 3),
        Action("pipeline", "Pipeline", partial(window.show_page, 0), "tree-structure", "Ctrl+1", "View"),
        Action("results", "Results", partial(window.show_page, 1), "chart-bar-horizontal", "Ctrl+2", "View"),
        Action("inside", "Look inside", partial(window.show_page, INSIDE_PAGE), "stack", "Ctrl+4", "View", aliases="layers compare"),
        Action("history", "History", partial(window.show_page, 2), "clock-counter-clockwise", "Ctrl+3", "View", aliases="runs"),
        Action("sensors", "Sensors", window.sensor_page.show, "lightning", "Ctrl+5", "View", aliases="power meters RAPL NVML plug"),
        *(
            Action(f"panel-{name}", f"Show or hide {title}", partial(window.panels.toggle, name), "", keys, "View", 1)
            for name, title, keys in (("steps", "steps", "F9"), ("inspector", "inspector", "F10"), ("live", "live plots", "F11"))
        ),
        Action("next-panel", "Go to the next panel", partial(next_panel, window), "", "F6", "View", 1, aliases="focus keyboard"),
        *(
            Action(f"theme-{mode}", title, partial(look.set_mode, mode), "", "", "View", 2, aliases="theme colours dark light")
            for mode, title in (("system", "Colours of the system"), ("light", "Light"), ("dark", "Dark"))
        ),
        Action(
            "reduce-motion", "Reduce motion", lambda: _switch_motion(window), "", "", "View", 3, aliases="animation still calm",
            checked=window.parts.settings.flag("reduce-motion"),
        ),
        Action("run", "Run", control.run, "play-fill", "F5 or Ctrl+Return", "Run"),
        Action("stop", "Stop", control.stop, "stop-fill", "Shift+F5", "Run", aliases="cancel"),
        Action(
            "check", "Read the sources and check what fits", window.intake.check, "check-square-offset", "Ctrl+Shift+Return", "Run", 1,
            aliases="data model preview mismatch",
        ),
        Action(
            "lint", "What to know before a run…", lambda: window.advice.open(), "lightbulb-filament", "", "Run", 1,
            aliases="linter advice warnings check battery load",
        ),
        Action(
            "calibrate", "Calibrate against a wall meter…", window.sensor_page.calibrate, "ruler", "", "Run", 1,
            aliases="plug external meter offset gain",
        ),
        Action("home", "Open the folder of runs", _open_home, "folder-open", "", "Help", aliases="data cache log"),
        Action("guide", "Read me", partial(_open, _README), "book-open", "", "Help", aliases="help documentation"),
        Action("about", "About GreenBench", partial(_about, window), "info", "", "Help", 1, aliases="version licence fonts"),
    ]  # fmt: skip
    return found


def _switch_motion(window: "MainWindow") -> None:
    """Follows the switch in the View menu; remembered."""
    still = window.actions_["reduce-motion"].isChecked()
    window.parts.settings.set_flag("reduce-motion", still)
    window.editor.set_reduce_motion(still)


def _about(window: "MainWindow") -> None:
    About(window, window.parts.theme).open()


def _open(path: Path) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(path)))


def _open_home() -> None:
    places.home().mkdir(parents=True, exist_ok=True)
    _open(places.home())


def sample_menu(window: "MainWindow") -> QMenu:
    """The pipelines that come with the product, papers by themselves; read when the menu first opens."""
    menu = QMenu("Open sample", window)

    def fill() -> None:
        if not menu.isEmpty():
            return
        papers = QMenu("Papers", menu)
        for path in gallery.files():
            read = gallery.read_sample(path, window.parts.session.catalog)
            title = read.title if read else path.stem.replace("-", " ").capitalize()
            entry = (papers if read is not None and read.is_of("papers") else menu).addAction(title)
            entry.triggered.connect(lambda _=False, path=path: window.parts.files.open_sample(path))
        if not papers.isEmpty():
            menu.addSeparator()
            menu.addMenu(papers)

    menu.aboutToShow.connect(fill)
    return menu


def recent_menu(window: "MainWindow") -> QMenu:
    """The files opened last; filled anew each time it opens."""
    menu = QMenu("Recent files", window)

    def fill() -> None:
        menu.clear()
        settings = window.parts.settings
        for path in settings.recent():
            entry = menu.addAction(path.name.removesuffix(document.SUFFIX))
            entry.setToolTip(str(path))
            entry.triggered.connect(lambda _=False, path=path: window.parts.files.open_path(path))
        if not menu.isEmpty():
            menu.addSeparator()
            menu.addAction("Clear this list").triggered.connect(settings.clear_recent)
        else:
            menu.addAction("No recent files").setEnabled(False)

    menu.setToolTipsVisible(True)
    menu.aboutToShow.connect(fill)
    return menu
