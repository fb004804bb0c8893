"""A file is what its content says, whatever it is called; one that is of no use says why."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from greenbench.core.errors import FileFormatError
from greenbench.ml.files.protobuf import top_fields
from greenbench.ml.files.sniff import Kind, sniff

KINDS = {
    "safetensors": Kind.SAFETENSORS,
    "checkpoint": Kind.CHECKPOINT,
    "old": Kind.OLD_CHECKPOINT,
    "torchscript": Kind.TORCHSCRIPT,
    "exported": Kind.EXPORTED,
    "onnx": Kind.ONNX,
}
IR = b'<?xml version="1.0"?>\n<net name="small" version="11"><layers></layers></net>'


@pytest.mark.parametrize("name", KINDS)
def test_the_content_counts_and_not_the_name(name: str, files: dict[str, Path]) -> None:
    found = sniff(files[name])
    assert found.kind is KINDS[name]
    assert found.size_bytes == files[name].stat().st_size


def test_openvino_and_plain_pickles_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(IR)
    (tmp_path / "b").write_bytes(b"\x80\x04N.")
    assert sniff(tmp_path / "a").kind is Kind.OPENVINO
    assert sniff(tmp_path / "b").kind is Kind.PICKLE


def test_the_header_of_safetensors_is_read(files: dict[str, Path], small) -> None:
    found = sniff(files["safetensors"])
    assert found.tensors == {name: tuple(tensor.shape) for name, tensor in small.state_dict().items()}
    assert set(found.dtypes.values()) == {"F32"}


@pytest.mark.parametrize("name", ["safetensors", "checkpoint", "torchscript", "exported", "onnx"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_half_a_download_is_called_that(name: str, share: float, files: dict[str, Path], tmp_path: Path) -> None:
    whole = files[name].read_bytes()
    (tmp_path / "half").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(FileFormatError, match="half is cut short, perhaps half a download"):
        sniff(tmp_path / "half")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty: it has 0 bytes"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:12ab\nsize 12\n", "is a Git LFS pointer"),
        (b"\n<!DOCTYPE html><html><body>Sign in</body></html>", "is a web page"),
        (b"\x89HDF\r\n\x1a\n....", "is an HDF5 file"),
        (b"\x1c\0\0\0TFL3....", "is a TensorFlow Lite model"),
        (b"\x1f\x8b\x08....", "is packed with gzip"),
        (b"hello", "no kind of model file"),
        (b'<?xml version="1.0"?><svg/>', "is an XML file, but not an OpenVINO model"),
        (bytes(5000), "no kind of model file"),
        ((50).to_bytes(8, "little") + b"{" + b"x" * 60, "header is damaged"),
    ],
)
def test_what_is_no_model_says_what_it_is(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "file.onnx").write_bytes(content)
    with pytest.raises(FileFormatError, match=said) as caught:
        sniff(tmp_path / "file.onnx")
    assert caught.value.remedy


def test_a_folder_an_archive_of_arrays_and_nothing_at_all(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros(3))
    for path, said in (
        (tmp_path, "is a folder"),
        (tmp_path / "a.npz", "NumPy archive: arrays, not a network"),
        (tmp_path / "none", "does not exist"),
    ):
        with pytest.raises(FileFormatError, match=said):
            sniff(path)


def test_a_header_that_claims_tensors_behind_the_end_is_cut_short(tmp_path: Path) -> None:
    header = json.dumps({"w": {"dtype": "F32", "shape": [10], "data_offsets": [0, 40]}}).encode()
    (tmp_path / "a").write_bytes(len(header).to_bytes(8, "little") + header + bytes(39))
    with pytest.raises(FileFormatError, match=r"its tensors take .* bytes, the file has"):
        sniff(tmp_path / "a")
    (tmp_path / "a").write_bytes(len(header).to_bytes(8, "little") + header + bytes(40))
    assert sniff(tmp_path / "a").tensors == {"w": (10,)}


def test_protobuf_fields_are_counted_as_onnx_writes_them(files: dict[str, Path]) -> None:
    with open(files["onnx"], "rb") as stream:
        fields, complete = top_fields(stream, files["onnx"].stat().st_size)
    assert complete
    assert fields[7] == fields[8] == fields[1] == 1


def test_the_look_brings_neither_torch_nor_onnx(files: dict[str, Path]) -> None:
    code = (
        "import sys; from pathlib import Path; from greenbench.ml.files.trust import requests; "
        "print([len(requests(path)) for path in sys.argv[1:]], [m for m in ('torch', 'onnx', 'openvino') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, *map(str, files.values())], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[0, 0, 0, 1, 0, 0] []"
