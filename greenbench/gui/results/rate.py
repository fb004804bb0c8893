"""How many inferences a day the user thinks of: one number that break-even and carbon share."""

from PySide6.QtCore import QLocale, QObject, Signal
from PySide6.QtWidgets import QSpinBox

from greenbench.gui.results.card import dense

_MOST = 2_000_000_000


class Rate(QObject):
    """`changed` carries the new number."""

    changed = Signal(int)

    def __init__(self, value: int) -> None:
        super().__init__()
        self._value = value

    @property
    def value(self) -> int:
        return self._value

    def set(self, value: int) -> None:
        if value != self._value:
            self._value = value
            self.changed.emit(value)


class RateField(QSpinBox):
    """Shows the rate and changes it; several of them stay equal."""

    def __init__(self, rate: Rate) -> None:
        super().__init__()
        self.setRange(1, _MOST)
        self.setStepType(QSpinBox.StepType.AdaptiveDecimalStepType)
        self.setGroupSeparatorShown(True)
        self.setLocale(QLocale(QLocale.Language.French, QLocale.Country.France))  # thin spaces, as everywhere in the window
        self.setMinimumWidth(104)
        dense(self, "Inferences a day")
        self.setValue(rate.value)
        self.valueChanged.connect(rate.set)
        rate.changed.connect(self.setValue)
