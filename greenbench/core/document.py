"""The open pipeline and its file.

A `.greenbench` file is JSON with a format name and a version, keys in a fixed order, one parameter a line, so that two
versions of it can be read in a diff. What does not parse is refused with a sentence; nothing is half loaded.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, FiniteFloat, ValidationError

from greenbench.core.catalog import Catalog
from greenbench.core.edits import Change, Edit
from greenbench.core.errors import FileFormatError, GreenBenchError, ParameterError
from greenbench.core.pipeline import Link, Node, Pipeline
from greenbench.core.sample import Sample
from greenbench.core.whole_file import replace_file

FORMAT = "greenbench pipeline"
VERSION = 1
SUFFIX = ".greenbench"
_LARGEST_BYTES = 32 * 2**20  # a thousand times the largest pipeline anybody drew: more is another kind of file


class _NodeFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str
    step: str
    title: str
    params: dict[str, Any] = {}
    position: tuple[FiniteFloat, FiniteFloat] = (0.0, 0.0)
    muted: bool = False


class _PipelineFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    format: str
    version: int
    title: str
    description: str = ""
    sample: Sample | None = None
    nodes: list[_NodeFile]
    links: list[str]


def dumps(pipeline: Pipeline) -> str:
    """The text of a `.greenbench` file. Equal pipelines give equal text."""
    nodes: list[dict[str, Any]] = []
    for id in sorted(pipeline.nodes):
        node = pipeline.nodes[id]
        entry: dict[str, Any] = {"id": node.id, "step": node.step, "title": node.title}
        if node.params:
            entry["params"] = {name: node.params[name] for name in sorted(node.params)}
        entry["position"] = [_tidy(value) for value in node.position]
        if node.muted:
            entry["muted"] = True
        nodes.append(entry)
    links = [f"{link.source}.{link.output} -> {link.target}.{link.input}" for link in pipeline.links]
    whole: dict[str, Any] = {"format": FORMAT, "version": VERSION, "title": pipeline.title, "description": pipeline.description}
    if pipeline.sample:
        whole["sample"] = pipeline.sample.model_dump(mode="json", exclude_defaults=True)
    whole |= {"nodes": nodes, "links": links}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _tidy(value: float) -> float | int:
    return int(value) if float(value).is_integer() else round(value, 2)


def loads(text: str, catalog: Catalog, name: str = "The file") -> Pipeline:
    """The pipeline in the text of a `.greenbench` file.

    Raises:
        FileFormatError: not JSON, not a pipeline, from a newer version, a circle, a broken link.
        UnknownStepError, ParameterError: names the node and what it asks for.
    """
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:  # a ValueError alone: a number of thousands of digits
        where = f"line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else "too deep or too long"
        raise FileFormatError(f"{name} is not a pipeline: it is not valid JSON ({where}).", "Open a .greenbench file.") from None
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise FileFormatError(f"{name} is not a GreenBench pipeline.", f'Its "format" must be "{FORMAT}".')
    version = raw.get("version")
    if type(version) is not int or version < 1:
        raise FileFormatError(f'{name} is damaged at "version": {version!r} is not a version.', f'Write "version": {VERSION}.')
    if version > VERSION:
        raise FileFormatError(
            f"{name} is of version {version}; this GreenBench reads up to version {VERSION}.", "Update GreenBench to open it."
        )
    if not _is_text(raw):
        raise FileFormatError(f"{name} is damaged: it holds half a character.", "Mend the file or open an older copy.")
    try:
        parsed = _PipelineFile.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise FileFormatError(f'{name} is damaged at "{place}": {first["msg"].lower()}.', "Mend the file or open an older copy.") from None
    return _assemble(parsed, catalog, name)


def _is_text(raw: object) -> bool:
    """Whether all text in it can be written again: JSON can spell half of a surrogate pair, which no file or screen takes."""
    try:
        json.dumps(raw, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _assemble(parsed: _PipelineFile, catalog: Catalog, name: str) -> Pipeline:
    pipeline = Pipeline(catalog, parsed.title, parsed.description)
    pipeline.sample = parsed.sample
    for entry in parsed.nodes:
        node = Node(entry.id, entry.step, entry.title, entry.params, entry.position, entry.muted)
        if node.id in pipeline.nodes:
            raise FileFormatError(f'{name} has two nodes with the id "{node.id}".', "Rename one of them.")
        if not node.id.strip() or not node.title.strip():
            known_as = f'"{node.id or node.title}"'
            raise FileFormatError(f"{name}: node {known_as} ({node.step}) lacks an id or a title.", "Give each node both.")
        if node.step not in catalog:
            known = ", ".join(spec.key for spec in catalog)
            raise FileFormatError(
                f'{name}: node "{node.title}" uses the step "{node.step}", which this version does not have.',
                f"Known steps: {known}.",
            )
        pipeline.check_node(node)
        pipeline.nodes[node.id] = node
    for text in parsed.links:
        link = _parse_link(text, name)
        try:
            pipeline.check_link(link)
        except ParameterError:
            raise
        except GreenBenchError as error:
            raise FileFormatError(f'{name}: the link "{text}" is not possible. {error.message}', error.remedy) from None
        pipeline.links.append(link)
    return pipeline


def _parse_link(text: str, name: str) -> Link:
    left, arrow, right = text.partition("->")
    source, dot, output = left.strip().rpartition(".")
    target, dot2, input = right.strip().rpartition(".")
    if not (arrow and dot and dot2):
        raise FileFormatError(f'{name}: "{text}" is not a link.', 'Write "node.output -> node.input".')
    return Link(source, output, target, input)


def read(path: Path, catalog: Catalog) -> Pipeline:
    """Reads a `.greenbench` file.

    Raises:
        FileFormatError, UnknownStepError, ParameterError: see `loads`; also when the file cannot be opened.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
        if len(content) > _LARGEST_BYTES:
            raise FileFormatError(f"{Path(path).name} is not a pipeline: it is too large for one.", "Open a .greenbench file.")
        text = content.decode("utf-8-sig")  # some editors put a mark before the text
    except UnicodeDecodeError:
        raise FileFormatError(f"{Path(path).name} is not a pipeline: it is not text.", "Open a .greenbench file.") from None
    except OSError as error:
        raise FileFormatError(f"{path} cannot be opened: {(error.strerror or str(error)).lower()}.", "Check the path.") from None
    return loads(text, catalog, Path(path).name)


def write_text(path: Path, text: str) -> None:
    """Writes a file whole or not at all: a full disk leaves the old one as it was.

    Raises:
        FileFormatError: says why it cannot be written.
    """
    try:
        replace_file(Path(path), text.encode("utf-8"))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise FileFormatError(f"{path} cannot be written: {reason}.", "Choose another folder or make room.") from None


class Document:
    """The open pipeline, the path it was read from or saved to, and those who want to hear of changes."""

    def __init__(self, pipeline: Pipeline, path: Path | None = None) -> None:
        self.pipeline = pipeline
        self.path = path
        self._saved = dumps(pipeline) if path else None
        self._observers: list[Callable[[Change], None]] = []

    @property
    def title(self) -> str:
        return self.pipeline.title

    @property
    def modified(self) -> bool:
        """Whether there is something to lose: the pipeline differs from the file, or was never saved and is not empty."""
        if self._saved is None:
            return bool(self.pipeline.nodes)
        return dumps(self.pipeline) != self._saved

    def treat_as_saved(self) -> None:
        """Takes the present state as one that needs no saving (a fresh sample, say)."""
        self._saved = dumps(self.pipeline)

    def observe(self, observer: Callable[[Change], None]) -> Callable[[], None]:
        """Calls `observer` with each change; returns the function that ends this."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer) if observer in self._observers else None

    def apply(self, edit: Edit) -> Edit:
        """Applies an edit, tells the observers, and returns the inverse."""
        inverse = edit.apply(self.pipeline)
        for change in edit.changes():
            self._tell(change)
        return inverse

    def replace(self, pipeline: Pipeline, path: Path | None = None) -> None:
        """Takes another pipeline as the open one."""
        self.pipeline, self.path = pipeline, path
        self._saved = dumps(pipeline) if path else None
        self._tell(Change(everything=True))

    def save(self, path: Path | None = None) -> Path:
        """Writes the pipeline to `path`, or to where it came from.

        Raises:
            FileFormatError: the file cannot be written; the old one is as it was.
        """
        target = Path(path) if path else self.path
        if target is None:
            raise FileFormatError("This pipeline has no file yet.", "Choose where to save it.")
        text = dumps(self.pipeline)
        write_text(target, text)
        self.path, self._saved = target, text
        return target

    def _tell(self, change: Change) -> None:
        for observer in tuple(self._observers):
            observer(change)
