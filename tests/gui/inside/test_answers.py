"""Where two models answer differently: the counts add up in a sentence, and each filter shows what it says."""

from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from greenbench.core.jobs import AnswerDifference, Differences
from greenbench.gui.inside.answers import ALL, FIRST, SECOND, WRONG, AnswersView, sentence
from greenbench.gui.inside.subjects import Subject
from greenbench.gui.theme import Theme

PAIR = (Subject("train", "Teacher", "A", 0), Subject("prune", "Half", "B", 1))


def answer(index: int, first: bool | None, second: bool | None, **more: object) -> AnswerDifference:
    return AnswerDifference(
        index=index, truth="7", first="7" if first else "1", second="7" if second else "9", first_confidence=0.98, second_confidence=0.41,
        first_right=first, second_right=second, **more,
    )  # fmt: skip


@pytest.fixture
def found(tmp_path: Path) -> Differences:
    picture = QImage(8, 8, QImage.Format.Format_RGB32)
    picture.fill(QColor("red"))
    picture.save(str(tmp_path / "4.png"))
    shown = (
        answer(4, True, False, image="4.png"),
        answer(9, True, False, image="gone.png"),
        answer(12, False, True),
        answer(30, False, False),
    )
    return Differences(folder=str(tmp_path), examples=360, agree=349, only_first=6, only_second=3, both_wrong=2, shown=shown)


@pytest.fixture
def view(qtbot: QtBot, theme: Theme, found: Differences) -> AnswersView:
    made = AnswersView(theme)
    made.resize(1100, 500)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    made.show_differences(found, PAIR)
    return made


def test_the_sentence_has_every_count(found: Differences) -> None:
    assert sentence(found, ("A", "B")) == (
        "A and B give the same answer for 349 of 360 test examples. A alone is right on 6, B alone on 3; both are wrong on 2."
    )
    same = Differences(folder="", examples=10, agree=10)
    assert sentence(same, ("A", "B")) == "A and B give the same answer for 10 of 10 test examples."


@pytest.mark.parametrize(("which", "indices"), [(ALL, [4, 9, 12, 30]), (FIRST, [4, 9]), (SECOND, [12]), (WRONG, [30])])
def test_each_filter_shows_its_kind(view: AnswersView, which: str, indices: list[int]) -> None:
    view.filter.chosen.emit(which)
    assert [each.index for each in view.shown] == indices
    assert not view.grab().isNull(), "also with a picture that is gone"


def test_it_says_that_not_all_are_shown(view: AnswersView) -> None:
    assert view.note.text() == "The 4 of 11 in which the models are surest are shown."


def test_each_example_tells_truth_and_both_answers(view: AnswersView) -> None:
    words = view.list.model().index(0, 0).data()
    assert words == "Test example 4\nTruth: 7\nA: 7, 98 % sure, right\nB: 9, 41 % sure, wrong"


def test_texts_are_lines_and_answers_without_truth_are_not_judged(view: AnswersView, theme: Theme) -> None:
    text = AnswerDifference(index=3, truth="", first="4.2", second="4.9", text="A sentence about weather " * 20)
    view.show_differences(Differences(folder="", examples=5, agree=4, shown=(text,)), PAIR)
    assert view.filter.value() == ALL
    view.filter.chosen.emit(WRONG)
    assert view.shown == ()
    view.filter.chosen.emit(ALL)
    assert "Truth" not in view.list.model().index(0, 0).data()
    theme.set_dark(True)
    assert not view.grab().isNull()


def test_the_same_answers_everywhere_are_said(view: AnswersView) -> None:
    view.show_differences(Differences(folder="", examples=10, agree=10), PAIR)
    assert view.note.text() == "There is nothing to show: every answer is the same."
