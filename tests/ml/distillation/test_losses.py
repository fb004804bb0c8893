"""Decoupled distillation and adaptive weights against formulas in NumPy, and the identities of their papers."""

import math

import numpy as np
import pytest
import torch

from greenbench.ml.distillation import weighting
from greenbench.ml.distillation.losses import decoupled, divergence, soft_target_loss, weighted_mean
from greenbench.ml.distillation.soft import SoftSettings, SoftTargets

STUDENT, TEACHER = (torch.randn(8, 5, generator=torch.Generator().manual_seed(seed)) * 4 for seed in (1, 2))
LABELS = torch.tensor([0, 1, 2, 3, 4, 0, 1, 2])


class AnyTeacher:
    """Five classes; the loss is asked about given logits, so nothing else is."""

    columns = tuple(range(5))


def softmax(logits: torch.Tensor, temperature: float = 1.0) -> np.ndarray:
    powers = np.exp(logits.numpy().astype(np.float64) / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


def parts_by_hand(temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """TCKD and NCKD from probabilities, example by example (Zhao 2022, section 3.1)."""
    p, q = softmax(TEACHER, temperature), softmax(STUDENT, temperature)
    true, others = [], []
    for i, label in enumerate(LABELS.tolist()):
        a, b = p[i, label], q[i, label]
        true.append(a * np.log(a / b) + (1 - a) * np.log((1 - a) / (1 - b)))
        rest_p, rest_q = np.delete(p[i], label) / (1 - a), np.delete(q[i], label) / (1 - b)
        others.append(float(np.sum(rest_p * np.log(rest_p / rest_q))))
    return np.array(true), np.array(others)


@pytest.mark.parametrize("temperature", [1.0, 4.0, 20.0])
def test_the_parts_are_those_of_the_paper(temperature: float) -> None:
    found = decoupled(STUDENT, TEACHER, LABELS, temperature)
    for tensor, expected in zip(found, parts_by_hand(temperature), strict=True):
        np.testing.assert_allclose(tensor.numpy(), expected, rtol=1e-4, atol=1e-6)


def test_decoupled_distillation_is_soft_targets_where_the_other_classes_weigh_what_the_teacher_leaves_them() -> None:
    temperature = 3.0
    true, others = decoupled(STUDENT, TEACHER, LABELS, temperature)
    left = 1 - torch.from_numpy(softmax(TEACHER, temperature)).float().gather(1, LABELS[:, None])[:, 0]
    torch.testing.assert_close(true + left * others, divergence(STUDENT, TEACHER, temperature))


def test_a_very_sure_teacher_makes_no_number_infinite() -> None:
    sure = torch.nn.functional.one_hot(LABELS, 5) * 200.0
    for part in decoupled(STUDENT, sure, LABELS, 1.0):
        assert torch.isfinite(part).all()


@pytest.mark.parametrize("kind", ["entropy", "entropy and student", "entropy and error", "confidence"])
def test_weights_are_their_formula_with_mean_one(kind: weighting.Weighting) -> None:
    def entropies(logits: torch.Tensor) -> np.ndarray:
        p = softmax(logits, 3.0)
        return -(p * np.log(p)).sum(axis=1)

    unsure, most = entropies(TEACHER), math.log(5)
    raw = {
        "entropy": unsure,
        "entropy and student": (unsure + unsure * entropies(STUDENT) / most) / 2,
        "entropy and error": unsure * (1 - softmax(STUDENT)[np.arange(8), LABELS.numpy()]),
        "confidence": most - unsure,
    }[kind]
    found = weighting.weights(kind, STUDENT.clone().requires_grad_(), TEACHER, LABELS)
    assert found is not None
    assert not found.requires_grad
    assert float(found.mean()) == pytest.approx(1)
    np.testing.assert_allclose(found.numpy(), raw / raw.mean(), rtol=1e-4)


def test_a_teacher_that_is_sure_of_all_weighs_all_alike() -> None:
    sure = torch.full((3, 5), -1e4).fill_diagonal_(1e4)
    assert weighting.weights("entropy", STUDENT[:3], sure, LABELS[:3]).tolist() == [1, 1, 1]


def test_equal_weights_change_nothing() -> None:
    alike = TEACHER[:1].expand(8, 5)  # the teacher is as unsure of one as of the other
    plain, weighted = (SoftTargets(AnyTeacher(), SoftSettings(weighting=kind)) for kind in ("none", "entropy"))
    torch.testing.assert_close(weighted.of(STUDENT, alike, LABELS), plain.of(STUDENT, alike, LABELS))
    assert weighted.effective_share == pytest.approx(1)
    assert plain.effective_share is None


def test_half_the_weight_on_one_of_two_examples_is_worth_less_than_both() -> None:
    assert weighting.effective_share(torch.tensor([2.0, 0.0])) == pytest.approx(0.5)
    assert weighting.effective_share(torch.tensor([1.5, 0.5])) == pytest.approx(4 / (2 * 2.5))


def test_a_temperature_of_its_own_is_that_of_all_where_the_teacher_is_sure_and_one_where_it_knows_nothing() -> None:
    logits = torch.tensor([[1e4, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert weighting.temperatures(logits, 7.0).tolist() == pytest.approx([7.0, 1.0])


def test_each_temperature_brings_its_own_square() -> None:
    by = torch.tensor([1.0, 2.0, 4.0, 8.0, 1.0, 2.0, 4.0, 8.0])
    single = [float(soft_target_loss(STUDENT[i : i + 1], TEACHER[i : i + 1], LABELS[i : i + 1], float(by[i]), 1.0)) for i in range(8)]
    assert float(weighted_mean(divergence(STUDENT, TEACHER, by), None, by)) == pytest.approx(np.mean(single), rel=1e-5)


def test_the_decoupled_teacher_rises_from_nothing() -> None:
    loss = SoftTargets(AnyTeacher(), SoftSettings(method="decoupled", rise=0.5))
    hard = torch.nn.functional.cross_entropy(STUDENT, LABELS)
    values = [float(loss.of(STUDENT, TEACHER, LABELS))]
    for done in (1, 2, 3, 4):
        loss.after_batch(done, 4)
        values.append(float(loss.of(STUDENT, TEACHER, LABELS)))
    true, others = parts_by_hand(4.0)
    full = 16 * float((true + 8 * others).mean())
    assert values == pytest.approx([float(hard) + share * full for share in (0, 0.5, 1, 1, 1)], rel=1e-4)
