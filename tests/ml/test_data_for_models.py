"""Data as a model takes it: the size, crop, channels, order and layout that torchvision and NumPy would give, and the model's labels."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import v2
from torchvision.transforms.functional import InterpolationMode

from greenbench.core.artifact import Architecture, Footprint, InputSpec, ModelArtifact, Tokens
from greenbench.core.errors import ModelError
from greenbench.core.step import Stored
from greenbench.ml.data import open_dataset
from greenbench.ml.data.arrays import About, pack, random_inputs
from greenbench.ml.data.cuts import Cut
from greenbench.ml.data.folder import Reading, image_folder
from greenbench.ml.data.framing import Framing

SQUEEZENET = Path(__file__).parents[3] / "shared" / "data" / "squeezenet1_1"
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
RNG = np.random.default_rng(5)
SIZES = [(97, 61), (61, 97), (40, 40), (128, 33), (33, 34), (300, 200)]


def model_for(spec: InputSpec, classes: tuple[str, ...] = ("b", "a"), task: str = "classification") -> Stored:
    artifact = ModelArtifact(
        format="torch",
        files={},
        architecture=Architecture(name="any"),
        input=spec,
        task=task,
        classes=classes,
        footprint=Footprint(parameters=1, nonzero_parameters=1, size_bytes=4),
    )
    return Stored(artifact, Path(), "m", "Net")


@pytest.fixture
def photos(tmp_path: Path) -> Stored:
    """Smooth random pictures of several sizes, in two classes."""
    source, out = tmp_path / "photos", tmp_path / "out"
    out.mkdir()
    for index in range(24):
        width, height = SIZES[index % len(SIZES)]
        coarse = Image.fromarray(RNG.integers(0, 256, (9, 9, 3), dtype=np.uint8))
        path = source / "ab"[index % 2] / f"{index:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse.resize((width, height), Image.Resampling.BICUBIC).save(path)
    made = image_folder(source, out, Reading(Framing(3, 24, 24), cut=Cut(test=0.5, calibration=2)), lambda share: None)
    return Stored(made, out, "d", "Photos")


def paths(stored: Stored, split: str) -> list[Path]:
    from greenbench.ml.data.image_index import read_index

    return [Path(stored.dataset.options["folder"]) / name for name in read_index(stored, split)[0]]


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "nearest"])
@pytest.mark.parametrize(("size", "crop"), [(32, 1.0), (28, 0.875), (45, 0.95)])
def test_images_are_those_of_torchvision(photos: Stored, interpolation: str, size: int, crop: float) -> None:
    spec = InputSpec(shape=(3, size, size), mean=MEAN, std=STD, interpolation=interpolation, crop=crop)
    x, _ = open_dataset(photos, model_for(spec)).split("test").arrays()
    expected = v2.Compose(
        [
            v2.Resize(int(size / crop), InterpolationMode(interpolation)),
            v2.CenterCrop(size),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, STD),
        ]
    )
    want = np.stack([expected(Image.open(path)).numpy() for path in paths(photos, "test")])
    assert x.shape == want.shape
    assert x.dtype == np.float32
    np.testing.assert_allclose(x, want, atol=2e-6)


def test_order_layout_and_dtype_are_the_models(photos: Stored) -> None:
    plain = InputSpec(shape=(3, 16, 16), mean=MEAN, std=STD)
    caffe = InputSpec(shape=(3, 16, 16), mean=MEAN[::-1], std=STD[::-1], channel_order="bgr", layout="channels last", dtype="float16")
    x, _ = open_dataset(photos, model_for(plain)).split("test").arrays()
    y, _ = open_dataset(photos, model_for(caffe)).split("test").arrays()
    assert (y.shape[1:], y.dtype) == ((16, 16, 3), np.float16)
    np.testing.assert_array_equal(y, np.moveaxis(x[:, ::-1], 1, 3).astype(np.float16))
    whole = InputSpec(shape=(3, 16, 16), dtype="uint8")
    z, _ = open_dataset(photos, model_for(whole)).split("test").arrays()
    np.testing.assert_allclose(z / 255, x * np.reshape(STD, (3, 1, 1)) + np.reshape(MEAN, (3, 1, 1)), atol=1e-6)


def test_grey_models_get_luma_and_grey_data_three_equal_channels(photos: Stored, tmp_path: Path) -> None:
    x, _ = open_dataset(photos, model_for(InputSpec(shape=(1, 16, 16)))).split("test").arrays()
    for got, path in zip(x, paths(photos, "test"), strict=True):
        want = np.asarray(v2.CenterCrop(16)(v2.Resize(16)(Image.open(path).convert("L"))), dtype=np.float64)
        assert np.abs(got[0] * 255 - want).max() <= 1.001
    images = RNG.integers(0, 256, (40, 1, 16, 16), dtype=np.uint8)
    grey = Stored(pack(tmp_path, About("archive", "g", ("a", "b")), (images, np.arange(40) % 2), Cut()), tmp_path, "d", "Grey")
    y, _ = open_dataset(grey, model_for(InputSpec(shape=(3, 16, 16)))).split("test").arrays()
    assert np.array_equal(y[:, 0], y[:, 1])
    assert np.array_equal(y[:, :1], open_dataset(grey, model_for(InputSpec(shape=(1, 16, 16)))).split("test").arrays()[0])


def test_arrays_are_enlarged_as_pillow_does(tmp_path: Path) -> None:
    images = RNG.integers(0, 256, (40, 1, 28, 28), dtype=np.uint8)
    made = pack(tmp_path, About("idx", "g", ("a", "b")), (images, np.arange(40) % 2), Cut(), normalise="none")
    stored = Stored(made, tmp_path, "d", "Grey")
    small = open_dataset(stored).split("test").raw(np.arange(8))[:, 0]
    large = open_dataset(stored, model_for(InputSpec(shape=(1, 32, 32)))).split("test").raw(np.arange(8))[:, 0]
    want = [np.asarray(Image.fromarray(image).resize((32, 32), Image.Resampling.BILINEAR)) for image in small]
    np.testing.assert_array_equal(large, want)


def test_labels_count_through_the_models_outputs(photos: Stored) -> None:
    model = model_for(InputSpec(shape=(3, 16, 16)), classes=("zebra", "b", "a"))
    seen, own = open_dataset(photos, model), open_dataset(photos)
    names = [own.classes[label] for label in own.split("test").labels]
    assert [seen.classes[label] for label in seen.split("test").labels] == names
    assert seen.classes == ("zebra", "b", "a")
    batches = np.concatenate([labels for _, labels in seen.split("test").batches(5)])
    assert np.array_equal(batches, seen.split("test").labels)
    with pytest.raises(ModelError, match="does not know 1 of the 2 classes"):
        open_dataset(photos, model_for(InputSpec(shape=(3, 16, 16)), classes=("zebra", "b")))


def test_the_models_own_data_comes_as_without_a_model(digits8: Stored) -> None:
    model = model_for(digits8.dataset.input, digits8.dataset.classes)
    x, y = open_dataset(digits8, model).split("test").arrays()
    want, labels = open_dataset(digits8).split("test").arrays()
    assert np.array_equal(x, want)
    assert np.array_equal(y, labels)


@pytest.mark.parametrize(
    ("spec", "low", "high"),
    [
        (InputSpec(shape=(7,), dtype="int64", kind="text", tokens=Tokens(kind="hash", vocabulary=5)), 1, 4),
        (InputSpec(shape=(3, 5, 6), dtype="uint8"), 0, 255),
        (InputSpec(shape=(2, 4), dtype="int32"), 0, 1),
    ],
)
def test_random_inputs_are_what_the_model_takes(tmp_path: Path, spec: InputSpec, low: int, high: int) -> None:
    stored = Stored(random_inputs(tmp_path, (3, 8, 8), 5, 16, seed=4), tmp_path, "d", "Noise")
    split = open_dataset(stored, model_for(spec)).split("test")
    x, _ = split.arrays()
    assert x.shape == (16, *spec.array_shape)
    assert x.dtype == spec.dtype
    assert (x.min() >= low, x.max() <= high, x.max() > x.min()) == (True, True, True)
    assert np.array_equal(split.take(np.array([9, 2])), x[[9, 2]])
    assert not np.array_equal(x, open_dataset(stored, model_for(spec)).split("calibration").arrays()[0])


def test_random_floats_are_normal_in_the_layout_asked_for(tmp_path: Path) -> None:
    stored = Stored(random_inputs(tmp_path, (3, 8, 8), 5, 64, seed=4), tmp_path, "d", "Noise")
    spec = InputSpec(shape=(3, 16, 12), mean=MEAN, std=STD, layout="channels last", dtype="float16")
    dataset = open_dataset(stored, model_for(spec, tuple("abc")))
    x, _ = dataset.split("test").arrays()
    assert (x.shape, x.dtype) == ((64, 16, 12, 3), np.float16)
    count = x.size
    assert abs(float(x.mean(dtype=np.float64))) < 4 / count**0.5
    assert float(x.std(dtype=np.float64)) == pytest.approx(1, abs=4 / (2 * count) ** 0.5)
    assert not dataset.fit.judged


@pytest.mark.skipif(not SQUEEZENET.is_dir(), reason="the real networks are not here")
def test_one_network_in_two_dialects_gives_the_same_answers(tmp_path: Path) -> None:
    # The published file takes BGR minus 104, 117, 123 in half precision; the same weights for torchvision take RGB as ImageNet has it.
    import onnxruntime
    from torchvision.models import squeezenet1_1

    how = Reading(Framing(3, 64, 64), cut=Cut(calibration=1, test_only=True))
    photos = Stored(image_folder(SQUEEZENET.parent / "images-cc-by", tmp_path, how, lambda share: None), tmp_path, "d", "Photos")
    caffe = InputSpec(
        shape=(3, 224, 224),
        dtype="float16",
        mean=(104 / 255, 117 / 255, 123 / 255),
        std=(1 / 255,) * 3,
        channel_order="bgr",
        crop=0.875,
    )
    usual = InputSpec(shape=(3, 224, 224), mean=MEAN, std=STD, crop=0.875)
    chosen, names = np.arange(0, 190, 6), tuple(map(str, range(1000)))
    published, ours = (open_dataset(photos, model_for(spec, names)).split("test") for spec in (caffe, usual))
    session = onnxruntime.InferenceSession(SQUEEZENET / "SqueezeNet_fp16.onnx", providers=["CPUExecutionProvider"])
    first = [session.run(None, {"data_0": one[None]})[0].argmax() for one in published.take(chosen)]
    network = squeezenet1_1()
    network.load_state_dict(torch.load(SQUEEZENET / "squeezenet1_1_state_dict.pt", weights_only=True))
    with torch.inference_mode():
        second = network.eval()(torch.from_numpy(ours.take(chosen))).argmax(1).numpy()
    assert np.array_equal(first, second)
    assert np.mean(first == ours.targets(chosen)) > 0.3  # 55 % on a thousand such photographs; by chance a thousandth
