"""Train, Fine-tune and Distil as steps: they learn on real digits, keep masks, and judge by the validation split alone."""

import pytest
import torch

from greenbench.core.errors import ModelError
from greenbench.core.step import Stored
from greenbench.ml.artifacts import apply_masks, load_masks, load_module, save_module
from greenbench.ml.data import open_dataset
from greenbench.ml.evaluation import correct_bits


@pytest.fixture(scope="module")
def teacher(run_step, digits):
    fresh = run_step("model.library", data=digits, name="resnet8", width=8)
    return run_step("train", "Teacher", model=fresh, data=digits, epochs=4)


@pytest.fixture(scope="module")
def student(run_step, digits):
    return run_step("model.library", "Small", data=digits, name="resnet8", width=4)


def test_training_says_what_it_reached_on_the_validation_images(teacher, digits) -> None:
    model = teacher.stored.model
    assert model.trained
    assert model.lineage == ("Model", "Teacher")
    accuracy = teacher.fact("Accuracy, validation")
    bits = correct_bits(load_module(teacher.stored), open_dataset(digits.stored).split("validation"))
    assert accuracy.value == pytest.approx(bits.mean())
    assert accuracy.value > 0.9
    assert accuracy.low < accuracy.value < accuracy.high or accuracy.value == 1
    assert teacher.outcome.headline == f"{100 * bits.mean():.1f} % val."
    assert [value for name, value in teacher.context.metrics if name == "accuracy"][-1] == accuracy.value


def test_training_says_what_it_took(run_step, digits, student) -> None:
    ran = run_step("train", model=student, data=digits, epochs=2, early_stopping=5, mixed_precision=True, augmentation="shift", shift=1)
    forward = student.stored.model.footprint.flops
    assert ran.fact("Epochs").value == 2
    assert ran.fact("Best epoch, kept").value in (1, 2)
    # Schwartz 2019: E·D·H, with the backward pass as two forward passes.
    assert ran.fact("Training work (E·D·H)").value == 3 * forward * 2 * len(open_dataset(digits.stored).split("train"))
    assert ran.fact("Arithmetic of training").text == "bf16, loss and weights float32"


def test_training_does_not_touch_what_it_was_given(run_step, digits, student) -> None:
    before = student.stored.file("weights").read_bytes()
    run_step("train", model=student, data=digits, epochs=1)
    assert student.stored.file("weights").read_bytes() == before


def test_the_test_images_are_never_opened(run_step, digits, student, monkeypatch) -> None:
    from greenbench.ml.data import Dataset

    asked = []
    real = Dataset.split
    monkeypatch.setattr(Dataset, "split", lambda self, name: asked.append(name) or real(self, name))
    run_step("train", model=student, data=digits, epochs=1)
    run_step("distil.soft", student=student, teacher=student, data=digits, epochs=1)
    assert set(asked) == {"train", "validation"}


def test_fine_tuning_repairs_a_pruned_model_and_keeps_its_zeros(run_step, digits, teacher, tmp_path) -> None:
    module = load_module(teacher.stored)
    masks = {}
    for name, parameter in module.named_parameters():
        if parameter.dim() == 4:
            masks[name] = parameter.abs() > parameter.abs().flatten().kthvalue(int(0.7 * parameter.numel())).values
    apply_masks(module, masks)
    pruned = Stored(save_module(module, tmp_path, teacher.stored.model, masks, step="Prune"), tmp_path, "p", "Prune")
    tuned = run_step("finetune", model=pruned, data=digits, epochs=2)
    kept = load_masks(tuned.stored)
    assert kept.keys() == masks.keys()
    weights = load_module(tuned.stored).state_dict()
    assert all(torch.equal(kept[name], masks[name]) and torch.count_nonzero(weights[name][~kept[name]]) == 0 for name in masks)
    accuracy = tuned.fact("Accuracy, validation")
    assert accuracy.value > accuracy.before
    assert tuned.stored.model.lineage == ("Model", "Teacher", "Prune", "Fine-tune")
    assert tuned.stored.model.footprint.nonzero_parameters <= pruned.model.footprint.nonzero_parameters + 200


def test_a_student_learns_from_its_teacher_alone(run_step, digits, teacher, student) -> None:
    taught = run_step("distil.soft", student=student, teacher=teacher, data=digits, epochs=4, batch=32, alpha=1.0)
    assert taught.fact("Accuracy, validation").value > 0.8
    assert taught.stored.model.footprint.parameters == student.stored.model.footprint.parameters
    assert taught.stored.model.lineage == ("Small", "Distil")


def test_models_that_do_not_fit_are_refused_by_name(run_step, digits, teacher) -> None:
    seven = run_step("model.library", "Seven", name="resnet8", width=4, size=8, classes=7)
    with pytest.raises(ModelError, match='"Seven" gives 7 outputs, the data set "Digits" has 10 classes'):
        run_step("train", model=seven, data=digits)
    with pytest.raises(ModelError, match='"Seven" gives 7 outputs, the data set "Digits" has 10 classes'):
        run_step("distil.soft", student=teacher, teacher=seven, data=digits)


def test_a_model_of_another_size_is_trained_on_images_of_its_size_and_keeps_it(run_step, digits) -> None:
    larger = run_step("model.library", "Wide", name="resnet8", width=4, size=16)
    trained = run_step("train", model=larger, data=digits, epochs=1)
    assert trained.stored.model.input == larger.stored.model.input
    assert trained.stored.model.classes == digits.stored.dataset.classes


def test_a_model_without_task_is_not_trained(run_step, digits, student) -> None:
    bare = Stored(student.stored.model.model_copy(update={"task": "other"}), student.stored.folder, "b", "Bare")
    with pytest.raises(ModelError, match='"Bare" cannot be trained on "Digits": the model has no task'):
        run_step("train", model=bare, data=digits)


def test_an_onnx_graph_cannot_be_trained(run_step, digits, student) -> None:
    graph = Stored(student.stored.model.model_copy(update={"format": "onnx"}), student.stored.folder, "g", "Graph")
    with pytest.raises(ModelError, match=r'"Graph" is an ONNX graph, which cannot be trained'):
        run_step("train", model=graph, data=digits)
