"""Pairs of words in two columns: what a thing is called, and what it is."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout

from greenbench.gui.controls import Text
from greenbench.gui.forms.breaking import breakable


def pair_grid(pairs: Sequence[tuple[str, str]]) -> QGridLayout:
    """The names at the left, the words beside them; long ones break over lines and can be marked with the mouse."""
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(10)
    grid.setVerticalSpacing(5)
    grid.setColumnStretch(1, 1)
    for number, (name, words) in enumerate(pairs):
        grid.addWidget(Text(name, 12, 400, "second"), number, 0, Qt.AlignmentFlag.AlignTop)
        value = Text(breakable(words), 12, 500, wrap=True)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        grid.addWidget(value, number, 1)
    return grid
