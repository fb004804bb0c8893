"""The export job: writes a model in a format for others, has a fresh process answer with nothing but those files, compares, and only
then puts them where they shall lie, with the model card.

scratch:   NAME.onnx  NAME.json   examples.npy ──▶ fresh process ──▶ answers.npy      against the model's own answers
folder:    ◀── moved when the proof holds, with NAME.md; nothing otherwise
"""

import hashlib
import os
import secrets
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greenbench.core.artifact import ModelArtifact
from greenbench.core.errors import ExistsError, ModelError, ProofError, WorkerError
from greenbench.core.jobs import Export, Exported, ExportedFile, Proof, Prove, StoredRef
from greenbench.core.runtimes import RUNTIMES, unavailable
from greenbench.core.shipping import SHIPPING, export_refusal
from greenbench.core.step import StepContext, Stored
from greenbench.core.task import TASKS
from greenbench.engine.jobs import run_job
from greenbench.ml.answering import OWN_RUNTIME, answers, batch_of, evenly, noise, runtime_words, session_of
from greenbench.ml.data import Dataset, Split, open_dataset
from greenbench.ml.shipping import format_of
from greenbench.ml.shipping.description import write_description
from greenbench.ml.shipping.judging import further_limits, judge, tolerance
from greenbench.ml.shipping.library_call import library_call
from greenbench.ml.tasks import task
from greenbench.report.model_card import model_card, variant_of

MOST_EXAMPLES = 2000
MOST_BYTES = 512 * 2**20
"""Of examples, and of answers: a proof on 2,000 photographs would fill the disk."""
_RANDOM_EXAMPLES = 64


def export(request: Export, context: StepContext) -> Exported:
    """Does an export.

    Raises:
        ModelError: the model cannot be written so, or the files cannot be put there.
        ProofError: the written file does not answer like the model; nothing is left of it.
    """
    try:
        return _exported(request, context)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ModelError(f"The export cannot be written: {reason}.", f"Make room; its working files lie in {context.folder}.") from None


def _exported(request: Export, context: StepContext) -> Exported:
    stored = _stored(request.model)
    format = SHIPPING[request.format]
    refused = export_refusal(request.format, stored.model)
    if refused:
        raise ModelError(f'"{stored.title}" {refused[0]}', refused[1])
    _check_names(request)
    made_in = context.folder / "export"
    made_in.mkdir()
    context.progress(0.05, f"writing {format.title}")
    described = format_of(request.format).write(stored, made_in, request.name, context)
    described = _with_tokenizer(stored, described, made_in, request.name)
    write_description(described, made_in, request.name)
    context.progress(0.4, "answering test examples")
    expected = _answers(request, stored, context)
    context.progress(0.6, "answering them in a fresh process")
    proof = _prove(request, stored, described, expected, context)
    context.progress(0.95, "writing the model card")
    files = _listed(made_in)
    card = f"{request.name}.md"
    built_by = library_call(stored) if request.format == "safetensors" else ""
    (made_in / card).write_text(model_card(request, described, proof, files, built_by), encoding="utf-8")
    _put(made_in, request)
    context.progress(1.0, "done")
    return Exported(folder=request.folder, format=request.format, files=files, proof=proof, card=card)


def _stored(ref: StoredRef) -> Stored:
    return Stored(ref.artifact, Path(ref.folder), ref.node, ref.title)


def _with_tokenizer(stored: Stored, described: ModelArtifact, folder: Path, name: str) -> ModelArtifact:
    """A model of texts is of no use without what makes numbers of them."""
    if "tokenizer" not in stored.model.files:
        return described
    target = f"{name}.tokenizer.json"
    shutil.copyfile(stored.file("tokenizer"), folder / target)
    return described.model_copy(update={"files": {**described.files, "tokenizer": target}})


def _check_names(request: Export) -> None:
    """Before anything is computed: the name is a name, and nothing is in the way."""
    if not request.name or request.name != Path(request.name).name or request.name.startswith("."):
        raise ModelError(f'"{request.name}" cannot be the name of a file.', "Use letters, digits, spaces, - and _.")
    folder = Path(request.folder)
    if folder.exists() and not folder.is_dir():
        raise ModelError(f"{folder} is a file, not a folder.", "Choose another folder.")
    if not request.overwrite:
        endings = (SHIPPING[request.format].suffix, ".json", ".md")
        taken = [name for name in (request.name + ending for ending in endings) if (folder / name).exists()]
        if taken:
            raise ExistsError(f"{folder / taken[0]} exists already.", "Choose another folder or name, or say that it may be replaced.")


@dataclass(frozen=True)
class _Expected:
    """What the pipeline's model answers, in which runtime; `targets` None: the data has no truth that could be compared."""

    runtime: str
    examples: Path
    outputs: NDArray[Any]
    targets: NDArray[Any] | None
    random: bool
    batch: int


def _answers(request: Export, stored: Stored, context: StepContext) -> _Expected:
    """The model's own answers to the test examples, which are written beside for the fresh process."""
    dataset, split = _examples(request, stored)
    model = stored.model
    key = _measured_in(request, model)
    batch = batch_of(model)
    session = session_of(stored, request.threads, key, batch)
    places = evenly(len(split), min(MOST_EXAMPLES, max(batch, MOST_BYTES // max(split.nbytes // max(len(split), 1), 1))))
    examples = context.folder / "examples.npy"
    parts: list[NDArray[Any]] = []
    with examples.open("wb") as file:
        first = split.take(places[:1])
        header = {"descr": np.lib.format.dtype_to_descr(first.dtype), "fortran_order": False, "shape": (len(places), *first.shape[1:])}
        np.lib.format.write_array_header_1_0(file, header)
        for start in range(0, len(places), batch):
            chosen = places[start : start + batch]
            x = split.take(chosen)
            # Written, not mapped: a full disk is an error that can be told, where a mapped file would kill the process.
            file.write(np.ascontiguousarray(x).tobytes())
            parts.append(answers(session, x, batch))
            context.progress(0.4 + 0.2 * (start + len(chosen)) / len(places), "answering test examples")
    targets = split.targets(places) if dataset is not None and dataset.fit.judged and TASKS[model.task].metric else None
    return _Expected(key, examples, np.concatenate(parts), targets, dataset is None or dataset.artifact.random, batch)


def _examples(request: Export, stored: Stored) -> tuple[Dataset | None, Split]:
    if request.data is not None:
        dataset = open_dataset(_stored(request.data), stored)
        if "test" in dataset.artifact.splits and dataset.artifact.splits["test"].examples:
            return dataset, dataset.split("test")
    return None, noise(stored.model.input, _RANDOM_EXAMPLES)


def _measured_in(request: Export, model: ModelArtifact) -> str:
    """The runtime the model was measured in, if it takes the model as it is and is here; else the one its file belongs to."""
    variant = variant_of(request)
    key = variant.runtime if variant else ""
    if key in RUNTIMES and model.format in RUNTIMES[key].loads and unavailable(key, "cpu") is None:
        return key
    return OWN_RUNTIME[model.format]


def _prove(request: Export, stored: Stored, described: ModelArtifact, expected: _Expected, context: StepContext) -> Proof:
    outputs = context.folder / "answers.npy"
    built = stored.model.architecture
    asked = Prove(
        format=request.format,
        folder=str(context.folder / "export"),
        name=request.name,
        inputs=str(expected.examples),
        outputs=str(outputs),
        batch=batch_of(described, expected.batch),
        threads=request.threads,
        # The user allowed this code when the model was made; that its bytes are the same is looked at again.
        trusted=tuple(str(value) for key, value in (built.arguments.items() if built else ()) if key == "sha256"),
    )
    try:
        proved = run_job(asked, threads=request.threads)
    except WorkerError as error:
        raise ProofError(
            f"The exported file could not be used: {error.message}", "Choose another format, and please report this."
        ) from error
    found = np.load(outputs)
    model, title = stored.model, SHIPPING[request.format].title
    allowed = tolerance(model, expected.runtime, OWN_RUNTIME[described.format])
    by = judge(expected.outputs, found, model.task == "classification", allowed, stored.title, title)
    typical, agreeing = further_limits(allowed)
    metric, before, after = TASKS[model.task].metric, None, None
    if expected.targets is not None:
        scores = task(model.task).scores
        before, after = (float(np.nanmean(scores(each, expected.targets))) for each in (expected.outputs, found))
    return Proof(
        examples=len(found),
        random=expected.random,
        largest_absolute=by.absolute,
        largest_relative=by.relative,
        tolerance=allowed,
        typical=by.typical,
        typical_allowed=typical,
        agreement=by.agreement,
        agreement_required=agreeing if by.agreement is not None else None,
        metric=metric if before is not None else "",
        before=before,
        after=after,
        process=f"{proved.runtime} in a fresh process, against {runtime_words(expected.runtime)}",
    )


def _listed(folder: Path) -> tuple[ExportedFile, ...]:
    """The written files, the model's own first."""
    files = [path for path in folder.iterdir() if path.is_file()]
    files.sort(key=lambda path: (path.suffix == ".json", path.name))
    return tuple(ExportedFile(name=path.name, size_bytes=path.stat().st_size, sha256=_sha256(path)) for path in files)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _put(made_in: Path, request: Export) -> None:
    """Copies all files beside their places and then renames them into place: each is there whole or not at all."""
    folder = Path(request.folder)
    mark = f".{secrets.token_hex(4)}"
    waiting: list[tuple[Path, Path]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source in sorted(made_in.iterdir()):
            target = folder / source.name
            waiting.append((folder / f".{source.name[:100]}{mark}", target))
            shutil.copyfile(source, waiting[-1][0])
        for temporary, target in waiting:
            os.replace(temporary, target)
    except OSError as error:
        for temporary, _ in waiting:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        reason = (error.strerror or str(error)).lower()
        raise ModelError(f"{folder} cannot be written: {reason}.", "Choose another folder, or make room.") from None
