"""Each task judges, learns and answers as its definition says."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from greenbench.core.errors import StepError
from greenbench.core.task import TASKS
from greenbench.ml.tasks import task


@pytest.mark.parametrize("key", TASKS)
def test_every_task_of_the_table_has_an_object_with_its_metric(key: str) -> None:
    assert (task(key).key, task(key).metric) == (key, TASKS[key].metric)


def test_an_unknown_task_is_refused_by_name() -> None:
    with pytest.raises(StepError, match='no task "chess"'):
        task("chess")


def test_tasks_judge_without_torch() -> None:
    code = (
        "import sys, numpy as np; from greenbench.ml.tasks import task;"
        "task('classification').scores(np.eye(3), np.arange(3)); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestClassification:
    def test_the_highest_of_the_outputs_answers(self) -> None:
        outputs = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])
        assert task("classification").scores(outputs, np.array([1, 1, 1])).tolist() == [1.0, 0.0, 1.0]

    def test_trailing_axes_of_size_one_do_not_matter(self) -> None:
        outputs = np.eye(3).reshape(3, 3, 1, 1)
        assert task("classification").scores(outputs, np.arange(3)).tolist() == [1.0] * 3
        assert task("classification").output_problem((3, 3, 1, 1), 3) == ""

    def test_not_a_number_is_never_right(self) -> None:
        outputs = np.array([[np.nan, 0.0], [0.0, np.nan]])
        assert task("classification").scores(outputs, np.array([0, 1])).tolist() == [0.0, 0.0]
        assert task("classification").answers(outputs, ("a", "b"))[0].text == "not a number"

    def test_confidence_is_the_softmax(self) -> None:
        answer = task("classification").answers(np.array([[np.log(3.0), 0.0]]), ("cat", "dog"))[0]
        assert answer.text == "cat"
        assert answer.confidence == pytest.approx(0.75)

    def test_probabilities_are_not_put_through_softmax_again(self) -> None:
        assert task("classification").answers(np.array([[0.9, 0.1]]), ("cat", "dog"))[0].confidence == pytest.approx(0.9)

    @pytest.mark.parametrize(("shape", "words"), [((1, 7), "7 outputs for 10 classes"), ((1, 5, 5), "1×5×5"), ((4,), "shape 4")])
    def test_other_outputs_are_named(self, shape: tuple[int, ...], words: str) -> None:
        assert words in task("classification").output_problem(shape, 10)

    def test_the_loss_is_minus_the_log_of_the_true_share(self) -> None:
        torch = pytest.importorskip("torch")
        outputs = torch.log(torch.tensor([[0.25, 0.75]]))
        assert task("classification").loss(outputs, torch.tensor([1])).item() == pytest.approx(-np.log(0.75), rel=1e-6)


class TestRegression:
    def test_the_score_is_the_absolute_error(self) -> None:
        assert task("regression").scores(np.array([[1.0], [5.0]]), np.array([3.0, 4.0])).tolist() == [2.0, 1.0]

    def test_an_answer_that_is_no_number_is_infinitely_wrong(self) -> None:
        assert task("regression").scores(np.array([np.nan, 1.0]), np.array([0.0, 0.0])).tolist() == [np.inf, 1.0]

    def test_answers_have_the_unit(self) -> None:
        assert [a.text for a in task("regression").answers(np.array([[21.4321], [np.nan]]), (), "°C")] == ["21.43 °C", "not a number"]

    def test_more_than_one_number_is_named(self) -> None:
        assert "3 outputs" in task("regression").output_problem((1, 3), 0)
        assert task("regression").output_problem((1, 1), 0) == task("regression").output_problem((1,), 0) == ""

    def test_the_loss_is_the_mean_square(self) -> None:
        torch = pytest.importorskip("torch")
        assert task("regression").loss(torch.tensor([[1.0], [3.0]]), torch.tensor([0.0, 0.0])).item() == pytest.approx(5.0)


class TestSegmentation:
    def test_half_an_overlap_of_two_classes_by_hand(self) -> None:
        truth = np.array([[[0, 0], [1, 1]]])
        answer = np.array([[0, 1], [1, 1]])
        logits = np.stack([answer == 0, answer == 1]).astype(float)[None]
        # class 0: 1 of 2; class 1: 2 of 3
        assert task("segmentation").scores(logits, truth)[0] == pytest.approx((1 / 2 + 2 / 3) / 2)

    def test_ignored_pixels_are_not_looked_at(self) -> None:
        truth = np.array([[[0, 255], [1, 1]]])
        answer = np.array([[0, 1], [1, 1]])
        logits = np.stack([answer == 0, answer == 1]).astype(float)[None]
        assert task("segmentation").scores(logits, truth)[0] == 1.0
        assert np.isnan(task("segmentation").scores(logits, np.full((1, 2, 2), 255))[0])

    def test_smaller_answers_are_brought_to_the_size_of_the_truth(self) -> None:
        truth = np.kron(np.array([[0, 1], [1, 0]]), np.ones((4, 4), int))[None]
        answer = np.array([[0, 1], [1, 0]])
        logits = np.stack([answer == 0, answer == 1]).astype(float)[None]
        assert task("segmentation").scores(logits, truth)[0] == 1.0

    def test_one_channel_is_foreground_above_zero(self) -> None:
        logits = np.array([[[[-1.0, 2.0]]]])
        assert task("segmentation").scores(logits, np.array([[[0, 1]]]))[0] == 1.0
        assert task("segmentation").output_problem((1, 1, 4, 4), 2) == ""
        assert task("segmentation").output_problem((1, 21, 4, 4), 2) != ""

    @given(arrays(np.int64, (6, 6), elements=st.integers(0, 3)), arrays(np.int64, (6, 6), elements=st.integers(0, 3)))
    def test_it_agrees_with_scikit_learn(self, answer: np.ndarray, truth: np.ndarray) -> None:
        metrics = pytest.importorskip("sklearn.metrics")
        labels = sorted(set(answer.ravel()) | set(truth.ravel()))
        expected = metrics.jaccard_score(truth.ravel(), answer.ravel(), labels=labels, average="macro")
        logits = np.stack([answer == c for c in range(4)]).astype(float)[None]
        assert task("segmentation").scores(logits, truth[None])[0] == pytest.approx(expected)

    def test_answers_name_what_covers_most(self) -> None:
        logits = np.zeros((1, 2, 2, 2))
        logits[0, 1, 0, 0] = 1.0
        assert task("segmentation").answers(logits, ("sky", "road"))[0].text == "sky 75 %, road 25 %"


@pytest.mark.parametrize("key", ["segmentation", "detection", "other"])
def test_tasks_that_cannot_be_trained_say_so(key: str) -> None:
    with pytest.raises(StepError, match="cannot be trained"):
        task(key).loss(None, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["detection", "other"])
def test_tasks_without_metric_refuse_to_judge(key: str) -> None:
    with pytest.raises(StepError, match="cannot be judged"):
        task(key).scores(np.zeros((1, 2)), np.zeros(1))


def test_outputs_without_task_are_told_by_their_range() -> None:
    assert task("other").answers(np.array([[1.0, 2.0, 3.0]]), ())[0].text == "3 numbers from 1 to 3"
