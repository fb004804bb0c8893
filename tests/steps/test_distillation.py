"""The distillation steps on real digits: what a teacher adds is told beside a control, and few bits are few in the file too."""

import pytest
import torch

from greenbench.core.errors import ModelError
from greenbench.ml.artifacts import load_module
from greenbench.ml.compress import bucket_file
from greenbench.ml.data import open_dataset
from greenbench.ml.distillation.features import attention_loss
from greenbench.ml.distillation.layer_pairs import Taps


@pytest.fixture(scope="module")
def teacher(run_step, digits):
    fresh = run_step("model.library", data=digits, name="mlp", width=64)
    return run_step("train", "Teacher", model=fresh, data=digits, epochs=3)


@pytest.fixture(scope="module")
def student(run_step, digits):
    return run_step("model.library", "Small", data=digits, name="mlp", width=16)


@pytest.fixture(scope="module")
def alone(run_step, digits, student):
    return run_step("train", "Alone", model=student, data=digits, epochs=2)


def test_a_teacher_and_a_control_are_judged_on_the_same_images(run_step, digits, student, teacher, alone) -> None:
    taught = run_step("distil.soft", student=student, teacher=teacher, data=digits, control=alone, epochs=2, weighting="entropy")
    assert taught.fact("Teacher's accuracy, validation").value == teacher.fact("Accuracy, validation").value
    assert taught.fact("Control's accuracy, validation").value == alone.fact("Accuracy, validation").value
    added = taught.fact("Accuracy, validation").value - alone.fact("Accuracy, validation").value
    said = taught.fact("What the teacher added").text
    assert float(said.split(" pp")[0].replace("−", "-")) == pytest.approx(100 * added, abs=0.06)
    assert 0 < taught.fact("What a weighted batch is worth").value < 1


def test_a_teacher_that_was_never_trained_or_knows_no_more_is_told(run_step, digits, student, alone) -> None:
    taught = run_step("distil.soft", student=student, teacher=student, data=digits, control=alone, epochs=1)
    said = [text for level, text in taught.context.logs if level == "warning"]
    assert any('The teacher "Small" was never trained' in text for text in said)
    assert any('the student without it ("Alone")' in text for text in said)
    assert [fact.text for fact in taught.outcome.facts if fact.title == "Note"] == said


def test_a_control_of_another_size_is_no_control(run_step, digits, student, teacher) -> None:
    with pytest.raises(ModelError, match=r'The control "Teacher" has .* parameters, the student'):
        run_step("distil.soft", student=student, teacher=teacher, data=digits, control=teacher, epochs=1)


def test_a_student_learns_decoupled_on_shifted_images(run_step, digits, student, teacher) -> None:
    taught = run_step(
        "distil.soft", student=student, teacher=teacher, data=digits, epochs=3, method="decoupled", augmentation="shift", shift=1
    )
    assert taught.fact("Accuracy, validation").value > 0.5


@pytest.mark.parametrize("method", ["weights", "points"])
def test_a_student_in_two_bits_is_that_in_its_file_too(run_step, digits, alone, teacher, method: str) -> None:
    taught = run_step("distil.quantised", student=alone, teacher=teacher, data=digits, epochs=1, method=method, bits=2)
    rounded = run_step("quantize.buckets", model=alone, data=digits, bits=2)
    for ran in (taught, rounded):
        weights = load_module(ran.stored).state_dict()
        parts = [part for tensor in weights.values() if tensor.dim() > 1 for part in tensor.flatten().split(256)]
        assert max(torch.unique(part).numel() for part in parts) <= 4
        again = bucket_file.read(ran.stored.file("buckets"))
        assert all(torch.equal(again[name], tensor) for name, tensor in weights.items())
        assert ran.fact("Most values in a bucket").value <= 4
        assert ran.stored.model.footprint.size_coded_bytes <= ran.fact("File of indices").value
        assert "simulated" in ran.fact("Few bits").text
        assert ran.stored.model.precision == "fp32"
    assert taught.fact("Accuracy, validation").value > rounded.fact("Accuracy, validation").value


def test_biases_do_not_move_where_only_the_points_learn(run_step, digits, alone, teacher) -> None:
    taught = run_step("distil.quantised", student=alone, teacher=teacher, data=digits, epochs=1, method="points")
    before, after = (load_module(ran.stored).state_dict() for ran in (alone, taught))
    assert all(torch.equal(before[name], after[name]) for name in before if name.endswith("bias"))
    assert not torch.equal(before["1.weight"], after["1.weight"])


def test_points_alone_cannot_teach_a_student_that_knows_nothing(run_step, digits, student, teacher) -> None:
    taught = run_step("distil.quantised", student=student, teacher=teacher, data=digits, epochs=1, method="points")
    assert any("The student was never trained" in text for _, text in taught.context.logs)


def test_pruned_weights_stay_zero_in_few_bits(run_step, digits, alone, teacher) -> None:
    pruned = run_step("prune.magnitude", model=alone, sparsity=0.8)
    taught = run_step("distil.quantised", student=pruned, teacher=teacher, data=digits, epochs=1, bits=3)
    before, after = (load_module(ran.stored).state_dict() for ran in (pruned, taught))
    zero = [(after[name][before[name] == 0] == 0).all() for name in before if before[name].dim() > 1]
    assert all(zero)
    assert "masks" in taught.stored.model.files


@pytest.fixture(scope="module")
def seeing(run_step, digits):
    """A convolutional teacher, trained, and a smaller student."""
    large = run_step("model.library", data=digits, name="cnn_small", width=8)
    small = run_step("model.library", "Small", data=digits, name="cnn_small", width=4)
    return run_step("train", "Teacher", model=large, data=digits, epochs=2), small


@pytest.mark.parametrize("method", ["attention", "hints"])
def test_a_student_follows_its_teachers_layers_and_keeps_its_own(run_step, digits, seeing, method: str) -> None:
    teacher, student = seeing
    losses = []
    for weight in (0.0, 1000.0 if method == "attention" else 10.0):
        given = {f"{'attention' if method == 'attention' else 'hint'}_weight": weight}
        taught = run_step(
            "distil.features", student=student, teacher=teacher, data=digits, epochs=2, method=method, hints_first=0.0, **given
        )
        assert taught.stored.model.footprint.parameters == student.stored.model.footprint.parameters
        losses.append(_distance(taught, teacher, digits, method))
    assert losses[1] < losses[0]  # listening to the layers brings them nearer


def _distance(taught, teacher, digits, method: str) -> float:
    """How far the student's maps are from the teacher's on validation images; for hints, after the best linear map between them."""
    pair = taught.fact("Layers, student ← teacher").text.split(";")[0]
    names = [part.split(" ")[0] for part in pair.split(" ← ")[:2]]
    x = torch.from_numpy(open_dataset(digits.stored, taught.stored).split("validation").arrays()[0])
    heard = []
    for ran, name in zip((taught, teacher), names, strict=True):
        module, taps = load_module(ran.stored), Taps([name])
        with taps.on(module), torch.no_grad():
            module(x)
            heard.append(taps.outputs[name])
    if method == "attention":
        return float(attention_loss(*heard))
    rows = [each.permute(0, 2, 3, 1).flatten(0, 2) for each in heard]
    ones = torch.cat([rows[0], torch.ones(len(rows[0]), 1)], dim=1)
    fitted = ones @ torch.linalg.lstsq(ones, rows[1]).solution
    return float((fitted - rows[1]).pow(2).mean())


def test_a_graph_has_no_layers_to_listen_to(run_step, digits, seeing) -> None:
    teacher, student = seeing
    graph = run_step("quantize.static", model=teacher, data=digits)
    with pytest.raises(ModelError, match="its layers cannot be listened to"):
        run_step("distil.features", student=student, teacher=graph, data=digits, epochs=1)
