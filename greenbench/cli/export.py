"""`greenbench export RUN --variant V --format F`: a variant's model as a file that was proved, with its model card."""

import re
from pathlib import Path

from greenbench.cli.job import chosen, do, past
from greenbench.cli.output import make_console
from greenbench.cli.outputs import complain, folder_name
from greenbench.core.errors import ExistsError, GreenBenchError, ProofError
from greenbench.core.jobs import Export, Exported, ExportFormat, Proof
from greenbench.core.quote import count
from greenbench.core.shipping import SHIPPING, export_refusal
from greenbench.report.proof import proof_sentences

DONE, FAILED = 0, 1


def export_model(run: str, variant: str, format: str, output: Path | None, force: bool = False) -> int:
    """Exports one variant of a past run; returns the exit code: 1 where the proof failed.

    Raises:
        GreenBenchError: no such run, variant or format, the model is no longer in the cache, or the files cannot be written.
    """
    wanted = _format(format)
    result, cache = past(run)
    found, model, data = chosen(result, cache, variant)
    refused = export_refusal(wanted, model.artifact)  # type: ignore[arg-type]  # a variant's artefact is a model
    if refused:
        raise GreenBenchError(f'"{found.name}" {refused[0]}', refused[1])
    name = re.sub(r"[^\w.+-]+", "-", folder_name(found.name)).strip("-.").lower() or f"variant-{found.letter.lower()}"
    request = Export(
        model=model,
        data=data,
        format=wanted,
        folder=str((output or Path(name)).absolute()),
        name=name,
        lineage=found.lineage or result.plan.lineage(found.node),
        run=result,
        variant=found.letter,
        threads=found.threads,
        overwrite=force,
    )
    try:
        exported = do(request, f"Exporting {found.name}", found.threads)
    except ExistsError as error:
        raise ExistsError(error.message, "Choose another folder with --output, or replace it with --force.") from None
    except ProofError as error:
        complain(str(error))
        return FAILED
    _show(exported)
    return DONE


def _format(text: str) -> ExportFormat:
    found = next((key for key in SHIPPING if text.lower() == key), None)
    if found is None:
        raise GreenBenchError(f'There is no format "{text}".', f"Formats: {', '.join(SHIPPING)}.")
    return found


def _show(exported: Exported) -> None:
    console = make_console()
    for line in proof_lines(exported.proof):
        console.print(line, markup=False, soft_wrap=True)
    for file in exported.files:
        console.print(
            f"{Path(exported.folder) / file.name}  {count(file.size_bytes)} B  sha256 {file.sha256}", markup=False, soft_wrap=True
        )
    console.print(f"{Path(exported.folder) / exported.card}  model card", markup=False, soft_wrap=True)


def proof_lines(proof: Proof) -> list[str]:
    """What the proof found, as sentences."""
    kind = "random inputs" if proof.random else "test examples"
    return [f"Proved on {count(proof.examples)} {kind}: {proof.process}.", *proof_sentences(proof)]
