"""Data from a user's disk: every way in which it can be wrong is a sentence that names the file."""

import gzip
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from greenbench.core.errors import DataError
from greenbench.core.step import Stored
from greenbench.ml.data import open_dataset
from greenbench.ml.data.archive import array_archive
from greenbench.ml.data.cuts import Cut, statistics
from greenbench.ml.data.folder import Reading, image_folder
from greenbench.ml.data.framing import Framing
from greenbench.ml.data.idx import idx_folder, read_idx

MNIST = Path(__file__).parents[3] / "shared" / "data" / "mnist"
RNG = np.random.default_rng(0)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    return folder


# IDX


def write_idx(path: Path, array: np.ndarray) -> None:
    data = struct.pack(f">I{array.ndim}I", 0x0800 + array.ndim, *array.shape) + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    folder.mkdir()
    for part, count in (("train", 60), ("t10k", 20)):
        suffix = ".gz" if part == "train" else ""
        write_idx(folder / f"{part}-images-idx3-ubyte{suffix}", RNG.integers(0, 256, (count, 6, 5)))
        write_idx(folder / f"{part}-labels-idx1-ubyte{suffix}", np.arange(count) % 3)
    return folder


def test_t10k_is_the_test_split_untouched(mnist: Path, out: Path) -> None:
    made = idx_folder(mnist, out, Cut(calibration=6))
    assert {name: split.examples for name, split in made.splits.items()} == {"train": 48, "validation": 6, "calibration": 6, "test": 20}
    split = open_dataset(Stored(made, out, "d", "MNIST")).split("test")
    assert np.array_equal(split.raw(np.arange(20))[:, 0], read_idx(mnist / "t10k-images-idx3-ubyte", 3))
    assert made.input.shape == (1, 6, 5)
    assert made.classes == ("0", "1", "2")


def test_idx_faults_are_named(mnist: Path, out: Path) -> None:
    labels = mnist / "t10k-labels-idx1-ubyte"
    good = labels.read_bytes()
    for content, said in [
        (good[:-1], r"t10k-labels-idx1-ubyte has 27 bytes; its header asks for 28"),
        (good + b"?", r"has more than 28 bytes; its header asks for 28"),
        (good[:3], "not an IDX file"),
        (good[:4] + b"\xff\xff\xff\xff" + good[8:], r"has 28 bytes; its header asks for 4294967303"),
        (b"\x00\x00\x08\x03" + good[4:], "not an IDX file of bytes with 1 dimensions"),
    ]:
        labels.write_bytes(content)
        with pytest.raises(DataError, match=said):
            idx_folder(mnist, out, Cut())
    write_idx(labels, np.arange(7) % 3)
    with pytest.raises(DataError, match="20 t10k images but 7 labels"):
        idx_folder(mnist, out, Cut())
    labels.unlink()
    with pytest.raises(DataError, match="has no file t10k-labels-idx1-ubyte"):
        idx_folder(mnist, out, Cut())
    (mnist / "train-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8b broken")
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte.gz cannot be read"):
        idx_folder(mnist, out, Cut())
    with pytest.raises(DataError, match="does not exist"):
        idx_folder(mnist / "nowhere", out, Cut())


@pytest.mark.skipif(not MNIST.is_dir(), reason="the real files are not here")
def test_real_mnist_has_its_well_known_statistics() -> None:
    images = read_idx(MNIST / "train-images-idx3-ubyte.gz", 3)
    mean, deviation = statistics(images[:, None])
    assert len(images) == 60_000
    assert mean[0] == pytest.approx(0.1306605, abs=1e-6)
    assert deviation[0] == pytest.approx(0.3081079, abs=1e-6)


# NumPy archives


def archive(path: Path, **arrays: np.ndarray) -> Path:
    np.savez(path, **arrays)
    return path


def test_layouts_arrive_channels_first(tmp_path: Path, out: Path) -> None:
    x, y = RNG.integers(0, 256, (40, 6, 7, 3), dtype=np.uint8), np.arange(40) % 4
    made = array_archive(archive(tmp_path / "a.npz", x=x, y=y), out, True, "own", Cut())
    assert made.input.shape == (3, 6, 7)
    split = open_dataset(Stored(made, out, "d", "A")).split("test")
    images = {bytes(np.ascontiguousarray(image)) for image in np.moveaxis(x, 3, 1)}
    assert all(bytes(image) in images for image in split.raw(np.arange(len(split))))
    grey = array_archive(archive(tmp_path / "b.npz", x=x[..., 0], y=y), out, False, "own", Cut())
    assert grey.input.shape == (1, 6, 7)
    rows = array_archive(archive(tmp_path / "c.npz", x=RNG.normal(size=(40, 9)), y=y), out, False, "none", Cut())
    assert rows.input.shape == (9,)
    assert (rows.input.mean, rows.input.std) == ((0.0,), (1.0,))


def test_labels_may_be_names(tmp_path: Path, out: Path) -> None:
    names = np.array(["cat", "dog", "ant", "dog"] * 10)
    x = np.arange(40, dtype=np.float32)[:, None]
    made = array_archive(archive(tmp_path / "a.npz", x=x, y=names), out, False, "none", Cut())
    assert made.classes == ("ant", "cat", "dog")
    split = open_dataset(Stored(made, out, "d", "A")).split("train")
    values, labels = split.arrays()
    assert [made.classes[label] for label in labels] == [names[int(value)] for value in values[:, 0]]


def test_given_test_examples_are_the_test_split(tmp_path: Path, out: Path) -> None:
    x, y = RNG.normal(size=(40, 3)), np.arange(40) % 2
    made = array_archive(archive(tmp_path / "a.npz", x=x, y=y, x_test=x[:7] + 100, y_test=y[:7]), out, False, "own", Cut())
    assert made.splits["test"].examples == 7
    assert made.splits["train"].examples + made.splits["validation"].examples + made.splits["calibration"].examples == 40


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"images": np.zeros(3)}, 'no array "x"; it has images'),
        ({"x": np.zeros((4, 2))}, 'no array "y"'),
        ({"x": np.zeros((4, 2)), "y": np.zeros(3, int)}, "4 examples"),
        ({"x": np.zeros(4), "y": np.arange(4)}, "has the shape 4"),
        ({"x": np.zeros((0, 2)), "y": np.zeros(0, int)}, "has the shape 0×2"),
        ({"x": np.array([["a"], ["b"]]), "y": np.arange(2)}, "not a number"),
        ({"x": np.array([[0.0], [np.nan]]), "y": np.arange(2)}, r'example 1 of "x"'),
        ({"x": np.zeros((4, 2)), "y": np.array([0, 1, -1, 0])}, "whole numbers from 0"),
        ({"x": np.zeros((4, 2)), "y": np.array([0.5, 1, 1, 0])}, "whole numbers from 0"),
        ({"x": np.zeros((4, 2)), "y": np.zeros(4, int)}, "one class"),
        ({"x": np.zeros((4, 2)), "y": np.arange(4), "x_test": np.zeros((4, 2))}, "only one of"),
        ({"x": np.zeros((4, 2)), "y": np.arange(4), "x_test": np.zeros((4, 3)), "y_test": np.arange(4)}, "differ in shape"),
    ],
)
def test_archive_faults_are_named(arrays: dict[str, np.ndarray], said: str, tmp_path: Path, out: Path) -> None:
    with pytest.raises(DataError, match=said):
        array_archive(archive(tmp_path / "bad.npz", **arrays), out, False, "own", Cut())


class _Trap:
    def __reduce__(self) -> tuple[object, ...]:
        return (exec, ("raise SystemExit('a pickle ran')",))


def test_a_single_array_or_half_an_archive_is_none(tmp_path: Path, out: Path) -> None:
    whole = archive(tmp_path / "whole.npz", x=np.zeros((4, 2)), y=np.arange(4)).read_bytes()
    single = tmp_path / "single.npz"
    with single.open("wb") as file:
        np.save(file, np.zeros(3))
    (tmp_path / "half.npz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.npz").touch()
    for name in ("single.npz", "half.npz", "empty.npz"):
        with pytest.raises(DataError, match=f"{name} cannot be read as a NumPy archive: it is none, or is cut short"):
            array_archive(tmp_path / name, out, False, "own", Cut())


def test_pickled_objects_are_refused_unread(tmp_path: Path, out: Path) -> None:
    objects = np.empty(2, dtype=object)
    objects[:] = [_Trap(), _Trap()]
    with pytest.raises(DataError, match="cannot be read as a NumPy archive"):
        array_archive(archive(tmp_path / "trap.npz", x=objects, y=np.arange(2)), out, False, "own", Cut())
    plain = tmp_path / "plain.npz"
    plain.write_bytes(pickle.dumps(_Trap()))
    with pytest.raises(DataError, match="cannot be read as a NumPy archive"):
        array_archive(plain, out, False, "own", Cut())
    with pytest.raises(DataError, match="does not exist"):
        array_archive(tmp_path / "none.npz", out, False, "own", Cut())


# image folders


def picture(path: Path, value: int, size: tuple[int, int] = (12, 10)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, 255 - value, 7)).save(path)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for kind, base in (("apple", 10), ("pear", 200)):
        for index in range(20):
            picture(tmp_path / "set" / kind / f"{index:02}.png", base + index)
    return tmp_path / "set"


def read(source: Path, out: Path, how: Cut | None = None, channels: int = 3, **more):
    return image_folder(source, out, Reading(Framing(channels, 8, 8), "none", how or Cut(), **more), lambda share: None)


def test_images_arrive_with_the_class_of_their_folder(pictures: Path, out: Path) -> None:
    made = read(pictures, out)
    assert made.classes == ("apple", "pear")
    assert sum(split.examples for split in made.splits.values()) == 40
    x, y = open_dataset(Stored(made, out, "d", "Fruit")).split("test").arrays()
    assert x.shape == (8, 3, 8, 8)
    assert [0 if red < 0.5 else 1 for red in x[:, 0, 0, 0]] == y.tolist()
    assert not [path for path in out.iterdir() if path.suffix == ".png" and not path.name.startswith("sample_")]  # names, not pixels


def test_grey_images_have_one_channel(pictures: Path, out: Path) -> None:
    assert read(pictures, out, channels=1).input.shape == (1, 8, 8)


def test_train_and_test_folders_are_kept_apart(pictures: Path, out: Path, tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    pictures.rename(tmp_path / "whole" / "train")
    for kind in ("apple", "pear"):
        picture(tmp_path / "whole" / "test" / kind / "x.png", 99)
    made = read(tmp_path / "whole", out)
    assert made.splits["test"].examples == 2
    x, _ = open_dataset(Stored(made, out, "d", "Fruit")).split("test").arrays()
    np.testing.assert_allclose(x[:, 0, 0, 0], 99 / 255, rtol=1e-6)


def test_unreadable_images_are_listed_by_name(pictures: Path, out: Path) -> None:
    (pictures / "apple" / "03.png").write_bytes(b"not an image")
    whole = (pictures / "pear" / "05.png").read_bytes()
    (pictures / "pear" / "05.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"2 images cannot be read: apple/03.png \(.*\), pear/05.png"):
        read(pictures, out)


def test_empty_folders_and_single_classes_are_refused_with_a_remedy(tmp_path: Path, out: Path) -> None:
    (tmp_path / "empty" / "apple").mkdir(parents=True)
    with pytest.raises(DataError, match=r"no images in subfolders.*one subfolder of images for each class"):
        read(tmp_path / "empty", out)
    picture(tmp_path / "one" / "apple" / "1.png", 3)
    with pytest.raises(DataError, match='one class only, "apple"'):
        read(tmp_path / "one", out)
    with pytest.raises(DataError, match="does not exist"):
        read(tmp_path / "nowhere", out)


def test_a_file_in_place_of_a_folder_is_called_one(out: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="is a file, not a folder"):
        read(tmp_path / "file", out)


def test_content_names_the_splits_not_the_place(pictures: Path, out: Path) -> None:
    first = read(pictures, out)
    moved = pictures.rename(pictures.parent / "moved")
    assert read(moved, out).splits == first.splits
    picture(moved / "apple" / "00.png", 77)
    assert read(moved, out).splits != first.splits


def test_an_image_that_goes_missing_is_named(pictures: Path, out: Path) -> None:
    made = read(pictures, out)
    split = open_dataset(Stored(made, out, "d", "Fruit")).split("train")
    for path in pictures.rglob("*.png"):
        path.unlink()
    with pytest.raises(DataError, match=r"\.png.*cannot be read any more"):
        split.arrays()
    for folder in pictures.iterdir():
        folder.rmdir()
    pictures.rmdir()
    with pytest.raises(DataError, match=r"Fruit.*is not there"):
        open_dataset(Stored(made, out, "d", "Fruit")).split("train")
