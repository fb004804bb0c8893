"""How a variant was timed, in words for its card: scenario, percentiles, how many comparisons were judged at once. No Qt."""

from greenbench.core import quote
from greenbench.core.run import Scenario, VariantResult

_TAILS = (0.9, 0.99)


def timing_details(variant: VariantResult) -> list[tuple[str, str]]:
    """Titles and words; nothing of what this run does not know."""
    found = [
        ("Scenario", _scenario(variant)),
        ("Percentiles", _percentiles(variant)),
        ("Compared", _compared(variant)),
    ]
    return [(title, words) for title, words in found if words]


def _scenario(variant: VariantResult) -> str:
    if variant.served is not None:
        shown = quote.scale("s", [variant.served.bound_s])
        bound = f"{quote.significant(variant.served.bound_s * shown.factor, 3)} {shown.unit}"
        return f"server, {quote.significant(variant.served.rate, 3)} queries a second within {bound}: {variant.served.text}"
    if variant.scenario is Scenario.OFFLINE:
        tried = ", ".join(str(each.batch) for each in variant.batches)
        return f"offline, best at batch {variant.batch} of {tried}" if tried else f"offline at batch {variant.batch}"
    return ""


def _percentiles(variant: VariantResult) -> str:
    """ "p90 1.30 to 1.42 ms, p99 over 1.6 ms; a p90 is stated from 24,576 calls on, here 4,235"."""
    tails = [each for each in variant.percentiles if each.q in _TAILS]
    if not tails:
        return ""
    shown = quote.scale("s", [each.value_s for each in tails])
    told = ", ".join(f"p{each.q * 100:g} {each.in_words(shown.factor)} {shown.unit}" for each in tails)
    short = next((each for each in tails if not each.supported), None)
    if short is None:
        return told
    if short.enough:
        return f"{told}; blocks differ too much to state a p{short.q * 100:g}"
    return f"{told}; a p{short.q * 100:g} is stated from {quote.count(short.needed)} calls on, here {quote.count(short.n)}"


def _compared(variant: VariantResult) -> str:
    most = max((comparison.together for comparison in variant.against.values()), default=1)
    return f"with the baseline, {most} variants at once, corrected for that (Holm)" if most > 1 else ""
