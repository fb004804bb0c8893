"""A packed file of a network whose weights lie in buckets keeps them in buckets, and gives the same network back."""

from pathlib import Path

import torch

from greenbench.core.artifact import InputSpec
from greenbench.core.step import Stored
from greenbench.ml.artifacts import Blueprint, load_module, save_module
from greenbench.ml.compress import bucket_file, buckets
from greenbench.ml.compress.buckets import BucketSettings
from greenbench.ml.models import architecture_for, build
from greenbench.ml.shipping.packed_file import PackedFile


class Context:
    def progress(self, fraction: float, text: str = "") -> None: ...


def in_buckets(folder: Path) -> Stored:
    """LeNet-300-100 with two bits a weight, as the steps leave it."""
    spec = InputSpec(shape=(1, 28, 28))
    plan = Blueprint(architecture_for("lenet_300_100", spec, 10), spec, tuple("0123456789"))
    torch.manual_seed(0)
    module = build(plan.architecture)
    found = {
        name: buckets.coding(layer.weight.detach(), BucketSettings(2, 256))
        for name, layer in module.named_modules()
        if isinstance(layer, torch.nn.Linear)
    }
    buckets.put(module, found)
    folder.mkdir()
    made = save_module(module, folder, plan)
    bucket_file.write(module.state_dict(), found, folder / "model.buckets")
    return Stored(made.model_copy(update={"files": {**made.files, "buckets": "model.buckets"}}), folder, "n", "Buckets")


def test_a_packed_export_is_no_larger_than_the_coded_size_that_was_told(tmp_path: Path) -> None:
    stored = in_buckets(tmp_path / "in")
    out, scratch = tmp_path / "out", tmp_path / "scratch"
    out.mkdir()
    scratch.mkdir()
    PackedFile().write(stored, out, "net", Context())
    written, told = (out / "net.gbpack").stat().st_size, stored.file("buckets").stat().st_size
    assert written < told + 4096  # its description, and nothing else
    again = load_module(PackedFile().open(None, out, "net", scratch, frozenset()))
    ours, theirs = load_module(stored).state_dict(), again.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert ours.keys() == theirs.keys()
