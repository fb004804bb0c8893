"""How far an exported model may be off: closed forms of the errors, and what each bound lets through and stops."""

import math

import numpy as np
import pytest

from greenbench.core.artifact import Footprint, InputSpec, ModelArtifact
from greenbench.core.errors import ProofError
from greenbench.ml.shipping.judging import AGREEING, HALF, REORDERED, ROUNDED, SAME, errors, judge, tolerance

EXPECTED = np.array([[1.0, -4.0], [2.0, 0.0]])


def model(precision):
    weights = Footprint(parameters=1, nonzero_parameters=1, size_bytes=4)
    return ModelArtifact(format="onnx", files={}, input=InputSpec(shape=(1,)), classes=(), precision=precision, footprint=weights)


def test_errors_are_those_of_the_definition():
    found = errors(EXPECTED, EXPECTED + np.array([[0.0, 0.2], [-0.1, 0.0]]), classes=True)
    assert found.absolute == pytest.approx(0.2)
    assert found.relative == pytest.approx(0.2 / 4)
    assert found.typical == pytest.approx(math.sqrt((0.04 + 0.01) / 4) / math.sqrt((1 + 16 + 4 + 0) / 4))
    assert found.agreement == 1.0
    assert errors(EXPECTED, EXPECTED[:, ::-1], classes=True).agreement == 0.0
    assert errors(EXPECTED, EXPECTED, classes=False).agreement is None


def test_not_a_number_is_equal_to_itself_alone():
    broken = np.array([[np.nan, 1.0], [2.0, np.inf]])
    assert errors(broken, broken, classes=False).relative == 0
    assert errors(EXPECTED, np.where([[True, False], [False, False]], np.nan, EXPECTED), classes=False).relative == math.inf
    assert errors(np.zeros((1, 2)), np.ones((1, 2)), classes=False).relative == math.inf
    with pytest.raises(ProofError, match="differ by up to inf, without bound"):
        judge(EXPECTED, EXPECTED * np.nan, False, ROUNDED, "Net", "ONNX")


@pytest.mark.parametrize(
    ("precision", "runtimes", "allowed"),
    [
        ("fp32", ("eager", "eager"), SAME),
        ("int8", ("onnxruntime", "onnxruntime"), SAME),
        ("fp32", ("eager", "onnxruntime"), REORDERED),
        ("fp16", ("eager", "onnxruntime"), HALF),
        ("int8", ("onnxruntime", "openvino"), ROUNDED),
    ],
)
def test_what_is_allowed_follows_from_precision_and_runtimes(precision, runtimes, allowed):
    assert tolerance(model(precision), *runtimes) == allowed


@pytest.mark.parametrize("allowed", [SAME, REORDERED, HALF])
def test_a_bound_lets_through_what_is_below_it_and_nothing_above(allowed):
    judge(EXPECTED, EXPECTED + 4 * allowed * 0.9, True, allowed, "Net", "ONNX")
    with pytest.raises(ProofError, match='"Net" as ONNX does not answer like the model it was made from: outputs differ'):
        judge(EXPECTED, EXPECTED + 4 * allowed * 1.1, True, allowed, "Net", "ONNX")


def test_where_rounding_may_be_coarse_the_whole_must_still_fit():
    rng = np.random.default_rng(0)
    expected = rng.standard_normal((200, 10))
    judge(expected, expected * 1.01, True, ROUNDED, "Net", "OpenVINO IR")
    with pytest.raises(ProofError, match="typically differ by"):  # a lost scale, of outputs that are all small against one
        judge(np.vstack([expected, [[50.0] * 10]]), np.vstack([expected * 2.2, [[50.0] * 10]]) * 0.72, False, ROUNDED, "Net", "OpenVINO IR")
    near = np.zeros((100, 2))
    near[:, 0] = 1.0
    near[:, 1] = 0.99
    turned = near.copy()
    turned[: round((1 - AGREEING) * 100) + 1, 1] = 1.01
    with pytest.raises(ProofError, match=r"only 94\.0% of the answers agree; 95% must"):
        judge(near, turned, True, ROUNDED, "Net", "OpenVINO IR")


def test_outputs_of_another_shape_are_no_answers():
    with pytest.raises(ProofError, match=r"shape \(2, 1\) instead of \(2, 2\)"):
        judge(EXPECTED, EXPECTED[:, :1], True, SAME, "Net", "ONNX")
