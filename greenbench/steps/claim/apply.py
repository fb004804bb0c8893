"""Judges a claim."""

from pathlib import Path

from safetensors.torch import load_file

from greenbench.analysis import claims
from greenbench.analysis.claims import Evidence, Found
from greenbench.core.artifact import Fact, ResultsArtifact
from greenbench.core.claim import ClaimLine, ClaimResult
from greenbench.core.errors import StepError
from greenbench.core.step import Inputs, StepContext, StepOutcome, Stored
from greenbench.ml.card import example_scores
from greenbench.ml.compress import packed
from greenbench.ml.data import open_dataset
from greenbench.ml.tasks import task
from greenbench.steps.claim.spec import ClaimParams


def apply(inputs: Inputs, params: ClaimParams, context: StepContext) -> StepOutcome:
    """Gathers what the rule asks for of every model and seed, and compares.

    Raises:
        StepError: the rule names something that is not connected, or two models have one name.
        ModelError: a model does not run, or the data does not fit it.
    """
    arrived, data = inputs.many("models"), inputs.many("data")
    others = {stored.title: stored.artifact.values for stored in inputs.many("results") if isinstance(stored.artifact, ResultsArtifact)}
    _check_names(params.rule, {stored.title for stored in arrived} | set(others))
    models: dict[str, list[Evidence]] = {}
    for count, stored in enumerate(arrived):
        context.progress(count / len(arrived), stored.title)
        found = _evidence(stored, data[0] if data else None, params.rule, context)
        seeds = models.setdefault(stored.title, [])
        if any(seed.seed == found.seed for seed in seeds):
            raise StepError(f'Two connected models are called "{stored.title}".', "Rename one: the rule knows models by their titles.")
        seeds.append(found)
    known = {name: tuple(seeds) for name, seeds in models.items()}
    lines = claims.judge(params.rule, Found(known, others, params.seeds))
    result = ClaimResult(
        statement=params.statement,
        published=params.published,
        reservation=params.reservation,
        rule=params.rule,
        seeds=tuple(sorted({seed.seed for seeds in known.values() for seed in seeds})),
        data=data[0].dataset.name if data else "",
        lines=lines,
        models=claims.over_seeds(known),
        verdict=claims.verdict(lines),  # type: ignore[arg-type]  # one of the three
    )
    context.log(result.sentence)
    return StepOutcome({"results": ResultsArtifact(claim=result)}, tuple(_fact(line) for line in lines), result.verdict.capitalize())


def _check_names(rule: str, connected: set[str]) -> None:
    for name in claims.names_in(rule):
        if name not in connected:
            shown = ", ".join(f'"{title}"' for title in sorted(connected)) or "nothing"
            raise StepError(f'The rule speaks of "{name}", which failed or is not connected.', f"What arrived: {shown}.")


def _evidence(stored: Stored, data: Stored | None, rule: str, context: StepContext) -> Evidence:
    weighed = stored.model.footprint
    packed_file = stored.file("packed") if "packed" in stored.model.files else None
    correct, reason = _judged(stored, data, context)
    return Evidence(
        name=stored.title,
        seed=context.seed + stored.repeat,
        parameters=weighed.parameters,
        nonzero=weighed.nonzero_parameters,
        size_bytes=weighed.size_bytes,
        macs=weighed.flops / 2 if weighed.flops is not None else None,
        training_flop=stored.model.training_flop,
        coded_bytes=packed_file.stat().st_size if packed_file else weighed.size_coded_bytes,
        lossless=_reads_back(packed_file, stored.file("weights")) if packed_file and claims.asks(rule, "lossless") else None,
        correct=correct,
        reason=reason,
    )


def _reads_back(packed_file: Path, weights: Path) -> bool:
    """Whether the packed file gives back every tensor of the plain one bit for bit, and its parts add up to its bytes."""
    data = packed_file.read_bytes()
    unpacked, plain = packed.decode(data), packed.arrays(load_file(weights))
    same = unpacked.keys() == plain.keys() and all(_bits(unpacked[name]) == _bits(plain[name]) for name in plain)
    return same and packed.ledger(data).total == len(data)


def _bits(array: packed.Array) -> tuple[str, tuple[int, ...], bytes]:
    return str(array.dtype), array.shape, array.tobytes()


def _judged(stored: Stored, data: Stored | None, context: StepContext) -> tuple[str, str]:
    """Which test examples a model answers rightly, or why that is not known."""
    if data is None:
        return "", ""
    dataset = open_dataset(data, stored)
    if not dataset.fit.judged or dataset.artifact.task != "classification":
        return "", f'"{stored.title}" was not judged: {dataset.fit.reason or "only classes are right or wrong"}'
    found = example_scores(stored, dataset.split("test"), task("classification"), context)
    return "".join("1" if right else "0" for right in found == 1.0), ""


def _fact(line: ClaimLine) -> Fact:
    word = {True: "holds", False: "does not hold", None: "cannot tell"}[line.holds]
    return Fact(title=line.text, text=f"{word}: {line.found}")
