"""CIFAR's own files and Hugging Face folders: the same images whichever form they come in, and nothing in them runs."""

import io
import json
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from greenbench.core.errors import DataError, GreenBenchError
from greenbench.core.preview import Preview
from greenbench.core.step import Stored
from greenbench.ml.data import open_dataset
from greenbench.ml.data.cifar import cifar
from greenbench.ml.data.cuts import Cut
from greenbench.ml.data.framing import Framing
from greenbench.ml.data.huggingface import Columns, hugging_face

RNG = np.random.default_rng(1)
TEN = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


def images(count: int) -> np.ndarray:
    return RNG.integers(0, 256, (count, 3072), dtype=np.uint8)


@pytest.fixture
def ten(tmp_path: Path) -> tuple[Path, Path, np.ndarray]:
    """Six small batches, as the Python version (protocol 2 pickles of dictionaries with byte keys) and the binary one have them."""
    python, binary = tmp_path / "cifar-10-batches-py", tmp_path / "cifar-10-batches-bin"
    python.mkdir()
    binary.mkdir()
    names = [f"data_batch_{number}" for number in range(1, 6)] + ["test_batch"]
    for name in names:
        x, y = images(20), [index % 10 for index in range(20)]
        (python / name).write_bytes(pickle.dumps({b"data": x, b"labels": y, b"batch_label": b"a batch"}, protocol=2))
        (binary / f"{name}.bin").write_bytes(np.concatenate([np.array(y, np.uint8)[:, None], x], axis=1).tobytes())
    (python / "batches.meta").write_bytes(pickle.dumps({b"label_names": [name.encode() for name in TEN], b"num_vis": 3072}, protocol=2))
    (binary / "batches.meta.txt").write_text("\n".join(TEN) + "\n\n")
    return python, binary, x


def test_both_versions_of_cifar_10_are_the_same_data(ten, out: Path) -> None:
    python, binary, test = ten
    made = cifar(python, out, "fine", Cut(calibration=8))
    assert made.classes == tuple(TEN)
    assert {name: split.examples for name, split in made.splits.items()} == {"train": 82, "validation": 10, "calibration": 8, "test": 20}
    split = open_dataset(Stored(made, out, "d", "CIFAR")).split("test")
    assert np.array_equal(split.raw(np.arange(20)), test.reshape(-1, 3, 32, 32))  # red, green, blue planes, row by row
    assert cifar(binary, out, "fine", Cut(calibration=8)).splits == made.splits


def test_an_archive_of_cifar_is_read_and_leaves_nothing_behind(ten, out: Path, tmp_path: Path) -> None:
    python, _, _ = ten
    packed = tmp_path / "cifar-10-python.tar.gz"
    with tarfile.open(packed, "w:gz") as file:
        file.add(python, python.name)
    made = cifar(packed, out, "fine", Cut())
    assert made.splits == cifar(python, out, "fine", Cut()).splits
    assert [path.name for path in out.iterdir() if path.is_dir()] == []
    whole = packed.read_bytes()
    packed.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(GreenBenchError, match=r"cifar-10-python.tar.gz cannot be unpacked"):
        cifar(packed, out, "fine", Cut())


def test_an_archive_that_leads_outside_is_refused(ten, out: Path, tmp_path: Path) -> None:
    packed = tmp_path / "evil.tar.gz"
    with tarfile.open(packed, "w:gz") as file:
        member = tarfile.TarInfo("../escaped")
        member.size = 4
        file.addfile(member, io.BytesIO(b"evil"))
    with pytest.raises(GreenBenchError, match="outside its folder"):
        cifar(packed, out, "fine", Cut())
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize(("kind", "count"), [("fine", 100), ("coarse", 20)])
def test_cifar_100_has_both_sorts_of_classes_in_both_versions(kind: str, count: int, tmp_path: Path, out: Path) -> None:
    python, binary = tmp_path / "cifar-100-python", tmp_path / "cifar-100-binary"
    python.mkdir()
    binary.mkdir()
    names = {"fine": [f"fine_{index}" for index in range(100)], "coarse": [f"coarse_{index}" for index in range(20)]}
    for part, size in (("train", 300), ("test", 100)):
        x, fine = images(size), np.arange(size) % 100
        coarse = fine // 5
        data = {b"data": x, b"fine_labels": fine.tolist(), b"coarse_labels": coarse.tolist()}
        (python / part).write_bytes(pickle.dumps(data, protocol=2))
        rows = np.concatenate([np.stack([coarse, fine], axis=1).astype(np.uint8), x], axis=1)
        (binary / f"{part}.bin").write_bytes(rows.tobytes())
    meta = {f"{sort}_label_names".encode(): [name.encode() for name in listed] for sort, listed in names.items()}
    (python / "meta").write_bytes(pickle.dumps(meta, protocol=2))
    for sort, listed in names.items():
        (binary / f"{sort}_label_names.txt").write_text("\n".join(listed))
    made = cifar(python, out, kind, Cut())
    assert len(made.classes) == count
    assert made.classes[1] == f"{kind} 1"
    assert cifar(binary, out, kind, Cut()).splits == made.splits
    labels = open_dataset(Stored(made, out, "d", "C")).split("test").labels
    assert labels.tolist() == [index if kind == "fine" else index // 5 for index in range(100)]


class _Trap:
    def __reduce__(self) -> tuple[object, ...]:
        return (exec, ("raise SystemExit('a pickle ran')",))


def test_a_pickle_with_a_payload_does_not_run(ten, out: Path) -> None:
    python, _, _ = ten
    (python / "data_batch_3").write_bytes(pickle.dumps({b"data": _Trap(), b"labels": []}))
    with pytest.raises(DataError, match=r"data_batch_3 .* not loaded: it asks to run builtins.exec"):
        cifar(python, out, "fine", Cut())


def test_faults_of_cifar_files_are_named(ten, out: Path, tmp_path: Path) -> None:
    python, binary, x = ten
    whole = (binary / "test_batch.bin").read_bytes()
    (binary / "test_batch.bin").write_bytes(whole[:-5])
    with pytest.raises(DataError, match=r"test_batch.bin has 61455 bytes.*cut short"):
        cifar(binary, out, "fine", Cut())
    (binary / "test_batch.bin").write_bytes(b"\x0b" + whole[1:])
    with pytest.raises(DataError, match="test images: label 11 of image 0 is outside the 10 classes"):
        cifar(binary, out, "fine", Cut())
    (python / "test_batch").write_bytes((python / "test_batch").read_bytes()[:900])
    with pytest.raises(DataError, match="test_batch is not one of CIFAR's files"):
        cifar(python, out, "fine", Cut())
    (python / "test_batch").write_bytes(pickle.dumps({b"data": x[:, :9], b"labels": [0] * 20}))
    with pytest.raises(DataError, match="test_batch has no images of 32×32 with labels"):
        cifar(python, out, "fine", Cut())
    (tmp_path / "other").mkdir()
    with pytest.raises(DataError, match='"other" holds none of the files'):
        cifar(tmp_path / "other", out, "fine", Cut())


# Hugging Face folders


def png(value: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (10, 8), (value, 0, 0)).save(stream, "PNG")
    return stream.getvalue()


def image_table(values: list[int], labels: list[object]) -> pa.Table:
    return pa.table({"image": [{"bytes": png(value), "path": None} for value in values], "label": labels})


FEATURES = {"image": {"_type": "Image"}, "label": {"names": ["red", "dark"], "_type": "ClassLabel"}}


def read(source: Path, out: Path, how: Cut | None = None, columns: Columns | None = None):
    return hugging_face(source, out, columns or Columns(), (Framing(3, 8, 8), "none"), (how or Cut(), ""), lambda share: None)


def write_arrow(folder: Path, table: pa.Table, shards: int = 2) -> None:
    folder.mkdir(parents=True)
    names = [f"data-{index:05}-of-{shards:05}.arrow" for index in range(shards)]
    size = -(-len(table) // shards)
    for index, name in enumerate(names):
        with pa.OSFile(str(folder / name), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table.slice(index * size, size))
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name} for name in names]}))
    (folder / "dataset_info.json").write_text(json.dumps({"features": FEATURES, "license": "mit"}))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """What datasets.save_to_disk leaves: a dictionary of splits, each with Arrow streams, state and info."""
    folder = tmp_path / "colours"
    write_arrow(folder / "train", image_table([*range(100, 130), *range(30)], [0] * 30 + [1] * 30))
    write_arrow(folder / "test", image_table([200, 40], [0, 1]), 1)
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    return folder


def test_images_of_save_to_disk_keep_their_splits(saved: Path, out: Path) -> None:
    made = read(saved, out)
    assert (made.classes, made.licence) == (("red", "dark"), "mit")
    assert made.splits["test"].examples == 2
    assert sum(split.examples for split in made.splits.values()) == 62
    dataset = open_dataset(Stored(made, out, "d", "Colours"))
    x, y = dataset.split("test").arrays()
    np.testing.assert_allclose(x[:, 0, 0, 0], [200 / 255, 40 / 255], rtol=1e-6)
    assert y.tolist() == [0, 1]
    train, labels = dataset.split("train").arrays()
    assert [0 if red > 0.2 else 1 for red in train[:, 0, 0, 0]] == labels.tolist()
    preview = Preview.model_validate_json((out / made.files["preview"]).read_text())
    assert preview.counts["test"] == (1, 1)
    assert (out / preview.samples[0].image).is_file()
    assert preview.sizes == "10 × 8 px"


def test_parquet_shards_give_the_same_data(saved: Path, out: Path, tmp_path: Path) -> None:
    hub = tmp_path / "hub" / "data"
    hub.mkdir(parents=True)
    note = {b"huggingface": json.dumps({"info": {"features": FEATURES}}).encode()}
    table = image_table([*range(100, 130), *range(30)], [0] * 30 + [1] * 30).replace_schema_metadata(note)
    pq.write_table(table.slice(0, 31), hub / "train-00000-of-00002.parquet")
    pq.write_table(table.slice(31), hub / "train-00001-of-00002.parquet")
    pq.write_table(image_table([200, 40], [0, 1]).replace_schema_metadata(note), hub / "test-00000-of-00001.parquet")
    made = read(tmp_path / "hub", out)
    assert made.splits == read(saved, out).splits
    assert made.licence == ""
    for card in ("---\nlicense: cc-by-4.0\n---\n# Colours", "---\ntags: [a]\nlicense:\n- cc-by-4.0\n---\n"):
        (tmp_path / "hub" / "README.md").write_text(card)
        assert read(tmp_path / "hub", out).licence == "cc-by-4.0"


def test_sentences_become_a_text_data_set(tmp_path: Path, out: Path) -> None:
    (tmp_path / "texts").mkdir()
    table = pa.table({"text": [f"sentence number {index}" for index in range(60)], "label": ["spam", "ham", "eggs"] * 20})
    pq.write_table(table, tmp_path / "texts" / "train-00000-of-00001.parquet")
    made = read(tmp_path / "texts", out)
    assert (made.kind, made.classes) == ("text", ("eggs", "ham", "spam"))
    split = open_dataset(Stored(made, out, "d", "Mail")).split("test")
    expected = dict(zip(table["text"].to_pylist(), table["label"].to_pylist(), strict=True))
    said = split.texts(range(len(split)))
    assert [expected[text] for text in said] == [made.classes[label] for label in split.labels]


def test_broken_pictures_and_hidden_labels_are_left_out_and_counted(tmp_path: Path, out: Path) -> None:
    table = image_table(list(range(40)), [0, 1] * 19 + [-1, 1])
    cells = table["image"].to_pylist()
    cells[3] = {"bytes": b"no picture", "path": None}
    (tmp_path / "set").mkdir()
    pq.write_table(pa.table({"image": cells, "label": table["label"]}), tmp_path / "set" / "train.parquet")
    made = read(tmp_path / "set", out)
    assert sum(split.examples for split in made.splits.values()) == 38
    assert {"1 broken picture is left out.", "1 row has no label and were left out."} <= set(made.notes)
    preview = Preview.model_validate_json((out / made.files["preview"]).read_text())
    assert [(broken.file, broken.reason) for broken in preview.broken] == [("train.parquet, row 3", "not a picture of a known format")]


def test_faults_of_hugging_face_folders_are_named(saved: Path, tmp_path: Path, out: Path) -> None:
    with pytest.raises(DataError, match=r'no column "answer"; there are image, label'):
        read(saved, out, columns=Columns(label="answer"))
    shard = saved / "train" / "data-00001-of-00002.arrow"
    whole = shard.read_bytes()
    shard.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"data-00001-of-00002.arrow cannot be read"):
        read(saved, out)
    shard.unlink()
    with pytest.raises(DataError, match="is not there: the folder is not complete"):
        read(saved, out)
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="holds no Arrow or Parquet files"):
        read(tmp_path / "none", out)
    pq.write_table(pa.table({"a": [1, 2], "label": [0, 1]}), tmp_path / "none" / "train.parquet")
    with pytest.raises(DataError, match="No column holds images or text; there are a"):
        read(tmp_path / "none", out)
    (tmp_path / "none" / "train.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match=r"train\.parquet cannot be read"):
        read(tmp_path / "none", out)
    bad = tmp_path / "range"
    write_arrow(bad, image_table([1, 2, 3, 4], [0, 1, 7, 0]), 1)
    with pytest.raises(DataError, match=r"data-00000-of-00001.arrow, row 2: label 7 is outside the 2 classes"):
        read(bad, out)
