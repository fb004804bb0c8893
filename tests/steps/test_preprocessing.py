"""What a user types about a model's input means what the libraries mean by it, and a slip is a sentence."""

import pytest

from greenbench.core.artifact import InputSpec, Tokens
from greenbench.core.errors import ParameterError
from greenbench.steps.preprocessing import PreprocessingParams, input_spec, parse_constants, parse_numbers, parse_shape

VIT = InputSpec(shape=(3, 224, 224), mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), interpolation="bicubic", crop=0.9)


@pytest.mark.parametrize("text", ["3x224x224", "3 × 224 × 224", "3, 224, 224", "(3, 224, 224)", "3*224*224", " 3 224 224 "])
def test_a_size_is_read_however_it_is_written(text: str) -> None:
    assert parse_shape(text) == (3, 224, 224)


@pytest.mark.parametrize("text", ["", "3x", "3x0x4", "-1", "three", "3.5", "99999999x99999999", "1x1x1x1x1x1x1x1x1", "1" * 5000])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ParameterError):
        parse_shape(text)


@pytest.mark.parametrize("text", ["", "nan", "1, inf", "0.5; x"])
def test_a_mean_must_be_finite_numbers(text: str) -> None:
    with pytest.raises(ParameterError, match="The mean"):
        parse_numbers(text, "The mean")


def test_constants_are_named_numbers() -> None:
    assert parse_constants("sr=16000,\n h = 0.5") == {"sr": 16000.0, "h": 0.5}
    for wrong in ("16000", "sr=", "sr=1, sr=2", "=3"):
        with pytest.raises(ParameterError):
            parse_constants(wrong)


def test_nothing_set_leaves_the_model_s_own_input() -> None:
    assert input_spec(PreprocessingParams(), VIT) == VIT
    text = InputSpec(shape=(64,), dtype="int64", kind="text", tokens=Tokens(kind="hash", vocabulary=9))
    assert input_spec(PreprocessingParams(), text) == text


def test_another_size_keeps_the_rest() -> None:
    made = input_spec(PreprocessingParams(input="3x64x64"), VIT)
    assert made == VIT.model_copy(update={"shape": (3, 64, 64)})


def test_another_channel_count_drops_a_normalisation_that_has_no_meaning_for_it() -> None:
    made = input_spec(PreprocessingParams(input="1x28x28"), VIT)
    assert (made.shape, made.mean, made.std, made.crop) == ((1, 28, 28), (0.0,), (1.0,), 0.9)
    assert input_spec(PreprocessingParams(input="13"), VIT).kind == "features"


def test_presets_are_the_published_values() -> None:
    imagenet = input_spec(PreprocessingParams(normalise="imagenet"), VIT)
    assert (imagenet.mean, imagenet.std) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    caffe = input_spec(PreprocessingParams(normalise="caffe"), VIT)
    # A byte b of the blue channel becomes b − 104.007, in units of one byte.
    assert (200 / 255 - caffe.mean[0]) / caffe.std[0] == pytest.approx(200 - 104.00698793)
    assert caffe.channel_order == "bgr"
    none = input_spec(PreprocessingParams(normalise="none"), VIT)
    assert (none.mean, none.std) == ((0.0,), (1.0,))


def test_own_values_need_one_for_all_or_one_for_each_channel() -> None:
    made = input_spec(PreprocessingParams(normalise="values", mean="0.1", std="0.2 0.3 0.4"), VIT)
    assert (made.mean, made.std) == ((0.1,), (0.2, 0.3, 0.4))
    with pytest.raises(ParameterError, match="2 means for 3 channels"):
        input_spec(PreprocessingParams(normalise="values", mean="0.1, 0.2", std="1"), VIT)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"input": "3xx"}, "not an input size"),
        ({"normalise": "values", "mean": "0.5", "std": "0"}, "greater than 0"),
        ({"normalise": "values", "mean": "", "std": "1"}, "mean is empty"),
        ({"constants": "sr"}, "NAME=NUMBER"),
    ],
)
def test_slips_are_found_when_parameters_are_checked(values: dict[str, str], said: str) -> None:
    with pytest.raises(ParameterError, match=f'"Net": .*{said}'):
        PreprocessingParams.checked(values, "Net")
