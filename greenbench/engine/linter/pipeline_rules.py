"""What of a pipeline would leave its results without meaning: nothing to compare with, too little to judge by, a cut left unhealed."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenbench.analysis.doctor.proposals import ENOUGH_EXAMPLES, more_testing
from greenbench.analysis.resolution import indistinct, least_difference
from greenbench.core.advice import AddBranch, Advice, Evidence, InsertAfter, NewStep, PortRef, Proposal, SetParams, Tone
from greenbench.core.artifact import DatasetArtifact
from greenbench.core.order import NOTHING_DONE, after
from greenbench.core.pipeline import Node, Pipeline
from greenbench.core.ports import PortKind
from greenbench.core.quote import count, significant
from greenbench.core.runtimes import RUNTIMES
from greenbench.core.step import Group, StepSpec, Trait
from greenbench.engine.linter.surroundings import Surroundings
from greenbench.engine.plan import Conditions

_EXAMPLES = {"data.digits": 1797}  # of sources whose size is known before they are read
_BUDGET = ("epochs", "batch", "learning_rate", "optimizer", "schedule", "weight_decay")
_PLACES = ("folder", "file", "name")


@dataclass(frozen=True)
class Look:
    """A pipeline with all that is known before it runs. `data` has what data sources gave when they were read, by node."""

    pipeline: Pipeline
    conditions: Conditions
    around: Surroundings
    data: dict[str, DatasetArtifact]

    def nodes(self, *prefixes: str) -> list[Node]:
        """The nodes of steps whose key begins like that, without those that are muted."""
        return [node for node in self.pipeline.nodes.values() if node.step.startswith(prefixes) and not node.muted]

    def params(self, id: str) -> dict[str, Any]:
        """All parameters of a node; of one whose settings are wrong, those that are set."""
        node, spec = self.pipeline.node(id), self.pipeline.spec(id)
        return {field.name: field.default for field in spec.fields} | dict(node.params)

    def source(self, id: str, port: str) -> str:
        """What feeds a port, muted nodes passed through; "" for nothing."""
        links = self.pipeline.into(id, port)
        return self.through(links[0].source) if links else ""

    def through(self, id: str) -> str:
        while id and self.pipeline.node(id).muted:
            passes = self.pipeline.spec(id).pass_through
            links = self.pipeline.into(id, passes[0]) if passes else []
            id = links[0].source if links else ""
        return id

    def models(self, bench: str) -> list[str]:
        """What feeds a benchmark, in the order of its variants."""
        found = [self.through(link.source) for link in self.pipeline.into(bench, "models")]
        return [id for id in found if id]

    def path(self, id: str) -> list[str]:
        """The steps a model goes through, first to last; of a student with a teacher, the student's."""
        found: list[str] = []
        while id and id not in found:
            found.append(id)
            spec = self.pipeline.spec(id)
            port = next((port.name for port in spec.inputs if port.kind is PortKind.MODEL and not port.many and not port.optional), "")
            port = "student" if spec.input("student") else port
            id = self.source(id, port) if port else ""
        return found[::-1]

    def data_of(self, id: str) -> str:
        """The node that gives a node its data; "" for none."""
        port = next((port.name for port in self.pipeline.spec(id).inputs if port.kind is PortKind.DATASET), "")
        return self.source(id, port) if port else ""


def few_examples(look: Look) -> Iterator[Advice]:
    """A test set on which small differences cannot be seen, by the rule that the results page states after the run."""
    for bench in look.nodes("benchmark"):
        source = look.data_of(bench.id)
        examples, seen = _test_examples(look, source)
        if examples is None or examples >= ENOUGH_EXAMPLES:
            continue
        more = _more(look, source, examples)
        points = significant(least_difference(max(examples, 1), max(len(look.models(bench.id)) - 1, 1)) * 100, 2)
        yield Advice(
            code="few-examples", weight=50, tone=Tone.WARNING, node=source, title=f"Only {count(examples)} test examples",
            text=f"Of the accuracies, {indistinct(points)}, if two models answer a quarter of them differently; the answers say more.",
            evidence=(Evidence(words="Test examples", number=count(examples), where=seen),),
            remedy="" if more else "Judge on more examples.",
            proposals=more,
        )  # fmt: skip


def _test_examples(look: Look, source: str) -> tuple[int | None, str]:
    """How many, and where that is known from; None: not before the source has been read."""
    if not source or look.pipeline.node(source).step == "data.random":
        return None, ""
    node, known = look.pipeline.node(source), look.data.get(source)
    if known is not None:
        return (None if known.random or "test" not in known.splits else known.splits["test"].examples), f"“{node.title}”, as it was read"
    params = look.params(source)
    if node.step not in _EXAMPLES or params.get("use") == "test":
        return None, ""
    return math.ceil(_EXAMPLES[node.step] * float(params["test_share"])), f"settings of “{node.title}”"


def _more(look: Look, source: str, examples: int) -> tuple[Proposal, ...]:
    """A share for testing that gives enough, as the doctor would say after the run."""
    return more_testing(source, look.pipeline.node(source).step, look.params(source), examples)


def calibration(look: Look) -> Iterator[Advice]:
    """Ranges found on what is later tested, or on noise."""
    for node in look.nodes("quantize."):
        used = look.data_of(node.id)
        if not used:
            continue
        if look.pipeline.node(used).step == "data.random":
            yield Advice(
                code="calibration-noise", weight=60, tone=Tone.WARNING, node=node.id, title=f"“{node.title}” calibrates on random inputs",
                text="Ranges found on noise say nothing about real examples; accuracy falls for no reason of the method.",
                evidence=(Evidence(words="Calibration data", number=look.pipeline.node(used).title, where=f"link into “{node.title}”"),),
                remedy="Feed it from real data.",
            )  # fmt: skip
        for bench in look.nodes("benchmark"):
            tested = look.data_of(bench.id)
            why = _overlap(look, used, tested) if tested and tested != used and node.id in look.pipeline.upstream(bench.id) else ""
            if why:
                title = f"“{node.title}” may calibrate on test examples"
                yield Advice(
                    code="calibration-overlap", weight=88, tone=Tone.WARNING, node=node.id, title=title,
                    text="Examples that set the ranges are easier than new ones; the accuracy that is measured on them flatters int8.",
                    evidence=(Evidence(words="Calibration and test data", number=why, where="settings of both sources"),),
                    remedy=f"Feed both from “{look.pipeline.node(tested).title}”: it keeps its parts apart.",
                )  # fmt: skip


def _overlap(look: Look, used: str, tested: str) -> str:
    """How two sources share examples, as far as content or place tell; "" where they do not."""
    mine, other = look.data.get(used), look.data.get(tested)
    if mine is not None and other is not None:
        same = [name for name, split in mine.splits.items() if "test" in other.splits and split.digest == other.splits["test"].digest]
        if same:
            return f"the {same[0]} examples of one are the test examples of the other"
    places = [{str(look.params(id).get(name) or "") for name in _PLACES} - {""} for id in (used, tested)]
    if places[0] & places[1]:
        return f"both read {min(places[0] & places[1])}"
    nested = [(a, b) for a in places[0] for b in places[1] if Path(a) in Path(b).parents or Path(b) in Path(a).parents]
    return f"{nested[0][0]} and {nested[0][1]} lie in each other" if nested else ""


def runtimes(look: Look) -> Iterator[Advice]:
    """Two benchmarks in different runtimes."""
    benches = look.nodes("benchmark")
    used = [str(look.params(bench.id).get("runtime", "")) for bench in benches]
    for bench, runtime in zip(benches[1:], used[1:], strict=True):
        if runtime != used[0]:
            words = [RUNTIMES[key].title if key in RUNTIMES else key for key in (used[0], runtime)]
            yield Advice(
                code="runtimes", weight=86, tone=Tone.WARNING, node=bench.id, title="Two runtimes are compared",
                text=f"“{benches[0].title}” runs in {words[0]} and “{bench.title}” in {words[1]}. That alone can be worth a factor of "
                "three, which is not compression's.",
                evidence=(Evidence(words="Runtimes", number=f"{words[0]}, {words[1]}", where="settings of both benchmarks"),),
                proposals=(Proposal(title=f"Run both in {words[0]}",
                                    change=SetParams(node=bench.id, step=bench.step, values={"runtime": used[0]})),),
            )  # fmt: skip


def threads(look: Look) -> Iterator[Advice]:
    """More threads than physical cores."""
    cores = look.around.cores_physical
    for bench in look.nodes("benchmark"):
        wanted = int(look.params(bench.id).get("threads", 0) or look.conditions.threads)
        if cores and wanted > cores:
            yield Advice(
                code="threads", weight=78, tone=Tone.WARNING, node=bench.id, title="There are more threads than cores",
                text="Threads that share a core wait for each other; latency rises and scatters.",
                evidence=(Evidence(words="Threads, physical cores", number=f"{wanted}, {cores}", where=f"“{bench.title}”, this machine"),),
                proposals=(Proposal(title=f"Use {cores} thread{'s' if cores > 1 else ''}",
                                    change=SetParams(node=bench.id, step=bench.step, values={"threads": cores})),),
            )  # fmt: skip


def control(look: Look) -> Iterator[Advice]:
    """A distilled student without one that was trained as long by itself: what the teacher is worth stays unknown."""
    for node in look.nodes("distil."):
        student = look.source(node.id, "student")
        benches = [bench for bench in look.nodes("benchmark") if node.id in look.models(bench.id)]
        if not student or not benches or look.source(node.id, "control") or _has_control(look, node, student, benches[0].id):
            continue
        params = look.params(node.id)
        epochs = params.get("epochs")
        ports = [PortRef(node=benches[0].id, input="models")]
        if look.pipeline.spec(node.id).input("control"):
            ports.append(PortRef(node=node.id, input="control"))
        new = NewStep(step="train", title=f"{node.title}, control", params={key: params[key] for key in _BUDGET if key in params})
        change = AddBranch(after=student, steps=(new,), into=tuple(ports), data=look.data_of(node.id))
        yield Advice(
            code="no-control", weight=45, node=node.id, title=f"“{node.title}” has no control student",
            text="To know what the teacher is worth, the same student must be trained as long without one. What it gains beyond that is "
            "distillation's.",
            evidence=(Evidence(words="Epochs with the teacher, without", number=f"{epochs}, 0", where=f"settings of “{node.title}”"),),
            proposals=(Proposal(title="Add a control student", change=change),),
        )  # fmt: skip


def _has_control(look: Look, node: Node, student: str, bench: str) -> bool:
    """Whether the same student goes to the benchmark another way, trained for as many epochs."""
    epochs = look.params(node.id).get("epochs")
    trained = [id for id in look.models(bench) if look.pipeline.node(id).step == "train"]
    return any(student in look.path(id) and look.params(id).get("epochs") == epochs for id in trained)


def baseline(look: Look) -> Iterator[Advice]:
    """Nothing to compare with, or a first variant that is compressed itself."""
    for bench in look.nodes("benchmark"):
        models = look.models(bench.id)
        if len(models) == 1:
            yield Advice(
                code="one-variant", weight=48, node=bench.id, title=f"“{bench.title}” has one model and no baseline",
                text="Its numbers will be there, but no change: connect the model before compression first, and it is the baseline.",
                evidence=(Evidence(words="Models connected", number="1", where=f"“{bench.title}”"),),
                proposals=_original(look, bench, models[0]),
            )  # fmt: skip
        elif models and (step := _compressed(look, models[0])) and not any(_compressed(look, id) is None for id in models):
            yield Advice(
                code="no-baseline", weight=65, tone=Tone.WARNING, node=bench.id, title="The baseline is compressed itself",
                text=f"Variant A of “{bench.title}” went through “{step.title}”; every change is told against it, none against the model "
                "as it was.",
                evidence=(Evidence(words="Variant A", number=look.pipeline.node(models[0]).title, where=f"“{bench.title}”, first link"),),
                proposals=_original(look, bench, models[0]),
            )  # fmt: skip


def _compressed(look: Look, id: str) -> Node | None:
    """The first step on a model's way that compressed it."""
    on_the_way = (look.pipeline.node(each) for each in look.path(id))
    return next((node for node in on_the_way if look.pipeline.spec(node.id).group in (Group.COMPRESS, Group.DISTIL)), None)


def _original(look: Look, bench: Node, model: str) -> tuple[Proposal, ...]:
    """The model as it was before its first compression, linked first."""
    path, step = look.path(model), _compressed(look, model)
    place = path.index(step.id) if step else 0
    if not place:
        return ()
    before = look.pipeline.node(path[place - 1])
    if before.id in look.models(bench.id):
        return ()
    change = AddBranch(after=before.id, steps=(), into=(PortRef(node=bench.id, input="models", first=True),))
    return (Proposal(title=f"Make “{before.title}” the baseline", change=change),)


def unhealed(look: Look) -> Iterator[Advice]:
    """Channels that go without training after it."""
    told: set[str] = set()
    for bench in look.nodes("benchmark"):
        for model in look.models(bench.id):
            cut = _open_cut(look, model)
            if cut is None or cut.id in told:
                continue
            told.add(cut.id)
            data = look.data_of(cut.id) or look.data_of(bench.id)
            new = InsertAfter(after=cut.id, new=NewStep(step="finetune"), data=data)
            where = f"“{bench.title}”"
            tuned = any(look.pipeline.node(link.target).step == "finetune" for link in look.pipeline.out_of(cut.id))
            yield Advice(
                code="not-trained-since", weight=72, tone=Tone.WARNING, node=cut.id, title=f"Nothing is trained after “{cut.title}”",
                text="A network that lost channels answers badly until what is left has taken over; its accuracy would be that of a wound, "
                "not of the method.",
                evidence=(Evidence(words="Goes to the benchmark untrained", number=look.pipeline.node(model).title, where=where),),
                proposals=(Proposal(title=f"Add fine-tune after {cut.title}", change=new),) if data and not tuned else (),
            )  # fmt: skip


def _open_cut(look: Look, model: str) -> Node | None:
    """The step whose cut no later step mended."""
    done, cut = NOTHING_DONE, None
    for id in look.path(model):
        spec: StepSpec = look.pipeline.spec(id)
        done = after(spec, look.pipeline.node(id).title, look.params(id), done)
        cut = look.pipeline.node(id) if Trait.CUTS in spec.traits else cut
    return cut if Trait.CUTS in done.done else None


RULES = (calibration, runtimes, threads, unhealed, baseline, few_examples, control)
