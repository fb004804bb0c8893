"""The rules by which a paper's claim is judged: comparisons written down before the run, then filled in with what was found.

    error("Pruned") - error("Dense") <= 0.3 pp

Names in quotes are models (the titles of their nodes). Nothing of Python but arithmetic is understood, so a rule from a file cannot do
anything but compare. The form of a step reads rules before the window is painted, so SciPy and NumPy come in only where something is
judged.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean, stdev

from greenbench.core.claim import ClaimedModel, ClaimLine
from greenbench.core.errors import ParameterError

_COMPARISONS: dict[type[ast.cmpop], tuple[str, Callable[[float, float], bool]]] = {
    ast.LtE: ("≤", operator.le),
    ast.Lt: ("<", operator.lt),
    ast.GtE: ("≥", operator.ge),
    ast.Gt: (">", operator.gt),
    ast.Eq: ("=", operator.eq),
}
_ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_NUMERIC: dict[str, Callable[..., float]] = {"abs": abs, "min": min, "max": max, "round": round}
_SCALES = {"pp": 0.01, "%": 0.01, "k": 1e3, "M": 1e6, "G": 1e9}
_SCALED = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(pp\b|%|[kMG]\b)")
_QUOTED = re.compile(r'("[^"]*")')


@dataclass(frozen=True)
class Evidence:
    """One model of one seed. `correct` has "1" for each test example that was answered rightly and "0" for the others, "" if nothing was
    judged (`reason` says why). `coded_bytes` None: not counted; `lossless` None: it was not asked or there is no packed file."""

    name: str
    seed: int
    parameters: int
    nonzero: int
    size_bytes: int
    macs: float | None = None
    coded_bytes: int | None = None
    training_flop: float = 0.0
    lossless: bool | None = None
    correct: str = ""
    reason: str = ""

    @property
    def wrong(self) -> int:
        return self.correct.count("0")


class _Unknown(Exception):
    """A number that the rule asks for was not found; says why."""


@dataclass(frozen=True)
class Found:
    """All that a rule may ask about: the models by name, each with its seeds in order, and the values of other results by name. `seeds`
    is how many the rule was written for; of a model with fewer (one failed) nothing is told."""

    models: Mapping[str, tuple[Evidence, ...]]
    values: Mapping[str, Mapping[str, float]]
    seeds: int = 1


def rule_lines(rule: str) -> tuple[str, ...]:
    """The comparisons of a rule: its lines without empty ones and comments (#).

    Raises:
        ParameterError: a line is no comparison, or asks for something that no rule can ask for.
    """
    lines = tuple(line.strip() for line in rule.splitlines() if line.strip() and not line.strip().startswith("#"))
    for line in lines:
        _parsed(line)
    return lines


def names_in(rule: str) -> tuple[str, ...]:
    """The models (and other results) that a rule speaks of, each once; raises like `rule_lines`."""
    found: dict[str, None] = {}
    for line in rule_lines(rule):
        for call in _calls(_parsed(line)):
            words = [_text(argument) for argument in call.args if isinstance(argument, ast.Constant) and isinstance(argument.value, str)]
            for word in words[: 1 if _name(call) == "value" else None]:
                found.setdefault(word)
    return tuple(found)


def asks(rule: str, quantity: str) -> bool:
    """Whether a rule asks for a quantity ("lossless"); raises like `rule_lines`."""
    return any(_name(call) == quantity for line in rule_lines(rule) for call in _calls(_parsed(line)))


def judge(rule: str, found: Found) -> tuple[ClaimLine, ...]:
    """Each line of the rule with what was found on both sides and whether it holds; raises like `rule_lines`."""
    return tuple(_judged(line, found) for line in rule_lines(rule))


def _judged(line: str, found: Found) -> ClaimLine:
    comparison = _parsed(line)
    sign, holds = _COMPARISONS[type(comparison.ops[0])]
    try:
        left, right = _value(comparison.left, found), _value(comparison.comparators[0], found)
    except _Unknown as error:
        return ClaimLine(text=line, relation=sign, reason=str(error))
    except ZeroDivisionError:
        return ClaimLine(text=line, relation=sign, reason="it divides by zero")
    return ClaimLine(text=line, left=left, relation=sign, right=right, holds=bool(holds(left, right)))


def verdict(lines: tuple[ClaimLine, ...]) -> str:
    """ "not reproduced" if a line fails, else "cannot tell" if one could not be decided, else "reproduced"."""
    if any(line.holds is False for line in lines):
        return "not reproduced"
    return "cannot tell" if not lines or any(line.holds is None for line in lines) else "reproduced"


def over_seeds(models: Mapping[str, tuple[Evidence, ...]]) -> tuple[ClaimedModel, ...]:
    """Each model with its mean error over the seeds: Student's interval over them, Wilson's where there is one seed."""
    return tuple(_claimed(name, seeds) for name, seeds in models.items())


def _claimed(name: str, seeds: tuple[Evidence, ...]) -> ClaimedModel:
    from scipy import stats

    from greenbench.analysis.intervals import wilson

    judged = [seed for seed in seeds if seed.correct]
    low = high = mean = None
    if judged and len(judged) == len(seeds):
        errors = [seed.wrong / len(seed.correct) for seed in judged]
        mean = fmean(errors)
        if len(errors) > 1:
            half = float(stats.t.ppf(0.975, len(errors) - 1) * stdev(errors) / math.sqrt(len(errors)))
            low, high = max(0.0, mean - half), min(1.0, mean + half)
        else:
            interval = wilson(judged[0].wrong, len(judged[0].correct))
            low, high = interval.low, interval.high
    first = seeds[0]
    return ClaimedModel(
        name=name,
        errors=tuple(seed.wrong for seed in judged),
        examples=len(first.correct),
        error=mean,
        low=low,
        high=high,
        parameters=_mean(seeds, lambda seed: seed.parameters) or 0.0,
        nonzero=_mean(seeds, lambda seed: seed.nonzero) or 0.0,
        macs=_mean(seeds, lambda seed: seed.macs),
        size_bytes=_mean(seeds, lambda seed: seed.size_bytes) or 0.0,
        coded_bytes=_mean(seeds, lambda seed: seed.coded_bytes),
    )


def _mean(seeds: tuple[Evidence, ...], of: Callable[[Evidence], float | None]) -> float | None:
    values = [of(seed) for seed in seeds]
    known = [value for value in values if value is not None]
    return fmean(known) if known and len(known) == len(values) else None


def _plain(line: str) -> str:
    """The line with numbers written out: "0.3 pp" is 0.003. Names in quotes stay as they are."""
    parts = _QUOTED.split(line)
    return "".join(part if part.startswith('"') else _SCALED.sub(_scaled, part) for part in parts)


def _scaled(match: re.Match[str]) -> str:
    return repr(float(match[1]) * _SCALES[match[2]])


def _parsed(line: str) -> ast.Compare:
    try:
        tree = ast.parse(_plain(line), mode="eval").body
    except SyntaxError:
        raise _wrong(line, "it cannot be read") from None
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1 or type(tree.ops[0]) not in _COMPARISONS:
        raise _wrong(line, "it must compare two sides once, by <=, <, >=, > or ==")
    for side in (tree.left, tree.comparators[0]):
        _check(side, line)
    return tree


def _check(node: ast.expr, line: str) -> None:
    match node:
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            _check(inner, line)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            _check(left, line)
            _check(right, line)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _NUMERIC and arguments:
            for argument in arguments:
                _check(argument, line)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _TAKES:
            words = [a for a in arguments if isinstance(a, ast.Constant) and isinstance(a.value, str)]
            if len(words) != len(arguments) or len(words) != _TAKES[name]:
                raise _wrong(line, f"{name} takes {'a name' if _TAKES[name] == 1 else 'two names'} in double quotes")
        case ast.Call(func=ast.Name(id=name)):
            raise _wrong(line, f"there is no {name}; known are {', '.join((*_TAKES, *_NUMERIC))}")
        case _:
            raise _wrong(line, "only numbers, + − × ÷ and the known quantities can stand in it")


def _wrong(line: str, why: str) -> ParameterError:
    return ParameterError(f'The line "{line}" is no rule: {why}.', 'Write lines such as error("Pruned") - error("Dense") <= 0.3 pp.')


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    return (part for part in ast.walk(node) if isinstance(part, ast.Call) and _name(part) in _TAKES)


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _text(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ""


def _value(node: ast.expr, found: Found) -> float:
    match node:
        case ast.Constant(value=number):
            return float(number)  # type: ignore[arg-type]  # _check let nothing but numbers through
        case ast.UnaryOp(operand=inner):
            return -_value(inner, found)
        case ast.BinOp(left=left, op=op, right=right):
            return _ARITHMETIC[type(op)](_value(left, found), _value(right, found))
        case ast.Call() if _name(node) in _NUMERIC:
            return float(_NUMERIC[_name(node)](*(_value(argument, found) for argument in node.args)))
        case ast.Call():
            return _quantity(_name(node), tuple(_text(argument) for argument in node.args), found)
    raise _Unknown("it cannot be read")


def _quantity(kind: str, names: tuple[str, ...], found: Found) -> float:
    if kind == "value":
        return _of_results(names, found)
    models = tuple(_model(name, found) for name in names)
    if kind in _PAIRED:
        return _PAIRED[kind](*models)
    values = [_ONE[kind](seed) for seed in models[0]]
    return fmean(values)


def _of_results(names: tuple[str, ...], found: Found) -> float:
    title, key = names
    if title not in found.values:
        raise _Unknown(f'no results "{title}" are connected')
    if key not in found.values[title]:
        raise _Unknown(f'"{title}" gives no {key}; it gives {", ".join(found.values[title]) or "nothing"}')
    return found.values[title][key]


def _model(name: str, found: Found) -> tuple[Evidence, ...]:
    if name not in found.models:
        raise _Unknown(f'no model "{name}" is connected')
    if len(found.models[name]) < found.seeds:
        raise _Unknown(f'"{name}" was made with {len(found.models[name])} of {found.seeds} seeds; what makes it failed with the others')
    return found.models[name]


def _error(model: Evidence) -> float:
    return _judged_examples(model).count("0") / len(model.correct)


def _judged_examples(model: Evidence) -> str:
    if not model.correct:
        raise _Unknown(model.reason or f'"{model.name}" was not judged: no test data is connected')
    return model.correct


def _known(model: Evidence, value: float | bool | None, what: str) -> float:
    if value is None:
        raise _Unknown(f'{what} of "{model.name}" is not known')
    return float(value)


_ONE: dict[str, Callable[[Evidence], float]] = {
    "error": _error,
    "errors": lambda model: float(_judged_examples(model).count("0")),
    "accuracy": lambda model: 1 - _error(model),
    "parameters": lambda model: float(model.parameters),
    "nonzero": lambda model: float(model.nonzero),
    "kept": lambda model: model.nonzero / model.parameters,
    "macs": lambda model: _known(model, model.macs, "the work"),
    "size": lambda model: float(model.size_bytes),
    "coded": lambda model: _known(model, model.coded_bytes, "the coded size"),
    "work": lambda model: model.training_flop,
    "lossless": lambda model: _known(model, model.lossless, "the packed file"),
}


def _mcnemar(first: tuple[Evidence, ...], second: tuple[Evidence, ...]) -> float:
    """The two-sided exact p-value, disagreements added up over the seeds (McNemar 1947)."""
    from greenbench.analysis.accuracy import PairedCounts, mcnemar, paired_counts

    tables = [paired_counts(_judged_examples(a), _judged_examples(b)) for a, b in zip(first, second, strict=True)]
    added = PairedCounts(
        sum(t.both for t in tables),
        sum(t.only_variant for t in tables),
        sum(t.only_baseline for t in tables),
        sum(t.neither for t in tables),
    )
    return mcnemar(added)


def _better(first: tuple[Evidence, ...], second: tuple[Evidence, ...]) -> float:
    """The one-sided p-value of the paired t-test over seeds that the first errs less than the second (Student 1908)."""
    from scipy import stats

    if len(first) < 2:
        raise _Unknown("one seed cannot tell which of two is better; raise the number of seeds")
    gain = [_error(b) - _error(a) for a, b in zip(first, second, strict=True)]
    spread = stdev(gain)
    if spread == 0.0:
        return 0.0 if gain[0] > 0 else 1.0
    return float(stats.t.sf(fmean(gain) / (spread / math.sqrt(len(gain))), len(gain) - 1))


_PAIRED: dict[str, Callable[[tuple[Evidence, ...], tuple[Evidence, ...]], float]] = {"mcnemar": _mcnemar, "better": _better}
_TAKES = {**dict.fromkeys(_ONE, 1), **dict.fromkeys(_PAIRED, 2), "value": 2}
