"""Several seeds of one pipeline: a step that judges a claim over n seeds has everything that makes its models computed n times.

pipeline   model ─ train ─▶ claim (3 seeds)        plan   model   ─ train   ─┐
                                                         model@1 ─ train@1 ─┼▶ claim
data sets are read once; they keep the first seed         model@2 ─ train@2 ─┘
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from greenbench.core.pipeline import Pipeline
from greenbench.core.ports import PortKind
from greenbench.core.run import Source

Inputs = Mapping[str, tuple[Source, ...]]


@dataclass(frozen=True)
class Repetition:
    """One node once more: the node of the pipeline, which seed after the first, and where its inputs come from. `into` are the ports of
    the asking node that it feeds directly, with the output it feeds them from."""

    of: str
    repeat: int
    inputs: Inputs
    into: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        return f"{self.of}@{self.repeat}"

    def added_to(self, inputs: Inputs) -> dict[str, tuple[Source, ...]]:
        """The inputs of the asking node with this node behind those that are there."""
        own = dict(inputs)
        for port, output in self.into:
            own[port] = (*own[port], Source(node=self.id, output=output))
        return own


def repetitions(pipeline: Pipeline, id: str, inputs: Mapping[str, Inputs]) -> Iterator[Repetition]:
    """The repetitions that a node asks for, each after those that feed it; none where its step asks for one seed. `inputs` are those of
    all nodes, muted ones passed through."""
    spec = pipeline.spec(id)
    count = int(getattr(spec.params.checked(pipeline.nodes[id].params), spec.repeats)) if spec.repeats else 1
    if count < 2:
        return
    repeated = [node for node in pipeline.order() if node in _makers(pipeline, id, inputs)]
    for repeat in range(1, count):

        def again(source: Source, repeat: int = repeat) -> Source:
            return Source(node=f"{source.node}@{repeat}", output=source.output) if source.node in repeated else source

        for node in repeated:
            into = tuple((port, source.output) for port, many in inputs[id].items() for source in many if source.node == node)
            arrived = {port: tuple(again(source) for source in many) for port, many in inputs[node].items()}
            yield Repetition(node, repeat, arrived, into)


def _makers(pipeline: Pipeline, id: str, inputs: Mapping[str, Inputs]) -> set[str]:
    """The nodes that feed a node, directly or through others, and give models: data sets are the same for all seeds."""
    found: set[str] = set()
    waiting = [id]
    while waiting:
        for many in inputs[waiting.pop()].values():
            for source in many:
                gives = {port.kind for port in pipeline.spec(source.node).outputs}
                if source.node not in found and gives == {PortKind.MODEL}:
                    found.add(source.node)
                    waiting.append(source.node)
    return found
