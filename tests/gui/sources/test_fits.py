"""What does not go together is told at its node before any run, as soon as it is known, and leaves when it is mended."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pytestqt.qtbot import QtBot

from greenbench.core.edits import ChangeNode, Connect, Disconnect
from greenbench.core.jobs import PrepareSources
from greenbench.engine.plan import Conditions
from greenbench.engine.sources import complete_part, sources_plan
from greenbench.gui.forms.inspector import Inspector
from greenbench.gui.forms.panels import NodePanel
from greenbench.gui.message_bar import MessageBar
from greenbench.gui.problem_watch import ProblemWatch
from greenbench.gui.session import Session
from greenbench.gui.sources.intake import Intake
from greenbench.gui.theme import Theme


def read(session: Session, intake: Intake, made: SimpleNamespace, pictures: Path, **outputs: Any) -> None:
    """Puts what the sources give into the cache, as a preview does."""
    for id, artifact in outputs.items():
        port = session.pipeline.spec(id).outputs[0].name
        plan = sources_plan(session.pipeline, Conditions(), frozenset({id}))
        answer = made.prepared(pictures, {port: artifact})
        answer(PrepareSources(plan=plan, cache=str(intake.reader._cache.folder)))


def ready(session: Session, pictures: Path) -> None:
    assert session.do(ChangeNode(session.pipeline.nodes["data"].but(params={"folder": str(pictures)})))


def test_a_mismatch_is_told_at_its_node_and_leaves_when_the_link_goes(
    inspector: Inspector, session: Session, intake: Intake, made: SimpleNamespace, pictures: Path, theme: Theme, qtbot: QtBot
) -> None:
    bar = MessageBar(theme)
    qtbot.addWidget(bar)
    watch = ProblemWatch(session, bar, lambda id: None)
    intake.fits.changed.connect(watch.stand)
    ready(session, pictures)
    read(session, intake, made, pictures, file=made.model(("bird", "fish", "fox")), data=made.dataset())
    inspector.show_nodes(["train"])
    assert isinstance(inspector.panel, NodePanel)
    assert inspector.panel.aside is not None
    intake.fits.look()
    assert [problem.node for problem in intake.fits.found] == ["train"]
    assert inspector.panel.aside.fit.isVisible()
    assert "does not know 2 of the 2 classes" in inspector.panel.aside.fit.message.text()
    assert [message.message for message in bar.messages] == [intake.fits.found[0].message]
    link = session.pipeline.into("train", "data")[0]
    assert session.do(Disconnect(link))
    intake.fits.look()
    assert intake.fits.found == []
    assert not inspector.panel.aside.fit.isVisible()
    assert bar.messages == []
    assert session.do(Connect(link))
    qtbot.waitUntil(lambda: len(bar.messages) == 1)  # by itself, when the edits rest


def test_what_fits_is_silent(session: Session, intake: Intake, made: SimpleNamespace, pictures: Path) -> None:
    ready(session, pictures)
    read(session, intake, made, pictures, file=made.model(), data=made.dataset())
    intake.fits.look()
    assert intake.fits.found == []


def test_what_is_not_read_yet_is_not_guessed_at(session: Session, intake: Intake, pictures: Path) -> None:
    ready(session, pictures)
    intake.fits.look()
    assert intake.fits.found == []


def test_the_part_that_is_still_being_built_is_left_out(session: Session, pictures: Path) -> None:
    assert set(complete_part(session.pipeline, Conditions()).nodes) == {"file"}, "no folder yet: the data and what it feeds wait"
    ready(session, pictures)
    assert set(complete_part(session.pipeline, Conditions()).nodes) == {"file", "data", "train"}
