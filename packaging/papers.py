"""Runs the papers' pipelines and writes down what really came out, failures included.

    papers.py [--budget NAME] [--only R1,R2] [--data DIR]

Each pipeline is run by `greenbench run`; what its claim found goes to tests/papers/results/ID.json, and tests/papers/RESULTS.md is
written anew from all of those.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from greenbench.cli.claims import error_words
from greenbench.core.claim import ClaimResult
from greenbench.core.quote import count, quote
from greenbench.core.run import Environment, RunResult
from greenbench.core.value import Value

ROOT = Path(__file__).resolve().parent.parent
PIPELINES = ROOT / "resources" / "pipelines" / "papers"
RECORDS = ROOT / "tests" / "papers" / "results"
PAGE = ROOT / "tests" / "papers" / "RESULTS.md"
_WORDS = {True: "holds", False: "**does not hold**", None: "cannot tell"}


class Timed(Value):
    """One variant of a benchmark beside the claim: what it measured."""

    name: str
    runtime: str
    latency: str
    against: str
    flops: float | None = None


class Record(Value):
    """One paper as it came out: its claims by the title of their node, and where and when it ran. `minutes` adds up what its nodes took
    when they were computed, whether now or in an earlier run."""

    paper: str
    label: str
    title: str
    description: str
    budget: str
    date: str
    minutes: float
    seed: int
    environment: Environment
    claims: tuple[tuple[str, ClaimResult], ...]
    variants: tuple[Timed, ...] = ()
    state: str = "finished"
    failures: tuple[str, ...] = ()


def files(only: tuple[str, ...]) -> list[Path]:
    """The pipelines in the order of their papers."""
    found = {path.name.partition("-")[0]: path for path in PIPELINES.glob("*.greenbench")}
    unknown = [name for name in only if name not in found]
    if unknown:
        sys.exit(f"papers.py: there is no paper {', '.join(unknown)}; there are {', '.join(sorted(found, key=_number))}.")
    return [found[name] for name in sorted(found, key=_number) if not only or name in only]


def _number(name: str) -> int:
    return int(name.removeprefix("R"))


def run(path: Path, budget: str, data: Path | None) -> Record:
    """Runs one pipeline in a process of its own."""
    from greenbench.core import document
    from greenbench.steps import installed

    sample = document.read(path, installed()).sample
    if sample is None:
        sys.exit(f"papers.py: {path.name} says nothing of its paper.")
    budget = budget if budget in sample.names else "full"
    environment = {**os.environ, **({"GREENBENCH_DATA": str(data)} if data else {})}
    with tempfile.TemporaryDirectory(prefix="greenbench-papers-") as folder:
        command = [sys.executable, "-m", "greenbench", "run", str(path), "--budget", budget, "--out", folder]
        code = subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode
        results = Path(folder) / "results.json"
        if not results.is_file():
            sys.exit(f"papers.py: {path.name} ended with code {code} and wrote no results; what it said stands above.")
        result = RunResult.model_validate_json(results.read_text(encoding="utf-8"))
    return Record(
        paper=sample.paper,
        label=sample.label,
        title=result.title,
        description=result.description,
        budget=budget,
        date=result.started[:10],
        minutes=round(sum(node.seconds or 0.0 for node in result.nodes) / 60, 1),
        seed=result.plan.seed,
        environment=result.environment.model_copy(update={"hostname": ""}),
        claims=result.claims,
        variants=tuple(_timed(result, variant) for variant in result.measured),
        state=result.state.value,
        failures=tuple(node.failure.message for node in result.nodes if node.failure),
    )


def _timed(result: RunResult, variant: Any) -> Timed:
    flops = variant.metrics.get("flops")
    against = variant.against.get("latency_p50")
    return Timed(
        name=variant.name,
        runtime=variant.runtime,
        latency=quote(variant.metrics.get("latency_p50")).full,
        against=against.text if against else "",
        flops=flops.value if flops else None,
    )


def page(records: list[Record]) -> str:
    """RESULTS.md."""
    lines = [
        "# The papers, as they came out",
        "",
        "Written by `python3 packaging/dev.py papers`. Each rule stood in its pipeline (`resources/pipelines/papers/`) before the run; "
        "what failed is here too.",
        "",
        "| paper | | budget | seeds | verdict | minutes |",
        "|---|---|---|---|---|---|",
    ]
    for record in records:
        verdicts = "; ".join(claim.sentence.rstrip(".") for _, claim in record.claims) or f"no verdict: the run {record.state}"
        seeds = max((len(claim.seeds) for _, claim in record.claims), default=0) or 1
        lines.append(f"| {record.paper} | {record.label}: {record.title} | {record.budget} | {seeds} | {verdicts} | {record.minutes:g} |")
    for record in records:
        lines += ["", *_section(record)]
    return "\n".join(lines) + "\n"


def _section(record: Record) -> list[str]:
    machine = record.environment
    cores = f", {machine.cores_logical} cores" if machine.cores_logical else ""
    libraries = ", ".join(f"{name} {version}" for name, version in machine.libraries.items() if name in ("torch", "onnxruntime"))
    seeds = sorted({seed for _, claim in record.claims for seed in claim.seeds}) or [record.seed]
    numbers = ", ".join(map(str, seeds))
    lines = [
        f"## {record.paper} · {record.label}: {record.title}",
        "",
        record.description,
        "",
        f"{record.date}, budget {record.budget}, {'seeds' if len(seeds) > 1 else 'seed'} {numbers}, {record.minutes:g} minutes on "
        f"{machine.cpu or 'an unnamed processor'}{cores}; {libraries}.",
    ]
    lines += [f"- Failed: {failure}" for failure in record.failures]
    for title, claim in record.claims:
        lines += ["", *_claim(title, claim)]
    if record.variants:
        lines += ["", *_timing(record.variants)]
    return lines


def _claim(title: str, claim: ClaimResult) -> list[str]:
    lines = [f"**{title}: {claim.sentence}**"]
    lines += ["", claim.statement] if claim.statement else []
    lines += ["", f"Published: {claim.published}"] if claim.published else []
    lines += [f"Data here: {claim.data}."] if claim.data else []
    lines += ["", "| rule | found | |", "|---|---|---|"]
    lines += [f"| `{line.text}` | {line.found} | {_WORDS[line.holds]} |" for line in claim.lines]
    if any(model.error is not None for model in claim.models):
        several = len(claim.seeds) > 1
        lines += ["", f"| model | test error{', mean' if several else ''} | wrong answers | parameters | not zero | coded bytes |"]
        lines += ["|---|---|---|---|---|---|"]
        for model in claim.models:
            coded = "" if model.coded_bytes is None else count(model.coded_bytes)
            wrong = ", ".join(map(str, model.errors))
            weighs = f"{count(model.parameters)} | {count(model.nonzero)} | {coded}"
            lines.append(f"| {model.name} | {error_words(model)} | {wrong} | {weighs} |")
    return lines


def _timing(variants: tuple[Timed, ...]) -> list[str]:
    base = variants[0].flops
    lines = ["| measured | runtime | median latency | against the first | work of the first |", "|---|---|---|---|---|"]
    for variant in variants:
        work = f"{100 * variant.flops / base:.0f} %" if variant.flops and base else ""
        lines.append(f"| {variant.name} | {variant.runtime} | {variant.latency} | {variant.against} | {work} |")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(prog="papers.py", description="Run the papers' pipelines and write what came out.")
    parser.add_argument("--budget", default="full", help="small, or full as drawn (default)")
    parser.add_argument("--only", default="", metavar="IDS", help="R1,R2: only these; the others keep their last results")
    parser.add_argument("--data", type=Path, help="folder with mnist and fashion-mnist; without it they are downloaded")
    options = parser.parse_args()
    only = tuple(name.strip().upper() for name in options.only.split(",") if name.strip())
    RECORDS.mkdir(parents=True, exist_ok=True)
    for path in files(only):
        print(f"— {path.stem}", flush=True)
        record = run(path, options.budget, options.data)
        (RECORDS / f"{record.paper}.json").write_text(json.dumps(record.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n")
        write_page()
    print(f"What came out stands in {PAGE.relative_to(ROOT)}.")
    return 0


def write_page() -> None:
    """RESULTS.md from all records."""
    records = [Record.model_validate_json(path.read_text(encoding="utf-8")) for path in RECORDS.glob("R*.json")]
    PAGE.write_text(page(sorted(records, key=lambda record: _number(record.paper))), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
