"""What the proof of an exported file found, as sentences: each figure that has a limit stands with it.

Light: the window, the command line and the model card say it in the same words.
"""

from greenbench.core.jobs import Proof
from greenbench.core.metrics import BY_KEY
from greenbench.core.quote import MINUS, significant

_LEAST_SHOWN = 1e-7


def proof_sentences(proof: Proof) -> list[str]:
    """Error and limit, typical error where it is limited, agreement, and the task's metric before and after."""
    found = [_largest(proof)]
    if proof.typical is not None and proof.typical_allowed is not None:
        found.append(f"Typical error {_share(proof.typical)} of a typical output; {_share(proof.typical_allowed)} is allowed.")
    if proof.agreement is not None:
        required = f"; {_share(proof.agreement_required)} is required" if proof.agreement_required is not None else ""
        found.append(f"Same answer for {_part(proof.agreement)} of the examples{required}.")
    if proof.metric in BY_KEY and proof.before is not None and proof.after is not None:
        found.append(_metric(proof, proof.before, proof.after))
    return found


def small(value: float) -> str:
    """A small number as people type it: "2.4e-6", "0.012", "0"."""
    if value == 0:
        return "0"
    if abs(value) >= 1e-3:
        return significant(value, 3)
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa}e{MINUS if int(exponent) < 0 else ''}{abs(int(exponent))}"


def _largest(proof: Proof) -> str:
    limit = f"{_share(proof.tolerance)} is allowed."
    if proof.largest_absolute == 0:
        return f"No output differs at all; {limit}"
    largest = proof.largest_absolute / proof.largest_relative if proof.largest_relative > 0 else 0.0
    return f"Largest error {small(proof.largest_absolute)} of outputs up to {small(largest)} ({_share(proof.largest_relative)}); {limit}"


def _share(fraction: float) -> str:
    """A share in per cent, without powers of ten: "0.8 %", "30 %", "0.00012 %"."""
    if 0 < fraction < _LEAST_SHOWN:
        return f"under {_share(_LEAST_SHOWN)}"
    shown = significant(fraction * 100, 2)
    return f"{shown.rstrip('0').rstrip('.') if '.' in shown else shown} %"


def _part(fraction: float) -> str:
    """A share of all, never rounded up to all of them: 0.99996 is not 100 %."""
    value = fraction * 100
    return f"{value:.2f} %" if value in (0.0, 100.0) or 0.005 <= value < 99.995 else f"{value:.6g} %"


def _metric(proof: Proof, before: float, after: float) -> str:
    metric = BY_KEY[proof.metric]
    if not metric.fraction:
        change = f" ({significant(abs(after / before - 1) * 100, 2)} % {'more' if after > before else 'less'})" if before else ""
        change = change if after != before else ""
        return f"{metric.title} on these examples: {significant(before, 4)} before, {significant(after, 4)} after{change}."
    text = f"{metric.title} on these examples: {_part(before)} before, {_part(after)} after"
    if after == before:
        return f"{text}."
    moved = f"{significant(abs(after - before) * 100, 2)} percentage points {'higher' if after > before else 'lower'}"
    if proof.metric == "accuracy" and proof.agreement_required is not None:
        # An answer that agrees is right or wrong alike, so that accuracy cannot move by more than the share that may disagree.
        return f"{text}: {moved}, within the {significant((1 - proof.agreement_required) * 100, 1)} that are tolerated."
    return f"{text}: {moved}, with the outputs within what is allowed."
