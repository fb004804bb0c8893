"""Training learns, repeats itself exactly, keeps pruned weights at zero, and never looks at the test split."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import Cancelled, DataError, ModelError, StepError
from greenbench.core.step import Stored
from greenbench.ml.data import Dataset, Split
from greenbench.ml.models import architecture_for, build
from greenbench.ml.training import Guidance, Settings, fit, learning_rate


class WithoutTest(Dataset):
    """A data set that refuses to show its test split."""

    def split(self, name: str) -> Split:
        assert name in ("train", "validation"), f"training looked at {name}"
        return super().split(name)


@pytest.fixture
def data(digits8: Stored) -> Dataset:
    return WithoutTest(digits8)


def network(name: str = "lenet_300_100", classes: int = 10, width: int | None = None) -> nn.Module:
    torch.manual_seed(3)
    return build(architecture_for(name, InputSpec(shape=(1, 8, 8)), classes, width))


def state(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


QUICK = Settings(epochs=3, batch=32, learning_rate=0.05)


def test_it_learns_the_digits_and_says_how_it_goes(data, context) -> None:
    report = fit(network(), data, QUICK, context)
    assert report.scores.mean() > 0.9  # chance is 0.1
    assert context.values("accuracy") == list(report.values)
    assert len(report.losses) == 3
    assert report.losses[-1] < report.losses[0] / 3
    assert 0 < len(context.values("loss")) == len(context.values("batch_s"))
    assert context.fractions == sorted(context.fractions)
    assert context.fractions[-1] == 1.0
    assert context.looks >= report.batches == 3 * 36


def test_the_same_seed_gives_the_same_weights_bit_for_bit(data, context) -> None:
    results = []
    for seed in (0, 0, 1):
        module = network("resnet8", width=4)
        context.seed = seed
        fit(module, data, Settings(epochs=1, batch=64), context)
        results.append(state(module))
    assert all(torch.equal(results[0][key], results[1][key]) for key in results[0])
    assert any(not torch.equal(results[0][key], results[2][key]) for key in results[0])


def test_training_leaves_torch_as_it_was(data, context) -> None:
    module = network()
    torch.manual_seed(11)
    expected = torch.rand(2)
    torch.manual_seed(11)
    fit(module, data, Settings(epochs=1), context)
    assert torch.equal(torch.rand(2), expected)
    assert not module.training


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_pruned_weights_stay_exactly_zero_and_the_others_learn(optimizer, data, context) -> None:
    module = network()
    masks = {"1.weight": torch.rand(300, 64) > 0.8, "3.weight": torch.rand(100, 300) > 0.8}
    before = state(module)
    fit(module, data, Settings(epochs=2, optimizer=optimizer, learning_rate=0.003), context, Guidance(masks=masks))
    after = state(module)
    for name, mask in masks.items():
        assert torch.count_nonzero(after[name][~mask]) == 0
        assert torch.all(after[name][mask] != before[name][mask])


def test_one_step_is_the_gradient_times_the_rate(data, context) -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    weight, bias = (parameter.detach().clone().requires_grad_() for parameter in module.parameters())
    x, y = (torch.from_numpy(np.array(array)) for array in data.split("train").arrays())
    loss = functional.cross_entropy(functional.linear(x.flatten(1), weight, bias), y)
    loss.backward()
    plain = Settings(epochs=1, batch=len(y), learning_rate=0.3, schedule="constant", weight_decay=0, momentum=0, warm_up=0)
    report = fit(module, data, plain, context)
    assert report.losses[0] == pytest.approx(float(loss.detach()), rel=1e-5)
    torch.testing.assert_close(module[1].weight.detach(), (weight - 0.3 * weight.grad).detach(), rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(module[1].bias.detach(), (bias - 0.3 * bias.grad).detach(), rtol=1e-4, atol=1e-6)


def test_schedules_follow_their_formulas() -> None:
    cosine = Settings(epochs=1, learning_rate=2.0, warm_up=0)
    assert [learning_rate(cosine, done, 100) for done in (0, 25, 50, 75)] == pytest.approx([2, 1 + 0.5**0.5, 1, 1 - 0.5**0.5])
    step = Settings(epochs=1, learning_rate=1.0, warm_up=0, schedule="step")
    assert [learning_rate(step, done, 100) for done in (0, 49, 50, 74, 75, 99)] == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])
    rising = Settings(epochs=1, learning_rate=1.0, warm_up=0.1, schedule="constant")
    assert [learning_rate(rising, done, 100) for done in (0, 4, 9, 10, 99)] == pytest.approx([0.1, 0.5, 1, 1, 1])


def test_weights_that_go_astray_after_the_last_loss_end_it_too(data, context) -> None:
    module = network()
    first = next(module.named_parameters())

    def stray(done: int, total: int) -> None:
        if done == total:
            first[1].data.fill_(float("inf"))

    with pytest.raises(StepError, match=rf"came apart at its end: {first[0]} .*Lower the learning rate"):
        fit(module, data, Settings(epochs=1), context, Guidance(after_batch=stray))


def test_a_network_whose_answers_are_no_numbers_is_not_handed_on(data, context) -> None:
    module = network()
    first = next(module.parameters())

    def grow(done: int, total: int) -> None:
        if done == total:
            first.data.fill_(3e38)  # a number still, whose sums are none

    with pytest.raises(StepError, match=r"answers are no numbers.*Lower the learning rate"):
        fit(module, data, Settings(epochs=1), context, Guidance(after_batch=grow))


def test_a_loss_that_is_no_number_ends_training_with_a_remedy(data, context) -> None:
    with pytest.raises(StepError, match=r"came apart in epoch 1.*Lower the learning rate"):
        fit(network(), data, Settings(epochs=2, learning_rate=1e9, warm_up=0), context)


def test_stop_ends_training_at_the_next_batch(data, context) -> None:
    context.stop_after = 5
    with pytest.raises(Cancelled):
        fit(network(), data, QUICK, context)
    assert context.looks == 6


def test_a_model_with_other_outputs_is_refused_with_both_numbers(data, context) -> None:
    with pytest.raises(ModelError, match=r"gives 7 outputs, the data set Digits has 10 classes"):
        fit(network(classes=7), data, QUICK, context)


def test_random_inputs_cannot_be_trained_on(tmp_path, context) -> None:
    from greenbench.ml.data.arrays import random_inputs

    made = random_inputs(tmp_path, (1, 8, 8), 10, 8, 0)
    with pytest.raises(DataError, match="no training examples"):
        fit(network(), Dataset(Stored(made, tmp_path, "d", "Noise")), QUICK, context)


def test_batches_read_from_disk_train_like_those_in_memory(data, context, monkeypatch) -> None:
    modules = [network(), network()]
    fit(modules[0], data, Settings(epochs=1), context)
    monkeypatch.setattr("greenbench.ml.batches._KEEP_IN_MEMORY_BYTES", 0)
    fit(modules[1], data, Settings(epochs=1), context)
    first, second = (state(module) for module in modules)
    assert all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize("width", [5, 10])
def test_gradients_of_narrow_shortcuts_are_right(width) -> None:
    # oneDNN writes past its buffer in just these layers if channels are last (uxlfoundation/oneDNN issue 6035).
    module = network("resnet8", width=width)
    x, y = torch.randn(16, 1, 8, 8), torch.randint(10, (16,))
    plain = copy.deepcopy(module).double()  # oneDNN takes no doubles, so this goes another way
    functional.cross_entropy(module(x), y).backward()
    functional.cross_entropy(plain(x.double()), y).backward()
    for fast, exact in zip(module.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(fast.grad, exact.grad.float(), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("width", "threads"), [(4, 1), (64, 2)])
def test_small_networks_take_one_thread_and_torch_gets_its_own_back(width, threads, data, context, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr("greenbench.ml.training._Fit._epoch", lambda *_: asked.append(torch.get_num_threads()))
    context.threads, before = 2, torch.get_num_threads()
    fit(network("resnet8", width=width), data, Settings(epochs=1, batch=64), context)
    assert asked == [threads]
    assert torch.get_num_threads() == before


def test_adam_is_the_published_rule(data, context) -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    weight, bias = (parameter.detach().clone().requires_grad_() for parameter in module.parameters())
    x, y = (torch.from_numpy(np.array(array)) for array in data.split("train").arrays())
    functional.cross_entropy(functional.linear(x.flatten(1), weight, bias), y).backward()
    plain = Settings(epochs=1, batch=len(y), learning_rate=0.01, optimizer="adam", schedule="constant", weight_decay=0, warm_up=0)
    fit(module, data, plain, context)
    # Kingma 2015, algorithm 1: after one step both moments, corrected, are the gradient and its square.
    gradient = weight.grad
    expected = weight.detach() - 0.01 * gradient / (gradient.abs() + 1e-8)
    clear = gradient.abs() > 1e-5  # below it, the order of a sum decides the sign
    torch.testing.assert_close(module[1].weight.detach()[clear], expected[clear], rtol=1e-3, atol=1e-5)


def test_the_work_is_three_forward_passes_of_every_example_seen(data, context) -> None:
    report = fit(network(), data, Settings(epochs=2, batch=32), context)
    # LeNet-300-100 on 8×8: 64·300 + 300·100 + 100·10 multiply-adds, two FLOPs each.
    assert report.flops == 3 * 2 * (64 * 300 + 300 * 100 + 100 * 10) * report.examples
    assert report.examples == 2 * len(data.split("train"))
    assert report.epoch == 2


def test_early_stopping_keeps_the_best_state_seen_and_ends(data, context, monkeypatch) -> None:
    told = [0.5, 0.8, 0.7, 0.8, 0.75, 0.9]
    states = []

    def judge(self) -> np.ndarray:
        states.append(state(self.module))
        return np.full(10, told[len(states) - 1])

    monkeypatch.setattr("greenbench.ml.training._Fit._validate", judge)
    module = network()
    report = fit(module, data, Settings(epochs=6, early_stopping=3), context)
    assert report.epoch == 2
    assert report.values == (0.5, 0.8, 0.7, 0.8, 0.75)
    assert report.scores.mean() == 0.8
    assert all(torch.equal(tensor, states[1][name]) for name, tensor in module.state_dict().items())
    assert context.logs == ["No better for 3 epochs; the state of epoch 2 is kept."]


def test_early_stopping_forgets_states_from_before_weights_were_pruned(data, context, monkeypatch) -> None:
    told = iter([0.9, 0.5, 0.6, 0.55])
    monkeypatch.setattr("greenbench.ml.training._Fit._validate", lambda self: np.full(4, next(told)))
    masks: dict[str, torch.Tensor] = {}

    def prune(done: int, total: int) -> None:
        if done == total // 4 + 1:
            masks["1.weight"] = torch.rand(300, 64) > 0.5

    module = network()
    report = fit(module, data, Settings(epochs=4, early_stopping=2), context, Guidance(masks=masks, after_batch=prune))
    assert report.epoch == 3
    assert torch.count_nonzero(module[1].weight[~masks["1.weight"]]) == 0


def test_work_after_a_batch_sees_each_batch_and_its_masks_hold_at_once(data, context) -> None:
    seen, zeros = [], []
    masks = {"1.weight": torch.ones(300, 64, dtype=torch.bool)}
    module = network()

    def after(done: int, total: int) -> None:
        seen.append((done, total))
        zeros.append(int((module[1].weight == 0).sum()))
        masks["1.weight"][:done] = False

    fit(module, data, Settings(epochs=1, batch=64), context, Guidance(masks=masks, after_batch=after))
    assert seen == [(done, 18) for done in range(1, 19)]
    assert torch.count_nonzero(module[1].weight[:18]) == 0
    assert torch.all(module[1].weight[18:] != 0)


def test_a_loss_with_weights_of_its_own_has_them_trained(data, context) -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.zeros(10))

        def forward(self, outputs: torch.Tensor, batch) -> torch.Tensor:
            return functional.cross_entropy(outputs * self.scale.exp(), batch.y)

    loss = Scaled()
    fit(network(), data, Settings(epochs=1), context, Guidance(loss))
    assert torch.all(loss.scale != 0)


def test_augmented_images_reach_the_loss_and_say_so(data, context) -> None:
    train = torch.from_numpy(np.array(data.split("train").arrays()[0]))
    changed = []

    def loss(outputs: torch.Tensor, batch) -> torch.Tensor:
        changed.append((batch.augmented, float((batch.x != train[batch.indices]).flatten(1).any(1).float().mean())))
        return functional.cross_entropy(outputs, batch.y)

    fit(network(), data, Settings(epochs=1), context, Guidance(loss))
    assert set(changed) == {(False, 0.0)}
    changed.clear()
    fit(network(), data, Settings(epochs=1, augmentation="shift", shift=1), context, Guidance(loss))
    # One of nine shifts is none.
    assert np.mean([share for _, share in changed]) == pytest.approx(8 / 9, abs=0.03)
    assert all(augmented for augmented, _ in changed)


def test_mixed_precision_computes_the_network_in_bf16_and_the_loss_in_float32(data, context) -> None:
    seen = set()

    def loss(outputs: torch.Tensor, batch) -> torch.Tensor:
        seen.add(outputs.dtype)
        return functional.cross_entropy(outputs, batch.y)

    module = network()
    module[3].register_forward_hook(lambda layer, _, output: seen.add((layer.training, output.dtype)))
    report = fit(module, data, Settings(epochs=3, batch=32, mixed_precision=True), context, Guidance(loss))
    assert {torch.float32, (True, torch.bfloat16), (False, torch.float32)} == seen
    assert {parameter.dtype for parameter in module.parameters()} == {torch.float32}
    assert report.scores.mean() > 0.9


def test_another_seed_of_the_step_is_another_order(data, context) -> None:
    found = []
    for run, step in ((0, 1), (1, 0), (0, 0)):
        module = network()
        context.seed = run
        fit(module, data, Settings(epochs=1, seed=step), context)
        found.append(state(module)["1.weight"])
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])
