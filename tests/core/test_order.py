"""What one step did limits what may come after it, and the reason is said."""

from greenbench.core.order import Before, after, half_refusal, refusal
from greenbench.core.step import Trait
from greenbench.steps import installed

STEPS = installed()


def done(*keys: str) -> Before:
    before = Before({})
    for key in keys:
        before = after(STEPS[key], key.title(), {}, before)
    return before


def test_training_after_sharing_is_refused_and_names_who_shared() -> None:
    refused = refusal(STEPS["finetune"], "Tune", {}, done("train", "share.kmeans"))
    assert refused is not None
    assert "Share.Kmeans" in refused[0]
    assert "Train before" in refused[1]


def test_the_usual_chains_are_allowed() -> None:
    assert refusal(STEPS["share.kmeans"], "Share", {}, done("train", "prune.magnitude", "finetune")) is None
    assert refusal(STEPS["finetune"], "Tune", {}, done("train", "prune.structured")) is None
    assert refusal(STEPS["quantize.static"], "Int8", {}, done("distil.soft", "prune.structured", "finetune")) is None


def test_a_cut_is_mended_by_training_alone() -> None:
    assert Trait.CUTS in done("train", "prune.structured").done
    assert Trait.CUTS not in done("train", "prune.structured", "finetune").done


def test_pruning_that_retrains_is_training_and_pruning_at_once_is_not() -> None:
    shared, prune = done("train", "share.kmeans"), STEPS["prune.magnitude"]
    at_once = prune.params.checked({}).plain()
    in_rounds = prune.params.checked({"schedule": "iterative"}).plain()
    assert refusal(prune, "Prune", at_once, shared) is None
    assert refusal(prune, "Prune", in_rounds, shared) is not None


def test_the_coded_file_is_written_last() -> None:
    coded = done("train", "encode.deep")
    for key in ("prune.magnitude", "finetune", "quantize.static"):
        refused = refusal(STEPS[key], "Later", {}, coded)
        assert refused is not None
        assert "last" in refused[1]


def test_nothing_but_coding_works_on_half_precision() -> None:
    halved = done("train", "cast.half")
    for key in ("prune.magnitude", "finetune", "quantize.static", "share.kmeans", "distil.soft"):
        refused = refusal(STEPS[key], "Later", {}, halved)
        assert refused == ('"Later" cannot work in the half precision that "Cast.Half" left.', 'Put "Cast.Half" behind it.')
    assert refusal(STEPS["encode.deep"], "Encode", {}, halved) is None
    assert refusal(STEPS["benchmark"], "Benchmark", {}, halved) is None
    assert half_refusal(STEPS["distil.soft"], "Distil", halved) is not None  # not even as the teacher
