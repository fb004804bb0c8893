"""`export` and `look` from the terminal: what a past run kept comes out as a proved file or a table, or as one sentence."""

import json
from importlib import import_module

import pytest
import torch

from greenbench.cli.export import export_model
from greenbench.cli.look import look_inside
from greenbench.core.errors import GreenBenchError, ProofError
from greenbench.core.run import Environment, Plan, PlannedNode, RunResult, RunState, Source, VariantResult
from greenbench.core.step import StepOutcome
from greenbench.engine.cache import Cache
from greenbench.engine.jobs import _WORK
from greenbench.ml.artifacts import Blueprint, save_module
from greenbench.ml.data.arrays import digits
from greenbench.ml.data.cuts import Cut
from greenbench.ml.models import architecture_for, build
from greenbench.store import Store


def planned(id, step, **inputs):
    sources = {port: tuple(Source(node=node, output=output) for node, output in many) for port, many in inputs.items()}
    return PlannedNode(id=id, step=step, version=1, title=id.capitalize(), params={}, inputs=sources, digest=f"digest-{id}")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A store with one finished run of two networks, whose files lie in the cache."""
    folder = tmp_path_factory.mktemp("home")
    cache = Cache(folder / "cache")
    made = cache.begin()
    data = digits(made, 8, Cut())
    cache.commit("digest-data", made, StepOutcome({"data": data}), 0.0)
    for node, seed in (("one", 1), ("two", 2)):
        torch.manual_seed(seed)
        plan = Blueprint(architecture_for("lenet_300_100", data.input, 10), data.input, data.classes)
        made = cache.begin()
        model = save_module(build(plan.architecture), made, plan)
        cache.commit(f"digest-{node}", made, StepOutcome({"model": model}), 0.0)
    nodes = (
        planned("data", "data.digits"),
        planned("one", "model.library"),
        planned("two", "model.library"),
        planned("bench", "benchmark", models=[("one", "model"), ("two", "model")], data=[("data", "data")]),
    )
    plan = Plan(title="Two", nodes=nodes)
    variants = tuple(
        VariantResult(letter=letter, node=node, name=f"Net {node}", benchmark="bench", runtime="eager", precision="fp32")
        for letter, node in (("A", "one"), ("B", "two"))
    )
    result = RunResult(
        run_id="run-1", title="Two", state=RunState.FINISHED, started="2026-11-22T12:00:00+00:00", plan=plan, variants=variants
    )
    with Store(folder) as store:
        store.begin_run("run-1", plan, Environment(), "2026-11-22T12:00:00+00:00", 0)
        store.finish_run("run-1", RunState.FINISHED, result)
    return folder


@pytest.fixture(autouse=True)
def _there(home, monkeypatch, tmp_path):
    monkeypatch.setenv("GREENBENCH_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def at_once(monkeypatch, tmp_path_factory):
    """Jobs done by this process: a fresh one for each takes seconds."""

    def work(request, *_, **__):
        module, _, name = _WORK[request.job].partition(":")
        return getattr(import_module(module), name)(request, Context(tmp_path_factory.mktemp("job")))

    monkeypatch.setattr("greenbench.cli.job.run_job", work)
    monkeypatch.setattr("greenbench.engine.exporting.run_job", work)


class Context:
    """What a job may use."""

    node, title, seed, device, threads, trusted = "", "", 0, "cpu", 1, frozenset()

    def __init__(self, folder):
        self.folder = folder

    def check(self): ...

    def progress(self, fraction, text=""): ...

    def metric(self, name, value, variant=""): ...

    def log(self, text, level="info"): ...


def test_a_variant_becomes_files_with_their_proof(tmp_path, capsys):
    assert export_model("run", "b", "safetensors", None) == 0
    out = capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "net-two").iterdir()) == ["net-two.json", "net-two.md", "net-two.safetensors"]
    assert "Proved on 360 test examples: PyTorch eager" in out
    assert "No output differs at all; 0.0001 % is allowed." in out
    assert "Same answer for 100.00 % of the examples." in out
    assert "Net two" in (tmp_path / "net-two" / "net-two.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("run", "C", "onnx"), r'has no variant "C"\. It has: A \(Net one\), B \(Net two\)'),
        (("run", "A", "tflite"), r'There is no format "tflite"\. Formats: onnx, pt2'),
        (("nothing", "A", "onnx"), r'There is no run "nothing"'),
    ],
)
def test_what_is_not_there_is_a_sentence(arguments, sentence):
    with pytest.raises(GreenBenchError, match=sentence):
        export_model(*arguments, None)


def test_files_that_exist_are_kept_unless_they_may_be_replaced(tmp_path, monkeypatch, at_once):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "net-one.json").write_text("mine")
    with pytest.raises(GreenBenchError, match=r"net-one\.json exists already\. .*--force"):
        export_model("run", "A", "packed", tmp_path / "out")
    assert (tmp_path / "out" / "net-one.json").read_text() == "mine"
    assert export_model("run", "A", "packed", tmp_path / "out", force=True) == 0
    assert json.loads((tmp_path / "out" / "net-one.json").read_text())["model"]["classes"] == list("0123456789")


def test_a_failed_proof_is_a_failure_to_the_shell(monkeypatch, capsys, tmp_path):
    def fail(*_):
        raise ProofError("It does not answer.", "Choose another format.")

    monkeypatch.setattr("greenbench.cli.export.do", fail)
    assert export_model("run", "A", "onnx", tmp_path / "out") == 1
    assert capsys.readouterr().err == "Error: It does not answer. Choose another format.\n"


def test_layers_are_printed_in_order(capsys, at_once):
    assert look_inside("run", "A", "", as_json=False) == 0
    out = capsys.readouterr().out
    assert "Net one: PyTorch eager 2." in out
    assert out.index("Flatten") < out.index("Linear")
    assert "300" in out
    assert "slower: the whole takes" in out


def test_two_variants_side_by_side_as_json(capsys, at_once):
    assert look_inside("run", "A", "B", as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["first"]["title"], found["second"]["title"]) == ("Net two", "Net one"), "--against is the reference"
    rows = [row for row in found["rows"] if row["kind"] == "Linear"]
    assert [row["changes"] for row in rows] == [["values"]] * 3
    assert found["answers"]["examples"] == 360
    assert 0 < found["answers"]["agree"] < 360


def test_two_variants_side_by_side_in_words(capsys, at_once):
    assert look_inside("run", "A", "B", as_json=False) == 0
    out = capsys.readouterr().out
    assert "values" in out
    assert out.startswith("Net two (PyTorch eager 2.")
    assert out.index("Net two") < out.index("→") < out.index("Net one")
    assert "of 360 test examples" in out
    assert "wrong in both" in out
