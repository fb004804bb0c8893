"""What a pipeline file says of itself on the start page, read without building the pipeline."""

import json
from pathlib import Path

import pytest

from greenbench.core.document import read
from greenbench.core.ports import PortKind
from greenbench.core.step import Group
from greenbench.gui.start.gallery import Sample, files, first_sentence, read_sample
from greenbench.gui.start.miniature import slips
from greenbench.steps import installed

CATALOG = installed()


def written(folder: Path, **changes: object) -> Path:
    whole = {
        "format": "greenbench pipeline", "version": 1, "title": "Small nets", "description": "Half as large. Says Hinton et al. 2015.",
        "sample": {
            "paper": "R9", "label": "Nobody 2020", "kind": "papers", "minutes": {"full": 14, "small": 3},
            "budgets": {"small": {"train.epochs": 2}},
        },
        "nodes": [
            {"id": "data", "step": "data.download", "title": "Data", "params": {"data": "mnist"}, "position": [0, 0]},
            {"id": "net", "step": "model.library", "title": "Net", "position": [0, 100]},
            {"id": "train", "step": "train", "title": "Train", "position": [200, 50]},
            {"id": "half", "step": "prune.magnitude", "title": "Half", "position": [400, 50]},
            {"id": "bench", "step": "benchmark", "title": "Benchmark", "position": [600, 50]},
        ],
        "links": [
            "data.data -> train.data", "net.model -> train.model", "train.model -> half.model", "train.model -> bench.models",
            "half.model -> bench.models",
        ],
    } | changes  # fmt: skip
    path = folder / "small.greenbench"
    path.write_text(json.dumps(whole), encoding="utf-8")
    return path


def test_a_file_tells_its_paper_its_minutes_and_what_it_fetches(tmp_path: Path) -> None:
    sample = read_sample(written(tmp_path), CATALOG)
    assert sample is not None
    assert (sample.title, sample.sentence, sample.label) == ("Small nets", "Half as large.", "Nobody 2020")
    assert sample.minutes == "3 or 14 min"
    assert [budget.words for budget in sample.budgets] == ["Small, about 3 min", "Full, about 14 min"]
    assert sample.downloads == ("MNIST (12 MB)",)
    assert sample.variants == 2
    assert [spot.group for spot in sample.spots] == [Group.SOURCES, Group.SOURCES, Group.TRAIN, Group.COMPRESS, Group.MEASURE]
    assert [wire.kind for wire in sample.wires[:2]] == [PortKind.DATASET, PortKind.MODEL]


def test_a_shelf_holds_what_a_sample_does_and_papers_what_it_says(tmp_path: Path) -> None:
    paper = read_sample(written(tmp_path), CATALOG)
    assert paper is not None
    assert paper.is_of("")
    assert paper.is_of("papers")
    assert paper.is_of("compress")
    assert not paper.is_of("distil")
    plain = read_sample(written(tmp_path, sample={"kind": "distil"}), CATALOG)
    assert plain is not None
    assert plain.is_of("distil")
    assert not plain.is_of("papers")
    assert [budget.name for budget in plain.budgets] == ["full"]
    assert plain.minutes == ""


def test_a_step_of_another_version_is_drawn_and_a_broken_file_is_left_out(tmp_path: Path) -> None:
    newer = written(tmp_path, nodes=[{"id": "a", "step": "of.tomorrow", "title": "A", "position": [0, 0]}], links=[])
    sample = read_sample(newer, CATALOG)
    assert sample is not None
    assert sample.spots[0].group is None
    for text in ("{", "[]", '{"title": "x"}', '{"title": "x", "nodes": [1], "links": []}'):
        newer.write_text(text, encoding="utf-8")
        assert read_sample(newer, CATALOG) is None
    assert read_sample(tmp_path / "gone.greenbench", CATALOG) is None


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One. Two.", "One."),
        ("784-1200-10 nets, T = 2.5 and more. Then.", "784-1200-10 nets, T = 2.5 and more."),
        ("After Hinton et al. 2015, a student. It learns.", "After Hinton et al. 2015, a student."),
        ("No stop", "No stop"),
        ("", ""),
    ],
)
def test_the_first_sentence_ends_where_a_reader_ends_it(text: str, first: str) -> None:
    assert first_sentence(text) == first


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_every_shipped_pipeline_opens_in_each_of_its_sizes_and_has_a_card(path: Path) -> None:
    sample = read_sample(path, CATALOG)
    assert isinstance(sample, Sample)
    assert sample.title
    assert sample.sentence
    pipeline = read(path, CATALOG)
    assert all(spot.group is not None for spot in sample.spots)
    for budget in sample.budgets:
        assert pipeline.with_budget(budget.name).nodes.keys() == pipeline.nodes.keys()


@pytest.mark.parametrize("path", files(), ids=lambda path: path.stem)
def test_no_slip_of_a_miniature_leaves_its_frame_or_covers_another(path: Path) -> None:
    from PySide6.QtCore import QRectF

    sample = read_sample(path, CATALOG)
    assert sample is not None
    frame = QRectF(0, 0, 240, 54)
    boxes = slips(frame, sample.spots)
    for number, box in enumerate(boxes):
        assert frame.adjusted(-1, -1, 1, 1).contains(box)
        assert not any(box.intersects(other) for other in boxes[number + 1 :])
