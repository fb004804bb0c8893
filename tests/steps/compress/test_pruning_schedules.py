"""Pruning that trains: it ends at the sparsity asked for, its masks last, and it answers better than pruning at once."""

import pytest
import torch

from greenbench.core.errors import ParameterError, StepError
from greenbench.core.step import Inputs
from greenbench.ml.artifacts import load_masks, load_module
from greenbench.steps.fine_tune.apply import apply as fine_tune
from greenbench.steps.fine_tune.spec import FineTuneParams
from greenbench.steps.prune_lottery.apply import apply as find_ticket
from greenbench.steps.prune_lottery.spec import LotteryParams
from greenbench.steps.prune_magnitude.apply import apply as prune
from greenbench.steps.prune_magnitude.shares import parse_shares
from greenbench.steps.prune_magnitude.spec import SPEC, MagnitudeParams
from greenbench.steps.prune_nm.apply import apply as prune_nm
from greenbench.steps.prune_nm.spec import PatternParams
from greenbench.steps.reinitialise.apply import apply as reinitialise
from greenbench.steps.reinitialise.spec import ReinitialiseParams


def facts_of(outcome):
    return {fact.title: fact for fact in outcome.facts}


@pytest.fixture(scope="module")
def at_once(linked, new_context):
    return facts_of(prune(linked, MagnitudeParams(sparsity=0.9), new_context()))


@pytest.fixture(scope="module")
def linked(trained, digits) -> Inputs:
    return Inputs({"model": (trained,), "data": (digits,)})


@pytest.mark.parametrize(
    "params",
    [
        MagnitudeParams(sparsity=0.9, schedule="iterative", rounds=2, epochs=1),
        MagnitudeParams(sparsity=0.9, schedule="gradual", epochs=2, every=5),
    ],
    ids=["iterative", "gradual"],
)
def test_pruning_that_trains_ends_at_its_sparsity_and_answers_better_than_at_once(linked, context, handed_on, at_once, params):
    outcome = prune(linked, params, context)
    made, facts = handed_on(outcome, context), facts_of(outcome)
    masks, module = load_masks(made), load_module(made)
    total = sum(mask.numel() for mask in masks.values())
    assert sum(int((~mask).sum()) for mask in masks.values()) == round(0.9 * total)
    assert not any(module.get_parameter(name)[~mask].any() for name, mask in masks.items())
    # Of 200 validation digits, pruned at once and untrained against trained: far apart, so no doubt about the sign.
    assert facts["Accuracy, validation"].value > at_once["Accuracy, validation"].value + 0.1
    assert facts["Accuracy, validation"].before == at_once["Accuracy, validation"].before
    assert facts["Epochs, all trainings"].value == 2
    assert facts["Training work (E·D·H)"].value > 0
    assert context.fractions == sorted(context.fractions)
    assert made.model.trained


@pytest.mark.parametrize("schedule", ["iterative", "gradual"])
def test_a_schedule_that_trains_asks_for_data(model_only, context, schedule):
    with pytest.raises(StepError, match=r'^"Compress 1": pruning \S+.* trains, and no data is connected') as caught:
        prune(model_only, MagnitudeParams(schedule=schedule), context)
    assert caught.value.remedy


@pytest.mark.parametrize("schedule", ["iterative", "gradual"])
def test_a_share_that_would_empty_a_layer_is_refused_before_any_training(linked, context, schedule):
    with pytest.raises(StepError, match=r"leaves no weight in \S+; at most"):
        prune(linked, MagnitudeParams(sparsity=0.9999, scope="layer", schedule=schedule, epochs=1), context)
    assert not context.metrics


def test_rounds_of_a_quality_factor_remove_more_each_time(linked, new_context, handed_on):
    kept = []
    for rounds in (1, 2):
        context = new_context()
        params = MagnitudeParams(amount="quality", quality=0.7, schedule="iterative", rounds=rounds, epochs=1)
        kept.append(facts_of(prune(linked, params, context))["Weights at zero"].value)
    assert 0 < kept[0] < kept[1] < 1


def test_shares_by_layer_are_kept_and_told(model_only, trained, context, handed_on):
    outcome = prune(model_only, MagnitudeParams(amount="shares", shares="*: 25 %, stem.*: 50%"), context)
    for name, mask in load_masks(handed_on(outcome, context)).items():
        share = 0.5 if name.startswith("stem.") else 0.25
        assert int(mask.sum()) == mask.numel() - round((1 - share) * mask.numel())


@pytest.mark.parametrize(
    ("text", "shares"), [("0: 66 %, 2:12%", {"0": 0.66, "2": 0.12}), ("a.b: 0.5; c: 1", {"a.b": 0.5, "c": 1.0}), ("x:8 %,", {"x": 0.08})]
)
def test_shares_are_read_as_people_write_them(text, shares):
    assert parse_shares(text) == pytest.approx(shares)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"amount": "shares"}, "no layer is named"),
        ({"amount": "shares", "shares": "fc1 8 %"}, '"fc1 8 %" is no share'),
        ({"amount": "shares", "shares": "fc1: lots"}, '"lots" is no share'),
        ({"amount": "shares", "shares": "fc1: 120 %"}, "at most 100 %"),
        ({"schedule": "gradual", "begin": 0.8}, "must end after it begins"),
        ({"schedule": "gradual", "amount": "quality"}, "no gradual schedule"),
    ],
)
def test_settings_that_mean_nothing_are_refused_before_the_run(values, said):
    with pytest.raises(ParameterError, match=said):
        SPEC.params.checked(values, "Prune 1")


def test_a_ticket_is_the_untrained_network_under_masks_and_learns_once_it_is_trained(untrained, digits, new_context, handed_on):
    context = new_context()
    outcome = find_ticket(Inputs({"model": (untrained,), "data": (digits,)}), LotteryParams(rounds=2, epochs=1), context)
    ticket = handed_on(outcome, context)
    first, masks = load_module(untrained).state_dict(), load_masks(ticket)
    for name, value in load_module(ticket).state_dict().items():
        assert torch.equal(value, first[name] * masks[name] if name in masks else first[name])
    assert not ticket.model.trained
    whole = {name: mask.numel() for name, mask in masks.items()}
    for name, mask in masks.items():
        share = 0.9 if name == list(masks)[-1] else 0.8
        assert int(mask.sum()) == pytest.approx(share**2 * whole[name], abs=1)
    assert facts_of(outcome)["Trainings"].value == 2
    context = new_context()
    made = handed_on(reinitialise(Inputs({"model": (ticket,)}), ReinitialiseParams(), context), context)
    assert all(torch.equal(mask, load_masks(made)[name]) for name, mask in masks.items())
    fresh = load_module(made).state_dict()
    assert all(torch.equal(fresh[name] != 0, mask) and not torch.equal(fresh[name], first[name] * mask) for name, mask in masks.items())
    context = new_context()
    trained = fine_tune(Inputs({"model": (ticket,), "data": (digits,)}), FineTuneParams(epochs=1, learning_rate=0.1), context)
    after = handed_on(trained, context)
    assert all(torch.equal(mask, load_masks(after)[name]) for name, mask in masks.items())


def test_the_pattern_lasts_through_fine_tuning_and_the_panel_promises_no_speed(linked, digits, context, new_context, handed_on):
    outcome = prune_nm(linked, PatternParams(), context)
    sparse = handed_on(outcome, context)
    assert "no speed-up on this device" in facts_of(outcome)["Speed"].text
    assert any("1 input channels" in note for note in sparse.model.notes)
    context = new_context()
    tuned = handed_on(fine_tune(Inputs({"model": (sparse,), "data": (digits,)}), FineTuneParams(epochs=1), context), context)
    masks = load_masks(tuned)
    module = load_module(tuned)
    for name, mask in masks.items():
        groups = module.get_parameter(name).movedim(1, -1).reshape(-1, 4)
        assert ((groups != 0).sum(1) <= 2).all()
        assert (mask.movedim(1, -1).reshape(-1, 4).sum(1) == 2).all()


def test_the_test_split_is_never_opened_by_pruning(linked, context, monkeypatch):
    from greenbench.ml.data import Dataset

    asked = []
    real = Dataset.split
    monkeypatch.setattr(Dataset, "split", lambda self, name: asked.append(name) or real(self, name))
    prune(linked, MagnitudeParams(schedule="iterative", rounds=1, epochs=1), context)
    assert set(asked) == {"train", "validation"}


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    from greenbench.core.artifact import InputSpec
    from greenbench.core.step import Stored
    from greenbench.ml.artifacts import Blueprint, save_module
    from greenbench.ml.models import architecture_for, build

    folder, spec = tmp_path_factory.mktemp("first"), InputSpec(shape=(1, 8, 8), mean=(0.3,), std=(0.4,))
    torch.manual_seed(0)
    plan = Blueprint(architecture_for("mlp", spec, 10, 32), spec, tuple("0123456789"))
    return Stored(save_module(build(plan.architecture), folder, plan, step="First"), folder, "f", "First")
