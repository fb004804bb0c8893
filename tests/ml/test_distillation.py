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
from greenbench.ml.distillation import soft_target_loss, soft_targets
from greenbench.ml.export import export_onnx
from greenbench.ml.models import architecture_for, build
from greenbench.ml.training import Batch

torch.manual_seed(5)
STUDENT, TEACHER, LABELS = torch.randn(6, 4) * 3, torch.randn(6, 4) * 3, torch.tensor([0, 1, 2, 3, 0, 1])


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


def teacher(folder, classes: int = 10, shape: tuple[int, ...] = (1, 8, 8), name: str = "resnet8") -> Stored:
    spec = InputSpec(shape=shape)
    plan = Blueprint(architecture_for(name, spec, classes), spec, tuple(str(i) for i in range(classes)))
    return Stored(save_module(build(plan.architecture), folder, plan), folder, "t", "Big")


def test_targets_follow_the_images_through_the_shuffle(digits8: Stored, context) -> None:
    big = teacher(context.folder)
    dataset = open_dataset(digits8, big)
    loss = soft_targets(big, digits8, dataset.classes, 4, 1.0, context)
    chosen = np.array([7, 3, 500])
    x = torch.from_numpy(dataset.split("train").take(chosen))
    with torch.no_grad():
        answers = load_module(big)(x)
    batch = Batch(x, torch.from_numpy(dataset.split("train").labels[chosen]), torch.from_numpy(chosen))
    assert float(loss(answers, batch)) == pytest.approx(0, abs=1e-6)


def test_an_onnx_graph_can_teach(digits8: Stored, context, tmp_path) -> None:
    big = teacher(context.folder, name="lenet_300_100")
    graph = Stored(export_onnx(big, tmp_path), tmp_path, "g", "Graph")
    student, indices = torch.randn(5, 10), torch.arange(5)
    batch = Batch(torch.zeros(5, 1, 8, 8), indices, indices)
    losses = [float(soft_targets(each, digits8, TEN, 4, 0.7, context)(student, batch)) for each in (big, graph)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_teacher_and_data_must_agree(digits8: Stored, context) -> None:
    with pytest.raises(ModelError, match=r'"Big" gives 7 outputs, the data set "Digits" has 10 classes'):
        soft_targets(teacher(context.folder, classes=7), digits8, TEN, 4, 0.5, context)
    with pytest.raises(ModelError, match="unknown to the teacher: ten"):
        soft_targets(teacher(context.folder), digits8, (*TEN[:9], "ten"), 4, 0.5, context)


def test_the_teacher_sees_the_images_in_its_own_size(digits8: Stored, context) -> None:
    big = teacher(context.folder, shape=(1, 16, 16))
    loss = soft_targets(big, digits8, TEN, 4, 1.0, context)
    chosen = np.arange(3)
    x, y = open_dataset(digits8, big).split("train").take(chosen), np.zeros(3, dtype=np.int64)
    assert x.shape == (3, 1, 16, 16)
    with torch.no_grad():
        answers = load_module(big)(torch.from_numpy(x))
    assert float(loss(answers, Batch(torch.from_numpy(x), torch.from_numpy(y), torch.from_numpy(chosen)))) == pytest.approx(0, abs=1e-6)
