"""Files: what is written is read; what is damaged is refused with a sentence; a failed save leaves the old file."""

import json
import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenbench.core.document import Document, dumps, loads, read
from greenbench.core.edits import AddNode, Connect, Describe, MoveNodes, RemoveNode
from greenbench.core.errors import FileFormatError, GreenBenchError
from greenbench.core.pipeline import Link, Node, Pipeline


def small(catalog):
    pipeline = Pipeline(catalog, "Größe 学 🌱", 'with "quotes" and \\')
    for node in (Node("data", "data", "Data"), Node("p", "prune", "Prune", {"ratio": 0.3, "epochs": 1}, (10.25, -3.0), True)):
        AddNode(node).apply(pipeline)
    AddNode(Node("model", "model", "Model")).apply(pipeline)
    Connect(Link("model", "model", "p", "model")).apply(pipeline)
    return pipeline


def test_a_file_has_a_format_a_version_and_one_parameter_a_line(catalog):
    text = dumps(small(catalog))
    assert json.loads(text)["format"] == "greenbench pipeline"
    assert json.loads(text)["version"] == 1
    assert '        "epochs": 1,\n        "ratio": 0.3\n' in text
    assert '"model.model -> p.model"' in text
    assert "学 🌱" in text


def test_equal_pipelines_give_equal_text_in_whatever_order_they_were_built(catalog):
    one, other = Pipeline(catalog), Pipeline(catalog)
    nodes = [Node("b", "prune", "B"), Node("a", "model", "A")]
    for node in nodes:
        AddNode(node).apply(one)
    for node in reversed(nodes):
        AddNode(node).apply(other)
    assert dumps(one) == dumps(other)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda raw: raw.update(format="other"), "X is not a GreenBench pipeline."),
        (lambda raw: raw.update(version=2), "X is of version 2; this GreenBench reads up to version 1. Update GreenBench"),
        (lambda raw: raw.update(version="1"), """X is damaged at "version": '1' is not a version. Write "version": 1."""),
        (lambda raw: raw.update(version=True), "True is not a version"),
        (lambda raw: raw.update(version=0), "0 is not a version"),
        (lambda raw: raw["nodes"][0].update(position=[float("nan"), 0]), 'X is damaged at "nodes.0.position.0"'),
        (lambda raw: raw["nodes"][0].update(title=" "), 'X: node "data" (data) lacks an id or a title. Give each node both.'),
        (lambda raw: raw["nodes"][0].update(title="half \ud800"), "X is damaged: it holds half a character"),
        (lambda raw: raw.pop("nodes"), 'X is damaged at "nodes": field required'),
        (lambda raw: raw.update(extra=1), 'X is damaged at "extra"'),
        (lambda raw: raw["nodes"].append(raw["nodes"][0]), 'X has two nodes with the id "data"'),
        (
            lambda raw: raw["nodes"][0].update(step="fly"),
            'X: node "Data" uses the step "fly", which this version does not have. Known steps: data,',
        ),
        (lambda raw: raw["nodes"][2]["params"].update(ratio=2), '"Prune": ratio cannot be 200 %.'),
        (lambda raw: raw["nodes"][2]["params"].update(speed=2), '"Prune": there is no parameter "speed".'),
        (lambda raw: raw["links"].append("nonsense"), 'X: "nonsense" is not a link.'),
        (lambda raw: raw["links"].append("gone.model -> p.model"), 'X: the link "gone.model -> p.model" is not possible.'),
        (lambda raw: raw["links"].append("p.model -> p.model"), "cannot feed itself"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused_by_what_is_wrong(catalog, change, sentence):
    raw = json.loads(dumps(small(catalog)))
    change(raw)
    with pytest.raises(GreenBenchError) as caught:
        loads(json.dumps(raw), catalog, "X")
    assert sentence in str(caught.value)


def test_a_file_with_a_circle_is_refused(catalog):
    raw = json.loads(dumps(small(catalog)))
    raw["nodes"].append({"id": "q", "step": "prune", "title": "Q"})
    raw["links"] = ["p.model -> q.model", "q.model -> p.model"]
    with pytest.raises(FileFormatError, match="would close a circle"):
        loads(json.dumps(raw), catalog)


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "null", "1" * 5000, "[" * 100_000, '{"format": 1e999}'], ids=lambda text: text[:8] or "empty"
)
def test_what_is_not_json_or_not_an_object_is_refused(catalog, text):
    with pytest.raises(FileFormatError, match="not a"):
        loads(text, catalog)


def refusal(text, catalog):
    """The sentence with which a file is refused; None if it is read, and can then be written."""
    try:
        dumps(loads(text, catalog))
    except GreenBenchError as error:
        return error.message
    return None


scraps = st.one_of(st.text(max_size=4), st.sampled_from(["null", "1e999", "{}", "[]", '"', ",", "-"]))


@settings(max_examples=200)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_and_never_takes_the_application_down(catalog, data):
    text = dumps(small(catalog))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(start + 12, len(text))))
        text = text[:start] + data.draw(scraps) + text[end:]
    assert refusal(text, catalog) != ""


@settings(max_examples=100)
@given(data=st.data())
def test_json_of_the_wrong_shape_is_read_or_refused_with_a_sentence(catalog, values_of, data):
    raw = json.loads(dumps(small(catalog)))
    place = data.draw(st.sampled_from(["version", "title", "description", "nodes", "links", "params", "position", "step", "id"]))
    (raw if place in raw else raw["nodes"][2])[place] = data.draw(st.one_of(values_of(Any), st.floats()))
    assert refusal(json.dumps(raw), catalog) != ""


def test_reading_a_file_names_it(catalog, tmp_path):
    path = tmp_path / "mine.greenbench"
    with pytest.raises(FileFormatError, match=r"mine\.greenbench cannot be opened: no such file"):
        read(path, catalog)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FileFormatError, match=r"^mine\.greenbench is not a pipeline: it is not text"):
        read(path, catalog)


def test_a_mark_before_the_text_is_no_obstacle(catalog, tmp_path):
    path = tmp_path / "marked.greenbench"
    path.write_text(dumps(small(catalog)), encoding="utf-8-sig")
    assert read(path, catalog) == small(catalog)


def test_what_is_too_large_for_a_pipeline_is_not_read_to_its_end(catalog, tmp_path):
    path = tmp_path / "film.greenbench"
    with path.open("wb") as file:
        file.truncate(10**11)  # takes no room on the disk, and would not fit into memory
    with pytest.raises(FileFormatError, match=r"^film\.greenbench is not a pipeline: it is too large"):
        read(path, catalog)


@pytest.mark.skipif(os.name != "posix", reason="other systems have no such modes")
def test_a_saved_file_may_be_read_by_whom_the_user_lets_and_keeps_its_mode(catalog, tmp_path):
    plain = tmp_path / "plain"
    plain.touch()
    path = Document(small(catalog)).save(tmp_path / "a.greenbench")
    assert path.stat().st_mode == plain.stat().st_mode
    path.chmod(0o640)
    Document(small(catalog)).save(path)
    assert path.stat().st_mode & 0o777 == 0o640


def test_saving_and_reading_gives_the_same_pipeline_and_clears_the_mark_of_change(catalog, tmp_path):
    document = Document(Pipeline(catalog))
    assert not document.modified
    document.replace(small(catalog))
    assert document.modified
    path = tmp_path / "a.greenbench"
    assert document.save(path) == path
    assert not document.modified
    assert read(path, catalog) == document.pipeline
    undo = document.apply(Describe("Other", ""))
    assert document.modified
    document.apply(undo)
    assert not document.modified


def test_a_document_without_a_file_must_be_told_where_to_save(catalog):
    with pytest.raises(FileFormatError, match="no file yet"):
        Document(small(catalog)).save()


def test_a_fresh_sample_needs_no_saving(catalog):
    document = Document(small(catalog))
    document.treat_as_saved()
    assert not document.modified


def test_a_save_that_fails_leaves_the_old_file_and_no_scraps(catalog, tmp_path, monkeypatch):
    document = Document(small(catalog))
    path = document.save(tmp_path / "a.greenbench")
    before = path.read_text(encoding="utf-8")
    document.apply(Describe("Changed", ""))

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("greenbench.core.whole_file.os.replace", full)
    with pytest.raises(FileFormatError, match=r"cannot be written: no space left on device\. Choose another folder or make room"):
        document.save()
    assert path.read_text(encoding="utf-8") == before
    assert os.listdir(tmp_path) == ["a.greenbench"]
    assert document.modified


def test_observers_hear_each_change_until_they_leave(catalog):
    document = Document(small(catalog))
    heard = []
    leave = document.observe(heard.append)
    document.apply(MoveNodes({"p": (1.0, 2.0)}))
    document.replace(small(catalog))
    leave()
    leave()
    document.apply(RemoveNode("p"))
    assert [(change.moved, change.everything) for change in heard] == [(("p",), False), ((), True)]
