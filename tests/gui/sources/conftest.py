"""A small catalogue with a model file, data and a benchmark, and jobs that do what the test says instead of starting processes."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from pydantic import model_validator
from PySide6.QtGui import QColor, QPixmap
from pytestqt.qtbot import QtBot

from greenbench.core.artifact import Artifact, DatasetArtifact, Footprint, InputSpec, ModelArtifact, SplitInfo
from greenbench.core.catalog import Catalog
from greenbench.core.errors import Cancelled
from greenbench.core.jobs import InspectFile, PreparedNode, PrepareSources, SourcesPrepared
from greenbench.core.params import FieldKind, Params, parameter
from greenbench.core.pipeline import Link, Node, Pipeline
from greenbench.core.ports import Port, PortKind
from greenbench.core.preview import Broken, Preview, Sample
from greenbench.core.step import Group, StepOutcome, StepSpec
from greenbench.core.trust import TrustRequest
from greenbench.engine.cache import Cache
from greenbench.engine.plan import Conditions
from greenbench.gui.forms.inspector import Inspector
from greenbench.gui.job_bridge import JobBridge
from greenbench.gui.session import Session
from greenbench.gui.sources.intake import Intake
from greenbench.gui.theme import Theme

MODEL, DATA = Port("model", PortKind.MODEL), Port("data", PortKind.DATASET)


class FileParams(Params):
    file: str = parameter("", "File", "A model.", kind=FieldKind.FILE)
    architecture: str = parameter("", "Architecture", "Of bare weights.")
    normalise: Literal["auto", "values"] = parameter("auto", "Normalisation")
    mean: str = parameter("", "Mean", visible_when={"normalise": ("values",)})
    std: str = parameter("", "Deviation", visible_when={"normalise": ("values",)})

    @model_validator(mode="after")
    def _both(self) -> "FileParams":
        if self.normalise == "values" and not (self.mean and self.std):
            raise ValueError("the mean or the deviation is empty.")
        return self


class FolderParams(Params):
    folder: str = parameter("", "Folder", kind=FieldKind.FOLDER)
    size: int = parameter(8, "Size", ge=1)
    use: Literal["all", "test"] = parameter("all", "Use", choices={"all": "Training and testing", "test": "Testing only"})


class NoParams(Params):
    pass


def request_of(path: str) -> TrustRequest:
    return TrustRequest(path=path, sha256="ab" * 32, kind="TorchScript file", explanation="Loading it runs the program inside.")


def _trust(params: FileParams) -> tuple[TrustRequest, ...]:
    return (request_of(params.file),) if params.file.endswith(".ts") else ()


def _missing(params: FolderParams) -> tuple[str, str] | None:
    return None if params.folder and Path(params.folder).is_dir() else ("no folder is chosen.", "Choose one.")


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return Catalog(
        [
            StepSpec("model.file", 1, "Model file", Group.SOURCES, "cube", "A file", "Reads a file.", FileParams, "no:no", (), (MODEL,),
                     ("file",), trust=_trust, browse={"architecture": "models"}),
            StepSpec("data.folder", 1, "Images", Group.SOURCES, "database", "A folder", "Reads.", FolderParams, "no:no", (), (DATA,),
                     ("folder",), obstacle=_missing),
            StepSpec("train", 1, "Train", Group.TRAIN, "graduation-cap", "Trains", "Trains.", NoParams, "no:no", (MODEL, DATA), (MODEL,)),
        ]
    )  # fmt: skip


@pytest.fixture
def session(catalog: Catalog) -> Session:
    pipeline = Pipeline(catalog, "Own model")
    for id, step in (("file", "model.file"), ("data", "data.folder"), ("train", "train")):
        pipeline.nodes[id] = Node(id, step, catalog[step].title)
    pipeline.links += [Link("file", "model", "train", "model"), Link("data", "data", "train", "data")]
    return Session(catalog, pipeline)


class Jobs:
    """Stands in for the job processes: answers with what the test put there, keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.answer: Callable[[Any], Any] = lambda request: None
        self.wait = False

    def __call__(self, request: Any, on_progress: Callable[[float, str], None], stopped: Callable[[], bool]) -> Any:
        self.asked.append(request)
        pause = threading.Event()
        while self.wait:
            on_progress(0.25, "looking at images")
            if stopped():
                raise Cancelled
            pause.wait(0.005)
        return self.answer(request)

    @property
    def inspected(self) -> list[InspectFile]:
        return [request for request in self.asked if isinstance(request, InspectFile)]

    @property
    def read(self) -> list[PrepareSources]:
        return [request for request in self.asked if isinstance(request, PrepareSources)]


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


@pytest.fixture
def intake(session: Session, theme: Theme, jobs: Jobs) -> Iterator[Intake]:
    made = Intake(session, theme, JobBridge(jobs), lambda: Conditions(trusted=made.trust.book.allowed()))
    yield made
    made.close()


@pytest.fixture
def inspector(qtbot: QtBot, session: Session, theme: Theme, intake: Intake) -> Inspector:
    made = Inspector(session, theme, intake=intake)
    qtbot.addWidget(made)
    made.resize(296, 900)
    made.show()
    qtbot.waitExposed(made)
    intake.window = made
    return made


def dataset(classes: tuple[str, ...] = ("cat", "dog"), shape: tuple[int, ...] = (3, 8, 8), **changes: Any) -> DatasetArtifact:
    splits = {name: SplitInfo(examples=number, digest=name) for name, number in (("train", 12), ("test", 5))}
    whole = {"kind": "images", "name": "Pets", "input": InputSpec(shape=shape), "classes": classes, "splits": splits, **changes}
    return DatasetArtifact.model_validate(whole)


def model(classes: tuple[str, ...] = ("cat", "dog"), shape: tuple[int, ...] = (3, 8, 8)) -> ModelArtifact:
    weights = Footprint(parameters=10, nonzero_parameters=10, size_bytes=40)
    return ModelArtifact(format="onnx", files={}, input=InputSpec(shape=shape), classes=classes, footprint=weights)


PREVIEW = Preview(
    samples=(
        Sample(split="train", label="cat", image="0.png"),
        Sample(split="train", label="dog", image="1.png"),
        Sample(split="test", label="cat", image="gone.png"),
    ),
    counts={"train": (9, 3), "test": (4, 1)},
    sizes="8 × 8 to 64 × 48 px",
    broken=tuple(Broken(file=f"cat/{number}.jpg", reason="it is cut off") for number in range(4)),
    broken_total=12,
)


def prepared(folder: Path, outputs: dict[str, Artifact], preview: Preview | None = PREVIEW) -> Callable[[PrepareSources], SourcesPrepared]:
    """What the job answers: every node gives `outputs`, whose files lie in the cache as after a real read."""

    def answer(request: PrepareSources) -> SourcesPrepared:
        cache, nodes = Cache(Path(request.cache)), []
        for node in request.plan.nodes:
            begun = cache.begin()
            given = dict(outputs)
            if preview is not None and "data" in given:
                (begun / "preview.json").write_text(preview.model_dump_json(), encoding="utf-8")
                for number in range(2):
                    picture = folder / f"{number}.png"
                    (begun / picture.name).write_bytes(picture.read_bytes())
                given["data"] = given["data"].model_copy(update={"files": {"preview": "preview.json"}})
            cache.commit(node.digest, begun, StepOutcome(given), 0.1)
            place = str(cache.path(node.digest))
            nodes.append(PreparedNode(node=node.id, title=node.title, folder=place, outputs=given))
        return SourcesPrepared(nodes=tuple(nodes))

    return answer


@pytest.fixture
def made() -> SimpleNamespace:
    """Makers of what a source gives: `made.dataset()`, `made.model()`, `made.prepared(folder, outputs)`, `made.preview`."""
    return SimpleNamespace(dataset=dataset, model=model, prepared=prepared, preview=PREVIEW)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with two small pictures, in which nothing else lies."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, color in enumerate(("red", "blue")):
        picture = QPixmap(8, 8)
        picture.fill(QColor(color))
        assert picture.save(str(folder / f"{number}.png"))
    return folder
