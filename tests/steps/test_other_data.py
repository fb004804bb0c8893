"""Tables and sentences go the whole way: read, learnt, compressed; a regression beats the mean, questions are told apart."""

import csv
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from greenbench.core.errors import ModelError
from greenbench.ml.answering import session_of
from greenbench.ml.artifacts import load_module
from greenbench.ml.data import open_dataset
from greenbench.ml.evaluation import scores
from greenbench.ml.learning import SLOW_SENTENCES
from greenbench.ml.tasks import task
from greenbench.steps import installed

TREC = Path(__file__).parents[3] / "shared" / "data" / "trec"

QUANTISERS = ("quantize.static", "quantize.openvino", "quantize.dynamic", "quantize.weights")


def judged(ran, data) -> np.ndarray:
    """The scores of a PyTorch or an ONNX model on the test examples."""
    model, split = ran.stored, open_dataset(data.stored, ran.stored).split("test")
    judge = task(model.model.task)
    if model.model.format == "torch":
        return scores(load_module(model), split, judge)
    session = session_of(model)
    return scores(lambda x: session.answers(x, 32), split, judge)


@pytest.fixture(scope="module")
def patients(run_step, tmp_path_factory):
    """442 patients: ten measurements, and the progress of diabetes a year later (Efron 2004), as a CSV file."""
    found = load_diabetes(scaled=False)
    path = tmp_path_factory.mktemp("diabetes") / "diabetes.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*found.feature_names, "progress"])
        writer.writerows(np.column_stack([found.data, found.target]).tolist())
    return run_step("data.table", "Patients", file=str(path), task="regression", unit="points")


@pytest.fixture(scope="module")
def regression(run_step, patients):
    network = run_step("model.library", data=patients, name="mlp", width=32)
    return run_step("train", "Learn", model=network, data=patients, epochs=40, batch=32, learning_rate=0.02)


class TestRegression:
    def test_errors_are_smaller_than_those_of_the_mean_and_in_the_targets_unit(self, regression, patients) -> None:
        opened = open_dataset(patients.stored)
        guess = np.abs(opened.split("test").labels - opened.split("train").labels.mean()).mean()
        assert 50 < guess < 80, "points of progress"
        assert judged(regression, patients).mean() < 0.8 * guess
        # Linear regression reaches about 43 to 45 points on this data.
        assert judged(regression, patients).mean() < 52

    def test_the_panel_says_the_error_with_its_interval(self, regression) -> None:
        fact = regression.fact("Mean absolute error, validation")
        assert fact.unit == "points"
        assert fact.low < fact.value < fact.high
        assert regression.outcome.headline.endswith("points error val.")

    def test_the_model_keeps_task_and_preprocessing(self, regression, patients) -> None:
        assert regression.stored.model.task == "regression"
        assert regression.stored.model.classes == ()
        assert regression.stored.model.input.mean == patients.stored.dataset.input.mean

    def test_training_goes_on_from_there(self, run_step, regression, patients) -> None:
        further = run_step("finetune", model=regression, data=patients, epochs=1, learning_rate=0.0005)
        assert further.fact("Mean absolute error, validation").value == pytest.approx(
            regression.fact("Mean absolute error, validation").value, rel=0.2
        )

    @pytest.mark.parametrize("step", ["prune.magnitude", "prune.structured", "share.kmeans", *QUANTISERS])
    def test_it_can_be_compressed(self, run_step, regression, patients, step: str) -> None:
        params = {"prune.magnitude": {"sparsity": 0.5}, "prune.structured": {"ratio": 0.25}, "share.kmeans": {"epochs": 1}}.get(step, {})
        data = {} if step == "prune.magnitude" else {"data": patients}
        made = run_step(step, model=regression, **data, **params)
        # Compressed without any further training; the mean would be off by about 65.
        assert judged(made, patients).mean() < 75

    def test_soft_targets_are_refused(self, run_step, regression, patients) -> None:
        with pytest.raises(ModelError, match="is no classifier"):
            run_step("distil.soft", student=regression, teacher=regression, data=patients)


@pytest.mark.skipif(not TREC.is_dir(), reason="the TREC files are not here")
class TestQuestions:
    @pytest.fixture(scope="class")
    @staticmethod
    def questions(run_step):
        return run_step("data.text", file=str(TREC / "TREC.train.all"), test_file=str(TREC / "TREC.test.all"))

    @pytest.fixture(scope="class")
    @staticmethod
    def classifier(run_step, questions):
        network = run_step("model.library", data=questions, name="text_average")
        return run_step("train", model=network, data=questions, epochs=5, optimizer="adamw", learning_rate=0.01)

    def test_more_than_seven_of_ten_are_told_apart(self, classifier, questions) -> None:
        assert judged(classifier, questions).mean() > 0.7

    @pytest.mark.parametrize(("optimizer", "told"), [("sgd", 1), ("adamw", 0)])
    def test_sgd_on_sentences_is_warned_of(self, run_step, questions, optimizer: str, told: int) -> None:
        network = run_step("model.library", data=questions, name="text_average")
        made = run_step("train", model=network, data=questions, epochs=1, optimizer=optimizer)
        assert made.stored.model.notes.count(SLOW_SENTENCES) == told
        assert [text for level, text in made.context.logs if level == "warning"].count(SLOW_SENTENCES) == told

    def test_the_node_names_the_file_alone(self) -> None:
        assert installed()["data.text"].highlights == ("file",), "a share says nothing where a test file is given"

    @pytest.mark.parametrize("step", ["prune.magnitude", *QUANTISERS])
    def test_still_so_when_compressed(self, run_step, classifier, questions, step: str) -> None:
        data = {"data": questions} if step in QUANTISERS else {}
        params = {"prune.magnitude": {"sparsity": 0.5}}.get(step, {})
        assert judged(run_step(step, model=classifier, **data, **params), questions).mean() > 0.7

    def test_a_model_for_images_is_refused_in_words(self, run_step, questions, digits) -> None:
        images = run_step("model.library", "Pictures", data=digits, name="lenet_300_100")
        with pytest.raises(ModelError, match=r'"Pictures" takes images, the data set .* gives sentences'):
            run_step("train", model=images, data=questions)
