"""Sentences from every common form of file become the same splits, and the same numbers on every machine."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenbench.core.artifact import Footprint, InputSpec, ModelArtifact, Tokens
from greenbench.core.errors import DataError, ModelError
from greenbench.core.preview import Preview
from greenbench.core.step import Stored
from greenbench.ml.data import open_dataset
from greenbench.ml.data.arrays import About
from greenbench.ml.data.cuts import Cut
from greenbench.ml.data.text_sources import TextReading, read_texts
from greenbench.ml.data.texts import pack_texts
from greenbench.ml.data.tokens import numbered

HOW = Cut(test=0.2, validation=0.1, calibration=8)
TREC = Path(__file__).parents[3] / "shared" / "data" / "trec"
HASH = InputSpec(shape=(6,), dtype="int64", kind="text", tokens=Tokens(kind="hash", vocabulary=1000))
COUNT = 60


def sentences() -> list[tuple[str, str]]:
    return [(("good", "bad")[i % 2], f"sentence number {i}, {'really' if i % 2 else 'quite'} nice {i}") for i in range(COUNT)]


def model(
    spec: InputSpec, classes: tuple[str, ...] = ("bad", "good"), folder: Path = Path(), files: dict[str, str] | None = None
) -> Stored:
    artifact = ModelArtifact(
        format="torch",
        files=files or {},
        input=spec,
        classes=classes,
        footprint=Footprint(parameters=1, nonzero_parameters=1, size_bytes=1),
    )
    return Stored(artifact, folder, "m", "Model")


def stored(folder: Path, file: Path, test: Path | None = None, **reading: object) -> Stored:
    folder.mkdir(exist_ok=True)
    return Stored(read_texts(file, test, folder, TextReading(**reading), HOW), folder, "d", "Data")  # type: ignore[arg-type]


def csv_text(delimiter: str = ",", header: str = "text,label") -> str:
    rows = [f'"{text}"{delimiter}{label}' for label, text in sentences()]
    return "\n".join([header.replace(",", delimiter), *rows]) + "\n"


FORMS = {
    "comma": csv_text(),
    "tab": csv_text("\t"),
    "semicolon": csv_text(";"),
    "no header": csv_text().partition("\n")[2],
    "other names": csv_text(header="what was said,verdict"),
    "json lines": "\n".join(json.dumps({"label": label, "text": text}) for label, text in sentences()),
    "label first": "\n".join(f"{label} {text}" for label, text in sentences()),
    "fastText": "\n".join(f"__label__{label} {text}" for label, text in sentences()),
    "sub-labels": "\n".join(f"{label}:{i % 3} {text}" for i, (label, text) in enumerate(sentences())),
}


def everything(data: Stored) -> set[tuple[str, str]]:
    opened = open_dataset(data)
    found = set()
    for name in opened.artifact.splits:
        split = opened.split(name)
        found |= {(opened.classes[int(label)], text) for label, text in zip(split.labels, split.texts(range(len(split))), strict=True)}
    return found


@pytest.mark.parametrize("form", FORMS)
def test_each_form_gives_the_same_sentences_and_labels(tmp_path: Path, form: str) -> None:
    file = tmp_path / "reviews.dat"
    file.write_text(FORMS[form], encoding="utf-8")
    assert everything(stored(tmp_path / "out", file)) == set(sentences())


def test_parquet_gives_the_same(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table({"label": [label for label, _ in sentences()], "text": [text for _, text in sentences()]})
    parquet.write_table(table, tmp_path / "x.bin")
    assert everything(stored(tmp_path / "out", tmp_path / "x.bin")) == set(sentences())


@pytest.mark.parametrize(("encoding", "noted"), [("utf-8", False), ("utf-8-sig", False), ("utf-16", False), ("latin-1", True)])
def test_the_encoding_is_told_from_the_bytes(tmp_path: Path, encoding: str, noted: bool) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(csv_text().replace("nice", "naïve").encode(encoding))
    data = stored(tmp_path / "out", file)
    assert all("naïve" in text for _, text in everything(data))
    assert any("Latin-1" in note for note in data.dataset.notes) == noted


def test_splits_are_disjoint_and_stratified(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(csv_text())
    opened = open_dataset(stored(tmp_path / "out", tmp_path / "a.csv"))
    texts = [text for name in opened.artifact.splits for text in opened.split(name).texts(range(len(opened.split(name))))]
    assert len(texts) == len(set(texts)) == COUNT
    assert np.bincount(opened.split("test").labels).tolist() == [6, 6]


def test_a_sentence_that_occurs_in_train_and_test_stays_in_the_test_alone(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(csv_text())
    (tmp_path / "test.csv").write_text(
        "text,label\nsentence number 0, quite nice 0,good\n".replace("0, quite", "0, quite").replace(
            "sentence number 0, quite nice 0", '"sentence number 0, quite nice 0"'
        )
        + "something new,bad\n"
    )
    data = stored(tmp_path / "out", tmp_path / "train.csv", tmp_path / "test.csv")
    opened = open_dataset(data)
    assert opened.split("test").texts([0, 1]) == ["sentence number 0, quite nice 0", "something new"]
    assert sum(info.examples for info in data.dataset.splits.values()) == COUNT + 1
    assert any("more than one split" in note for note in data.dataset.notes)


def test_empty_texts_and_labels_are_left_out_and_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(csv_text() + '"",good\n"no label here",\n')
    data = stored(tmp_path / "out", tmp_path / "a.csv")
    preview = Preview.model_validate_json(data.file("preview").read_text())
    assert [(broken.file, broken.reason) for broken in preview.broken] == [("a.csv, line 62", "no text"), ("a.csv, line 63", "no label")]
    assert "2 lines have no text or no label and were left out." in data.dataset.notes
    assert sum(info.examples for info in data.dataset.splits.values()) == COUNT


def test_the_preview_shows_sentences_of_every_class(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(csv_text())
    preview = Preview.model_validate_json(stored(tmp_path / "out", tmp_path / "a.csv").file("preview").read_text())
    assert {sample.label for sample in preview.samples} == {"good", "bad"}
    assert sum(sum(counts) for counts in preview.counts.values()) == COUNT
    assert "7 to 7 words" in preview.sizes


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"text,label\n" + b"\n".join(b'"x%d",a' % i for i in range(30)), "one class"),
        (b"text,label\na,b\nc,d,e\n" + b"x,b\n" * 30, "line 3: 3 cells instead of 2"),
        (b'{"text": "a", "label": "b"}\n{"text"\n', "line 2: no JSON"),
        (b"[{}]", "one JSON list"),
        (b"PK\x03\x04rest", "compressed archive"),
        (b"PAR1broken", "as Parquet"),
        (b"\xff\x00\x81\x00\x00", "is no text"),
        (b"\n".join(b"word%d and more" % i for i in range(1200)), "more than 1000 different labels"),
    ],
)
def test_bad_files_are_refused_with_a_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError, match=words):
        stored(tmp_path / "out", tmp_path / "a.csv")


def test_a_column_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(csv_text())
    with pytest.raises(DataError, match='no column "body"') as caught:
        stored(tmp_path / "out", tmp_path / "a.csv", text_column="body")
    assert "text, label" in caught.value.remedy


def test_a_class_in_the_test_file_alone_is_named(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(csv_text())
    (tmp_path / "test.csv").write_text("text,label\nodd one,strange\nfine one,good\n")
    data = stored(tmp_path / "out", tmp_path / "train.csv", tmp_path / "test.csv")
    assert "1 of 3 classes has no training example: strange." in data.dataset.notes


def test_hashed_words_are_the_same_everywhere(tmp_path: Path) -> None:
    # CRC-32 of "cat" is 0x9e5e43a8 (as zlib, PKZIP and Ethernet have it); 1 + that modulo 999.
    assert numbered(["Cat"], HASH, None).tolist() == [[1 + 0x9E5E43A8 % 999, 0, 0, 0, 0, 0]]


@given(st.lists(st.text(max_size=80), min_size=1, max_size=5), st.integers(0, 9))
def test_numbers_stay_inside_the_vocabulary_and_padding_fills_the_rest(texts: list[str], padding: int) -> None:
    spec = InputSpec(shape=(5,), dtype="int64", kind="text", tokens=Tokens(kind="hash", vocabulary=10, padding=padding))
    found = numbered(texts, spec, None)
    assert found.shape == (len(texts), 5)
    assert found.min() >= 0
    assert found.max() < 10
    for row, text in zip(found, texts, strict=True):
        from greenbench.ml.data.tokens import words

        assert int((row != padding).sum()) == min(5, len(words(text)))


def _tokenizer(path: Path) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[PAD]": 0, "[UNK]": 1, "good": 2, "film": 3, "rare": 40}, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.save(str(path))


def test_a_tokenizer_file_numbers_cuts_and_fills(tmp_path: Path) -> None:
    _tokenizer(tmp_path / "tokenizer.json")
    spec = InputSpec(shape=(4,), dtype="int64", kind="text", tokens=Tokens(kind="file", vocabulary=5))
    found = numbered(["good film", "good film odd good film"], spec, tmp_path / "tokenizer.json")
    assert found.tolist() == [[2, 3, 0, 0], [2, 3, 1, 2]]
    with pytest.raises(ModelError, match="gives the token 40; the model knows 5"):
        numbered(["rare"], spec, tmp_path / "tokenizer.json")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(ModelError, match="is no tokenizer"):
        numbered(["good"], spec, tmp_path / "bad.json")
    with pytest.raises(ModelError, match="not there"):
        numbered(["good"], spec, None)


def test_with_a_model_examples_are_tokens_and_labels_its_outputs(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(csv_text())
    data = stored(tmp_path / "out", tmp_path / "a.csv")
    split = open_dataset(data, model(HASH, ("good", "unused", "bad"))).split("test")
    x, y = split.arrays()
    assert (x.shape, x.dtype) == ((12, 6), np.int64)
    assert set(y.tolist()) == {0, 2}
    with pytest.raises(DataError, match="for a model only"):
        open_dataset(data).split("test").arrays()


def test_pools_in_memory_are_stored_the_same_way(tmp_path: Path) -> None:
    labels = np.array([0 if label == "bad" else 1 for label, _ in sentences()])
    made = pack_texts(tmp_path, About("hub", "Reviews", ("bad", "good"), "MIT"), ((text for _, text in sentences()), labels), HOW)
    assert everything(Stored(made, tmp_path, "d", "Data")) == set(sentences())
    assert (made.kind, made.licence) == ("text", "MIT")


@pytest.mark.skipif(not TREC.is_dir(), reason="the TREC files are not here")
def test_trec_is_read_as_published(tmp_path: Path) -> None:
    data = stored(tmp_path, TREC / "TREC.train.all", TREC / "TREC.test.all")
    assert data.dataset.classes == tuple("012345")
    assert data.dataset.splits["test"].examples == 500
    with pytest.raises(UnicodeDecodeError):
        (TREC / "TREC.train.all").read_text(encoding="utf-8")
    assert any("read as Latin-1" in note for note in data.dataset.notes)
    assert 5300 < sum(info.examples for info in data.dataset.splits.values()) <= 5952
