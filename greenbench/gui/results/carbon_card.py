"""The card of carbon: the same joules under another grid, building or number of queries. Nothing is run again."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QCompleter, QDoubleSpinBox, QGridLayout, QSlider, QWidget

from greenbench.core import quote
from greenbench.core.carbon import grams
from greenbench.core.measurement import Measurement, Provenance
from greenbench.core.run import CarbonFactor, RunResult
from greenbench.gui.controls import Button, Choice, ProvenanceMark, Text, row
from greenbench.gui.results.card import Card, choice, dense
from greenbench.gui.results.rate import Rate, RateField
from greenbench.gui.theme import Theme

if TYPE_CHECKING:
    from greenbench.analysis.emissions import Emissions, Equivalent, VariantEmissions

_ROWS = ("One inference", "A million", "A year at this rate", "Making it, beyond A")
_OWN = "own value"
_DENSE_G = 2_000.0  # g/kWh; nothing that burns anything is above


class CarbonCard(Card):
    """Begins with the factor that was kept with the run; `factor` is the one in force."""

    def __init__(self, theme: Theme, rate: Rate) -> None:
        self.back = Button(theme, "As kept with the run", "arrow-counter-clockwise", "quiet")
        super().__init__("Carbon, what if", "", [self.back])
        self._rate = rate
        self._result: RunResult | None = None
        self._index = -1
        self._kept: CarbonFactor | None = None
        self.factor: CarbonFactor | None = None
        self.region = self._region_box()
        self.intensity = QDoubleSpinBox()
        self.pue, self.pue_words = QSlider(Qt.Orientation.Horizontal), Text("", 12, 500)
        self.source = Text("", 11, 400, "muted", wrap=True)
        self.heads = [Text("", 11, 500, "muted") for _ in range(2)]
        self.rows = [Text(words, 12) for words in _ROWS]
        self.cells = [[Text("", 12, 600) for _ in range(2)] for _ in _ROWS]
        self.halves = [[Text("", 11, 400, "muted") for _ in range(2)] for _ in _ROWS]
        self.session_mark, self.session = ProvenanceMark(theme, Provenance.MODELLED), Text("", 12, 400, "second", wrap=True)
        self._build(rate)
        self.region.activated.connect(self._region_chosen)
        self.intensity.valueChanged.connect(self._own_intensity)
        self.pue.valueChanged.connect(self._pue_moved)
        self.back.clicked.connect(self._as_kept)
        rate.changed.connect(self._show)

    def _region_box(self) -> Choice:
        box = choice("Region of the grid")
        box.setEditable(True)
        box.setInsertPolicy(Choice.InsertPolicy.NoInsert)
        box.setMinimumWidth(120)
        box.setMaximumWidth(400)
        edit = box.lineEdit()
        assert edit is not None
        box.installEventFilter(self)  # it passes its focus on to its field by hand
        edit.editingFinished.connect(self._region_typed)
        return box

    def _build(self, rate: Rate) -> None:
        self.intensity.setRange(0.0, 1e9)  # what is too much is refused in words and not cut off while it is typed
        self.intensity.setDecimals(0)
        self.intensity.setSuffix(" g/kWh")
        dense(self.intensity, "Grams of CO2e for a kilowatt-hour")
        self.pue.setRange(100, 300)
        self.pue.setAccessibleName("Power usage effectiveness of the building, in per cent")
        self.pue.setToolTip("What the building takes for each joule of the machine: 1.00 at a desk, about 1.1 to 1.6 in data centres")
        self.body.addLayout(row(self.region, self.intensity, spacing=8))
        self.body.addLayout(
            row(Text("PUE", 12, 400, "muted"), self.pue, self.pue_words, 4, RateField(rate), Text("a day", 12, 400, "muted"))
        )
        self.body.addWidget(self.source)
        grid = QGridLayout()
        grid.setContentsMargins(0, 2, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(0, 1)
        right = Qt.AlignmentFlag.AlignRight
        grid.setColumnMinimumWidth(3, 10)  # between what belongs to A and what belongs to the other
        for place, head in enumerate(self.heads):
            grid.addWidget(head, 0, 1 + 3 * place, right)
        for line, (words, cells, halves) in enumerate(zip(self.rows, self.cells, self.halves, strict=True), start=1):
            grid.addWidget(words, line, 0)
            for place, (cell, half) in enumerate(zip(cells, halves, strict=True)):
                grid.addWidget(cell, line, 1 + 3 * place, right)
                grid.addWidget(half, line, 2 + 3 * place)
        self._table = QWidget()
        self._table.setLayout(grid)
        self.body.addWidget(self._table)
        self.body.addStretch(1)
        self.body.addLayout(row(self.session_mark, self.session, spacing=8))

    def show_result(self, result: RunResult) -> None:
        """The factor of this run, and its variants."""
        self._fill_regions()
        self._result, self._kept, self._index = result, result.carbon, -1
        self._as_kept()

    def choose(self, index: int) -> None:
        """This variant stands beside the baseline."""
        if index != self._index:
            self._index = index
            self._show()

    def _fill_regions(self) -> None:
        if self.region.count():
            return
        from greenbench.meters.carbon import regions  # the table of grids is read when there is something to multiply

        for region in regions():
            self.region.addItem(f"{region.name}", region)
        completer = QCompleter([self.region.itemText(place) for place in range(self.region.count())], self.region)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.region.setCompleter(completer)

    def _as_kept(self) -> None:
        self._set(self._kept)

    def _set(self, factor: CarbonFactor | None) -> None:
        """Shows a factor in all controls without one of them answering."""
        self.factor = factor
        for widget in (self.region, self.intensity, self.pue):
            widget.blockSignals(True)
        if factor is None:
            self.region.setCurrentIndex(-1)
            self.region.setEditText("")
            self.intensity.setValue(0.0)
        else:
            name = factor.region.partition(" (")[0]
            place = self.region.findText(name)
            self.region.setCurrentIndex(place)
            if place < 0:
                self.region.setEditText(name)
            self.intensity.setValue(factor.intensity_g_per_kwh)
            self.pue.setValue(round(factor.pue * 100))
        for widget in (self.region, self.intensity, self.pue):
            widget.blockSignals(False)
        self._show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A click into the region selects all of it, so that what is typed takes its place."""
        if isinstance(watched, Choice) and event.type() == QEvent.Type.FocusIn and (edit := watched.lineEdit()) is not None:
            QTimer.singleShot(0, edit, edit.selectAll)
        return super().eventFilter(watched, event)

    def _region_typed(self) -> None:
        """Takes the region that was typed whole or that is offered for it; else says that there is none."""
        typed = self.region.currentText().strip()
        names = [self.region.itemText(place) for place in range(self.region.count())]
        now = self.factor.region.partition(" (")[0] if self.factor is not None else ""
        if not typed or typed == now:
            self.region.setEditText(now)
            return
        low = typed.lower()
        fitting = [name for name in names if name.lower() == low] or [name for name in names if low in name.lower()]
        if fitting:
            self._region_chosen(names.index(fitting[0]))
        else:
            self._complain(f'No region is called "{typed}". Choose one of the list, or give the grams for a kWh beside it.')

    def _complain(self, words: str) -> None:
        """What cannot be taken: the factor in force stays, and so do its grams."""
        self._set(self.factor)
        self.source.setText(words)
        self.source.set_tone("danger")

    def _region_chosen(self, place: int) -> None:
        region = self.region.itemData(place)
        name = region.name if region.iso == "WORLD" else f"{region.name} ({region.iso})"
        grams, pue = region.intensity_g_per_kwh, self.pue.value() / 100
        self._set(CarbonFactor(region=name, intensity_g_per_kwh=grams, year=region.year, source=region.source, pue=pue))

    def _own_intensity(self, value: float) -> None:
        if value > _DENSE_G:
            given = quote.count(round(value))
            self._complain(f"{given} g/kWh is more than anything that burns gives. At most {quote.count(round(_DENSE_G))} are possible.")
            return
        self._set(CarbonFactor(region=_OWN, intensity_g_per_kwh=value, source="typed here", pue=self.pue.value() / 100))

    def _pue_moved(self, value: int) -> None:
        if self.factor is not None:
            self.factor = self.factor.model_copy(update={"pue": value / 100})
        self._show()

    def _show(self, _value: int = 0) -> None:
        result, factor = self._result, self.factor
        self.source.set_tone("muted")
        self.back.setVisible(factor != self._kept and self._kept is not None)
        self.pue_words.setText(f"{self.pue.value() / 100:.2f}")
        if result is None:
            return
        if factor is None:
            self.source.setText("No grid factor was kept with this run: choose a region.")
        else:
            self.source.setText(", ".join(part for part in (factor.region, factor.year, factor.source) if part))
            self.source.setToolTip(f"{quote.significant(factor.intensity_g_per_kwh, 3)} g CO2e for each kWh, × PUE {factor.pue:.2f}")
        self._show_grams(result, factor)

    def _show_grams(self, result: RunResult, factor: CarbonFactor | None) -> None:
        # NumPy comes in with this: not before there is something to multiply.
        from greenbench.analysis.emissions import emissions

        found = emissions(result, factor, float(self._rate.value))
        chosen = result.variants[self._index] if 0 <= self._index < len(result.variants) else None
        shown = [v.letter for v in (result.baseline, chosen) if v is not None and v in result.measured]
        letters = list(dict.fromkeys(shown))
        self._table.setVisible(found is not None and bool(letters))
        if found is not None:
            columns = [_grams(found.of(letter), found.carbon, beyond=letter != letters[0]) for letter in letters]
            for place, head in enumerate(self.heads):
                head.setText(letters[place] if place < len(letters) else "")
            for line, cells in enumerate(self.cells):
                self.rows[line].setVisible(any(column[line] is not None for column in columns))  # beyond A, A was not made
                scale = quote.scale("g", [m.value for column in columns if (m := column[line]) is not None])
                for place, (cell, half) in enumerate(zip(cells, self.halves[line], strict=True)):
                    _say(cell, half, columns[place][line] if place < len(columns) else None, scale)
        self._show_session(found)

    def _show_session(self, found: "Emissions | None") -> None:
        """The whole run in grams, and what else takes as much."""
        if found is None or found.session.value is None or found.session_energy.value is None:
            reason = found.session.reason if found else "without a factor there are no grams"
            self.session_mark.set(Provenance.UNAVAILABLE)
            self.session.setText(f"This run: {quote.NO_READING} ({reason.rstrip('.')})")
            self.session.setToolTip("")
            return
        from greenbench.analysis.emissions import equivalents

        self.session_mark.set(Provenance.MODELLED)
        like = equivalents(found.session_energy.value, found.carbon)
        words = " or ".join(_like(each) for each in (*like[:1], *like[-1:]))
        least = "at least " if found.at_least else ""
        half = quote.half_share(found.session)
        self.session.setText(f"This run: {least}{_about(found.session)}{f' {half}' if half else ''} CO₂e, as {words}.")
        self.session.setToolTip("\n".join(f"{quote.significant(e.amount, 2)} {e.what}{f' ({e.source})' if e.source else ''}" for e in like))


def _like(each: "Equivalent") -> str:
    """ "4.9 minutes of a 10 W lamp": in the smaller unit where it is less than one of the larger."""
    for large, small, times in (("hours of", "minutes of", 60.0), ("km in", "m in", 1000.0)):
        if each.what.startswith(large) and each.amount < 1:
            return f"{quote.significant(each.amount * times, 2)} {small}{each.what.removeprefix(large)}"
    return f"{quote.significant(each.amount, 2)} {each.what}"


def _grams(mine: "VariantEmissions", factor: CarbonFactor, *, beyond: bool) -> tuple[Measurement | None, ...]:
    """Grams of one variant, one for each row; of the baseline nothing is beyond itself."""
    return mine.per_inference, grams(mine.energy, factor, 1e6), mine.per_year, mine.making if beyond else None


def _say(cell: Text, half: Text, measurement: Measurement | None, scale: quote.Scale) -> None:
    """Grams, and beside them what the energy in them leaves open."""
    if measurement is None:
        cell.setText("")
        half.setText("")
        return
    quoted = quote.quote(measurement, scale)
    cell.setText(quoted.text if measurement.value is None else _about(measurement, scale))
    cell.setToolTip(quoted.reason or f"{quoted.full}, {quoted.interval}: the factor is assumed".replace(", :", ":"))
    half.setText(quote.half_share(measurement))
    half.setToolTip("What the energy leaves open (95 %). The grid's factor is taken as it stands.")


def _about(measurement: Measurement, scale: quote.Scale | None = None) -> str:
    """ "≈ 1.6 g": two digits, for the factor is not known better."""
    scale = scale or quote.scale(measurement.unit, [measurement.value])
    return f"≈ {quote.rounded(measurement, scale, 2)} {scale.unit}"
