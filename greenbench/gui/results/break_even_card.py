"""The card of break-even: what making a variant took, what each of its answers saves, and after how many it has paid for itself."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from greenbench.core import quote
from greenbench.core.charge import Charge
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.run import RunResult
from greenbench.gui.controls import ProvenanceMark, Text, row
from greenbench.gui.results.card import Card, choice
from greenbench.gui.results.joules import joule_words, with_half
from greenbench.gui.results.pay_back_plot import PayBackPlot
from greenbench.gui.results.rate import Rate, RateField
from greenbench.gui.results.stack_bar import Part, StackBar
from greenbench.gui.style import restyle
from greenbench.gui.theme import Theme

if TYPE_CHECKING:
    from greenbench.analysis.break_even import BreakEven

_ROLES = {"pays back": "notice", "pays back at once": "notice", "never pays back": "failure"}


class BreakEvenCard(Card):
    """One variant at a time. `wanted` carries the index of the variant that was chosen here."""

    wanted = Signal(int)

    def __init__(self, theme: Theme, rate: Rate) -> None:
        self.which = choice("Variant of the break-even")
        super().__init__("Break-even", "", [self.which])
        self._theme, self._rate = theme, rate
        self._result: RunResult | None = None
        self.found: BreakEven | None = None
        self.spent_mark, self.spent = ProvenanceMark(theme), Text("", 12, 600)
        self.saved_mark, self.saved = ProvenanceMark(theme), Text("", 12, 600)
        self.bar = StackBar(theme)
        self.plot = PayBackPlot(theme)
        self.sentence = Text("", 12, 600, wrap=True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._strip = QFrame()
        strip = QVBoxLayout(self._strip)
        strip.setContentsMargins(10, 6, 10, 6)
        strip.addWidget(self.sentence)
        self._upper = QWidget()
        upper = QVBoxLayout(self._upper)
        upper.setContentsMargins(0, 0, 0, 0)
        upper.setSpacing(6)
        upper.addLayout(_line("Spent once to make it", self.spent_mark, self.spent))
        upper.addWidget(self.bar)
        upper.addLayout(_line("Saved at each inference", self.saved_mark, self.saved))
        self._rates = QWidget()
        self._rates.setLayout(row(Text("At", 12, 400, "muted"), RateField(rate), Text("inferences a day", 12, 400, "muted"), 0))
        self.body.addWidget(self._upper)
        self.body.addWidget(self.plot, 1000)
        self.body.addWidget(self._strip)
        self.body.addWidget(self._rates)
        self.body.addStretch(1)  # without a plot the answer stands under what it is made of
        self.which.activated.connect(self._pick)
        rate.changed.connect(self._show)

    def show_result(self, result: RunResult, first: int) -> None:
        """Offers the measured variants beside the baseline; begins with the `first` (that of which the verdict speaks), where it speaks of
        none with the one that terminal and report tell of."""
        self._result = result
        self.which.clear()
        for index, variant in enumerate(result.variants):
            if variant in result.measured and index:
                self.which.addItem(f"{variant.letter}  {variant.name}", index)
        self.which.setVisible(self.which.count() > 0)
        self.choose(first or self._told_of(result))
        self._show()

    @staticmethod
    def _told_of(result: RunResult) -> int:
        # SciPy comes in with this: not before there is something to judge.
        from greenbench.analysis.break_even import told_of

        told = told_of(result, None)
        return next((index for index, variant in enumerate(result.variants) if variant.letter == told), 0)

    def choose(self, index: int) -> None:
        """Follows the variant that is chosen elsewhere, where it can have a break-even."""
        place = self.which.findData(index)
        if place >= 0 and place != self.which.currentIndex():
            self.which.setCurrentIndex(place)
            self._show()

    def _pick(self, _place: int) -> None:
        self._show()
        self.wanted.emit(self.which.currentData())

    def _show(self, _rate: int = 0) -> None:
        result, index = self._result, self.which.currentData()
        if result is None:
            return
        if index is None:
            self._nothing("With a baseline and another measured variant, this says when making the other has paid for itself.")
            return
        # SciPy comes in with this: not before there is something to judge.
        from greenbench.analysis.break_even import break_even
        from greenbench.analysis.charges import account

        variant = result.variants[index]
        self.found = found = break_even(result, variant.letter, float(self._rate.value))
        whole = account(result, variant.letter)
        self._upper.show()
        _say(self.spent, self.spent_mark, found.making, at_least=found.at_least, half=True)
        _say(self.saved, self.saved_mark, found.saving, half=True)
        color = self._theme.variant(index).color.name()
        self.bar.show_parts(parts_of(whole.making, whole.measuring, color))
        self.bar.setVisible(bool(self.bar.parts))
        self._draw(index, found)
        self.sentence.setText(sentence(found))
        role = _ROLES.get(found.verdict.value, "sunken")
        restyle(self._strip, role=role)
        self.sentence.set_tone({"notice": "accent", "failure": "danger"}.get(role, "second"))
        self._rates.setVisible(found.inferences is not None)

    def _draw(self, index: int, found: "BreakEven") -> None:
        crossing = found.inferences
        drawn = crossing is not None and (crossing.value or 0) > 0 and bool(found.saving.value)
        self.plot.setVisible(drawn)
        if drawn and crossing is not None and crossing.value is not None:
            low = crossing.value if crossing.low is None else crossing.low
            self.plot.show_crossing(index, found.making.value or 0.0, found.saving.value or 0.0, (crossing.value, low, crossing.high))

    def _nothing(self, words: str) -> None:
        self.found = None
        for widget in (self._upper, self.plot, self._rates):
            widget.hide()
        restyle(self._strip, role="sunken")
        self.sentence.set_tone("second")
        self.sentence.setText(words)


def sentence(found: "BreakEven") -> str:
    """The break-even as a sentence."""
    return f"{found.text[:1].upper()}{found.text[1:]}."


def parts_of(making: Sequence[Charge], measuring: Sequence[Charge], color: str) -> list[Part]:
    """The making by who else needed it, each further step by its title; measuring stands beside it, for all variants together."""
    known = [line for line in making if line.energy.value]
    shared = [line for line in known if len(line.variants) > 1]
    scale = quote.scale("J", [sum(line.energy.value or 0.0 for line in known) or None])
    found = []
    if shared:
        found.append(_part("Shared", shared, "muted", scale, f"made for {_several(shared)}: "))
    own = [line for line in known if line not in shared]
    for index, title in enumerate(dict.fromkeys(line.title for line in own)):
        lines = [line for line in own if line.title == title]
        found.append(_part(title, lines, _paler(color, index), scale, ""))
    measured = [line for line in measuring if line.energy.value]
    if measured and found:
        hint = "measuring all variants, not charged to any: "
        part = _part("Measuring, beside it", measured, "group_measure", scale, hint)
        found.append(Part(part.value, part.words, part.color, part.hint, apart=True))
    return found


def _part(title: str, lines: Sequence[Charge], color: str, scale: quote.Scale, before: str) -> Part:
    from greenbench.analysis.charges import add

    joules = sum(line.energy.value or 0.0 for line in lines)
    names = ", ".join(f"{line.title}{' (from the cache, at its first cost)' if line.cached else ''}" for line in lines)
    short = title if len(title) <= 24 else f"{title[:23]}…"
    whole = add(line for line in lines if line.energy.value is not None).energy
    words = quote.quote(whole, scale).full if whole.provenance is Provenance.MODELLED else joule_words(joules, scale)
    return Part(joules, f"{short} {words}", color, f"{before}{names}".capitalize())


def _several(lines: Sequence[Charge]) -> str:
    return ", ".join(sorted({letter for line in lines for letter in line.variants}))


def _paler(color: str, index: int) -> str:
    """The variant's colour, lighter for each further step."""
    from PySide6.QtGui import QColor

    return QColor(color).lighter(100 + 28 * min(index, 3)).name()


def _line(words: str, mark: ProvenanceMark, value: Text) -> QHBoxLayout:
    return row(Text(words, 12, 600), 0, mark, value, spacing=6)


def _say(words: Text, mark: ProvenanceMark, measurement: Measurement, *, at_least: bool = False, half: bool = False) -> None:
    """A number with its mark; `half`: with half of its interval behind it."""
    shown = quote.scale(measurement.unit, [measurement.value])
    quoted = quote.quote(measurement, shown)
    mark.set(measurement.provenance)
    text = with_half(measurement, shown) if half else quoted.full
    words.setText(f"at least {text}" if at_least else text)
    words.setToolTip(measurement.reason)
