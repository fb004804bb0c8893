"""A model card says what is known, with marks and intervals, and keeps silent on the rest; its code is Python."""

import ast
import re

import pytest

from greenbench.core.artifact import ConstantInput, DatasetArtifact, Footprint, InputSpec, ModelArtifact, SplitInfo, Tokens
from greenbench.core.jobs import Export, ExportedFile, Proof, StoredRef
from greenbench.core.shipping import SHIPPING
from greenbench.report.loading_code import loading_code
from greenbench.report.model_card import model_card

MODEL = ModelArtifact(
    format="torch",
    files={"weights": "model.safetensors"},
    input=InputSpec(shape=(3, 224, 224), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), crop=0.875),
    classes=tuple(f"class {index}" for index in range(12)),
    trained=True,
    footprint=Footprint(parameters=11_689_512, nonzero_parameters=5_000_000, flops=3_600_000_000, size_bytes=46_830_571),
    origin="torchvision/resnet18",
    licence="BSD-3-Clause",
    digest="f" * 64,
)
DATA = DatasetArtifact(
    kind="folder",
    name="Birds",
    input=InputSpec(shape=(3, 64, 64)),
    classes=MODEL.classes,
    splits={"train": SplitInfo(examples=900, digest="a" * 64), "test": SplitInfo(examples=12_345, digest="b" * 64)},
    notes=("two pictures could not be read",),
    licence="CC BY 4.0",
)
PROOF = Proof(
    examples=2000, largest_absolute=0.00123, largest_relative=4.5e-5, tolerance=1e-3, agreement=0.9995, metric="accuracy",
    before=0.7651, after=0.7646, process="ONNX Runtime 1.32.0 in a fresh process, against PyTorch eager 2.14.1",
)  # fmt: skip
FILES = (ExportedFile(name="net.onnx", size_bytes=46_800_000, sha256="c" * 64),)


def request(run=None, variant="", model=MODEL, data=DATA, **more):
    made = StoredRef(artifact=model, folder="/cache/model", title="Pruned | 50 %")
    given = StoredRef(artifact=data, folder="/cache/data", title="My birds") if data else None
    lineage = next((v.lineage for v in run.variants if v.letter == variant), ()) if run else ()
    return Export(model=made, data=given, format="onnx", folder="/out", name="net", run=run, variant=variant, lineage=lineage, **more)


def section(card, title):
    return card.split(f"## {title}\n\n")[1].split("\n\n## ")[0].rstrip("\n")


def test_every_part_says_what_was_given(measured):
    card = model_card(request(measured, "B"), MODEL, PROOF, FILES)
    assert card.startswith("# Pruned \\| 50 %\n")
    assert section(card, "Input and preprocessing") == (
        "- Array N × 3 × 224 × 224 of float32; the first axis is the batch.\n"
        "- Images of 224 × 224 px, red, green, blue, channels first.\n"
        "- The shorter side is brought to 256 px (bilinear), and its middle cut out.\n"
        "- Bytes as fractions of 255, minus 0.485, 0.456 and 0.406, divided by 0.229, 0.224 and 0.225, by channel."
    )
    assert "class 9, … (12 in all" in section(card, "Answers")
    assert "Birds (step “My birds”). Two pictures could not be read. Licence: CC BY 4.0." in section(card, "Data")
    assert "| test | 12\u202f345 | `bbbbbbbbbbbbbbbb` |" in section(card, "Data")
    proof = section(card, "Proof")
    assert "answered 2000 test examples: ONNX Runtime 1.32.0 in a fresh process" in proof
    assert "opened by a fresh process that had them and ONNX Runtime" in proof
    assert "Largest error 0.00123 of outputs up to 27.3 (0.0045 %); 0.1 % is allowed." in proof
    assert "Same answer for 99.95 % of the examples." in proof
    assert "Accuracy on these examples: 76.51 % before, 76.46 % after: 0.050 percentage points lower" in proof
    assert f"| `net.onnx` | 46\u202f800\u202f000 | `{'c' * 64}` |" in section(card, "Files")
    assert section(card, "Origin and licence") == (
        f"- Origin: torchvision/resnet18.\n- Licence: BSD-3-Clause.\n- SHA-256 of the file it was made from: `{'f' * 64}`."
    )


def test_numbers_stand_with_interval_and_provenance(measured):
    variant = measured.variants[1]
    numbers = section(model_card(request(measured, "B"), MODEL, PROOF, FILES), "Measurements")
    row = next(line for line in numbers.splitlines() if line.startswith("| Median latency"))
    assert re.search(r"\| [\d.]+ (ms|µs|s) \| [\d.]+–[\d.]+ \| ◉ counter \|", row), row
    energy = next(line for line in numbers.splitlines() if line.startswith("| Energy per inference |"))
    assert variant.metrics["energy_per_inference"].provenance.mark in energy
    assert f"run `{measured.run_id}`" in numbers
    assert f"variant B in {variant.runtime}" in numbers


def test_what_was_not_measured_is_said_so(no_energy):
    card = model_card(request(no_energy, "B"), MODEL, PROOF, FILES)
    assert "Energy was not measured." in section(card, "Limits") or "modelled" in section(card, "Limits")
    alone = model_card(request(), MODEL, PROOF, FILES)
    assert "## Measurements" not in alone
    assert "Nothing was measured: no latency, energy or accuracy of this model is known." in section(alone, "Limits")


def test_lineage_names_steps_with_their_parameters(measured):
    card = model_card(request(measured, "B"), MODEL, PROOF, FILES)
    steps = section(card, "Lineage").splitlines()
    assert len(steps) == len(measured.variants[1].lineage)
    for line, step in zip(steps, measured.variants[1].lineage, strict=True):
        assert f"**{step.title}** (`{step.step}`)" in line


def test_random_inputs_prove_less_and_the_card_says_so():
    proof = PROOF.model_copy(update={"random": True, "metric": "", "before": None, "after": None})
    card = model_card(request(data=None), MODEL, proof, FILES)
    assert "2000 random inputs" in section(card, "Proof")
    assert "random inputs have no truth" in section(card, "Proof")
    assert "## Data" not in card
    assert "The proof rests on random inputs" in section(card, "Limits")


def test_agreement_is_never_rounded_up_to_all():
    card = model_card(request(), MODEL, PROOF.model_copy(update={"agreement": 0.999996}), FILES)
    assert "Same answer for 99.9996 % of the examples." in card


@pytest.mark.parametrize("hostile", ["a | b", "# head", "<script>", "`code`", "two\nlines", "[x](y)", "*bold*"])
def test_names_that_people_type_cannot_change_the_card(hostile):
    model = MODEL.model_copy(update={"classes": (hostile, "b"), "origin": hostile, "licence": hostile})
    data = DATA.model_copy(update={"name": hostile, "notes": (hostile,)})
    card = model_card(request(model=model, data=data), model, PROOF, FILES)
    plain = model_card(request(), MODEL, PROOF, FILES)
    heads = [line for line in card.splitlines() if line.startswith("#")]
    assert heads == [line for line in plain.splitlines() if line.startswith("#")]
    assert not re.search(r"(?<!\\)<script>", card)


@pytest.mark.parametrize("format", SHIPPING)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"batch": 4, "constants": (ConstantInput(name="state", shape=(-1, 8)), ConstantInput(name="rate", dtype="int64", value=16000))},
        {"input": InputSpec(shape=(128,), dtype="int64", kind="text", tokens=Tokens(kind="hash", vocabulary=1000))},
    ],
)
def test_the_code_is_python_whatever_the_name(format, changes):
    made = MODEL.model_copy(update=changes)
    for name in ("net", 'a "b" \\ c', "学"):
        tree = ast.parse(loading_code(format, name, made))
        texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        assert any(text.startswith(name) for text in texts)
        assert any(isinstance(node, ast.Name) and node.id == "outputs" for node in ast.walk(tree))


def test_the_card_says_what_making_took_and_when_it_is_earned_back(measured):
    numbers = section(model_card(request(measured, "D"), MODEL, PROOF, FILES), "Measurements")
    assert "Making D took 21.0 J; it saves 7.0 mJ on every inference and breaks even at 3000 inferences." in numbers
