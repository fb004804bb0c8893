"""What would run code is asked about, by the hash of its bytes; what would not is not; and nothing runs before the answer."""

import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from greenbench.core.errors import FileFormatError, ModelError, TrustError
from greenbench.ml.files.exported_text import foreign
from greenbench.ml.files.trust import demand, file_hash, requests
from greenbench.ml.files.weights_file import read_weights, strip_prefixes


class Payload:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


@pytest.mark.parametrize("name", ["safetensors", "checkpoint", "old", "exported", "onnx"])
def test_numbers_and_graphs_are_not_asked_about(name: str, files: dict[str, Path]) -> None:
    assert requests(files[name]) == ()


def test_torchscript_is_asked_about_by_its_hash(files: dict[str, Path], hashes: dict[str, str]) -> None:
    (asked,) = requests(files["torchscript"])
    assert asked.sha256 == hashes["torchscript"]
    assert asked.kind == "TorchScript file"
    assert asked.question.startswith(f"{files['torchscript']} is a TorchScript file. Loading it runs the program of its author")


@pytest.mark.parametrize("form", ["zip", "old", "plain"])
def test_a_payload_is_asked_about_and_runs_only_when_allowed(form: str, tmp_path: Path) -> None:
    path, ran = tmp_path / "weights.pt", tmp_path / "ran"
    content = {"state_dict": {"w": torch.ones(2)}, "extra": Payload(ran)}
    if form == "plain":
        path.write_bytes(pickle.dumps({"extra": Payload(ran)}))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=form == "zip")
    (asked,) = requests(path)
    assert asked.kind == "pickle"
    assert "posix.mkdir" in asked.explanation or "nt.mkdir" in asked.explanation
    with pytest.raises(TrustError, match="that you have not allowed"):
        read_weights(path)
    with pytest.raises(TrustError):
        read_weights(path, frozenset({"0" * 64}))
    assert not ran.exists()
    if form == "zip":
        assert list(read_weights(path, frozenset({asked.sha256})).state) == ["w"]
        assert ran.exists()


def test_the_answer_is_for_these_bytes_alone(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save({"w": torch.ones(2), "x": Payload(tmp_path / "ran")}, path)
    allowed = frozenset({file_hash(path)})
    torch.save({"w": torch.ones(3), "x": Payload(tmp_path / "ran")}, path)
    with pytest.raises(TrustError):
        read_weights(path, allowed)
    assert not (tmp_path / "ran").exists()
    assert requests(path)[0].sha256 != next(iter(allowed))


def test_a_demand_names_the_file_and_the_way_out(files: dict[str, Path], hashes: dict[str, str]) -> None:
    path, sha256 = files["torchscript"], hashes["torchscript"]
    assert demand(path, sha256, frozenset({sha256}), "net.pt")
    assert not demand(files["exported"], hashes["exported"], frozenset(), "net.pt2")
    with pytest.raises(TrustError, match=r"net\.pt is a TorchScript file that you have not allowed") as caught:
        demand(path, sha256, frozenset(), "net.pt")
    assert "--trust" in caught.value.remedy


def changed(source: Path, target: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """An exported program with its JSON changed."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename.endswith("models/model.json"):
                parsed = json.loads(content)
                change(parsed)
                content = json.dumps(parsed).encode()
            new.writestr(entry, content)
    return target


def _operator(parsed: dict[str, Any], name: str) -> None:
    parsed["graph_module"]["graph"]["nodes"][0]["target"] = name


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: _operator(p, "torch.os.system"), "torch.os.system"),
        (lambda p: _operator(p, "torch.ops.load_library"), "torch.ops.load_library"),
        (lambda p: _operator(p, "torch.ops.aten.from_file.default"), "from_file"),
        (lambda p: _operator(p, "torch.ops.mylib.op.default"), "mylib"),
        (lambda p: _operator(p, "_operator.methodcaller"), "methodcaller"),
        (lambda p: _operator(p, "torch.ops.aten.conv2d.__class__"), "__class__"),
        (lambda p: p["guards_code"].append("__import__('os').system('x')"), "__import__"),
        (lambda p: p["range_constraints"].update({"__import__('os')": {"min_val": 0, "max_val": 9}}), "__import__"),
        (
            lambda p: p["graph_module"]["graph"]["tensor_values"]["x"]["sizes"].__setitem__(
                0, {"as_expr": {"expr_str": "().__class__.__bases__", "hint": {"as_int": 2}}}
            ),
            "__class__",
        ),
        (
            lambda p: p["graph_module"]["module_call_graph"][0]["signature"].update(
                in_spec='[1, {"type": "my.Type", "context": "null", "children_spec": []}]'
            ),
            "my.Type",
        ),
    ],
)
def test_an_exported_program_that_could_run_more_than_a_graph_is_asked_about(change, said: str, files, tmp_path: Path) -> None:
    path = changed(files["exported"], tmp_path / "changed.pt2", change)
    assert said in foreign(path)
    (asked,) = requests(path)
    assert said in asked.explanation


def test_what_torch_itself_exports_is_plain(tmp_path: Path) -> None:
    class Shapes(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.reshape(x.shape[0], -1)[:, : x.shape[1] // 2].relu()

    program = torch.export.export(Shapes(), (torch.ones(4, 6, 2),), dynamic_shapes=({0: torch.export.Dim.AUTO, 1: torch.export.Dim.AUTO},))
    torch.export.save(program, tmp_path / "a.pt2")
    assert foreign(tmp_path / "a.pt2") == ""


def test_a_pickle_inside_an_exported_program_is_looked_at(files: dict[str, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(files["exported"]) as old, zipfile.ZipFile(tmp_path / "a.pt2", "w") as new:
        for entry in old.infolist():
            evil = entry.filename.endswith("sample_inputs/model.pt")
            new.writestr(entry, pickle.dumps(Payload(tmp_path / "ran"), 2) if evil else old.read(entry))
    assert "mkdir" in foreign(tmp_path / "a.pt2")
    assert not (tmp_path / "ran").exists()


def test_wrappers_and_nesting_are_taken_off_and_said(tmp_path: Path, small) -> None:
    wrapped = {f"module._orig_mod.{name}": tensor for name, tensor in small.state_dict().items()}
    torch.save({"epoch": 3, "model_ema": wrapped, "state_dict": {"other": torch.zeros(1)}}, tmp_path / "w.pt")
    found = read_weights(tmp_path / "w.pt")
    assert list(found.state) == list(small.state_dict())
    assert found.notes == (
        'The weights were found under "model_ema" in the file.',
        'The prefix "module._orig_mod." was taken off the names.',
    )
    assert strip_prefixes({"n_averaged": torch.zeros(1), "module.a": torch.ones(1)}) == ({"a": torch.ones(1)}, "module.")


def test_a_pickled_network_gives_its_weights_when_allowed_and_a_sentence_where_its_class_is_gone(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 3), tmp_path / "net.pt")
    sha256 = file_hash(tmp_path / "net.pt")
    with pytest.raises(TrustError):
        read_weights(tmp_path / "net.pt")
    assert list(read_weights(tmp_path / "net.pt", frozenset({sha256})).state) == ["weight", "bias"]
    gone = b"\x80\x02cno_such_module\nNet\n."
    (tmp_path / "gone.pt").write_bytes(gone)
    with pytest.raises(ModelError, match="whose class is not here"):
        read_weights(tmp_path / "gone.pt", frozenset({file_hash(tmp_path / "gone.pt")}))


@pytest.mark.parametrize(
    ("content", "error", "said"),
    [
        ({"w": torch.tensor([1.0, float("nan")])}, ModelError, r'1 of 2 values of "w" are not numbers \(NaN\)'),
        ({"epoch": 3, "lr": 0.1}, ModelError, "holds no tensors by name, but: epoch, lr"),
        ([torch.ones(2)], ModelError, "holds a list, not tensors by name"),
    ],
)
def test_weights_of_no_use_are_refused(content: object, error: type[Exception], said: str, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(error, match=said):
        read_weights(tmp_path / "w.pt")


def test_bytes_damaged_inside_are_a_sentence(files: dict[str, Path], tmp_path: Path) -> None:
    content = bytearray(files["checkpoint"].read_bytes())
    place = content.index(b"data.pkl") + 60
    content[place : place + 30] = b"\xff" * 30
    (tmp_path / "w.pt").write_bytes(content)
    with pytest.raises(FileFormatError, match=r"w\.pt|pickle"):
        read_weights(tmp_path / "w.pt")
