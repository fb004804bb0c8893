"""Masks stay with their images through every size and crop, and no class is mixed into another."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from greenbench.core.artifact import Architecture, Footprint, InputSpec, ModelArtifact
from greenbench.core.errors import DataError
from greenbench.core.preview import Preview
from greenbench.core.step import Stored
from greenbench.ml.data import open_dataset
from greenbench.ml.data.cuts import Cut
from greenbench.ml.data.framing import Framing
from greenbench.ml.data.masks import MaskReading, mask_folder
from greenbench.ml.tasks import task

CLASSES = ("background", "cat", "dog")


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """Ten pictures of 40×20: red says which class each pixel has (100 × class), and the mask says the same; a column does not count."""
    root = tmp_path / "scenes"
    for name in ("images", "masks"):
        (root / name).mkdir(parents=True)
    for index in range(10):
        classes = np.zeros((20, 40), dtype=np.uint8)
        classes[:, 8 + index : 20] = 1
        classes[10:, 20:35] = 2
        red = np.zeros((20, 40, 3), dtype=np.uint8)
        red[..., 0] = 100 * classes
        red[0, 0, 2] = index
        Image.fromarray(red).save(root / "images" / f"{index}.png")
        classes[:, -1] = 255
        mask = Image.fromarray(classes)
        if index % 2:
            mask = mask.convert("P")  # as VOC stores them
            mask.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0] * 85 + [0])
        mask.save(root / "masks" / f"{index}.png")
    (root / "classes.txt").write_text("\n".join(CLASSES) + "\n")
    return root


def read(source: Path, out: Path, **more) -> Stored:
    out.mkdir(exist_ok=True)
    how = MaskReading(Framing(3, 20, 20, interpolation="nearest"), "none", Cut(calibration=2, test_only=True), **more)
    return Stored(mask_folder(source, out, how, lambda share: None), out, "d", "Scenes")


def model(input: InputSpec, classes: tuple[str, ...]) -> Stored:
    artifact = ModelArtifact(
        format="torch",
        files={},
        architecture=Architecture(name="any"),
        input=input,
        task="segmentation",
        classes=classes,
        footprint=Footprint(parameters=1, nonzero_parameters=1, size_bytes=4),
    )
    return Stored(artifact, Path(), "m", "Net")


def test_masks_lie_under_their_images_at_any_size(scenes: Path, tmp_path: Path) -> None:
    stored = read(scenes, tmp_path / "out")
    assert stored.dataset.task == "segmentation"
    assert {name: split.examples for name, split in stored.dataset.splits.items()} == {"calibration": 2, "test": 8}
    for size, crop in ((20, 1.0), (10, 1.0), (14, 0.7), (64, 0.8)):
        spec = InputSpec(shape=(3, size, size), interpolation="nearest", crop=crop)
        split = open_dataset(stored, model(spec, CLASSES)).split("test")
        x, y = split.arrays()
        assert y.shape == (8, size, size)
        assert y.dtype == np.int64
        counted = y != 255
        np.testing.assert_array_equal(np.rint(x[:, 0] * 255 / 100)[counted], y[counted])
        assert np.array_equal(np.concatenate([targets for _, targets in split.batches(3)]), y)


def test_a_perfect_answer_has_a_mean_iou_of_one(scenes: Path, tmp_path: Path) -> None:
    _, y = open_dataset(read(scenes, tmp_path / "out")).split("test").arrays()
    logits = np.stack([y == number for number in range(3)], axis=1).astype(np.float32)
    assert task("segmentation").scores(logits, y).tolist() == [1.0] * 8


def test_classes_are_told_by_name_and_nothing_stays_nothing(scenes: Path, tmp_path: Path) -> None:
    stored = read(scenes, tmp_path / "out")
    own = open_dataset(stored).split("test").labels
    seen = open_dataset(stored, model(InputSpec(shape=(3, 20, 20)), ("Dog", "sofa", "Background", "Cat"))).split("test").labels
    names = {0: 2, 1: 3, 2: 0, 255: 255}
    np.testing.assert_array_equal(seen, np.vectorize(names.get)(own))


def test_a_label_map_merges_classes(scenes: Path, tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text("cat,animal\ndog,animal\n")
    merged = read(scenes, tmp_path / "out", label_map=str(tmp_path / "map.csv"))
    assert merged.dataset.classes == ("background", "animal")
    assert np.unique(open_dataset(merged).split("test").labels).tolist() == [0, 1]
    preview = Preview.model_validate_json(merged.file("preview").read_text())
    assert preview.counts == {"calibration": (2, 2), "test": (8, 8)}
    assert {sample.label for sample in preview.samples} == {"background, animal"}


def test_faults_are_named(scenes: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    mask = scenes / "masks" / "3.png"
    good = mask.read_bytes()
    Image.new("L", (40, 20), 3).save(mask)
    with pytest.raises(DataError, match=r"masks/3.png has the class 3, which is outside the 3 classes"):
        read(scenes, out)
    Image.new("L", (39, 20), 1).save(mask)
    with pytest.raises(DataError, match=r"masks/3.png \(39 × 20 px, its image 40 × 20\)"):
        read(scenes, out)
    Image.new("RGB", (40, 20)).save(mask)
    with pytest.raises(DataError, match=r"masks/3.png \(its pixels are of the kind RGB"):
        read(scenes, out)
    mask.write_bytes(good[:40])
    with pytest.raises(DataError, match=r"1 of the files cannot be used: masks/3.png"):
        read(scenes, out)
    mask.unlink()
    with pytest.raises(DataError, match=r"1 image has no mask: images/3.png"):
        read(scenes, out)
    (scenes / "images" / "3.png").unlink()
    (scenes / "classes.txt").write_text("a\nb\nb\n")
    with pytest.raises(DataError, match="3 names, 2 of them different"):
        read(scenes, out)
