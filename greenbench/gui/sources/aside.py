"""What stands beside the form of a source: whether its file may run code, what the file is, and what it gives."""

from pathlib import Path

from PySide6.QtWidgets import QVBoxLayout, QWidget

from greenbench.core.trust import TrustRequest
from greenbench.gui.controls import Icon, Text, row
from greenbench.gui.forms.breaking import breakable
from greenbench.gui.session import Session
from greenbench.gui.sources.card import Card, without_owner
from greenbench.gui.sources.found import FoundSection, file_field
from greenbench.gui.sources.intake import Intake
from greenbench.gui.sources.preview import PreviewSection, is_source
from greenbench.gui.theme import Theme


class PermissionNotice(QWidget):
    """Says that a node's file runs code, and offers the question; or that it was allowed."""

    def __init__(self, session: Session, theme: Theme, intake: Intake, id: str) -> None:
        super().__init__()
        self._session, self._intake, self._id = session, intake, id
        self._asked: tuple[TrustRequest, ...] = ()
        self._of: object = None
        self.card = Card(theme, "warning")
        self.allow = self.card.offer("Allow…")
        self.allow.clicked.connect(lambda: intake.trust.ask(self._asked))
        self.given = Text("", 12, 400, "muted", wrap=True)
        self._calm = QWidget()
        calm = row(Icon(theme, "shield-check", "muted", 14), self.given, spacing=6)
        calm.setStretch(1, 1)
        self._calm.setLayout(calm)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.card)
        column.addWidget(self._calm)
        intake.trust.allowed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        node = self._session.pipeline.nodes.get(self._id)
        if node is None:
            return
        if self._of != node.params:  # looking means hashing: only when a setting changed
            self._of = node.params
            self._asked = self._intake.asked_of(self._id)
        left = self._intake.trust.open_of(self._asked)
        self.setVisible(bool(self._asked))
        self.card.setVisible(bool(left))
        self._calm.setVisible(bool(self._asked) and not left)
        if left:
            several = len(left) > 1
            names = ", ".join(Path(request.path).name or request.path for request in left)
            title = f"{len(left)} files run code when they are loaded" if several else "This file runs code when it is loaded"
            self.card.say(title, f"{names}: a {left[0].kind}. {left[0].explanation}" if not several else names)
        elif self._asked:
            names = ", ".join(Path(request.path).name or request.path for request in self._asked)
            self.given.setText(breakable(f"You allowed {names} to run code."))


class NodeAside(QWidget):
    """Everything beside the form of one node; empty for a node that reads nothing from outside. What is urgent (`above`) belongs
    before the form, the rest after it."""

    def __init__(self, session: Session, theme: Theme, intake: Intake, id: str) -> None:
        super().__init__()
        self._session, self._intake, self._id = session, intake, id
        spec = session.pipeline.spec(id)
        self.setAccessibleName("What this source gives")
        self.fit = Card(theme, "failure")
        self.permission = PermissionNotice(session, theme, intake, id) if spec.trust is not None else None
        self.found = FoundSection(session, theme, intake, id) if file_field(spec) else None
        self.preview = PreviewSection(session, theme, intake, id) if is_source(spec) else None
        self._parts = [part for part in (self.permission, self.found, self.preview) if part is not None]
        self.above: list[QWidget] = [self.fit] if self.permission is None else [self.fit, self.permission]
        after: list[QWidget] = [part for part in (self.found, self.preview) if part is not None]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        for part in after:
            column.addWidget(part)
        self.setVisible(bool(after))
        intake.fits.changed.connect(self._show_fit)
        self._show_fit()

    def refresh(self) -> None:
        """Shows the node as it is now."""
        for part in self._parts:
            part.refresh()

    def _show_fit(self, *_: object) -> None:
        problem = self._intake.fits.at(self._id)
        self.fit.setVisible(problem is not None)
        if problem is not None:
            title = self._session.pipeline.node(self._id).title
            self.fit.say("Does not fit", without_owner(problem.message, title), problem.remedy)
