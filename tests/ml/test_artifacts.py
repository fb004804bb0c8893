"""A network comes back from its files exactly as it was, also when pruning changed its shapes."""

import copy
import dataclasses
from pathlib import Path

import pytest
import torch
import torch_pruning as tp
from torch import nn

from greenbench.core.artifact import InputSpec, ModelArtifact
from greenbench.core.errors import ModelError, StepError
from greenbench.core.step import Stored
from greenbench.ml.artifacts import Blueprint, apply_masks, load_masks, load_module, save_module
from greenbench.ml.models import architecture_for, build


def blueprint(name: str, shape: tuple[int, ...] = (3, 32, 32), classes: int = 10, width: int | None = None) -> Blueprint:
    spec = InputSpec(shape=shape)
    return Blueprint(architecture_for(name, spec, classes, width), spec, tuple(str(i) for i in range(classes)))


def stored(artifact: ModelArtifact, folder: Path) -> Stored:
    return Stored(artifact, folder, "n1", "Teacher")


def prune_half(module: nn.Module, shape: tuple[int, ...]) -> None:
    last = [layer for layer in module.modules() if isinstance(layer, nn.Linear)][-1]
    pruner = tp.pruner.BasePruner(
        module,
        torch.randn(1, *shape),
        importance=tp.importance.MagnitudeImportance(p=1),
        pruning_ratio=0.5,
        ignored_layers=[last],
        root_module_types=[nn.Conv2d, nn.Linear],
        pruning_ratio_dict={},
    )
    pruner.step()


@pytest.mark.parametrize(
    "name",
    [
        "lenet_300_100",
        "resnet8",
        "mobilenet_small",
        "torchvision/resnet18",
        "torchvision/mobilenet_v2",
        "torchvision/mnasnet0_5",
        "timm/resnext26ts",
    ],
)
def test_weights_and_buffers_come_back_bit_for_bit(name: str, tmp_path: Path) -> None:
    plan = blueprint(name)
    module = build(plan.architecture).train()
    with torch.no_grad():
        module(torch.randn(4, 3, 32, 32))  # moves the batch-norm statistics away from their start
    again = load_module(stored(save_module(module, tmp_path, plan), tmp_path))
    ours, theirs = module.state_dict(), again.state_dict()
    assert list(ours) == list(theirs)
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("torchvision/resnet18", (3, 64, 64)),
        ("torchvision/mobilenet_v2", (3, 64, 64)),
        ("resnet8", (1, 16, 16)),
        ("mobilenet_small", (1, 16, 16)),
    ],
)
def test_a_channel_pruned_network_reloads_smaller_and_answers_the_same(name: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    plan = blueprint(name, shape)
    module = build(plan.architecture).eval()
    before = sum(p.numel() for p in module.parameters())
    prune_half(module, shape)
    artifact = save_module(module, tmp_path, plan, step="Prune")
    again = load_module(stored(artifact, tmp_path))
    example = torch.randn(2, *shape)
    with torch.no_grad():
        torch.testing.assert_close(again(example), module(example), rtol=0, atol=1e-6)
    assert artifact.footprint.parameters == sum(p.numel() for p in again.parameters()) < before / 2
    assert artifact.lineage == ("Prune",)


def test_a_reloaded_pruned_network_can_be_trained(tmp_path: Path) -> None:
    plan = blueprint("torchvision/mobilenet_v2", (3, 64, 64))
    module = build(plan.architecture).eval()
    prune_half(module, (3, 64, 64))
    again = load_module(stored(save_module(module, tmp_path, plan), tmp_path)).train()
    again(torch.randn(2, 3, 64, 64)).sum().backward()
    assert all(parameter.grad is not None and parameter.grad.shape == parameter.shape for parameter in again.parameters())


def test_each_load_is_a_copy_of_its_own_and_leaves_the_random_numbers_alone(tmp_path: Path) -> None:
    plan = blueprint("resnet8")
    here = stored(save_module(build(plan.architecture), tmp_path, plan), tmp_path)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first, second = load_module(here), load_module(here)
    assert torch.equal(torch.rand(3), expected)
    with torch.no_grad():
        next(first.parameters()).zero_()
    assert not torch.equal(next(first.parameters()), next(second.parameters()))


def test_masks_travel_with_the_model(tmp_path: Path) -> None:
    plan = blueprint("lenet_300_100", (1, 28, 28))
    module = build(plan.architecture)
    masks = {"1.weight": torch.rand(300, 784) > 0.9}
    apply_masks(module, masks)
    artifact = save_module(module, tmp_path, plan, masks)
    assert torch.equal(load_masks(stored(artifact, tmp_path))["1.weight"], masks["1.weight"])
    removed = int((~masks["1.weight"]).sum())
    assert artifact.footprint.nonzero_parameters == artifact.footprint.parameters - removed


def test_a_pruned_weight_that_came_back_is_refused(tmp_path: Path) -> None:
    plan = blueprint("lenet_300_100", (1, 28, 28))
    module = build(plan.architecture)
    with pytest.raises(StepError, match=r"no longer zero"):
        save_module(module, tmp_path, plan, {"1.weight": torch.zeros(300, 784, dtype=torch.bool)})
    with pytest.raises(StepError, match=r"shape \(2, 2\)"):
        apply_masks(module, {"1.weight": torch.ones(2, 2, dtype=torch.bool)})


def test_masking_clears_even_what_is_not_a_number() -> None:
    module = nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([[float("nan"), 1.0]]))
    apply_masks(module, {"weight": torch.tensor([[False, True]])})
    assert module.weight.tolist() == [[0.0, 1.0]]


def test_a_damaged_file_and_a_foreign_file_are_named(tmp_path: Path) -> None:
    plan = blueprint("resnet8")
    artifact = save_module(build(plan.architecture), tmp_path, plan)
    foreign = artifact.model_copy(update={"architecture": blueprint("lenet5", (1, 28, 28)).architecture})
    with pytest.raises(ModelError, match=r"Teacher.*do not fit the network lenet5"):
        load_module(stored(foreign, tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"\x00" * 100)
    with pytest.raises(ModelError, match=r"Teacher.*cannot be read"):
        load_module(stored(artifact, tmp_path))


def test_no_pickle_is_written(tmp_path: Path) -> None:
    plan = blueprint("resnet8")
    save_module(build(plan.architecture), tmp_path, plan, {})
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_saving_does_not_change_the_module(tmp_path: Path) -> None:
    plan = blueprint("resnet8")
    module = build(plan.architecture).train()
    before = copy.deepcopy(module.state_dict())
    save_module(module, tmp_path, plan)
    assert module.training
    assert all(torch.equal(before[key], value) for key, value in module.state_dict().items())


def test_what_is_known_of_a_model_stays_with_it_and_its_tokenizer_goes_along(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    first.mkdir(), second.mkdir()
    plan = blueprint("resnet8")
    known = {"task": "other", "origin": "a lab", "licence": "MIT", "digest": "12ab", "notes": ("as given",)}
    module = build(plan.architecture)
    made = save_module(module, first, dataclasses.replace(plan, **known))
    (first / "tokenizer.json").write_text("{}")
    made = made.model_copy(update={"files": {**made.files, "tokenizer": "tokenizer.json"}})
    again = save_module(module, second, stored(made, first), step="Tune")
    assert {name: getattr(again, name) for name in known} == known
    assert (second / again.files["tokenizer"]).read_text() == "{}"


@pytest.mark.parametrize(
    ("format", "said"),
    [("torchscript", "is a TorchScript file, which"), ("exported", "is a torch.export file, which"), ("onnx", "is an ONNX graph, which")],
)
def test_a_file_that_is_no_network_any_more_is_refused_by_its_name(format: str, said: str, tmp_path: Path) -> None:
    plan = blueprint("lenet_300_100", (1, 8, 8))
    made = save_module(build(plan.architecture), tmp_path, plan).model_copy(update={"format": format, "digest": "12ab"})
    with pytest.raises(ModelError, match=said) as caught:
        load_module(stored(made, tmp_path))
    assert caught.value.remedy == "Give its weights and its architecture instead."
