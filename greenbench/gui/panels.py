"""The panels around the canvas: steps left, inspector right, live plots below; resizable, hideable, remembered."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QSizePolicy, QSplitter, QVBoxLayout, QWidget

from greenbench.gui.controls import IconButton, Text, row
from greenbench.gui.settings import Settings
from greenbench.gui.theme import Theme

_NARROW, _LOW = 1400, 800
_VERSION = "1"


class Panels(QSplitter):
    """Upright splitter: [steps | middle | inspector] above the live dock. Panels show on the pipeline page alone."""

    shown_changed = Signal()

    def __init__(self, theme: Theme, steps: QWidget, middle: QWidget, inspector: QWidget) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self.setHandleWidth(1)
        self.setChildrenCollapsible(False)
        self.across = QSplitter(Qt.Orientation.Horizontal)
        self.across.setHandleWidth(1)
        self.across.setChildrenCollapsible(False)
        self.steps = self._titled(theme, steps)
        self.inspector = inspector
        self.live = QFrame()
        self.live.setProperty("role", "panel")
        self._live_layout = QVBoxLayout(self.live)
        self._live_layout.setContentsMargins(0, 0, 0, 0)
        self.live.setMinimumHeight(150)
        self.steps.setMinimumWidth(168)
        self.inspector.setMinimumWidth(264)
        middle.setMinimumWidth(320)
        for widget in (self.steps, middle, self.inspector):
            self.across.addWidget(widget)
        self.across.setStretchFactor(1, 1)
        self.addWidget(self.across)
        self.addWidget(self.live)
        self.setStretchFactor(0, 1)
        self._hidden: set[str] = set()
        self._page = 0

    def _titled(self, theme: Theme, steps: QWidget) -> QWidget:
        panel = QFrame()
        panel.setProperty("role", "panel")
        layout = QVBoxLayout(panel)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(2)
        fold = IconButton(theme, "caret-double-left", "Hide the steps (F9)", "muted")
        fold.clicked.connect(lambda: self.toggle("steps"))
        layout.addLayout(row(Text("Steps", 13, 600), 0, fold, margins=(16, 0, 8, 0)))
        steps.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        layout.addWidget(steps, 1)
        return panel

    def put_live(self, dock: QWidget) -> None:
        self._live_layout.addWidget(dock)

    def _panel(self, name: str) -> QWidget:
        return {"steps": self.steps, "inspector": self.inspector, "live": self.live}[name]

    def hidden(self, name: str) -> bool:
        return name in self._hidden

    def toggle(self, name: str) -> None:
        """Hides a panel, or shows it again."""
        self._hidden ^= {name}
        self._show()
        self.shown_changed.emit()

    def show_page(self, page: int) -> None:
        """Page 0 is the pipeline; the others take the whole width."""
        self._page = page
        self._show()

    def _show(self) -> None:
        for name in ("steps", "inspector", "live"):
            self._panel(name).setVisible(self._page == 0 and name not in self._hidden)

    def first_sizes(self, width: int, height: int) -> None:
        """The measures of the design for a window of this size."""
        narrow = width < _NARROW
        steps, inspector = (192, 272) if narrow else (208, 296)
        live = 196 if height < _LOW else 218
        self.across.setSizes([steps, width - steps - inspector - 2, inspector])
        self.setSizes([height - live, live])

    def remember(self, settings: Settings) -> None:
        settings.set_text("panels/version", _VERSION)
        settings.set_text("panels/hidden", ",".join(sorted(self._hidden)))
        if self._page == 0:
            settings.set_text("panels/across", ",".join(str(size) for size in self.across.sizes()))
            settings.set_text("panels/down", ",".join(str(size) for size in self.sizes()))

    def restore(self, settings: Settings) -> bool:
        """Takes the sizes of last time; returns whether there were any."""
        self._hidden = {name for name in settings.text("panels/hidden").split(",") if name in ("steps", "inspector", "live")}
        self._show()
        try:
            across = [int(part) for part in settings.text("panels/across").split(",")]
            down = [int(part) for part in settings.text("panels/down").split(",")]
        except ValueError:
            return False
        if settings.text("panels/version") != _VERSION or len(across) != 3 or len(down) != 2:
            return False
        self.across.setSizes(across)
        self.setSizes(down)
        return True
