"""Models as others ship them: half precision, further inputs, a fixed batch. Skipped where the real data is not beside the project."""

from pathlib import Path

import numpy as np
import pytest

from greenbench.core.artifact import ConstantInput, Footprint, InputSpec, ModelArtifact
from greenbench.core.errors import ModelError
from greenbench.core.runtimes import unavailable
from greenbench.core.step import Stored
from greenbench.ml.runtimes import runtime

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not (DATA / "silero-vad").is_dir(), reason="the real data is not here")

WEIGHTS = Footprint(parameters=1, nonzero_parameters=1, size_bytes=1)
RATE = ConstantInput(name="sr", dtype="int64", value=16000)
RUNTIMES = [
    pytest.param(key, marks=pytest.mark.skipif(unavailable(key, "cpu") is not None, reason=f"{key} is not installed"))
    for key in ("onnxruntime", "openvino")
]


def squeezenet() -> Stored:
    model = ModelArtifact(
        format="onnx", files={"weights": "SqueezeNet_fp16.onnx"}, input=InputSpec(shape=(3, 224, 224), channel_order="bgr"),
        precision="fp16", classes=tuple(map(str, range(1000))), footprint=WEIGHTS,
    )  # fmt: skip
    return Stored(model, DATA / "squeezenet1_1", "m", "SqueezeNet")


def silero(format: str) -> Stored:
    state = ConstantInput(name="state", shape=(2, -1, 128))
    model = ModelArtifact(
        format=format, files={"weights": "silero_vad.onnx" if format == "onnx" else "silero_vad.jit"}, task="other", classes=(),
        input=InputSpec(shape=(512,), kind="tensor"), constants=(state, RATE) if format == "onnx" else (RATE,), footprint=WEIGHTS,
    )  # fmt: skip
    return Stored(model, DATA / "silero-vad", "m", "Silero")


@pytest.mark.parametrize("name", RUNTIMES)
def test_half_precision_on_a_processor_is_said_to_run_in_fp32(name) -> None:
    session = runtime(name).prepare(squeezenet(), threads=1)
    assert session.dtype == np.float16
    x = np.random.default_rng(0).normal(size=(1, 3, 224, 224)).astype(np.float32)
    outputs = session.run(x)
    assert (outputs.shape, outputs.dtype) == ((1, 1000), np.float32)
    assert outputs.sum() == pytest.approx(1.0, abs=1e-2)  # the graph ends in a softmax, over 1000×1×1
    assert (session.precision, session.execution.fallbacks) == ("fp32", 26)  # SqueezeNet 1.1 has 26 convolutions
    assert session.notes == ("The file holds half precision, but everything runs in fp32 here.",)


def test_both_runtimes_answer_the_same_from_half_precision() -> None:
    if unavailable("openvino", "cpu"):
        pytest.skip("OpenVINO is not installed")
    x = np.random.default_rng(0).normal(size=(1, 3, 224, 224)).astype(np.float32)
    one, other = (runtime(name).prepare(squeezenet(), threads=1).run(x) for name in ("onnxruntime", "openvino"))
    np.testing.assert_allclose(one, other, rtol=5e-2, atol=1e-4)


def test_further_inputs_are_held_and_grow_with_the_batch() -> None:
    session = runtime("onnxruntime").prepare(silero("onnx"), threads=1, batch=3)
    x = np.random.default_rng(0).normal(size=(3, 512), scale=0.1).astype(np.float32)
    whole = session.run(x)
    assert whole.shape == (3, 1)
    single = np.concatenate([session.run(x[row : row + 1]) for row in range(3)])
    np.testing.assert_allclose(whole, single, atol=1e-5)


def test_a_graph_with_an_input_that_nobody_feeds_is_named() -> None:
    bare = silero("onnx")
    bare = Stored(bare.model.model_copy(update={"constants": ()}), bare.folder, "m", "Silero")
    with pytest.raises(ModelError, match=r'"Silero" must have one varying input, and has 3: input, state, sr\.'):
        runtime("onnxruntime").prepare(bare, threads=1)


@pytest.mark.skipif(unavailable("openvino", "cpu") is not None, reason="OpenVINO is not installed")
@pytest.mark.parametrize("format", ["onnx", "torchscript"])
def test_operators_that_openvino_does_not_know_are_named_in_one_sentence(format) -> None:
    with pytest.raises(ModelError, match=r'OpenVINO cannot read "Silero": it cannot convert these operators: ') as caught:
        runtime("openvino").prepare(silero(format), threads=1)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("name", RUNTIMES)
def test_a_well_known_network_for_one_example_a_call_runs(name) -> None:
    model = ModelArtifact(
        format="onnx", files={"weights": "light_shufflenet.onnx"}, input=InputSpec(shape=(3, 224, 224)), batch=1,
        classes=tuple(map(str, range(1000))), footprint=WEIGHTS,
    )  # fmt: skip
    stored = Stored(model, DATA / "onnx-light", "m", "ShuffleNet")
    session = runtime(name).prepare(stored, threads=1)
    assert session.answers(np.zeros((2, 3, 224, 224), np.float32)).shape == (2, 1000)
    with pytest.raises(ModelError, match=r'"ShuffleNet" takes 1 example in a call, not 8\.'):
        runtime(name).prepare(stored, threads=1, batch=8)
