"""A step's own words open and close windows for work of another kind."""

import pytest

from greenbench.core import messages
from greenbench.core.charge import ChargeKind, part_kind
from greenbench.core.run import PlannedNode
from greenbench.engine.parts import Parts


def parts(step):
    clock, said = iter(range(100)), []
    node = PlannedNode(id="n", step=step, version=1, title="N", params={}, digest="d")
    return Parts(node, lambda: next(clock), said.append), said


def spans(said):
    return [(e.window.label, e.window.t0_ns, e.window.t1_ns) for e in said if isinstance(e, messages.WindowClosed)]


def test_each_kind_has_its_window_from_the_first_word_of_it_to_the_next_of_another():
    watched, said = parts("quantize.static")
    for text in ("exporting", "calibrating", "calibrating", "", "looking for sensitive layers", "saving"):
        watched.at(text)
    watched.close()
    assert spans(said) == [("calibration", 0, 1), ("search", 2, 3)]
    assert len(said) == 4


def test_the_end_of_a_step_closes_what_is_open():
    watched, said = parts("prune.magnitude")
    watched.at("round 1 of 3, epoch 1 of 5")
    watched.at("round 1 of 3, epoch 2 of 5")
    watched.close()
    watched.close()
    assert spans(said) == [("training", 0, 1)]


@pytest.mark.parametrize("step", ["train", "finetune", "distil.soft"])
def test_training_is_no_part_of_a_step_that_trains(step):
    assert part_kind(step, "epoch 3 of 10") is None


def test_a_step_says_what_is_known_here():
    """The words are those that the steps use: a change of them would charge calibration to compression again."""
    from inspect import getsource

    from greenbench.ml import training
    from greenbench.steps.prune_structured import apply as structured
    from greenbench.steps.quantize_openvino import apply as openvino
    from greenbench.steps.quantize_static import apply as static

    words = {static: ("calibrating", "looking for sensitive layers", "leaving layers out"), openvino: ("calibrating",)}
    for module, texts in {**words, structured: ("batch norms",), training: ("epoch ",)}.items():
        for text in texts:
            assert text in getsource(module)
            assert part_kind("quantize.static", text) in (ChargeKind.CALIBRATION, ChargeKind.SEARCH, ChargeKind.TRAINING)
