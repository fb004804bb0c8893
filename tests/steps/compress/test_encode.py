"""Encode: a file that reads back bit for bit, whose bytes are all accounted for, and a model that answers as before."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper
from safetensors.torch import load_file

from greenbench.core.artifact import ModelArtifact
from greenbench.core.errors import ModelError
from greenbench.core.places import resources
from greenbench.core.step import Inputs, Stored
from greenbench.ml.artifacts import load_masks, load_module
from greenbench.ml.compress import packed
from greenbench.ml.onnx_graph import onnx_footprint
from greenbench.steps.encode import apply as encoding
from greenbench.steps.encode.apply import apply
from greenbench.steps.encode.spec import EncodeParams
from greenbench.steps.prune_magnitude.apply import apply as prune_weights
from greenbench.steps.prune_magnitude.spec import MagnitudeParams
from greenbench.steps.share_weights.apply import apply as share_weights
from greenbench.steps.share_weights.spec import SharingParams


@pytest.fixture
def shared(model_only, new_context, handed_on) -> Stored:
    """Nine of ten weights zero, 16 values for the others."""
    first, second = new_context(), new_context()
    pruned = handed_on(prune_weights(model_only, MagnitudeParams(sparsity=0.9), first), first)
    return handed_on(share_weights(Inputs({"model": (pruned,)}), SharingParams(bits=4, conv_bits=4), second), second)


@pytest.mark.parametrize("coding", ["smallest", "paper"])
def test_what_leaves_is_what_came_and_the_ledger_adds_up_to_the_file(shared, digits, context, handed_on, coding):
    outcome = apply(Inputs({"model": (shared,), "data": (digits,)}), EncodeParams(coding=coding), context)
    made = handed_on(outcome, context)
    written = made.file("packed").read_bytes()
    before, after, decoded = load_file(shared.file("weights")), load_file(made.file("weights")), packed.decode(written)
    assert before.keys() == after.keys() == decoded.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(before[name].numpy().tobytes() == decoded[name].tobytes() for name in before)
    parts = sum(fact.value for fact in outcome.facts if fact.title.startswith("File: "))
    assert parts == len(written) == made.model.footprint.size_coded_bytes == packed.ledger(written).total
    assert load_masks(made).keys() == load_masks(shared).keys()
    assert len(written) < shared.model.footprint.size_bytes / 8
    assert any(fact.title == "Read back" and "200 answers identical" in fact.text for fact in outcome.facts)


def test_without_huffmans_code_the_file_would_have_the_bytes_of_han_2016_section_3(context):
    """n weights of b bits in k clusters: n·log2(k) bits of indices and k·b of codebook; steps add their own bits."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=16).astype(np.float32)
    dense = values[rng.integers(0, 16, 3000)]
    (found,) = packed.tensor_bytes(packed.encode({"w": dense}))
    assert (found.plain, found.fixed) == (12_000, 3000 * 4 // 8 + 16 * 4)
    sparse = np.where(np.arange(3000) % 10 == 0, dense, np.float32(0)).reshape(60, 50)
    coding = encoding.Coding(5, 8)
    (found,) = packed.tensor_bytes(packed.encode({"w": sparse}, coding=coding))
    distinct = len(np.unique(sparse[sparse != 0]))
    assert found.fixed == -(-300 * (5 + (distinct - 1).bit_length()) // 8) + distinct * 4


def graph_of_one_product(folder: Path, like: ModelArtifact) -> Stored:
    """Images times a sparse matrix of few values, as an ONNX file."""
    weight = np.where(np.arange(640).reshape(64, 10) % 7 == 0, np.float32(0.5), np.float32(0))
    nodes = [helper.make_node("Flatten", ["input"], ["flat"]), helper.make_node("MatMul", ["flat", "w"], ["logits"])]
    ends = [helper.make_tensor_value_info("input", 1, ["n", 1, 8, 8]), helper.make_tensor_value_info("logits", 1, ["n", 10])]
    graph = helper.make_graph(nodes, "one", ends[:1], ends[1:], [numpy_helper.from_array(weight, "w")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), folder / "model.onnx")
    footprint = onnx_footprint(folder / "model.onnx")
    update = {"format": "onnx", "files": {"weights": "model.onnx"}, "footprint": footprint, "architecture": None}
    return Stored(like.model_copy(update=update), folder, "x", "Exported")


def test_an_onnx_graph_is_encoded_too(trained, context, tmp_path, handed_on):
    graph = graph_of_one_product(tmp_path, trained.model)
    made = handed_on(apply(Inputs({"model": (graph,)}), EncodeParams(), context), context)
    before, after = packed.onnx_arrays(graph.file("weights")), packed.onnx_arrays(made.file("weights"))
    assert before.keys() == after.keys() == {"w"}
    assert before["w"].tobytes() == after["w"].tobytes()
    assert made.model.format == "onnx"
    assert made.file("packed").stat().st_size < graph.file("weights").stat().st_size / 4


def test_a_file_that_reads_back_wrong_never_leaves(shared, context, monkeypatch):
    true = packed.decode

    def spoilt(data, name=""):
        found = true(data, name)
        first = next(iter(found))
        found[first] = found[first] + np.float32(1e-6)
        return found

    monkeypatch.setattr(packed, "decode", spoilt)
    with pytest.raises(ModelError, match="was not read back bit for bit"):
        apply(Inputs({"model": (shared,)}), EncodeParams(), context)


def test_the_masks_and_the_answers_survive(shared, context, handed_on, right):
    made = handed_on(apply(Inputs({"model": (shared,)}), EncodeParams(), context), context)
    assert right(load_module(made)) == right(load_module(shared))


def test_the_pipeline_of_deep_compression_prunes_as_that_of_han_2015_does():
    """The same steps, settings and titles: what one has computed, the other takes from the cache."""
    folder = resources() / "pipelines" / "papers"
    first, second = (json.loads(path.read_text()) for path in (next(folder.glob("R2-*")), next(folder.glob("R3-*"))))
    known = {node["id"]: (node["step"], node["title"], node["params"]) for node in first["nodes"] if node["id"] != "claim"}
    found = {node["id"]: (node["step"], node["title"], node["params"]) for node in second["nodes"] if node["id"] in known}
    assert found == known
    small, larger = (file["sample"]["budgets"]["small"] for file in (first, second))
    assert small.items() <= larger.items()
