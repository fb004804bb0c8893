"""What leads from a variant of the results to its model: the buttons and the card of the chosen one, and the menu of a row."""

from functools import partial

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtWidgets import QMenu, QWidget

from greenbench.core.run import RunResult
from greenbench.gui.controls import Button
from greenbench.gui.inside.subjects import subjects
from greenbench.gui.results.variant_card import VariantCard
from greenbench.gui.theme import Theme


class VariantDoors(QObject):
    """Variants are told by the nodes that made them, which is how a run names its models."""

    look_asked = Signal(str, str)  # look into a node's model; beside that of another node, if one is named
    export_asked = Signal(str)  # take a node's model away
    open_node = Signal(str)
    audit_asked = Signal(str)  # the letter of a variant: where its numbers come from

    def __init__(self, theme: Theme, page: QWidget) -> None:
        super().__init__(page)
        self._page = page
        self._result: RunResult | None = None
        self._models: set[str] = set()  # the nodes that gave a model
        self.card = VariantCard(theme)
        self.look = Button(theme, "Look inside", "stack", "quiet")
        self.export = Button(theme, "Export model…", "cube", "quiet")
        self.audit = Button(theme, "Audit trail…", "fingerprint", "quiet")
        for button in (self.audit, self.look, self.export):
            self.card.actions_.addWidget(button)
        self.look.clicked.connect(lambda: self._look(self.card.index))
        self.export.clicked.connect(lambda: self._export(self.card.index))
        self.audit.clicked.connect(lambda: self._audit(self.card.index))

    def show_result(self, result: RunResult, first: int) -> None:
        """The `first` variant (that of which the verdict speaks) is in the card, until another one is chosen."""
        self._result = result
        self._models = {subject.node for subject in subjects(result)}
        self.card.setVisible(bool(result.variants))
        self.choose(first)

    def choose(self, index: int) -> None:
        if self._result and 0 <= index < len(self._result.variants):
            self.card.show_variant(self._result, index)
            variant = self._result.variants[index]
            for button, words, hint in (
                (self.look, f"Look inside {variant.letter}", "its layers, with shapes, sizes and times"),
                (self.export, f"Export model {variant.letter}…", "a file for another runtime, with the proof that it answers alike"),
            ):
                button.setText(words)
                button.setEnabled(variant.node in self._models)
                button.setToolTip(f"{variant.name}: {hint if variant.node in self._models else 'it has no model'}")
            self.audit.setText(f"Audit trail {variant.letter}…")
            self.audit.setEnabled(bool(variant.blocks))
            self.audit.setToolTip(
                "From each of its numbers back to the samples that made it" if variant.blocks else "No block of it was timed"
            )

    def open_menu(self, index: int, at: QPoint) -> None:
        """What can be done with the variant of a row, at a place on the screen."""
        menu = self.menu(index)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(at)

    def menu(self, index: int) -> QMenu:
        """The menu of a row."""
        assert self._result is not None
        variants = self._result.variants
        menu = QMenu(self._page)
        menu.addAction("Show the node").triggered.connect(partial(self._show_node, index))
        if variants[index].blocks:
            menu.addAction("Audit trail…").triggered.connect(partial(self._audit, index))
        if variants[index].node not in self._models:
            return menu
        menu.addSeparator()
        menu.addAction("Look inside").triggered.connect(partial(self._look, index))
        for other, variant in enumerate(variants):
            if variant.node in self._models and variant.node != variants[index].node and other in (0, self.card.index):
                menu.addAction(f"Compare with {variant.letter}  {variant.name}").triggered.connect(partial(self._compare, index, other))
        menu.addAction("Export model…").triggered.connect(partial(self._export, index))
        return menu

    def _show_node(self, index: int, _checked: bool = False) -> None:
        self.open_node.emit(self._node(index))

    def _look(self, index: int, _checked: bool = False) -> None:
        self.look_asked.emit(self._node(index), "")

    def _compare(self, index: int, other: int, _checked: bool = False) -> None:
        """Side by side; the earlier of the two stands first, as what the other was made from."""
        first, second = sorted((index, other))
        self.look_asked.emit(self._node(first), self._node(second))

    def _export(self, index: int, _checked: bool = False) -> None:
        self.export_asked.emit(self._node(index))

    def _audit(self, index: int, _checked: bool = False) -> None:
        assert self._result is not None
        self.audit_asked.emit(self._result.variants[index].letter)

    def _node(self, index: int) -> str:
        assert self._result is not None
        return self._result.variants[index].node
