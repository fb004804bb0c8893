"""What the product is, in which version, under which licence, and whose type and icons it shows."""

from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from greenbench import __version__
from greenbench.core import places
from greenbench.gui.controls import Text, line, row
from greenbench.gui.theme import Theme, font

_PARTS = (
    ("Typeface", "Inter, © The Inter Project Authors, SIL Open Font License 1.1 (below in full)"),
    ("Icons", "Phosphor Icons, © Phosphor Icons, MIT licence, through QtAwesome"),
    ("Libraries", "Python, PySide6 and Qt (LGPL 3), pyqtgraph, PyTorch, ONNX Runtime, Torch-Pruning, CodeCarbon, Typst, Matplotlib"),
)


class About(QDialog):
    """Opened by Help > About; Escape closes it."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("About GreenBench")
        self.setMinimumWidth(520)
        picture = QLabel()
        picture.setPixmap(parent.windowIcon().pixmap(40, 40))
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(Text("GreenBench", 20, 600))
        names.addWidget(Text(f"Version {__version__}, with Qt {qVersion()}", 12, 400, "muted"))
        head = row(picture, spacing=12)
        head.addLayout(names)
        head.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 16)
        layout.setSpacing(10)
        layout.addLayout(head)
        layout.addWidget(Text("Compares compressed neural networks by accuracy, latency and energy. MIT licence.", 13, 400, wrap=True))
        layout.addWidget(line())
        for title, words in _PARTS:
            layout.addWidget(Text(title, 12, 600))
            said = Text(words, 12, 400, "second", wrap=True)
            said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            layout.addWidget(said)
        layout.addWidget(self._licence())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        layout.addWidget(buttons)
        buttons.button(QDialogButtonBox.StandardButton.Close).setFocus()

    def _licence(self) -> QPlainTextEdit:
        box = QPlainTextEdit()
        box.setReadOnly(True)
        box.setTabChangesFocus(True)
        box.setFont(font(11, mono=True))
        box.setFixedHeight(150)
        box.setAccessibleName("Licence of Inter")
        path = places.resources() / "fonts" / "Inter-LICENSE.txt"
        box.setPlainText(path.read_text(encoding="utf-8") if path.is_file() else f"The file {path} is missing.")
        return box
