"""Image folders as they really are: mixed modes, tables of labels, broken and empty and equal files, more than can be looked at."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from greenbench.core.errors import DataError
from greenbench.core.preview import Preview
from greenbench.core.step import Stored
from greenbench.ml.data import open_dataset
from greenbench.ml.data.archive import array_archive
from greenbench.ml.data.cuts import Cut, apart, cut, keys_of
from greenbench.ml.data.folder import Reading, image_folder
from greenbench.ml.data.framing import Framing
from greenbench.ml.data.image_index import NameList, compact, one_after_another, read_index
from greenbench.ml.data.label_map import read_label_map, relabelled

REAL = Path(__file__).parents[3] / "shared" / "data" / "images-cc-by"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


def picture(path: Path, value: int, other: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (12, 10), (value, other, 7)).save(path)


@pytest.fixture
def fruit(tmp_path: Path) -> Path:
    for kind, base in (("apple", 10), ("pear", 200)):
        for index in range(20):
            picture(tmp_path / "set" / kind / f"{index:02}.png", base + index)
    return tmp_path / "set"


def read(source: Path, out: Path, channels: int = 3, how: Cut | None = None, **more) -> Stored:
    reading = Reading(Framing(channels, 8, 8), "none", how or Cut(), **more)
    return Stored(image_folder(source, out, reading, lambda share: None), out, "d", "Fruit")


def preview(stored: Stored) -> Preview:
    return Preview.model_validate_json(stored.file("preview").read_text())


# modes


def half_transparent() -> Image.Image:
    image = Image.new("RGBA", (9, 9), (200, 100, 50, 10))
    return image


def palette(transparent: bool) -> Image.Image:
    image = Image.new("RGB", (9, 9), (200, 100, 50)).convert("P", palette=Image.Palette.ADAPTIVE)
    if transparent:
        image.info["transparency"] = bytes([0] * 255)
    return image


def sixteen() -> Image.Image:
    return Image.fromarray(np.full((9, 9), 128 * 257, dtype=np.uint16))


@pytest.mark.parametrize(
    ("image", "suffix", "colour"),
    [
        (half_transparent(), ".png", (200, 100, 50)),
        (palette(False), ".png", (200, 100, 50)),
        (palette(True), ".png", (200, 100, 50)),
        (Image.new("LA", (9, 9), (130, 5)), ".png", (130, 130, 130)),
        (Image.new("1", (9, 9), 1), ".png", (255, 255, 255)),
        (sixteen(), ".png", (128, 128, 128)),
        (Image.new("CMYK", (9, 9), (55, 155, 205, 0)), ".tif", (200, 100, 50)),
        (Image.new("L", (9, 9), 77), ".bmp", (77, 77, 77)),
    ],
    ids=["RGBA", "P", "P transparent", "LA", "1", "16 bit", "CMYK", "L"],
)
def test_every_mode_becomes_the_bytes_it_shows(image: Image.Image, suffix: str, colour: tuple[int, ...], tmp_path: Path) -> None:
    image.save(tmp_path / f"a{suffix}")
    found = Framing(3, 4, 4).read(tmp_path / f"a{suffix}")
    assert found.shape == (3, 4, 4)
    np.testing.assert_allclose(found[:, 2, 2], colour, atol=1)
    grey = Framing(1, 4, 4).read(tmp_path / f"a{suffix}")
    assert abs(int(grey[0, 2, 2]) - (0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2])) <= 1.5


def test_a_photo_stands_upright_as_its_camera_noted(tmp_path: Path) -> None:
    pixels = np.zeros((8, 8, 3), dtype=np.uint8)
    pixels[:4] = 250  # bright above
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    found = Framing(1, 8, 8).read(tmp_path / "a.png")[0]
    assert found[:, 4:].min() > 200
    assert found[:, :4].max() < 50


def test_floats_and_foreign_files_are_named_with_the_reason(fruit: Path, out: Path) -> None:
    Image.fromarray(np.full((9, 9), 0.5, dtype=np.float32)).save(fruit / "apple" / "float.tif")
    (fruit / "pear" / "text.jpg").write_text("hello")
    said = r"apple/float.tif \(its pixels are floating-point numbers\), pear/text.jpg \(not a picture of a known format\)"
    with pytest.raises(DataError, match=f"2 images cannot be read: {said}"):
        read(fruit, out)


# tables of labels


def flat(tmp_path: Path, rows: list[str], head: str = "file,label") -> Path:
    folder = tmp_path / "flat"
    for index in range(20):
        picture(folder / "images" / f"{index}.png", 10 * index)
    (folder / "labels.csv").write_text("\n".join([head, *rows]) + "\n")
    return folder


def test_a_table_beside_the_images_labels_them(tmp_path: Path, out: Path) -> None:
    stored = read(flat(tmp_path, [f"images/{index}.png,{'dark' if index < 10 else 'light'}" for index in range(20)]), out)
    assert stored.dataset.classes == ("dark", "light")
    x, y = open_dataset(stored).split("test").arrays()
    assert [0 if red < 100 / 255 else 1 for red in x[:, 0, 0, 0]] == y.tolist()


def test_class_numbers_stay_numbers_in_their_order(tmp_path: Path, out: Path) -> None:
    source = flat(tmp_path, [f"images/{index}.png\t{(9, 100, 21)[index % 3]}" for index in range(20)], "image\tclass_index")
    (source / "labels.csv").rename(source / "numbers.tsv")
    assert read(source, out, table=str(source / "numbers.tsv")).dataset.classes == ("9", "21", "100")


@pytest.mark.parametrize(
    ("head", "row", "said"),
    [
        ("name,label", "images/1.png,a", "no column for the file; it has name, label"),
        ("file,colour", "images/1.png,a", "no column for the label; it has file, colour"),
        ("file,label", "images/1.png", "labels.csv, line 2: the file or the label is missing"),
        ("file,class_index", "images/1.png,-4", 'line 2: class_index is "-4"'),
        ("file,label", "images/none.png,b\nimages/1.png,a", r"images/none.png \(no such file or directory\)"),
        ("file,label", "images/1.png,a", 'one class only, "a"'),
    ],
)
def test_faults_of_a_table_are_named_by_line(head: str, row: str, said: str, tmp_path: Path, out: Path) -> None:
    with pytest.raises(DataError, match=said):
        read(flat(tmp_path, [row], head), out)


@pytest.mark.skipif(not REAL.is_dir(), reason="the real photographs are not here")
def test_real_photographs_are_for_testing_only_if_asked(out: Path) -> None:
    stored = read(REAL, out, how=Cut(calibration=20, test_only=True))
    assert {name: split.examples for name, split in stored.dataset.splits.items()} == {"calibration": 20, "test": 180}
    assert all(0 <= int(name) < 1000 for name in stored.dataset.classes)
    with pytest.raises(
        DataError, match=r'has no training examples.*Set Use to Training and testing in ".*", or connect data with training examples'
    ):
        open_dataset(stored).split("train")


# folders that are not quite right


def test_images_without_subfolders_are_counted_and_the_form_is_told(tmp_path: Path, out: Path) -> None:
    for index in range(3):
        picture(tmp_path / "loose" / f"{index}.png", index)
    with pytest.raises(DataError, match=r"holds 3 images, but no subfolders.*one subfolder of images for each class"):
        read(tmp_path / "loose", out)


def test_an_empty_class_is_named_and_left_out(fruit: Path, out: Path) -> None:
    (fruit / "quince").mkdir()
    stored = read(fruit, out)
    assert stored.dataset.classes == ("apple", "pear")
    assert "1 subfolder has no images and is no class here: quince." in stored.dataset.notes


def test_broken_images_are_left_out_if_asked_and_shown(fruit: Path, out: Path) -> None:
    (fruit / "apple" / "03.png").write_bytes(b"not an image")
    stored = read(fruit, out, skip_broken=True)
    assert sum(split.examples for split in stored.dataset.splits.values()) == 39
    assert "1 broken image is left out: apple/03.png." in stored.dataset.notes
    shown = preview(stored)
    assert [(broken.file, broken.reason) for broken in shown.broken] == [("apple/03.png", "not a picture of a known format")]
    assert shown.broken_total == 1
    assert tuple(map(sum, zip(*shown.counts.values(), strict=True))) == (19, 20)


def test_the_preview_shows_every_class_of_every_split(fruit: Path, out: Path) -> None:
    shown = preview(read(fruit, out))
    assert {(sample.split, sample.label) for sample in shown.samples} == {
        (split, label) for split in ("train", "validation", "calibration", "test") for label in ("apple", "pear")
    }
    assert len(shown.samples) <= 24
    for sample in shown.samples:
        with Image.open(out / sample.image) as image:
            red = image.getpixel((0, 0))[0]
            assert image.size == (12, 10)
        assert (red < 100) == (sample.label == "apple")
    assert shown.sizes == "12 × 10 px"


# disjoint by content


def test_an_image_that_occurs_twice_stays_in_the_test_split_alone(fruit: Path, out: Path) -> None:
    for index in range(20):  # each apple twice, under another name
        (fruit / "apple" / f"copy{index:02}.png").write_bytes((fruit / "apple" / f"{index:02}.png").read_bytes())
    stored = read(fruit, out)
    content = {name: {(fruit / file).read_bytes() for file in read_index(stored, name)[0]} for name in stored.dataset.splits}
    names = list(content)
    assert all(not content[a] & content[b] for i, a in enumerate(names) for b in names[i + 1 :])
    assert stored.dataset.splits["test"].examples == 12
    lost = 60 - sum(split.examples for split in stored.dataset.splits.values())
    assert lost > 0
    assert any(note.startswith(f"{lost} examples occur byte for byte in more than one split") for note in stored.dataset.notes)


def test_arrays_are_kept_apart_by_content_too(tmp_path: Path, out: Path) -> None:
    x = np.random.default_rng(0).integers(0, 256, (40, 3, 3), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", x=x, y=np.arange(40) % 2, x_test=x[5:9], y_test=np.arange(5, 9) % 2)
    made = array_archive(tmp_path / "a.npz", out, False, "none", Cut(calibration=5))
    assert made.splits["test"].examples == 4
    assert sum(split.examples for split in made.splits.values()) == 40
    assert "4 examples occur byte for byte in more than one split" in " ".join(made.notes)
    np.savez(tmp_path / "b.npz", x=x, y=np.arange(40) % 2, x_test=x, y_test=np.arange(40) % 2)
    with pytest.raises(DataError, match=r"All \d+ \w+ examples occur, byte for byte, in another split"):
        array_archive(tmp_path / "b.npz", out, False, "none", Cut())


def test_keys_tell_content_apart_and_splits_keep_in_order() -> None:
    a = np.array([[1, 2], [3, 4], [1, 2]], dtype=np.uint8)
    keys = keys_of(a)
    assert keys[0] == keys[2] != keys[1]
    kept, notes = apart({"train": keys, "test": keys[:1]})
    assert kept["train"].tolist() == [False, True, False]
    assert kept["test"].tolist() == [True]
    assert notes[0].endswith("Left out of: train 2.")


# label maps


@pytest.mark.parametrize(
    ("name", "text"), [("map.csv", "label,class\napple,fruit \npear,fruit\n"), ("map.json", '{"apple": "fruit", "pear": "fruit"}')]
)
def test_a_label_map_renames_and_merges(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    classes, labels = relabelled(("apple", "leek", "pear"), np.array([0, 1, 2, 2]), str(tmp_path / name))
    assert [classes[label] for label in labels] == ["fruit", "leek", "fruit", "fruit"]
    assert relabelled(("a", "b"), np.array([1, 0]), "")[0] == ("a", "b")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("apple,fruit\napple,stone", 'gives "apple" two classes'),
        ("apple\n", "no two names in line 1"),
        ("", "is empty"),
        ("{nonsense", "is no JSON"),
        ("[1]", "no two names in line 1"),
    ],
)
def test_faults_of_a_label_map_are_named(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text(text)
    with pytest.raises(DataError, match=said):
        read_label_map(tmp_path / "map.csv")
    (tmp_path / "map.csv").write_text("plum,fruit\n")
    with pytest.raises(DataError, match=r"names none of the 2 classes.*such as apple, pear"):
        relabelled(("apple", "pear"), np.array([0]), str(tmp_path / "map.csv"))


def test_a_label_outside_the_named_classes_is_named(tmp_path: Path, out: Path) -> None:
    x = np.arange(40, dtype=np.float32)[:, None]
    np.savez(tmp_path / "a.npz", x=x, y=np.array([0, 1, 2, 1] * 10), classes=np.array(["no", "yes"]))
    with pytest.raises(DataError, match=r'label 2 of example 2 in "y" is outside the 2 classes'):
        array_archive(tmp_path / "a.npz", out, False, "none", Cut())


def test_safetensors_hold_the_same_data_as_npz(tmp_path: Path, out: Path) -> None:
    from safetensors.numpy import save_file

    x, y = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32), np.arange(40) % 4
    np.savez(tmp_path / "a.npz", x=x, y=y)
    save_file({"x": x, "y": y}, tmp_path / "a.safetensors")
    made = [array_archive(tmp_path / name, out, False, "own", Cut()).splits for name in ("a.npz", "a.safetensors")]
    assert made[0] == made[1]
    whole = (tmp_path / "a.safetensors").read_bytes()
    (tmp_path / "a.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"a\.safetensors cannot be read as a safetensors file"):
        array_archive(tmp_path / "a.safetensors", out, False, "own", Cut())


# many images


def test_of_more_than_can_be_looked_at_a_sample_is_and_it_says_so(fruit: Path, out: Path) -> None:
    stored = read(fruit, out, look_at=30)
    assert any(note.startswith("Of 40 images 40 were looked at beforehand") for note in stored.dataset.notes)
    assert sum(split.examples for split in stored.dataset.splits.values()) == 40
    (fruit / "apple" / "00.png").write_bytes(b"longer than it was before, and no picture")
    with pytest.raises(DataError, match=r"1 image cannot be read: apple/00.png"):
        read(fruit, out, look_at=30)


def test_a_broken_image_that_nobody_looked_at_is_named_when_it_is_met(fruit: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from greenbench.ml.data import examination

    monkeypatch.setattr(examination, "_SAMPLE", 2)
    stored = read(fruit, out, look_at=30)
    assert any(note.startswith("Of 40 images 2 were looked at") for note in stored.dataset.notes)
    digest = stored.dataset.splits["train"].digest
    for path in (fruit / "apple").iterdir():
        if path.name != "00.png":
            path.write_bytes(b"no picture, and of another size")
    with pytest.raises(DataError, match=r"apple/\d+.png cannot be read: not a picture of a known format"):
        read(fruit, out, look_at=30)
    with pytest.raises(DataError, match=r"\.png.*cannot be read any more"):
        list(open_dataset(stored).split("train").batches(5))
    assert read(fruit, out, look_at=30, skip_broken=True).dataset.splits["train"].digest != digest


def test_names_of_any_kind_come_back(tmp_path: Path) -> None:
    names = ["a/1.png", "ü/漢字.jpg", "bad\udcff.png", "x" * 300]
    encoded = [name.encode("utf-8", "surrogateescape") for name in names]
    listed = NameList(np.frombuffer(b"".join(encoded), dtype=np.uint8), np.cumsum([len(name) for name in encoded]))
    assert list(listed) == names
    assert listed[1:3] == names[1:3]


@given(st.lists(st.text(max_size=5), max_size=30), st.data())
def test_chosen_and_joined_lists_of_names_are_those_of_plain_lists(names: list[str], data: st.DataObject) -> None:
    held = compact(names)
    places = data.draw(st.lists(st.integers(0, len(names) - 1), max_size=40)) if names else []
    assert list(held) == names
    assert list(held.chosen(np.array(places, dtype=np.intp))) == [names[place] for place in places]
    assert list(one_after_another([held, compact(["", "z"]), held])) == [*names, "", "z", *names]


def test_many_names_take_little_more_memory_than_their_letters() -> None:
    count, name = 100_000, "n02119789/n02119789_%010d.jpg"
    tracemalloc.start()
    try:
        held = compact(name % number for number in range(count))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    odd = held.chosen(np.arange(1, count, 2))
    assert odd[0] == name % 1
    assert odd[-1] == name % (count - 1)
    assert [*held][70_000] == held[70_000] == name % 70_000
    assert peak < 60 * count  # as strings in a list: 91 bytes for each


def test_batches_ahead_of_time_are_those_in_turn(fruit: Path, out: Path) -> None:
    split = open_dataset(read(fruit, out)).split("train")
    x, y = split.arrays()
    batches = list(split.batches(7))
    assert np.array_equal(np.concatenate([examples for examples, _ in batches]), x)
    assert np.array_equal(np.concatenate([labels for _, labels in batches]), y)
    first = next(iter(split.batches(7, shuffle=True, seed=3)))  # leaving early ends the readers
    order = np.random.default_rng(3).permutation(len(split))[:7]
    assert np.array_equal(first[0], x[order])


def test_a_stratified_cut_for_testing_only_keeps_no_training_examples() -> None:
    parts = cut(np.arange(50) % 5, Cut(calibration=5, test_only=True))
    assert {name: len(part) for name, part in parts.items()} == {"calibration": 5, "test": 45}
    assert sorted(np.concatenate(list(parts.values())).tolist()) == list(range(50))
