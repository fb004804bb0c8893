"""The look into a file says all of it in one sentence, and looks into nothing that was not allowed."""

import dataclasses
from pathlib import Path

import onnx
import pytest
import torch
from safetensors.torch import save_file

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import Cancelled, FileFormatError
from greenbench.core.jobs import Found, InspectFile
from greenbench.engine.jobs import run_job
from greenbench.ml.files.bringing import bring
from greenbench.ml.files.contents import Contents, counted, precision_of
from greenbench.ml.files.inspect import inspect
from greenbench.ml.files.trust import file_hash
from greenbench.ml.models import architecture_for, build

DATA = Path(__file__).parents[4] / "shared" / "data"


def look(path: Path, context, *trusted: str) -> Found:
    return inspect(InspectFile(path=str(path), trusted=trusted), context)


def test_an_onnx_file_in_one_sentence(files, hashes, context) -> None:
    found = look(files["onnx"], context)
    assert found.sentence == "ONNX, opset 18, one input 3×8×8 (batch free), 5 outputs, 137 parameters."
    assert (found.format, found.opset, found.producer, found.parameters) == ("onnx", 18, "a lab 2", 137)
    assert (found.inputs[0].name, found.inputs[0].shape, found.inputs[0].dtype) == ("x", ("batch", 3, 8, 8), "float32")
    assert found.outputs[0].shape == ("batch", 5)
    assert (found.sha256, found.size_bytes, found.trust) == (hashes["onnx"], files["onnx"].stat().st_size, None)


def test_weights_that_were_damaged_on_the_way_are_not_taken(tmp_path: Path, context) -> None:
    torch.save({"7.weight": torch.ones(3, 300)}, tmp_path / "weights.pt")
    content = bytearray((tmp_path / "weights.pt").read_bytes())
    content[content.index(torch.ones(4).numpy().tobytes()) + 3] ^= 0x40
    (tmp_path / "weights.pt").write_bytes(content)
    assert look(tmp_path / "weights.pt", context).sentence.startswith("weights.pt is damaged: Bad CRC-32")


def test_a_checkpoint_that_was_written_without_checksums_is_read(tmp_path: Path, context) -> None:
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"7.weight": torch.ones(3, 300)}, tmp_path / "weights.pt")
    finally:
        torch.serialization.set_crc32_options(True)
    assert look(tmp_path / "weights.pt", context).sentence.startswith("Weights without a network: 1 tensors")


def test_a_copy_is_called_by_the_name_of_the_file(tmp_path: Path, context) -> None:
    torch.save([1, 2], tmp_path / "mine.pt")
    assert look(tmp_path / "mine.pt", context).sentence == "mine.pt holds a list, not tensors by name."


def test_a_header_that_is_nested_without_end_is_a_sentence(tmp_path: Path, context) -> None:
    header = b'{"a":' + b"[" * 100_000
    (tmp_path / "deep.safetensors").write_bytes(len(header).to_bytes(8, "little") + header)
    assert "its header is damaged" in look(tmp_path / "deep.safetensors", context).sentence


def test_a_graph_without_output_or_of_a_set_of_operators_to_come_cannot_be_used(graph, context, tmp_path: Path) -> None:
    model = graph()
    model.opset_import[0].version = 999
    del model.graph.output[:]
    onnx.save_model(model, str(tmp_path / "a.onnx"))
    notes = " ".join(look(tmp_path / "a.onnx", context).notes)
    assert "its graph has no output" in notes
    assert "it is made for opset 999" in notes


def test_a_fixed_batch_and_an_open_size_are_noted(graph, context, tmp_path: Path) -> None:
    onnx.save_model(graph(batch=1, height="side"), str(tmp_path / "a"))
    found = look(tmp_path / "a", context)
    assert "one input 3×side×side (batch 1 only)" in found.sentence
    assert "It takes inputs of several sizes: give the one to use at the step." in found.notes
    assert "Its batch is fixed: 1 at a time." in found.notes


def test_an_exported_program_is_looked_into_without_asking(files, context) -> None:
    found = look(files["exported"], context)
    assert (found.format, found.trust) == ("exported", None)
    assert found.sentence == "torch.export, one input 3×8×8 (batch free), 5 outputs, 137 parameters."


def test_torchscript_is_opened_only_when_allowed(files, hashes, context) -> None:
    found = look(files["torchscript"], context)
    assert (found.format, found.trust.sha256, found.parameters) == ("torchscript", hashes["torchscript"], None)
    assert found.sentence == "TorchScript, not opened yet: it would run code."
    opened = look(files["torchscript"], context, hashes["torchscript"])
    assert opened.parameters == 137
    assert "Its first layer looks at 3 channels." in opened.notes
    assert any(note.startswith("Give the input size") for note in opened.notes)


def test_weights_come_with_the_networks_they_fit(context, tmp_path: Path) -> None:
    module = build(architecture_for("resnet8", InputSpec(shape=(1, 16, 16)), 4, 8))
    save_file(module.state_dict(), tmp_path / "w.onnx")
    found = look(tmp_path / "w.onnx", context)
    assert found.format == "weights"
    assert found.sentence.endswith("they fit resnet8.")
    assert [each.architecture for each in found.candidates if each.complete] == ["resnet8"]
    state = module.state_dict()
    del state["classifier.bias"]
    save_file(state, tmp_path / "w.onnx")
    found = look(tmp_path / "w.onnx", context)
    assert "nearest is resnet8: 1 of " in found.sentence
    assert found.candidates[0].missing == ("classifier.bias",)


def test_what_is_of_no_use_is_unknown_and_says_why(context, tmp_path: Path) -> None:
    (tmp_path / "empty.pt").write_bytes(b"")
    found = look(tmp_path / "empty.pt", context)
    assert (found.format, found.sentence) == ("unknown", "empty.pt is empty: it has 0 bytes.")
    assert found.notes
    torch.save({"w": torch.tensor([float("nan")])}, tmp_path / "nan.pt")
    assert "are not numbers (NaN)" in look(tmp_path / "nan.pt", context).sentence
    for path, said in ((tmp_path, "is a folder"), (tmp_path / "none", "does not exist")):
        with pytest.raises(FileFormatError, match=said):
            look(path, context)


def test_an_operator_that_nobody_knows_is_named(graph, context, tmp_path: Path) -> None:
    model = graph()
    model.graph.node[0].op_type = "Konv"
    onnx.save_model(model, str(tmp_path / "a"))
    notes = look(tmp_path / "a", context).notes
    assert (
        notes[0]
        == "It cannot be used: it uses operators that are not known here: Konv (1×). Export the model anew with standard operators."
    )


def test_the_job_answers_from_a_process_of_its_own(files) -> None:
    found = run_job(InspectFile(path=str(files["onnx"])))
    assert found.sentence.startswith("ONNX, opset 18")


def test_a_copy_is_named_by_what_was_copied(files, tmp_path: Path) -> None:
    assert bring(files["onnx"], tmp_path / "copy") == file_hash(files["onnx"]) == file_hash(tmp_path / "copy")

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        bring(files["onnx"], tmp_path / "copy", stop)
    with pytest.raises(FileFormatError, match="cannot be copied"):
        bring(tmp_path / "none", tmp_path / "copy")


def test_words_for_counts_types_and_outputs() -> None:
    assert [counted(count) for count in (950, 9999, 431_080, 1_235_496, 25_557_032, 7_000_000_000)] == [
        "950",
        "9,999",
        "431 k",
        "1.24 M",
        "25.6 M",
        "7 G",
    ]
    assert [precision_of(each) for each in ({}, {"float16": 9, "float32": 2}, {"int64": 5, "float32": 1})] == ["fp32", "fp16", "fp32"]
    assert dataclasses.replace(Contents("ONNX"), precision="int8").sentence == "ONNX, int8, the size of its input is not in the file"


@pytest.mark.skipif(not DATA.is_dir(), reason="the real files are not there")
def test_real_files_in_one_sentence(context) -> None:
    half = look(DATA / "squeezenet1_1" / "SqueezeNet_fp16.onnx", context)
    assert half.sentence == "ONNX, opset 7, fp16, one input 3×224×224 (batch 1 only), 1,000 outputs, 1.24 M parameters."
    sound = look(DATA / "silero-vad" / "silero_vad.onnx", context)
    assert sound.sentence.startswith("ONNX, opset 16, 3 inputs: input ? (batch free), state 2×?×128, sr one number, 1 output and 1 more")
    light = look(DATA / "onnx-light" / "light_resnet50.onnx", context)
    assert light.parameters is None
    assert any("ConstantOfShape" in note for note in light.notes)
