"""What really executed, in words: short for the table, in full for the card below it. No Qt."""

from collections.abc import Mapping

from greenbench.core import quote
from greenbench.core.run import Execution, VariantResult
from greenbench.core.runtimes import RUNTIMES

_MOST_KERNELS = 6


def runs_as(variant: VariantResult) -> tuple[str, str]:
    """The precision, and of how many operators: ("int8", "20 of 21 operators"); the runtime where it does not say."""
    ran = variant.execution
    title = runtime_title(variant.runtime)
    if ran is None:
        return variant.precision, title
    counted = operators(ran)
    return ran.precision, counted or title


def operators(ran: Execution) -> str:
    """ "20 of 21 operators", "all 21 operators"; "" where the runtime does not say."""
    total = sum(ran.by_precision.values())
    if not total:
        return ""
    same = ran.by_precision.get(ran.precision, 0)
    noun = "operator" if total == 1 else "operators"
    return f"all {total} {noun}" if same == total > 1 else f"{same} of {total} {noun}"


def runtime_title(key: str, titles: Mapping[str, str] | None = None) -> str:
    """ "ONNX Runtime" for "onnxruntime"; what is no key is a title already."""
    return (titles or {}).get(key) or (RUNTIMES[key].title if key in RUNTIMES else key)


def details(variant: VariantResult) -> list[tuple[str, str]]:
    """Everything the runtime said, as titles and words; nothing where it said nothing."""
    ran = variant.execution
    if ran is None:
        return []
    found = [
        ("Executed", executed(ran)),
        ("Fallbacks", _fallbacks(ran)),
        ("Quantise/dequantise pairs", _pairs(ran)),
        ("Operators", _kernels(ran)),
        ("Before the first answer", start_up(ran)),
        ("Processor", _threads(ran)),
        ("Runtime", f"{ran.version or runtime_title(ran.runtime)}, on {'the processor' if ran.device == 'cpu' else ran.device}"),
        ("Converted", ran.converted),
    ]
    return [(title, words) for title, words in found if words]


def executed(ran: Execution) -> str:
    """ "20 of 21 heavy operators in int8, 1 in fp32"."""
    total = sum(ran.by_precision.values())
    if not total:
        return f"{ran.precision}; the runtime does not say of how many operators"
    order = sorted(ran.by_precision.items(), key=lambda pair: (pair[0] != ran.precision, -pair[1]))
    if len(order) == 1:
        return f"{'all ' if total > 1 else ''}{total} heavy {'operator' if total == 1 else 'operators'} in {order[0][0]}"
    first, *others = order
    rest = ", ".join(f"{number} in {precision}" for precision, number in others)
    return f"{first[1]} of {total} heavy operators in {first[0]}, {rest}"


def start_up(ran: Execution) -> str:
    """ "loading 30 ms, compiling 0.5 s, first answer 12 ms"."""
    words = (("loading", ran.load_s), ("compiling", ran.compile_s), ("first answer", ran.first_s))
    return ", ".join(f"{word} {_seconds(value)}" for word, value in words if value is not None)


def _seconds(value: float) -> str:
    shown = quote.scale("s", [value])
    return f"{quote.significant(value * shown.factor, 2)} {shown.unit}"


def _fallbacks(ran: Execution) -> str:
    """Only where there is something to say: an operator of a float file has nothing to fall back to."""
    if not ran.fallbacks:
        return "none to a higher precision" if ran.fallbacks == 0 and ran.precision != "fp32" else ""
    return f"{ran.fallbacks} {'operator' if ran.fallbacks == 1 else 'operators'} to a higher precision than the file promised"


def _pairs(ran: Execution) -> str:
    if not ran.qdq:
        return "none left" if ran.qdq == 0 and ran.precision == "int8" else ""
    return f"{ran.qdq} left around operators"


def _kernels(ran: Execution) -> str:
    shown = [f"{name} {number}" for name, number in ran.kernels[:_MOST_KERNELS]]
    more = len(ran.kernels) - len(shown)
    return ", ".join([*shown, *([f"{more} more kinds"] if more > 0 else [])])


def _threads(ran: Execution) -> str:
    threads = f"{ran.threads} {'thread' if ran.threads == 1 else 'threads'}"
    return f"{threads} on {'core' if len(ran.affinity) == 1 else 'cores'} {quote.spans(ran.affinity)}" if ran.affinity else threads
