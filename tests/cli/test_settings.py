"""`--set` and the exit codes: what a user mistypes is named, with the remedy, before anything starts."""

import json

import pytest

from greenbench.cli import main
from greenbench.cli.run import apply_setting
from greenbench.core.document import dumps, loads
from greenbench.core.errors import ParameterError
from greenbench.core.pipeline import Link, Node, Pipeline
from greenbench.steps import installed


@pytest.fixture
def pipeline():
    made = Pipeline(installed(), "Small")
    for node in (
        Node("digits", "data.digits", "Digits data"),
        Node("model", "model.library", "LeNet", {"name": "lenet_300_100"}),
        Node("train", "train", "Train it", {"epochs": 3}),
    ):
        made.nodes[node.id] = node
    made.links = [
        Link("digits", "data", "train", "data"),
        Link("model", "model", "train", "model"),
        Link("digits", "data", "model", "data"),
    ]
    return made


@pytest.fixture
def file(pipeline, tmp_path, monkeypatch):
    monkeypatch.setenv("GREENBENCH_HOME", str(tmp_path / "home"))
    path = tmp_path / "small.greenbench"
    path.write_text(dumps(pipeline))
    return path


@pytest.mark.parametrize("node", ["train", "Train it"])
def test_a_setting_finds_the_node_by_id_or_title(pipeline, node):
    apply_setting(pipeline, f"{node}.epochs=7")
    assert pipeline.nodes["train"].params["epochs"] == 7


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("train=7", "is not a setting"),
        ("nobody.epochs=7", 'no node "nobody"'),
        ("train.epoch=7", 'no parameter "epoch"'),
        ("train.epochs=many", '"many" is not a value'),
        ("train.epochs=-1", "cannot be -1"),
    ],
)
def test_a_wrong_setting_is_named(pipeline, setting, words):
    with pytest.raises(ParameterError, match=words) as caught:
        apply_setting(pipeline, setting)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: "not json", "not valid JSON"),
        (lambda text: text.replace('"version": 1', '"version": 99'), "version 99"),
        (lambda text: text.replace("data.digits", "data.nonsense"), "data.nonsense"),
        (lambda text: text.replace('"epochs": 3', '"epoch": 3'), 'no parameter "epoch"'),
        (lambda text: text.replace('"epochs": 3', '"epochs": -3'), "cannot be -3"),
        (lambda text: text.replace('"epochs": 3', '"epochs": "three"'), "three"),
        (lambda text: text.replace("digits.data -> train.data", "digits.data -> train.model"), "cannot go into"),
        (lambda text: text.replace("model.model -> train.model", "train.model -> train.model"), "cannot feed itself"),
    ],
)
def test_a_bad_file_is_refused_with_exit_code_2(file, capsys, change, words):
    file.write_text(change(file.read_text()))
    assert main(["check", str(file)]) == 2
    assert main(["run", str(file)]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["run"], ["nonsense"], ["run", "x.greenbench", "--protocol", "slow"], ["list", "cats"], ["run", "--frobnicate"]]
)
def test_bad_arguments_end_with_2_and_a_sentence(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("GREENBENCH_HOME", str(tmp_path))
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("Error:")


def test_an_unknown_device_is_refused_with_those_there_are(file, capsys):
    assert main(["run", str(file), "--device", "cuda:99"]) == 2
    assert "Devices: cpu" in capsys.readouterr().err


def test_check_tells_the_order(file, capsys):
    assert main(["check", str(file)]) == 0
    out = capsys.readouterr().out
    assert out.index("Digits data") < out.index("Train it")


@pytest.mark.parametrize("what", ["steps", "datasets", "devices", "runs"])
def test_lists_are_json_when_asked(what, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("GREENBENCH_HOME", str(tmp_path))
    assert main(["list", what, "--json"]) == 0
    assert isinstance(json.loads(capsys.readouterr().out), list)


def test_sensors_name_every_source_with_its_state(capsys):
    assert main(["sensors", "--json"]) == 0
    reports = json.loads(capsys.readouterr().out)
    assert len(reports) >= 4
    assert all(report["state"] for report in reports)
    assert any(report["state"] == "in use" for report in reports)


def test_what_is_written_is_read_again(pipeline):
    assert loads(dumps(pipeline), installed()) == pipeline


def test_check_finds_what_is_missing_outside_the_pipeline(pipeline, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GREENBENCH_HOME", str(tmp_path / "home"))
    path = tmp_path / "outside.greenbench"
    pipeline.nodes["digits"] = Node("digits", "data.folder", "Photos", {"folder": str(tmp_path / "nowhere")})
    path.write_text(dumps(pipeline))
    assert main(["check", str(path)]) == 2
    assert '"Photos": the folder' in capsys.readouterr().err


def test_check_knows_which_models_there_are(pipeline, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GREENBENCH_HOME", str(tmp_path / "home"))
    path = tmp_path / "name.greenbench"
    pipeline.nodes["model"] = Node("model", "model.library", "Net", {"name": "torchvision/resnet81"})
    path.write_text(dumps(pipeline))
    assert main(["check", str(path)]) == 2
    error = capsys.readouterr().err
    assert "resnet81" in error
    assert "torchvision/resnet18" in error


def test_learning_from_random_inputs_is_refused_before_the_run(pipeline, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GREENBENCH_HOME", str(tmp_path / "home"))
    path = tmp_path / "random.greenbench"
    pipeline.nodes["digits"] = Node("digits", "data.random", "Noise")
    path.write_text(dumps(pipeline))
    assert main(["run", str(path), "--quiet"]) == 2
    assert '"Train it" cannot learn from random inputs' in capsys.readouterr().err


@pytest.mark.parametrize(("region", "remedy"), [("XYZ", "DEU, FRA"), ("Germany", "Write DEU.")])
def test_a_grid_region_without_an_intensity_is_refused_before_anything_starts(pipeline, tmp_path, monkeypatch, capsys, region, remedy):
    monkeypatch.setenv("GREENBENCH_HOME", str(tmp_path / "home"))
    pipeline.nodes["benchmark"] = Node("benchmark", "benchmark", "Benchmark", {"region": region})
    pipeline.links += [Link("train", "model", "benchmark", "models"), Link("digits", "data", "benchmark", "data")]
    file = tmp_path / "grid.greenbench"
    file.write_text(dumps(pipeline))
    for command in (["check"], ["run"], ["run", "--set", f"benchmark.region={region.lower()}"]):
        assert main([command[0], str(file), *command[1:]]) == 2
        said = capsys.readouterr().err
        assert "no grid intensity is known for the region" in said
        assert remedy in said
    assert main(["check", str(file)]) == 2
    file.write_text(dumps(pipeline).replace(f'"{region}"', '"deu"'))
    assert main(["check", str(file)]) == 0


def test_a_recording_that_is_none_is_named_before_anything_starts(file, capsys):
    assert main(["run", str(file), "--replay", str(file)]) == 2
    assert "is no message of a meter" in capsys.readouterr().err
