"""What may follow what: a step that undoes what an earlier one did is refused before anything runs, with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from greenbench.core.step import Group, StepSpec, Trait


@dataclass(frozen=True)
class Before:
    """What has happened to a model so far: the title of the step that did it, by what it did."""

    done: Mapping[Trait, str]


NOTHING_DONE = Before({})


def learns(spec: StepSpec, params: Mapping[str, Any]) -> bool:
    """Whether a step trains the weights freely: always, or because its parameters ask for epochs (pruning that retrains)."""
    if Trait.LEARNS in spec.traits:
        return True
    epochs = spec.field("epochs")
    asked = epochs is not None and epochs.visible(params) and params.get("epochs", 0) > 0
    return asked and Trait.SHARES not in spec.traits


def refusal(spec: StepSpec, title: str, params: Mapping[str, Any], before: Before) -> tuple[str, str] | None:
    """Why a step may not come after what has been done to its model, and the remedy; None where it may."""
    changes = spec.group in (Group.TRAIN, Group.COMPRESS, Group.DISTIL)
    if changes and Trait.CODES in before.done:
        coder = before.done[Trait.CODES]
        return f'"{title}" would change the model after "{coder}" wrote its file.', f'Put "{coder}" last.'
    halved = half_refusal(spec, title, before)
    if halved:
        return halved
    if learns(spec, params) and Trait.SHARES in before.done:
        sharer = before.done[Trait.SHARES]
        message = f'"{title}" would train the weights apart that share values since "{sharer}".'
        return message, f'Train before "{sharer}"; it fine-tunes the shared values itself where data is connected.'
    return None


def half_refusal(spec: StepSpec, title: str, before: Before) -> tuple[str, str] | None:
    """Why a step cannot work with a model in half precision, not even by asking it (a teacher); None where it can."""
    changes = spec.group in (Group.TRAIN, Group.COMPRESS, Group.DISTIL)
    if not changes or Trait.HALVES not in before.done or Trait.CODES in spec.traits:
        return None
    caster = before.done[Trait.HALVES]
    return f'"{title}" cannot work in the half precision that "{caster}" left.', f'Put "{caster}" behind it.'


def after(spec: StepSpec, title: str, params: Mapping[str, Any], before: Before) -> Before:
    """What has happened to a model once a step has worked on it. Training mends a cut."""
    done = dict(before.done)
    if learns(spec, params):
        done.pop(Trait.CUTS, None)
    return Before({**done, **dict.fromkeys(spec.traits, title)})
