"""What leads from a variant of the results to its model: the card of the chosen one, and the menu of a row."""

from functools import partial

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtWidgets import QMenu, QWidget

from greenbench.core.run import RunResult
from greenbench.gui.results.variant_card import VariantCard
from greenbench.gui.theme import Theme


class VariantDoors(QObject):
    """Variants are told by the nodes that made them, which is how a run names its models."""

    look_asked = Signal(str, str)  # look into a node's model; beside that of another node, if one is named
    export_asked = Signal(str)  # take a node's model away
    open_node = Signal(str)

    def __init__(self, theme: Theme, page: QWidget) -> None:
        super().__init__(page)
        self._page = page
        self._result: RunResult | None = None
        self.card = VariantCard(theme)
        self.card.look_asked.connect(self._look)
        self.card.compare_asked.connect(lambda index: self._compare(index, 0))
        self.card.export_asked.connect(self._export)

    def show_result(self, result: RunResult, pick: str | None) -> None:
        """The variant that the verdict speaks of is in the card, until another one is chosen."""
        self._result = result
        self.card.setVisible(bool(result.variants))
        self.choose(next((place for place, variant in enumerate(result.variants) if variant.letter == pick), 0))

    def choose(self, index: int) -> None:
        if self._result and 0 <= index < len(self._result.variants):
            self.card.show_variant(self._result, index)

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
        if variants[index].failure is not None:
            return menu
        menu.addSeparator()
        menu.addAction("Look inside").triggered.connect(partial(self._look, index))
        for other, variant in enumerate(variants):
            if variant.failure is None and other != index and other in (0, self.card.index):
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

    def _node(self, index: int) -> str:
        assert self._result is not None
        return self._result.variants[index].node
