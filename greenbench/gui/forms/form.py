"""The form of a node's parameters: one row a FieldSpec; what is rarely used waits under "More"."""

from typing import Any

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from greenbench.core.errors import GreenBenchError
from greenbench.core.params import FieldSpec
from greenbench.core.pipeline import Node
from greenbench.gui.controls import Button, Icon, IconButton, Text, row
from greenbench.gui.editor.editing import values_edit
from greenbench.gui.forms.breaking import breakable
from greenbench.gui.forms.field import Field
from greenbench.gui.forms.fields import SliderField, field_widget
from greenbench.gui.session import Session
from greenbench.gui.sources.zoo_table import in_one_line
from greenbench.gui.theme import Theme, font
from greenbench.steps.model_library.zoo import find

_ROOM = 222  # what the narrowest inspector leaves for a row


class FormRow(QWidget):
    """Label, control, help, and the sentence about a refused value. `given` carries what the user wants."""

    given = Signal(object)
    left = Signal()
    reset_wanted = Signal()

    def __init__(self, spec: FieldSpec, theme: Theme) -> None:
        super().__init__()
        self.spec = spec
        self.field: Field = field_widget(spec, theme)
        self.label = Text(spec.title, 13, 500, wrap=True)
        self.label.setBuddy(self.field.control)
        self.label.setToolTip(spec.help)
        self.reset = IconButton(theme, "arrow-counter-clockwise", f"Back to {spec.format(spec.default)}", "muted", 14)
        self.reset.setFixedSize(22, 22)
        self.reset.clicked.connect(self.reset_wanted)
        self.error = Text("", 12, 400, "danger", wrap=True)
        self.error.hide()
        self.help = Text(spec.help, 12, 400, "muted", wrap=True)
        self.help.setVisible(bool(spec.help))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        slider = self.field if isinstance(self.field, SliderField) else None
        title = self.label.fontMetrics().horizontalAdvance(spec.title) + 6 + self.reset.sizeHint().width() + 6
        wide = self.field.wide or title + self._least(self.field) > _ROOM
        beside: tuple[QWidget, ...] = (slider.typed,) if slider else () if wide else (self.field,)
        head = row(self.label, self.reset, *beside, spacing=6)
        head.setStretch(0, 1)
        self._head = head
        layout.addLayout(head)
        if wide:
            layout.addWidget(self.field)
        layout.addWidget(self.error)
        self.fact = Text("", 12, 400, "second", wrap=True)
        self.fact.hide()
        layout.addWidget(self.fact)
        layout.addWidget(self.help)
        control = self.field.control
        name = f"{spec.title}{', ' + spec.limits() if spec.limits() else ''}"
        control.setAccessibleName(name)
        inner = slider.typed.control if slider else control
        inner.setAccessibleName(name)
        inner.installEventFilter(self)
        self.field.given.connect(self.given)
        self.field.refused.connect(lambda error: self.show_error(error))

    def offer(self, words: str) -> Button:
        """A link beside the label, to a chooser of this parameter's own."""
        button = Button(self.field.theme, words, kind="link")
        button.setFont(font(12, 500))
        self._head.addWidget(button)
        return button

    def tell(self, words: str) -> None:
        """A line about the value itself; "" takes it away."""
        self.fact.setText(breakable(words))
        self.fact.setVisible(bool(words))

    @staticmethod
    def _least(field: Field) -> int:
        """The width below which the words of a control are cut off; measured once it is dressed by the style sheet."""
        for inner in (field, *field.findChildren(QWidget)):
            inner.ensurePolished()
        return field.sizeHint().width()

    def show_value(self, value: Any) -> None:
        """Shows the parameter as it is now."""
        self.field.show_value(value)
        self.show_error(None)
        policy = self.reset.sizePolicy()
        policy.setRetainSizeWhenHidden(False)
        self.reset.setSizePolicy(policy)
        self.reset.setVisible(value != self.spec.default)

    def show_error(self, error: GreenBenchError | None, owner: str = "") -> None:
        """Shows why a value is refused, with the limit; None takes it away."""
        self.field.set_bad(error is not None)
        self.error.setVisible(error is not None)
        if error is not None:
            message = error.message.removeprefix(f'"{owner}": ')
            self.error.setText(breakable(f"{message[:1].upper()}{message[1:]} {error.remedy}".strip()))

    @property
    def bad(self) -> bool:
        return not self.error.isHidden()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            self.left.emit()
        return super().eventFilter(watched, event)


class ParameterForm(QWidget):
    """The parameters of one node. Values go through the session; typing in one field is one entry in the undo list."""

    def __init__(self, session: Session, theme: Theme, id: str) -> None:
        super().__init__()
        self._session, self._id = session, id
        self._visit = 0
        self._shown: Node | None = None
        self._pending: dict[str, Any] = {}  # refused as they stand, and perhaps right together with another setting
        self._theme = theme
        self.rows: dict[str, FormRow] = {}
        self.more = QPushButton()
        self.more.setProperty("kind", "quiet")
        self.more.setFont(font(12, 400))
        self.more.setCheckable(True)
        self.more.setStyleSheet("padding: 0 2px; text-align: left;")
        self._caret = Icon(theme, "caret-right-fill", "muted", 10)
        self._advanced = QWidget()
        advanced = QVBoxLayout(self._advanced)
        layout = QVBoxLayout(self)
        for box in (layout, advanced):
            box.setContentsMargins(0, 0, 0, 0)
            box.setSpacing(12)
        for spec in self._specs:
            line = FormRow(spec, theme)
            self.rows[spec.name] = line
            (advanced if spec.advanced else layout).addWidget(line)
            line.given.connect(lambda value, name=spec.name: self._give(name, value))
            line.left.connect(self._end_visit)
            line.reset_wanted.connect(lambda name=spec.name, default=spec.default: self._give(name, default))
        browse = session.document.pipeline.spec(id).browse or {}
        self._networks = [name for name, what in browse.items() if what == "models" and name in self.rows]
        for name in self._networks:
            self.rows[name].offer("Browse…").clicked.connect(lambda _=False, name=name: self._browse_models(name))
        layout.addLayout(row(self._caret, self.more, 0, spacing=4))
        layout.addWidget(self._advanced)
        self.more.toggled.connect(self._show_more)
        self._show_more(False)
        self.refresh()

    @property
    def _specs(self) -> tuple[FieldSpec, ...]:
        return self._session.document.pipeline.spec(self._id).fields

    def refresh(self) -> None:
        """Shows the node as it is now; unchanged values leave a refused text in its field alone."""
        node = self._session.document.pipeline.nodes.get(self._id)
        if node is None:
            return
        values = self.values(node)
        before = self.values(self._shown) if self._shown else {}
        for spec in self._specs:
            line = self.rows[spec.name]
            if spec.name not in before or before[spec.name] != values[spec.name]:
                self._pending.pop(spec.name, None)
                line.show_value(values[spec.name])
            elif not line.bad:
                line.show_value(values[spec.name])
        for name in self._networks:
            entry = find(str(values[name])) if values[name] else None
            self.rows[name].tell(in_one_line(entry) if entry else "")
        self._shown = node
        self._show_rows(values)

    def _show_rows(self, values: dict[str, Any]) -> None:
        """What matters now: a setting that waits for another one counts as it was chosen."""
        wanted = {**values, **self._pending}
        for spec in self._specs:
            self.rows[spec.name].setVisible(spec.visible(wanted))
        self._count_more(wanted)

    def values(self, node: Node) -> dict[str, Any]:
        """All parameters of the node, defaults included."""
        return {spec.name: node.params.get(spec.name, spec.default) for spec in self._specs}

    def _count_more(self, values: dict[str, Any]) -> None:
        hidden = [spec for spec in self._specs if spec.advanced and spec.visible(values)]
        changed = sum(values[spec.name] != spec.default for spec in hidden)
        count = f"{len(hidden)} setting{'s' if len(hidden) != 1 else ''}"
        tail = f"{count}, {changed} changed" if changed else f"{count} at {'their defaults' if len(hidden) != 1 else 'its default'}"
        self.more.setText(f"More: {tail}")
        self.more.setVisible(bool(hidden))
        self._caret.setVisible(bool(hidden))

    def _show_more(self, shown: bool) -> None:
        self._advanced.setVisible(shown)
        self._caret.set("caret-down-fill" if shown else "caret-right-fill")

    def _end_visit(self) -> None:
        """What is typed after the focus was elsewhere is another entry in the undo list."""
        self._visit += 1

    def _give(self, name: str, value: Any) -> None:
        """Sets a parameter, together with those that were refused before if they are right now; else by itself."""
        line = self.rows[name]
        others = {key: kept for key, kept in self._pending.items() if key != name}
        if others and self._set({**others, name: value}, name) is None:
            for key in (*others, name):
                self._pending.pop(key, None)
                self.rows[key].show_error(None)
        else:
            error = self._set({name: value}, name)
            if error is None:
                self._pending.pop(name, None)
            else:
                self._pending[name] = value
            line.show_error(error, self._session.document.pipeline.node(self._id).title)
        node = self._session.document.pipeline.nodes.get(self._id)
        if node is not None:
            self._show_rows(self.values(node))

    def _set(self, values: dict[str, Any], name: str) -> GreenBenchError | None:
        """Changes parameters by one edit; why it is refused, if it is."""
        try:
            edit = values_edit(self._session.document.pipeline, self._id, values)
            if edit is not None:
                self._session.attempt(edit, group=f"parameter {self._id} {name} {self._visit}")
        except GreenBenchError as error:
            return error
        return None

    def _browse_models(self, name: str) -> None:
        node = self._session.document.pipeline.nodes.get(self._id)
        if node is None:
            return
        # Its table comes in with this: not before somebody browses.
        from greenbench.gui.sources.zoo_browser import ZooBrowser

        browser = ZooBrowser(self.window(), self._theme, str(self.values(node)[name]))
        browser.picked.connect(lambda value: self._give(name, value))
        browser.open()
