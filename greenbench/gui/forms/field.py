"""What all fields of a form have in common."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from greenbench.core.params import FieldSpec
from greenbench.gui.theme import Theme


class Field(QWidget):
    """Base of all fields. `wide` ones stand on a line of their own under the label."""

    given = Signal(object)
    refused = Signal(object)  # ParameterError: what was typed is not of the kind
    wide = False

    def __init__(self, spec: FieldSpec, theme: Theme) -> None:
        super().__init__()
        self.spec, self.theme = spec, theme

    def show_value(self, value: Any) -> None:
        """Shows a value without reporting it."""
        raise NotImplementedError

    def set_bad(self, bad: bool) -> None:
        """Marks the control as holding a refused value."""

    @property
    def control(self) -> QWidget:
        """What takes the focus."""
        return self
