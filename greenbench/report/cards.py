"""Claims and cards: what became of each claim, and what each step did to its model, as tables."""

from greenbench.analysis import charges
from greenbench.core.artifact import Fact
from greenbench.core.claim import ClaimedModel, ClaimLine, ClaimResult
from greenbench.core.measurement import Measurement
from greenbench.core.quote import count, quote, significant
from greenbench.core.run import NodeResult, RunResult
from greenbench.report.labels import plural
from greenbench.report.making import flop_words
from greenbench.report.parts import Section, TextTable

_HOLDS = {True: "✓ holds", False: "× does not hold", None: "? cannot tell"}
_COLUMNS = (
    ("Parameters", "Parameters"),
    ("Non-zero parameters", "Not zero"),
    ("Distinct weights", "Distinct"),
    ("FLOPs", "FLOPs"),
    ("File size", "File"),
    ("Coded size", "Coded"),
)
_WEIGHTS = (1.6, 1.2, 1.2, 1.2, 1.3, 1.3, 1.3, 2.1, 0.85)
_ARROW, NO_BREAK = "→", "\u00a0"


def claims(result: RunResult) -> Section | None:
    """Every claim that was judged: the rule with what was found, and the models with their test error."""
    if not result.claims:
        return None
    tables: list[TextTable] = []
    for title, claim in result.claims:
        tables.append(_rule(title, claim))
        if any(model.error is not None for model in claim.models):
            tables.append(_models(claim))
    finding = " ".join(f"{title}: {claim.sentence}" if len(result.claims) > 1 else claim.sentence for title, claim in result.claims)
    text = tuple(words for _, claim in result.claims for words in (claim.statement, _published(claim)) if words)
    return Section("claims", "Claim and verdict", finding, tables=tuple(tables), text=text)


def _published(claim: ClaimResult) -> str:
    return f"Published: {claim.published}" if claim.published else ""


def _rule(title: str, claim: ClaimResult) -> TextTable:
    rows = tuple((line.text, *_found(line), _HOLDS[line.holds]) for line in claim.lines)
    seeds = plural(max(1, len(claim.seeds)), "seed")
    note = f"{title}. The rule stood in the pipeline before the run; {seeds}{', test data ' + claim.data if claim.data else ''}."
    return TextTable(("Rule", "found", "limit", ""), rows, "lrrl", note, weights=(4.2, 1.2, 1.2, 1.2))


def _found(line: ClaimLine) -> tuple[str, str]:
    if line.left is None or line.right is None:
        return line.reason, ""
    name = "p = " if line.unit == "p" else ""
    return f"{name}{line.shown(line.left)}", f"{line.relation} {line.shown(line.right)}"


def _models(claim: ClaimResult) -> TextTable:
    over = "mean of the seeds, Student's interval over them" if len(claim.seeds) > 1 else "Wilson's interval over the test examples"
    rows = tuple(_model(model) for model in claim.models)
    head = ("Model", "test error", "95 % interval", "wrong answers", "parameters", "not zero", "coded bytes")
    return TextTable(head, rows, "lrlrrrr", f"Test error: {over}.", weights=(2.6, 1, 1.4, 1.6, 1.2, 1.2, 1.2))


def _model(model: ClaimedModel) -> tuple[str, ...]:
    error, interval = "—", ""
    if model.error is not None and model.low is not None and model.high is not None:
        error, interval = f"{100 * model.error:.2f} %", f"[{100 * model.low:.2f}, {100 * model.high:.2f}]"
    coded = "—" if model.coded_bytes is None else count(model.coded_bytes)
    wrong = ", ".join(count(each) for each in model.errors) or "—"
    return model.name, error, interval, wrong, count(model.parameters), count(model.nonzero), coded


def cards(result: RunResult) -> Section | None:
    """What each step did to its model: weights, work, bytes and validation accuracy before and after, and the energy it took."""
    done = [node for node in result.nodes if _is_card(result, node)]
    if not done:
        return None
    rows = tuple(_card(node) for node in done)
    head = ("Step", *(short for _, short in _COLUMNS), "Validation", "Energy")
    note = (
        "Before → after. Coded: the smallest lossless file. Validation examples are not the test examples of the comparison. Energy: "
        "what the step itself took; one from the cache keeps what it first took."
    )
    lines = charges.ledger(result)
    work, trained = sum(line.flop or 0.0 for line in lines), sum(line.trainings for line in lines)
    finding = f"{plural(len(done), 'step').capitalize()} made the models."
    if work:
        finding += f" Training took {flop_words(work)} in {plural(trained, 'training')} (E·D·H, all of them counted)."
    return Section("cards", "What each step did", finding, tables=(TextTable(head, rows, "lrrrrrrrr", note, weights=_WEIGHTS),))


def _is_card(result: RunResult, node: NodeResult) -> bool:
    planned = next((each for each in result.plan.nodes if each.id == node.node), None)
    changes = bool(planned and any(port in ("model", "student") for port in planned.inputs))
    return changes and not (planned and planned.repeat) and any(fact.title == "File size" for fact in node.facts)


def _card(node: NodeResult) -> tuple[str, ...]:
    by_title = {fact.title: fact for fact in node.facts}
    cells = [_cell(by_title.get(title)) for title, _ in _COLUMNS]
    judged = next((fact for title, fact in by_title.items() if title.endswith(", validation")), None)
    energy = quote(node.energy)
    return node.title, *cells, _cell(judged), "—" if energy.reason else _together(energy.full)


def _cell(fact: Fact | None) -> str:
    if fact is None or fact.value is None:
        return "—"
    now, then = _shown(fact.value, fact.unit), _shown(fact.before, fact.unit)
    if fact.low is not None and fact.high is not None:
        low, high = (_shown(end, fact.unit).removesuffix(" %") for end in (fact.low, fact.high))
        now = f"{_together(now)} {_together(f'[{low}, {high}]')}"
    else:
        now = _together(now)
    return f"{_together(f'{then} {_ARROW}')} {now}" if then and then != _shown(fact.value, fact.unit) else now


def _together(words: str) -> str:
    """Words that stay on one line."""
    return words.replace(" ", NO_BREAK)


def _shown(value: float | None, unit: str) -> str:
    """A fact in few characters: "270 k", "1.1 MB", "97.2 %"."""
    if value is None:
        return ""
    if unit == "%":
        return f"{100 * value:.1f} %"
    if unit == "B":
        return quote(Measurement.exact(value, "B")).full
    for factor, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= factor:
            return f"{significant(value / factor, 3)} {prefix}"
    return f"{significant(value, 3)} {unit}".strip() if unit not in ("", "FLOP") else significant(value, 3)
