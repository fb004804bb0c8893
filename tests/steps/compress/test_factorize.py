"""Factorize: thin layers that save, load, train, prune and export like any other."""

import pytest
import torch

from greenbench.core.artifact import ModelArtifact
from greenbench.core.errors import ModelError, StepError
from greenbench.core.step import Inputs, Stored
from greenbench.ml.artifacts import load_module
from greenbench.ml.export import export_onnx
from greenbench.steps.factorize.apply import apply
from greenbench.steps.factorize.spec import FactorizeParams
from greenbench.steps.fine_tune.apply import apply as fine_tune
from greenbench.steps.fine_tune.spec import FineTuneParams
from greenbench.steps.prune_structured.apply import apply as prune_channels
from greenbench.steps.prune_structured.spec import StructuredParams

THIN = FactorizeParams(by="ratio", ratio=0.5)


def test_the_saved_model_is_cheaper_and_answers_as_its_facts_say(linked, trained, context, handed_on):
    outcome = apply(linked, THIN, context)
    made = handed_on(outcome, context)
    facts = {fact.title: fact for fact in outcome.facts}
    assert made.model.footprint.flops < trained.model.footprint.flops
    assert facts["Layers split"].value == len(made.model.architecture.changes)
    changes = {change.layer: change.arguments["ranks"] for change in made.model.architecture.changes}
    module = load_module(made)
    for layer, ranks in changes.items():
        thin = module.get_submodule(layer)
        assert [part.weight.shape[0] for part in list(thin)[:-1]] == ranks
        assert facts[f"Rank of {layer}"].text.startswith(f"{ranks[0]} of ")
    assert facts["Accuracy, validation"].before > 0.8
    assert 0 < facts["Least energy kept in a layer"].value <= 1


def test_more_energy_keeps_more_of_the_answers(model_only, context, new_context, handed_on, right):
    def accuracy(energy):
        here = new_context()
        return right(load_module(handed_on(apply(model_only, FactorizeParams(energy=energy), here), here)))

    assert accuracy(0.9) > accuracy(0.3)


def test_thin_layers_train_prune_split_again_and_export(linked, digits, context, new_context, handed_on, right):
    thin = handed_on(apply(linked, THIN, context), context)
    context = new_context()
    tuned = handed_on(
        fine_tune(Inputs({"model": (thin,), "data": (digits,)}), FineTuneParams(epochs=1, learning_rate=0.05), context), context
    )
    assert right(load_module(tuned)) > right(load_module(thin))
    context = new_context()
    cut = handed_on(
        prune_channels(Inputs({"model": (tuned,), "data": (digits,)}), StructuredParams(ratio=0.25, multiple=1), context), context
    )
    assert cut.model.footprint.parameters < tuned.model.footprint.parameters
    context = new_context()
    export_onnx(cut, context.folder, context)  # which compares its answers with the network's


def test_a_network_whose_channels_were_cut_before_is_split_too(linked, digits, context, new_context, handed_on):
    cut = handed_on(prune_channels(linked, StructuredParams(ratio=0.5, multiple=1), context), context)
    context = new_context()
    made = handed_on(apply(Inputs({"model": (cut,)}), THIN, context), context)
    assert load_module(made)(torch.zeros(2, 1, 8, 8)).shape == (2, 10)
    assert made.model.footprint.flops < cut.model.footprint.flops


def test_a_layer_to_leave_alone_must_exist(linked, context):
    with pytest.raises(StepError, match=r'^"Compress 1": the network has no layer "blocks\.9"') as caught:
        apply(linked, FactorizeParams(keep="stem, blocks.9"), context)
    assert "blocks." in caught.value.remedy


def test_an_onnx_graph_is_refused(trained, context):
    graph = ModelArtifact(**{**trained.model.model_dump(), "format": "onnx"})
    with pytest.raises(ModelError, match="ONNX"):
        apply(Inputs({"model": (Stored(graph, trained.folder, "x", "Graph"),)}), THIN, context)
