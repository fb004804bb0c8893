"""Half precision: half the bytes, the same answers but for rounding, and a refusal that names what does not fit."""

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from greenbench.core.errors import StepError
from greenbench.core.shipping import export_refusal
from greenbench.core.step import Inputs, Stored
from greenbench.ml.artifacts import load_module
from greenbench.ml.compress import half
from greenbench.ml.data import open_dataset
from greenbench.ml.shipping import format_of
from greenbench.steps.cast_half.apply import apply
from greenbench.steps.cast_half.spec import HalfParams


@pytest.fixture(scope="module", params=["fp16", "bf16"])
def done(request, trained, digits, new_context):
    """The step's outcome and what it made."""
    context = new_context()
    outcome = apply(Inputs({"model": (trained,), "data": (digits,)}), HalfParams(precision=request.param), context)
    return outcome, Stored(outcome.outputs["model"], context.folder, "n", "Half")


def test_every_number_takes_two_bytes_and_is_the_rounded_one(done, trained):
    made = done[1]
    dtype = half.HALVES[made.model.precision]
    before, after = load_file(trained.file("weights")), load_file(made.file("weights"))
    assert all(tensor.dtype == dtype for tensor in after.values() if tensor.is_floating_point())
    assert all(torch.equal(after[name], tensor.to(dtype)) for name, tensor in before.items() if tensor.is_floating_point())
    assert {parameter.dtype for parameter in load_module(made).parameters()} == {dtype}
    floats = sum(tensor.numel() for tensor in before.values() if tensor.is_floating_point())
    assert trained.model.footprint.size_bytes - made.model.footprint.size_bytes == pytest.approx(2 * floats, rel=0.01)
    assert made.model.footprint.flops == trained.model.footprint.flops


def test_it_is_about_as_right_and_says_what_to_expect_of_its_speed(done, trained, digits):
    outcome, made = done
    facts = {fact.title: fact for fact in outcome.facts}
    assert abs(facts["Accuracy, validation"].value - facts["Accuracy, validation"].before) < 0.02
    assert facts["Weights that became zero"].value == 0
    assert made.model.precision in made.model.notes[-1]
    x = torch.from_numpy(open_dataset(digits, trained).split("test").arrays()[0][:64])
    with torch.no_grad():
        exact, rounded = load_module(trained)(x), load_module(made)(x.to(half.HALVES[made.model.precision])).float()
    # Rounding is 2^-11 and 2^-8 of each number; ten layers of it.
    assert float((exact - rounded).abs().max()) < {"fp16": 0.01, "bf16": 0.1}[made.model.precision] * float(exact.abs().max())


@pytest.mark.parametrize("key", ["safetensors", "packed", "torchscript", "pt2", "onnx"])
def test_it_can_be_taken_away_with_its_bits(key, done, context, tmp_path):
    _, made = done
    refused = export_refusal(key, made.model)
    if key == "onnx" and made.model.precision == "bf16":
        assert refused[0].startswith("is bf16, and no runtime here runs ONNX files of that")
        return
    assert refused is None
    (tmp_path / "scratch").mkdir()
    written = format_of(key).write(made, tmp_path, "net", context)
    again = format_of(key).open(written, tmp_path, "net", tmp_path / "scratch", frozenset())
    assert again.model.precision == made.model.precision
    if key in ("safetensors", "packed"):
        before, after = load_module(made).state_dict(), load_module(again).state_dict()
        assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())


def test_a_number_that_fp16_cannot_hold_is_named() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    with torch.no_grad():
        module[1].weight[0, 0] = 7e4
    with pytest.raises(StepError, match=r'"Cast": 1.weight holds 7e\+04, and fp16 ends at 65,504') as caught:
        half.cast(module, "fp16", "Cast")
    assert "bf16" in caught.value.remedy
    assert half.cast(module, "bf16", "Cast") == 0


def test_an_answer_that_overflows_is_named_with_its_layer() -> None:
    module = nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))
    with torch.no_grad():
        module[0].weight.fill_(1000)
        module[1].weight.fill_(1000)
    half.cast(module, "fp16")
    with pytest.raises(StepError, match='"Cast": 1 gives values that fp16 cannot hold'):
        half.check_answers(module, [torch.ones(1, 1)], "fp16", "Cast")


def test_numbers_that_vanish_are_counted() -> None:
    module = nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[1e-9, 0.5]]))  # fp16's smallest is 6e-8
    assert half.cast(module, "fp16") == 1


def test_casting_twice_is_refused(done, context):
    with pytest.raises(StepError, match="in half precision already"):
        apply(Inputs({"model": (done[1],)}), HalfParams(), context)
