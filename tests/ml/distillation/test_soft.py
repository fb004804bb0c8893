"""The soft-target loss is Hinton's formula, and the teacher is only asked, never changed."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import ModelError
from greenbench.core.step import Stored
from greenbench.ml.artifacts import Blueprint, load_module, save_module
from greenbench.ml.data import open_dataset
from greenbench.ml.distillation.losses import soft_target_loss
from greenbench.ml.distillation.soft import SoftSettings, SoftTargets
from greenbench.ml.distillation.teacher import Teacher
from greenbench.ml.export import export_onnx
from greenbench.ml.models import architecture_for, build
from greenbench.ml.training import Batch

STUDENT, TEACHER = (torch.randn(6, 4, generator=torch.Generator().manual_seed(seed)) * 3 for seed in (5, 6))
LABELS = torch.tensor([0, 1, 2, 3, 0, 1])


def by_hand(temperature: float, alpha: float) -> float:
    """The formula in plain Python, term by term."""

    def softmax(values: list[float], t: float) -> list[float]:
        top = max(values)
        powers = [math.exp((value - top) / t) for value in values]
        return [power / sum(powers) for power in powers]

    total = 0.0
    for student, teacher, label in zip(STUDENT.tolist(), TEACHER.tolist(), LABELS.tolist(), strict=True):
        p, q = softmax(teacher, temperature), softmax(student, temperature)
        divergence = sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
        total += alpha * temperature**2 * divergence - (1 - alpha) * math.log(softmax(student, 1)[label])
    return total / len(LABELS)


@pytest.mark.parametrize(("temperature", "alpha"), [(1, 0.5), (4, 0.7), (20, 1.0), (2, 0.0)])
def test_the_loss_is_the_formula(temperature: float, alpha: float) -> None:
    loss = soft_target_loss(STUDENT, TEACHER, LABELS, temperature, alpha)
    assert float(loss) == pytest.approx(by_hand(temperature, alpha), rel=1e-5)


def test_without_weight_on_the_teacher_it_is_cross_entropy() -> None:
    assert torch.equal(soft_target_loss(STUDENT, TEACHER, LABELS, 3, 0.0), functional.cross_entropy(STUDENT, LABELS))


def gradient(temperature: float) -> torch.Tensor:
    student = STUDENT.clone().requires_grad_()
    soft_target_loss(student, TEACHER, LABELS, temperature, 1.0).backward()
    return student.grad


def test_the_gradient_without_its_factor_falls_as_one_over_temperature_squared() -> None:
    # Hinton 2015, eq. 4: for zero-mean logits and high T it is (z − v) / (N · T²) for each example; the factor T² undoes it.
    centred = (STUDENT - STUDENT.mean(1, keepdim=True)) - (TEACHER - TEACHER.mean(1, keepdim=True))
    expected = centred / 4 / len(LABELS)
    torch.testing.assert_close(gradient(1000.0), expected, rtol=0.02, atol=1e-4)
    raw = [float((gradient(t) / t**2).norm()) for t in (500.0, 1000.0)]
    assert raw[0] / raw[1] == pytest.approx(4, rel=0.02)


def test_a_student_that_answers_like_its_teacher_has_nothing_to_learn() -> None:
    student = TEACHER.clone().requires_grad_()
    loss = soft_target_loss(student, TEACHER, LABELS, 4, 1.0)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(0, abs=1e-5)
    assert float(student.grad.abs().max()) < 1e-5


TEN = tuple("0123456789")


def stored(folder, classes: int = 10, shape: tuple[int, ...] = (1, 8, 8), name: str = "resnet8", title: str = "Big", **of_input) -> Stored:
    spec = InputSpec(shape=shape, **of_input)
    plan = Blueprint(architecture_for(name, spec, classes), spec, tuple(str(i) for i in range(classes)))
    return Stored(save_module(build(plan.architecture), folder, plan), folder, title.lower(), title)


@pytest.fixture
def student(tmp_path_factory) -> Stored:
    return stored(tmp_path_factory.mktemp("small"), name="lenet_300_100", title="Small")


def loss_of(teacher: Stored, student: Stored, data: Stored, context, **settings) -> SoftTargets:
    return SoftTargets(Teacher(teacher, data, student, context), SoftSettings(**settings))


def test_targets_follow_the_images_through_the_shuffle(digits8: Stored, student, context) -> None:
    big = stored(context.folder)
    loss = loss_of(big, student, digits8, context, alpha=1.0)
    split, chosen = open_dataset(digits8, big).split("train"), np.array([7, 3, 500])
    x = torch.from_numpy(split.take(chosen))
    with torch.no_grad():
        answers = load_module(big)(x)
    batch = Batch(x, torch.from_numpy(split.labels[chosen]), torch.from_numpy(chosen))
    assert float(loss(answers, batch)) == pytest.approx(0, abs=1e-6)


def test_an_onnx_graph_can_teach(digits8: Stored, student, context, tmp_path) -> None:
    big = stored(context.folder, name="lenet_300_100")
    graph = Stored(export_onnx(big, tmp_path), tmp_path, "g", "Graph")
    outputs, indices = torch.randn(5, 10), torch.arange(5)
    x = torch.from_numpy(open_dataset(digits8, big).split("train").take(np.arange(5)))
    for augmented in (False, True):
        batch = Batch(x, indices, indices, augmented)
        losses = [float(loss_of(each, student, digits8, context)(outputs, batch)) for each in (big, graph)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_teacher_and_data_must_agree(digits8: Stored, student, context, tmp_path) -> None:
    with pytest.raises(ModelError, match=r'"Big" gives 7 outputs, the data set "Digits" has 10 classes'):
        Teacher(stored(context.folder, classes=7), digits8, student, context)
    more = Stored(student.model.model_copy(update={"classes": (*TEN, "ten")}), student.folder, "m", "More")
    with pytest.raises(ModelError, match="unknown to the teacher: ten"):
        Teacher(stored(tmp_path), digits8, more, context)


def test_the_teacher_sees_the_images_in_its_own_size(digits8: Stored, student, context) -> None:
    big = stored(context.folder, shape=(1, 16, 16))
    loss = loss_of(big, student, digits8, context, alpha=1.0)
    chosen = np.arange(3)
    x, y = open_dataset(digits8, big).split("train").take(chosen), np.zeros(3, dtype=np.int64)
    assert x.shape == (3, 1, 16, 16)
    with torch.no_grad():
        answers = load_module(big)(torch.from_numpy(x))
    assert float(loss(answers, Batch(torch.from_numpy(x), torch.from_numpy(y), torch.from_numpy(chosen)))) == pytest.approx(0, abs=1e-6)


def test_an_augmented_batch_is_shown_to_the_teacher_in_the_teachers_normalisation(digits8: Stored, student, context) -> None:
    big = stored(context.folder, name="lenet_300_100", mean=(0.25,), std=(0.5,))
    teacher = Teacher(big, digits8, student, context)
    assert student.model.input.mean == (0.0,)
    raw = torch.rand(4, 1, 8, 8)  # seen nowhere in the data
    with torch.no_grad():
        expected = load_module(big)((raw - 0.25) / 0.5)
    batch = Batch(raw, torch.zeros(4, dtype=torch.int64), torch.arange(4), augmented=True)
    torch.testing.assert_close(teacher.logits(batch), expected)


def test_a_teacher_of_another_size_is_refused_augmented_images(digits8: Stored, student, context) -> None:
    teacher = Teacher(stored(context.folder, shape=(1, 16, 16)), digits8, student, context)
    with pytest.raises(ModelError, match=r'"Big" takes another size than the student "Small" \(1×16×16 and 1×8×8\)'):
        teacher.check_view()


def test_probabilities_of_a_graph_that_ends_in_a_softmax_are_taken_for_what_they_are(
    digits8: Stored, student, context, monkeypatch
) -> None:
    big = stored(context.folder, name="lenet_300_100")
    plain = Teacher(big, digits8, student, context)
    sure = Teacher(big, digits8, student, context)
    monkeypatch.setattr(sure, "answers", lambda x: torch.softmax(plain.answers(x), dim=1))
    batch = Batch(torch.rand(4, 1, 8, 8), torch.zeros(4, dtype=torch.int64), torch.arange(4), augmented=True)
    teachers = [functional.softmax(each.logits(batch) / 4, dim=1) for each in (plain, sure)]
    torch.testing.assert_close(teachers[0], teachers[1])
