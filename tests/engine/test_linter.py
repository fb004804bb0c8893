"""What would spoil a run is told before it, with a change that the pipeline takes; a sound pipeline on a quiet machine hears nothing."""

import pytest

from greenbench.core.advice import SetParams, Tone, UseProtocol
from greenbench.core.artifact import DatasetArtifact, InputSpec, SplitInfo
from greenbench.core.measurement import Channel, Domain, Provenance, SourceReport, SourceState
from greenbench.core.pipeline import Link, Node, Pipeline
from greenbench.core.proposing import edit_of
from greenbench.core.run import LAB, QUICK
from greenbench.engine.linter import Surroundings, lint
from greenbench.engine.linter.surroundings import other_runs
from greenbench.engine.plan import Conditions, problems
from greenbench.meters.outer import OuterMeters
from greenbench.steps import installed

SOUND = {
    "digits": ("data.digits", {"test_share": 0.3}),
    "net": ("model.library", {"name": "resnet8", "width": 10}),
    "trained": ("train", {"epochs": 4}),
    "cut": ("prune.structured", {}),
    "tuned": ("finetune", {}),
    "int8": ("quantize.static", {}),
    "bench": ("benchmark", {"threads": 1}),
}
LINKS = (
    "digits.data net.data", "net.model trained.model", "digits.data trained.data", "trained.model cut.model", "digits.data cut.data",
    "cut.model tuned.model", "digits.data tuned.data", "trained.model int8.model", "digits.data int8.data", "trained.model bench.models",
    "tuned.model bench.models", "int8.model bench.models", "digits.data bench.data",
)  # fmt: skip


def built(nodes=SOUND, links=LINKS, **changed):
    """The sound pipeline with nodes put in the place of others."""
    pipeline = Pipeline(installed(), "Test")
    for place, (id, (step, params)) in enumerate({**nodes, **changed}.items()):
        pipeline.nodes[id] = Node(id, step, id.capitalize(), params, (192.0 * place, 0.0))
    for text in links:
        left, right = text.split(" ")
        pipeline.links.append(Link(*left.split("."), *right.split(".")))
    return pipeline


def found(pipeline, around=Surroundings(), conditions=Conditions(protocol=LAB), known=None):
    more = {} if known is None else {"known": known}
    return {advice.code: advice for advice in lint(pipeline, conditions, around, **more)}


def mended(pipeline, advice, around=Surroundings()):
    """The codes that are left once the first proposal has been taken; the pipeline can still run."""
    edit_of(advice.proposals[0], pipeline).apply(pipeline)
    assert problems(pipeline) == []
    return set(found(pipeline, around))


def test_a_sound_pipeline_under_the_lab_protocol_hears_nothing():
    assert problems(built()) == []
    assert found(built()) == {}


def test_a_pipeline_that_measures_nothing_hears_nothing():
    pipeline = built()
    pipeline.nodes["bench"] = pipeline.nodes["bench"].but(muted=True)
    assert found(pipeline, Surroundings(on_battery=True)) == {}


# ---- the pipeline ---------------------------------------------------------------------------------------------------


def test_a_small_test_set_is_told_before_it_is_read_where_its_source_is_built_in():
    pipeline = built(digits=("data.digits", {"test_share": 0.2}))
    advice = found(pipeline)["few-examples"]
    assert "if two models answer a quarter of them differently" in advice.text
    assert advice.evidence[0].number == "360"
    assert mended(pipeline, advice) == set()
    assert pipeline.node("digits").params["test_share"] == 0.3


def test_a_small_test_set_is_counted_once_it_is_read():
    folder = built(digits=("data.folder", {"folder": "/nowhere"}))
    assert "few-examples" not in found(folder)
    splits = {"train": SplitInfo(examples=90, digest="a"), "test": SplitInfo(examples=12, digest="b")}
    read = DatasetArtifact(kind="array", name="d", input=InputSpec(shape=(1, 16, 16)), classes=("a", "b"), splits=splits)
    # Digits stand in for a source that is there: what counts is what was read, not what its settings promise.
    advice = found(built(), known=lambda node: {"data": read} if node.step == "data.digits" else None)["few-examples"]
    assert advice.evidence[0].number == "12"
    many = read.model_copy(update={"splits": {**splits, "test": SplitInfo(examples=5000, digest="b")}})
    assert "few-examples" not in found(built(), known=lambda node: {"data": many} if node.step == "data.digits" else None)


def test_random_inputs_are_no_test_set():
    assert "few-examples" not in found(built(digits=("data.random", {})))


def second_source(**params):
    links = [link.replace("digits.data int8.data", "other.data int8.data") for link in LINKS]
    return built({**SOUND, "digits": ("data.folder", {"folder": "/pictures"}), "other": params.pop("of"), **params}, links)


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (("data.folder", {"folder": "/pictures/train"}), "calibration-overlap"),
        (("data.archive", {"file": "/pictures/all.npz"}), "calibration-overlap"),
        (("data.folder", {"folder": "/elsewhere"}), ""),
        (("data.random", {}), "calibration-noise"),
    ],
)
def test_calibration_on_test_examples_or_on_noise_is_told(other, told):
    assert {code for code in found(second_source(of=other)) if code.startswith("calibration")} == ({told} if told else set())


def test_two_runtimes_are_told_and_made_one():
    nodes = {**SOUND, "second": ("benchmark", {"runtime": "eager", "threads": 1})}
    links = (*LINKS, "trained.model second.models", "tuned.model second.models", "digits.data second.data")
    pipeline = built(nodes, links)
    advice = found(pipeline)["runtimes"]
    assert advice.evidence[0].number == "ONNX Runtime, PyTorch eager"
    assert mended(pipeline, advice) == set()


def test_more_threads_than_cores_are_told_and_made_as_many():
    pipeline, two = built(bench=("benchmark", {"threads": 6})), Surroundings(cores_physical=2)
    advice = found(pipeline, two)["threads"]
    assert advice.evidence[0].number == "6, 2"
    assert mended(pipeline, advice, two) == set()
    assert "threads" in found(built(bench=("benchmark", {})), two, Conditions(threads=4, protocol=LAB))
    assert "threads" not in found(built(), two, Conditions(threads=4, protocol=LAB))


def test_a_cut_without_training_gets_fine_tuning_right_behind_it():
    links = [link for link in LINKS if "tuned" not in link]
    pipeline = built({id: node for id, node in SOUND.items() if id != "tuned"}, (*links, "cut.model bench.models"))
    advice = found(pipeline)["not-trained-since"]
    assert (advice.node, advice.tone) == ("cut", Tone.WARNING)
    assert mended(pipeline, advice) == set()
    assert [pipeline.node(link.source).step for link in pipeline.into("bench", "models")] == ["train", "quantize.static", "finetune"]


def test_a_cut_that_goes_on_to_int8_untrained_is_told_too():
    links = [link.replace("trained.model int8.model", "cut.model int8.model") for link in LINKS]
    advice = found(built(links=links))["not-trained-since"]
    assert advice.evidence[0].number == "Int8"
    assert not advice.proposals  # it is fine-tuned on another way already: only the user knows which was meant


def test_one_model_alone_has_no_baseline_and_gets_the_one_before_compression():
    links = [link for link in LINKS if link not in ("trained.model bench.models", "int8.model bench.models")]
    pipeline = built(links=links)
    advice = found(pipeline)["one-variant"]
    assert mended(pipeline, advice) == set()
    assert [link.source for link in pipeline.into("bench", "models")] == ["trained", "tuned"]


def test_a_baseline_that_is_compressed_itself_is_told():
    pipeline = built(links=[link for link in LINKS if link != "trained.model bench.models"])
    advice = found(pipeline)["no-baseline"]
    assert mended(pipeline, advice) == set()
    assert pipeline.into("bench", "models")[0].source == "trained"


def distilled(control_epochs=None):
    nodes = {**SOUND, "small": ("model.library", {"name": "resnet8", "width": 4}), "student": ("distil.soft", {"epochs": 6})}
    links = [*LINKS, "digits.data small.data", "small.model student.student", "trained.model student.teacher", "digits.data student.data"]
    links.append("student.model bench.models")
    if control_epochs:
        nodes["alone"] = ("train", {"epochs": control_epochs})
        links += ["small.model alone.model", "digits.data alone.data", "alone.model bench.models"]
    return built(nodes, links)


def test_a_student_without_control_gets_one_with_the_same_budget():
    pipeline = distilled()
    advice = found(pipeline)["no-control"]
    assert mended(pipeline, advice) == set()
    (control,) = [link.source for link in pipeline.into("student", "control")]
    assert (pipeline.node(control).step, pipeline.node(control).params["epochs"]) == ("train", 6)
    assert control in [link.source for link in pipeline.into("bench", "models")]


@pytest.mark.parametrize(("epochs", "told"), [(6, False), (2, True)])
def test_a_control_counts_only_with_an_equal_budget(epochs, told):
    assert ("no-control" in found(distilled(epochs))) is told


# ---- the machine and the protocol -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("around", "code"),
    [
        (Surroundings(on_battery=True), "on-battery"),
        (Surroundings(other_runs=1), "other-run"),
        (Surroundings(gpu_processes=("blender",)), "gpu-process"),
        (Surroundings(load=0.6), "load"),
        (Surroundings(governor="powersave"), "governor"),
        (Surroundings(virtual="KVM"), "virtual"),
    ],
)
def test_what_disturbs_now_is_told_with_what_to_do(around, code):
    (advice,) = lint(built(), Conditions(protocol=LAB), around)
    assert advice.code == code
    assert advice.evidence[0].number
    assert advice.remedy or code == "virtual"


def test_a_quiet_machine_on_mains_hears_nothing():
    around = Surroundings(on_battery=False, load=0.04, governor="performance", cores_physical=4)
    assert lint(built(), Conditions(protocol=LAB), around) == ()


def test_a_quick_look_is_told_and_the_lab_offered():
    (advice,) = lint(built(), Conditions(protocol=QUICK))
    assert (advice.code, advice.tone, advice.proposals[0].change) == ("quick", Tone.INFO, UseProtocol(protocol="lab"))


def sensor(refresh_s, measured_s=None, state=SourceState.IN_USE, provenance=Provenance.COUNTER, counted=True):
    channel = Channel(
        key="c", title="GPU 0", domain=Domain.GPU, provenance=provenance, covers="board", refresh_s=refresh_s, counted=counted,
        refresh_measured_s=measured_s,
    )  # fmt: skip
    return SourceReport(key="s", title="NVML", state=state, provenance=provenance, channels=(channel,), remedy="Install a driver.")


@pytest.mark.parametrize(
    ("source", "protocol", "told", "offered"),
    [
        (sensor(0.1), QUICK, True, True),  # 1 s holds 10 readings of 100 ms; 10 s hold 100
        (sensor(0.1), LAB, False, False),
        (sensor(0.001), QUICK, False, False),
        (sensor(0.001, measured_s=0.1), QUICK, True, True),  # what was seen counts, not what was promised
        (sensor(1.0), LAB, True, False),
        (sensor(0.1, counted=False), QUICK, False, False),
        (sensor(0.25, provenance=Provenance.MODELLED), QUICK, False, False),
    ],
)
def test_a_block_must_hold_a_hundred_readings_of_the_counted_sensor(source, protocol, told, offered):
    advice = found(built(), Surroundings(sources=(source,)), Conditions(protocol=protocol)).get("short-blocks")
    assert (advice is not None) is told
    assert advice is None or bool(advice.proposals) is offered


@pytest.mark.parametrize(
    ("source", "told"),
    [(sensor(0.1, state=SourceState.PERMISSION), True), (sensor(0.25, provenance=Provenance.MODELLED), True), (sensor(0.1), False)],
)
def test_energy_that_will_not_be_measured_is_told_with_the_remedy(source, told):
    advice = found(built(), Surroundings(sources=(source,))).get("no-energy")
    assert (advice is not None) is told
    assert advice is None or advice.remedy


def test_a_slow_wall_meter_beside_a_quick_counter_does_not_make_blocks_short():
    fields = {
        "key": "plug",
        "title": "Plug",
        "domain": Domain.SYSTEM,
        "provenance": Provenance.EXTERNAL,
        "covers": "wall",
        "refresh_s": 1.0,
    }
    plug = SourceReport(
        key="plug", title="Plug", state=SourceState.IN_USE, provenance=Provenance.EXTERNAL, channels=(Channel(**fields),)
    )  # fmt: skip
    beside, alone = Surroundings(sources=(sensor(0.001), plug)), Surroundings(sources=(plug,))
    assert "short-blocks" not in found(built(), beside, Conditions(protocol=LAB))
    assert "short-blocks" in found(built(), alone, Conditions(protocol=LAB))


def test_only_workers_of_others_are_other_runs():
    lines = [
        (1, ["/usr/bin/python", "-m", "greenbench", "worker"]),
        (2, ["/usr/bin/python", "-m", "greenbench", "meter"]),
        (3, ["/opt/greenbench/greenbench", "worker"]),
        (4, ["/usr/bin/python", "-m", "celery", "worker"]),
        (5, ["/usr/bin/python", "-m", "greenbench", "worker"]),
        (6, []),
    ]
    assert other_runs(lines, frozenset({5})) == 2


def test_the_most_important_comes_first():
    pipeline = built(digits=("data.digits", {"test_share": 0.2}), bench=("benchmark", {"threads": 6}))
    every = lint(pipeline, Conditions(), Surroundings(cores_physical=2, on_battery=True))
    assert [advice.code for advice in every] == ["on-battery", "threads", "few-examples", "quick"]
    assert all(isinstance(p.change, SetParams | UseProtocol) for advice in every for p in advice.proposals)


def test_a_list_of_meters_that_cannot_be_read_is_told_also_where_something_else_measures(tmp_path):
    (tmp_path / "meters.json").write_text("{")
    package = sensor(0.001)
    around = Surroundings(sources=(package, *OuterMeters(tmp_path).reports()))
    advice = found(built(), around)["meter-list"]
    assert advice.tone is Tone.WARNING
    assert "meters.json is damaged" in advice.text
    assert "Mend the file" in advice.remedy
