"""How the metric that judges answers is written while a run goes on: "97.5 %", "3.12"; whichever metric the task has. No Qt."""

from greenbench.core import quote
from greenbench.core.metrics import BY_KEY, QUALITY


def judges(name: str) -> bool:
    """Whether a metric's name is one that judges answers."""
    return name in QUALITY


def factor(metric: str) -> float:
    """What turns a value into what is shown: fractions are shown in per cent."""
    return 100.0 if BY_KEY[metric].fraction else 1.0


def number(metric: str, value: float) -> str:
    """Without unit: "97.5", "3.12"."""
    return f"{value * 100:.1f}" if BY_KEY[metric].fraction else quote.significant(value, 3)


def text(metric: str, value: float) -> str:
    """With its unit, where it is known while the run goes on: "97.5 %", "3.12"."""
    return f"{number(metric, value)} %" if BY_KEY[metric].fraction else number(metric, value)


def title(metric: str) -> tuple[str, str]:
    """The words and the unit over a plot of it."""
    return BY_KEY[metric].short, "%" if BY_KEY[metric].fraction else ""
