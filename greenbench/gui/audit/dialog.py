"""The dialog "Audit trail": what of a variant comes out of the raw data as it is printed, block by block and number by number."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFileDialog,
    QFrame,
    QHeaderView,
    QLabel,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from greenbench.core import quote
from greenbench.core.audit import Audit, AuditedBlock, AuditedNumber, AuditedVariant
from greenbench.core.errors import GreenBenchError
from greenbench.core.measurement import Measurement
from greenbench.core.run import RunResult
from greenbench.gui.audit.plot import BlockPlot
from greenbench.gui.audit.work import AuditWork
from greenbench.gui.controls import Button, GivingText, Icon, Segments, Text, row
from greenbench.gui.icons import icon
from greenbench.gui.marks import variant_pixmap
from greenbench.gui.style import restyle
from greenbench.gui.theme import Theme, font

_BLOCKS = (("", 34), ("Block", 60), ("Window, s", 150), ("Calls", 80), ("Median", 100), ("Energy", 170), ("Samples", 0))
_NUMBERS = (("", 34), ("Number", 250), ("Stored", 120), ("Made again", 120), ("Rests on", 0))
_BLOCKS_RIGHT, _NUMBERS_RIGHT = (1, 2, 3, 4, 5), (2, 3)
_SIGNS = {True: ("check-circle", "success"), False: ("warning-octagon-fill", "danger"), None: ("question", "muted")}


class AuditDialog(QDialog):
    """Open it with `ask`. `written` carries the folder of the raw data; `failed` what went wrong."""

    written = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QWidget, theme: Theme, work: AuditWork, result: RunResult, letter: str) -> None:
        super().__init__(parent)
        self._theme, self.work, self._result, self.letter = theme, work, result, letter
        self._index = next(index for index, v in enumerate(result.variants) if v.letter == letter)
        self.audit: Audit | None = None
        self.setWindowTitle("Audit trail")
        self.resize(1040, 660)
        self.sign, self.verdict = Icon(theme, "hourglass-medium", "muted"), Text("", 13, 500, wrap=True)
        self.blocks, self.numbers = _tree(_BLOCKS, _BLOCKS_RIGHT), _tree(_NUMBERS, _NUMBERS_RIGHT)
        self.plot = BlockPlot(theme)
        self.digest, self.command = GivingText(11, 400, "muted"), f"greenbench audit {result.run_id} --variant {letter}"
        self._build()
        work.audited.connect(self._show)
        work.sampled.connect(self._show_samples)
        work.written.connect(self._wrote)
        work.failed.connect(self._fail)
        self.blocks.currentItemChanged.connect(self._block_chosen)

    def _build(self) -> None:
        variant = self._result.variants[self._index]
        mark = QLabel()
        mark.setPixmap(variant_pixmap(self._theme.variant(self._index), 12, 18, self.devicePixelRatioF()))
        name = GivingText(16, 600)
        name.say(f"Audit trail of {variant.letter}  {variant.name}")
        self.tabs = Segments((("blocks", "Blocks and samples"), ("numbers", "Numbers")))
        self.tabs.chosen.connect(self._turn)
        self._strip = QFrame()
        self._strip.setProperty("role", "sunken")
        strip = row(self.sign, spacing=8, margins=(12, 8, 12, 8))
        strip.addWidget(self.verdict, 1)
        self._strip.setLayout(strip)
        self._pages = QStackedWidget()
        first = QWidget()
        inside = QVBoxLayout(first)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(_framed(self.blocks), 3)
        inside.addWidget(self.plot, 2)
        self._pages.addWidget(first)
        self._pages.addWidget(_framed(self.numbers))
        self.save = Button(self._theme, "Save raw data…", "floppy-disk")
        self.save.clicked.connect(self._save)
        copy = Button(self._theme, "Copy command", "copy")
        copy.setToolTip(self.command)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.command))
        close = Button(self._theme, "Close")
        close.clicked.connect(self.accept)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 14)
        layout.setSpacing(10)
        head = row(mark, spacing=10)
        head.addWidget(name, 1)
        head.addWidget(self.tabs)
        layout.addLayout(head)
        layout.addWidget(self._strip)
        layout.addWidget(self._pages, 1)
        foot = row(self.save, copy, spacing=8)
        foot.addWidget(self.digest, 1)
        foot.addWidget(close)
        layout.addLayout(foot)

    def _turn(self, which: str) -> None:
        self._pages.setCurrentIndex(int(which == "numbers"))

    def ask(self) -> None:
        """Opens the dialog and begins to make the numbers again."""
        self.verdict.setText("The numbers are made again from the raw samples …")
        self.save.setEnabled(False)
        self.plot.say("")
        self.open()
        self.work.audit(self.letter)

    def done(self, code: int) -> None:
        for signal, slot in (
            (self.work.audited, self._show), (self.work.sampled, self._show_samples), (self.work.failed, self._fail),
            (self.work.written, self._wrote),
        ):  # fmt: skip
            signal.disconnect(slot)
        super().done(code)

    # ---- showing ----------------------------------------------------------------------------------------------

    def _show(self, audit: Audit) -> None:
        self.audit = audit
        (variant,) = audit.variants
        sign, tone, role = _standing(audit)
        self.sign.set(sign, tone)
        self.verdict.setText(verdict_words(audit, variant))
        restyle(self._strip, role=role)
        self.digest.say(f"SHA-256 of the raw data: {audit.digest_found}")
        self.save.setEnabled(True)
        self.numbers.clear()
        self.numbers.addTopLevelItems([self._number_item(number) for number in variant.numbers])
        self.blocks.clear()
        self.blocks.addTopLevelItems([self._block_item(block) for block in variant.blocks])
        if first := self.blocks.topLevelItem(0):
            self.blocks.setCurrentItem(first)
        else:
            self.plot.say(variant.reason or "No block of it was timed.")

    def _number_item(self, number: AuditedNumber) -> QTreeWidgetItem:
        rests = f"{number.rests_on} ({number.note})" if number.note else number.rests_on
        item = QTreeWidgetItem(["", number.title, number.quoted(number.stored), number.quoted(number.found), rests])
        self._dress(item, number.agrees, _NUMBERS_RIGHT, number.note)
        item.setToolTip(1, f"{number.title}\n{number.path}")
        item.setToolTip(4, rests)
        return item

    def _block_item(self, block: AuditedBlock) -> QTreeWidgetItem:
        window = f"{block.t0_s:.3f}–{block.t1_s:.3f}"
        median = quote.quote(Measurement(value=block.median_s, unit="s")).full
        samples = "; ".join(each.words for each in block.samples) or "no power source was in use"
        item = QTreeWidgetItem(["", str(block.index + 1), window, quote.count(block.calls), median, block.energy_words, samples])
        self._dress(item, block.agrees, _BLOCKS_RIGHT, block.note)
        item.setToolTip(5, _energy_hint(block))
        item.setToolTip(6, samples.replace("; ", "\n"))
        item.setData(0, Qt.ItemDataRole.UserRole, block)
        return item

    def _dress(self, item: QTreeWidgetItem, agrees: bool | None, right: Sequence[int], note: str) -> None:
        item.setIcon(0, icon(self._theme, *_SIGNS[agrees]))
        item.setToolTip(0, note or ("comes out as it is stored" if agrees else ""))
        for column in right:
            item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def _block_chosen(self, item: QTreeWidgetItem | None, _before: QTreeWidgetItem | None = None) -> None:
        block = item.data(0, Qt.ItemDataRole.UserRole) if item is not None else None
        if block is not None:
            self.work.sample(block)

    def _show_samples(self, block: AuditedBlock, channels: tuple[object, ...]) -> None:
        item = self.blocks.currentItem()
        if item is not None and item.data(0, Qt.ItemDataRole.UserRole) == block:
            self.plot.show_block(self._index, block, channels)  # type: ignore[arg-type]  # what `near` gave

    # ---- taking away ------------------------------------------------------------------------------------------

    def _save(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Save raw data in", str(Path.home()))
        if name:
            self.save_to(Path(name) / f"raw-{self._result.run_id}")

    def save_to(self, folder: Path) -> None:
        """Writes the raw data of the run into a folder."""
        self.save.setEnabled(False)
        self.save.setText("Writing …")
        self.work.write(folder)

    def _wrote(self, folder: Path) -> None:
        self.save.setEnabled(True)
        self.save.setText("Save raw data…")
        self.written.emit(folder)

    def _fail(self, error: GreenBenchError) -> None:
        self.save.setText("Save raw data…")
        self.save.setEnabled(self.audit is not None)
        self.sign.set("warning-octagon-fill", "danger")
        self.verdict.setText(str(error))
        restyle(self._strip, role="failure")
        self.failed.emit(error)


def verdict_words(audit: Audit, variant: AuditedVariant) -> str:
    """What came of the audit, in a sentence or two."""
    made = [number for number in variant.numbers if number.agrees is not None]
    wrong = [number for number in made if number.agrees is False] + [block for block in variant.blocks if not block.agrees]
    parts = []
    if wrong or audit.digest_agrees is False:
        how = "come out otherwise by today's rules" if audit.other_rules else "do not come out as they are stored"
        what = f"{len(wrong)} of its numbers and blocks {how}." if wrong else ""
        parts = [what, "The raw data is not what the digest stands for." if audit.digest_agrees is False else ""]
    elif made:
        parts = [f"All {len(made)} numbers of {variant.letter} come out of the raw data as they are printed."]
        parts.append("The digest is the printed one." if audit.digest_agrees else "The run was kept without a digest.")
    parts += [variant.reason, audit.reason]
    return " ".join(part for part in parts if part)


def _standing(audit: Audit) -> tuple[str, str, str]:
    if not audit.agrees:
        return "warning-octagon-fill", "danger", "failure"
    if audit.reason or not audit.digest_agrees:
        return "question", "warning", "warning"
    return "check-circle", "accent", "notice"


def _energy_hint(block: AuditedBlock) -> str:
    if block.energy_j is None:
        return block.reason
    whole = f"; with gain ± {quote.significant(block.half_width_j, 2)} J" if block.half_width_j else ""
    return f"± is what the edges of the window between samples leave open{whole}. {block.provenance.meaning.capitalize()}."


def _tree(columns: Sequence[tuple[str, int]], right: Sequence[int]) -> QTreeWidget:
    tree = QTreeWidget()
    tree.setObjectName("history")
    tree.setRootIsDecorated(False)
    tree.setUniformRowHeights(True)
    tree.setAllColumnsShowFocus(True)
    tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    tree.setHeaderLabels([title for title, _ in columns])
    tree.header().setFont(font(12, 600))
    tree.header().setStretchLastSection(True)
    for place, (_, width) in enumerate(columns):
        tree.header().setSectionResizeMode(place, QHeaderView.ResizeMode.Interactive)
        if width:
            tree.setColumnWidth(place, width)
        if place in right:
            tree.headerItem().setTextAlignment(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return tree


def _framed(tree: QTreeWidget) -> QFrame:
    frame = QFrame()
    frame.setProperty("role", "card")
    inside = QVBoxLayout(frame)
    inside.setContentsMargins(1, 1, 1, 1)
    inside.addWidget(tree)
    return frame
