"""What is said of an export: which formats can be written, the proof in plain words, files with their sizes."""

import pytest

from greenbench.core.artifact import Footprint, InputSpec, ModelArtifact
from greenbench.core.jobs import Exported, ExportedFile, Proof
from greenbench.gui.exporting.words import file_name, files_words, format_choices, proof_where, proof_words

PROOF = Proof(
    examples=360, largest_absolute=2.4e-6, largest_relative=3.1e-7, tolerance=1e-4, agreement=1.0,
    metric="accuracy", before=0.975, after=0.975,
    process="ONNX Runtime 1.32.0 in a fresh process, against PyTorch eager 2.14.1",
)  # fmt: skip


def model(format: str) -> ModelArtifact:
    footprint = Footprint(parameters=10, nonzero_parameters=10, size_bytes=40)
    return ModelArtifact(format=format, files={}, input=InputSpec(shape=(1, 8, 8)), classes=(), footprint=footprint)


def test_formats_that_can_be_written_come_first_and_the_others_say_why_not() -> None:
    choices = {choice.key: choice for choice in format_choices(model("onnx"))}
    assert [choice.possible for choice in choices.values()] == sorted((choice.possible for choice in choices.values()), reverse=True)
    assert choices["onnx"].possible
    refused = choices["torchscript"]
    assert (refused.title, refused.possible) == ("TorchScript (.pt)", False)
    assert refused.line == "The model is an ONNX graph, which cannot be written as TorchScript."


def test_a_pytorch_network_can_be_written_as_onnx_by_default() -> None:
    assert format_choices(model("torch"))[0].key == "onnx"


def test_the_proof_is_told_in_plain_words() -> None:
    assert proof_words(PROOF) == (
        "360 of 360 answers agree. Largest error 2.4e−6 of outputs up to 7.74 (0.000031 %); 0.01 % is allowed. "
        "Same answer for 100.00 % of the examples. Accuracy on these examples: 97.50 % before, 97.50 % after."
    )
    assert proof_where(PROOF) == "ONNX Runtime 1.32.0 in a fresh process, against PyTorch eager 2.14.1, on 360 test examples."


def test_a_proof_without_truth_says_what_was_compared() -> None:
    bare = PROOF.model_copy(update={"agreement": None, "metric": "", "before": None, "after": None, "random": True, "examples": 64})
    assert proof_words(bare).startswith("64 answers compared. Largest error 2.4e−6")
    assert "before" not in proof_words(bare)
    assert proof_where(bare).endswith("on 64 random inputs, because there is no data.")


def test_an_error_in_the_targets_unit_is_no_percentage() -> None:
    regression = PROOF.model_copy(update={"agreement": None, "metric": "mean_absolute_error", "before": 3.1234, "after": 3.1288})
    assert proof_words(regression).endswith("Mean absolute error on these examples: 3.123 before, 3.129 after (0.17 % more).")


@pytest.mark.parametrize(
    ("title", "letter", "name"), [("Channels 50 %", "C", "c-channels-50"), ("Größe/..\\x", "", "gr-e-x"), ("模型", "", "model")]
)
def test_a_title_becomes_a_plain_file_name(title: str, letter: str, name: str) -> None:
    assert file_name(title, letter) == name


def test_files_are_listed_with_sizes() -> None:
    files = (ExportedFile(name="half.onnx", size_bytes=290_400, sha256="a"), ExportedFile(name="half.json", size_bytes=812, sha256="b"))
    assert files_words(Exported(folder="", format="onnx", files=files, proof=PROOF, card="half.md")) == [
        ("half.onnx", "290 kB"),
        ("half.json", "812 B"),
        ("half.md", "model card"),
    ]
