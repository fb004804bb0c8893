"""Puts the questions to every variant of a run, and orders what was found."""

from greenbench.analysis.doctor import faster, greener, judging, smaller
from greenbench.analysis.doctor.case import cases
from greenbench.core.advice import Advice
from greenbench.core.run import RunResult

MOST = 5
"""Of each variant, and of the run as a whole: more is not read."""


def diagnose(result: RunResult) -> tuple[Advice, ...]:
    """What explains the results, variant by variant, the most important first; then what holds for all of them.

    Nothing is said of a variant that did what it promised.
    """
    every = cases(result)
    found: list[Advice] = []
    for case in every:
        unhealed = judging.unhealed(case)
        own = [*faster.causes(case), *smaller.causes(case), *greener.causes(case), *([unhealed] if unhealed else [])]
        found += _first(own)
    whole = [advice for rule in judging.RULES if (advice := rule(result, every)) is not None]
    energy = greener.unmeasured(result)
    return (*found, *_first([*whole, *([energy] if energy else [])]))


def _first(found: list[Advice]) -> list[Advice]:
    return sorted(found, key=lambda advice: -advice.weight)[:MOST]
