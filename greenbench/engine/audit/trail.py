"""The audit of a run: digest, numbers of the run, and each variant with its numbers and blocks."""

from greenbench.core.audit import Audit, AuditedVariant
from greenbench.core.errors import GreenBenchError
from greenbench.core.metrics import METRICS
from greenbench.core.run import RunResult, RunState, VariantResult
from greenbench.engine.audit.blocks import blocks
from greenbench.engine.audit.numbers import against, metrics, of_the_ledger, of_the_run, percentiles
from greenbench.engine.audit.replay import Replay, own_letters
from greenbench.engine.past import find_variant
from greenbench.engine.raw_data import digest
from greenbench.engine.results import ARITHMETIC
from greenbench.store.store import Store

_OLD = (
    "This run was kept by a version that did not keep what the worker said of each variant: latency, throughput, energy and carbon can "
    "be made again, answers and sizes cannot."
)
_NO_SAMPLES = "No power sample of this run is kept: its energies cannot be made again."
_OTHER_RULES = (
    "It was made by another arithmetic ({its}, this is {now}): where a number differs, the rules may have changed since. Whether the raw "
    "data is whole is for the digest to say."
)
_BROKE_OFF = "This run broke off before its results were joined: what is shown was put together from the raw data itself."


def audit(store: Store, run_id: str, variant: str = "", metric: str = "") -> Audit:
    """Makes every printed number of a run again from the store's raw data and says where it agrees; of one variant (letter or name) or
    one metric (key or title), if it is named.

    Raises:
        StoreError: no such run or variant, or the store cannot be read.
        GreenBenchError: no such metric.
    """
    stored = store.result(run_id)
    wanted = find_variant(stored, variant).letter if variant else ""
    key = _metric(metric)
    again = Replay(store, stored)
    made = {each.letter: each for each in again.result.variants}
    chosen = [(each, own) for each, own in own_letters(stored) if wanted in ("", each.letter)]
    return Audit(
        run_id=stored.run_id,
        title=stored.title,
        started=stored.started,
        digest=stored.raw_digest,
        digest_found="" if again.damaged else digest(store, stored.run_id, stored.started_ns),
        damaged=tuple(f"{stored.run_id}/{again.letter(each)}/block {each.block + 1}" for each in again.damaged),
        numbers=() if variant or key else (*of_the_run(again), *of_the_ledger(again)),
        variants=tuple(_variant(again, each, made.get(each.letter), own, key) for each, own in chosen),
        reason=" ".join(_reasons(again)),
        other_rules=_other_rules(stored),
    )


def _metric(text: str) -> str:
    """The key of a metric by its key, title or short title, in any case; "" for none."""
    wanted = text.strip().lower()
    if not wanted:
        return ""
    for metric in METRICS:
        if wanted in (metric.key, metric.title.lower(), metric.short.lower()):
            return metric.key
    raise GreenBenchError(f'There is no metric "{text}".', f"Metrics: {', '.join(metric.key for metric in METRICS)}.")


def _reasons(again: Replay) -> list[str]:
    """Why not all of a run can be made again."""
    stored = again.stored
    found = []
    if not _joined(stored):
        found.append(_BROKE_OFF)
    elif stored.variants and not again.told:
        found.append(_OLD)
    if _other_rules(stored):
        found.append(_OTHER_RULES.format(its=stored.arithmetic or "an older one", now=ARITHMETIC))
    if not again.series and _has_energy(stored):
        found.append(_NO_SAMPLES)
    return found


def _other_rules(stored: RunResult) -> bool:
    return _joined(stored) and stored.arithmetic != ARITHMETIC


def _joined(stored: RunResult) -> bool:
    """Whether the results are those of the run itself; else they were put together from the raw data, and there is nothing to compare."""
    return bool(stored.raw_digest) or stored.state not in (RunState.LOST, RunState.RUNNING)


def _has_energy(stored: RunResult) -> bool:
    return any(block.energy_j is not None for variant in stored.variants for block in variant.blocks)


def _variant(again: Replay, stored: VariantResult, found: VariantResult | None, own: str, key: str) -> AuditedVariant:
    bare = AuditedVariant(letter=stored.letter, name=stored.name, benchmark=stored.benchmark, own_letter=own)
    if stored.failure is not None:
        return bare.model_copy(update={"reason": f"It has no numbers: {stored.failure.message}"})
    if not _joined(again.stored):
        return bare.model_copy(
            update={"blocks": blocks(again, None, found.blocks if found else (), _damaged(again, stored.benchmark, own))}
        )
    numbers = [*metrics(again, stored, found, own, key), *(against(again, stored, found, key) if found else ())]
    numbers += percentiles(again, stored, found, own) if found and not key else ()
    return bare.model_copy(
        update={
            "numbers": tuple(numbers),
            "blocks": blocks(again, stored.blocks, found.blocks if found else (), _damaged(again, stored.benchmark, own)),
        }
    )


def _damaged(again: Replay, benchmark: str, own: str) -> frozenset[int]:
    return frozenset(window.block for window in again.damaged if (window.node, window.variant) == (benchmark, own))
