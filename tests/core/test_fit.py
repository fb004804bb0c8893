"""Whether a model and a data set go together is told from their descriptions, with the reason where they do not."""

import pytest

from greenbench.core.artifact import DatasetArtifact, Footprint, InputSpec, ModelArtifact, SplitInfo, Tokens
from greenbench.core.errors import ModelError
from greenbench.core.fit import fit

IMAGE, GREY = InputSpec(shape=(3, 32, 32)), InputSpec(shape=(1, 28, 28))
WORDS = InputSpec(shape=(64,), dtype="int64", kind="text", tokens=Tokens(kind="hash", vocabulary=100))
SENTENCES = InputSpec(shape=(), kind="text", dtype="str")


def model(input=IMAGE, classes=("cat", "dog"), task="classification"):
    weights = Footprint(parameters=1, nonzero_parameters=1, size_bytes=4)
    return ModelArtifact(format="onnx", files={"weights": "m.onnx"}, input=input, classes=classes, task=task, footprint=weights)


def data(input=IMAGE, classes=("cat", "dog"), task="classification", random=False):
    splits = {"test": SplitInfo(examples=4, digest="d")}
    return DatasetArtifact(kind="array", name="d", input=input, classes=classes, task=task, splits=splits, random=random)


def together(one, other):
    return fit(one, other, "Net", "Pets")


def test_equal_names_need_no_map():
    found = together(model(), data())
    assert (found.classes, found.labels, found.judged, found.notes) == (("cat", "dog"), None, True, ())


@pytest.mark.parametrize("size", [(1, 28, 28), (3, 480, 640), (1, 8, 8)])
def test_images_of_any_size_and_colour_fit_an_image_model(size):
    assert together(model(), data(InputSpec(shape=size))).judged


def test_names_are_matched_whatever_their_order_and_case():
    found = together(model(classes=("tabby_cat", "Dog", "bird")), data(classes=("dog", "Tabby cat")))
    assert found.labels == (1, 0)
    assert found.classes == ("tabby_cat", "Dog", "bird")
    assert found.notes == ('1 of the 3 classes of "Net" do not occur in "Pets".',)


def test_outputs_without_names_take_those_of_the_data():
    found = together(model(classes=("0", "1")), data())
    assert found.classes == ("cat", "dog")
    assert found.labels is None
    assert "no names" in found.notes[0]


def test_numbers_as_classes_are_places_of_a_named_model():
    found = together(model(classes=("tench", "goldfish", "shark")), data(classes=("0", "2")))
    assert found.labels == (0, 2)


def test_numbers_of_a_subset_are_found_by_name():
    outputs = tuple(str(index) for index in range(1000))
    assert together(model(classes=outputs), data(classes=("305", "883"))).labels == (305, 883)


def test_unknown_classes_are_named_with_the_way_out():
    with pytest.raises(ModelError) as caught:
        together(model(classes=("cat", "dog", "cow")), data(classes=("cat", "car", "bus")))
    assert "2 of the 3 classes" in caught.value.message
    assert "car, bus" in caught.value.message
    assert "label map" in caught.value.remedy


def test_another_number_of_nameless_outputs_is_refused():
    with pytest.raises(ModelError, match='"Net" gives 5 outputs, the data set "Pets" has 2 classes'):
        together(model(classes=("0", "1", "2", "3", "4")), data())


@pytest.mark.parametrize(
    ("takes", "gives"),
    [
        (InputSpec(shape=(12,)), InputSpec(shape=(13,))),
        (InputSpec(shape=(4, 32, 32)), IMAGE),
        (InputSpec(shape=(12,)), IMAGE),
        (WORDS, IMAGE),
        (IMAGE, SENTENCES),
        (InputSpec(shape=(1, 512), kind="tensor"), InputSpec(shape=(1, 256), kind="tensor")),
    ],
)
def test_what_cannot_be_adapted_is_refused_by_name(takes, gives):
    with pytest.raises(ModelError, match=r'"Net" takes .* the data set "Pets" gives'):
        together(model(takes), data(gives))


def test_sentences_fit_a_model_with_tokens():
    assert together(model(WORDS), data(SENTENCES)).judged


def test_random_inputs_fit_everything_and_judge_nothing():
    found = together(model(WORDS, classes=("a", "b", "c")), data(random=True))
    assert not found.judged
    assert "random" in found.reason


def test_classification_and_regression_do_not_mix():
    with pytest.raises(ModelError, match="for regression, the data set"):
        together(model(task="regression", classes=()), data())


@pytest.mark.parametrize("task", ["segmentation", "detection"])
def test_a_task_whose_truth_the_data_lacks_is_timed_and_not_judged(task):
    found = together(model(task=task), data())
    assert not found.judged
    assert "no truth" in found.reason


def test_regression_has_no_classes():
    found = together(model(task="regression", classes=()), data(task="regression", classes=()))
    assert (found.classes, found.labels, found.judged) == ((), None, True)


def test_the_kind_of_an_input_follows_from_its_shape():
    kinds = [InputSpec(shape=shape).kind for shape in ((3, 8, 8), (10,), (2, 8), ())]
    assert kinds == ["image", "features", "tensor", "tensor"]


def test_channels_last_shows_in_the_array_alone():
    assert InputSpec(shape=(3, 4, 5), layout="channels last").array_shape == (4, 5, 3)
