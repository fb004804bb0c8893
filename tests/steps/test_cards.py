"""The card of a compression step says what is true of the file that was written, judged on validation examples alone."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from greenbench.ml.artifacts import load_module
from greenbench.ml.data import open_dataset


@pytest.fixture(scope="module")
def trained(run_step, digits):
    net = run_step("model.library", data=digits, name="lenet_300_100")
    return run_step("train", model=net, data=digits, epochs=2)


def facts_of(ran):
    return {fact.title: fact for fact in ran.outcome.facts}


def accuracy(stored, data, split):
    given = open_dataset(data, stored).split(split)
    images = torch.from_numpy(given.take(np.arange(len(given))))
    with torch.no_grad():
        answers = load_module(stored)(images).argmax(1).numpy()
    return float((answers == given.labels).mean())


def test_a_card_is_recounted_from_the_file_and_the_validation_examples(run_step, digits, trained):
    pruned = run_step("prune.magnitude", model=trained, data=digits, sparsity=0.9)
    facts, state = facts_of(pruned), load_file(pruned.stored.file("weights"))
    assert facts["Parameters"].value == sum(tensor.numel() for tensor in state.values())
    assert facts["Non-zero parameters"].value == sum(int(torch.count_nonzero(tensor)) for tensor in state.values())
    assert facts["Distinct weights"].value == sum(len(np.unique(tensor.numpy())) for tensor in state.values() if tensor.dim() > 1)
    assert facts["File size"].value == pruned.stored.file("weights").stat().st_size
    judged = facts["Accuracy, validation"]
    assert judged.value == pytest.approx(accuracy(pruned.stored, digits.stored, "validation"))
    assert judged.before == pytest.approx(accuracy(trained.stored, digits.stored, "validation"))
    assert judged.low < judged.value < judged.high
    assert facts["Change of accuracy"].text.startswith("−")


def test_without_data_a_card_says_that_accuracy_is_not_known(run_step, trained):
    assert facts_of(run_step("prune.magnitude", model=trained))["Accuracy"].text.startswith("not known")


def test_what_changes_no_answer_is_called_none_and_no_interval(run_step, digits, trained):
    encoded = run_step("encode.deep", model=trained, data=digits)
    assert facts_of(encoded)["Change of accuracy"].text.startswith("none")


def test_bytes_of_two_formats_are_named(run_step, digits, trained):
    facts = facts_of(run_step("quantize.dynamic", model=trained, data=digits))
    assert "ONNX" in facts["Formats of these files"].text
