"""From a file to a model, by what is in it."""

from pathlib import Path

from greenbench.core.artifact import Fact, ModelArtifact
from greenbench.core.errors import FileFormatError, ModelError
from greenbench.core.runtimes import FORMAT_NOUNS
from greenbench.core.step import Inputs, StepContext, StepOutcome
from greenbench.ml.files.sniff import Kind, sniff
from greenbench.ml.panel import compact, model_facts
from greenbench.steps.model_file.spec import ModelFileParams
from greenbench.steps.outside import no_file

_WHOLE = (Kind.TORCHSCRIPT, Kind.EXPORTED, Kind.ONNX, Kind.OPENVINO)


def apply(inputs: Inputs, params: ModelFileParams, context: StepContext) -> StepOutcome:
    """Reads the file, proves that it runs and answers as its task wants, and describes it.

    Raises:
        FileFormatError: it is no model, or damaged.
        TrustError: it would run code, and was not allowed.
        ModelError: it does not run, its weights fit no architecture or several, or its outputs are not of the task.
    """
    path = Path(params.file).expanduser()
    missing = no_file(str(path) if params.file else "")
    if missing:
        raise FileFormatError(missing[0][:1].upper() + missing[0][1:], missing[1])
    sniffed = sniff(path)
    if sniffed.kind in _WHOLE:
        if params.architecture.strip():
            raise ModelError(
                f"{path.name} is a whole network ({sniffed.kind}), so it needs no architecture.", "Leave the architecture empty."
            )
        from greenbench.steps.model_file.from_network import whole_network

        made = whole_network(path, sniffed, params, context)
    else:
        from greenbench.steps.model_file.from_weights import network_of_weights

        made = network_of_weights(path, params, context)
    for note in made.notes:
        context.log(note)
    return StepOutcome({"model": made}, (*_facts(made, path), *model_facts(made)), f"{compact(made.footprint.parameters)} params")


def _facts(made: ModelArtifact, path: Path) -> tuple[Fact, ...]:
    noun = FORMAT_NOUNS[made.format].partition(" ")[2]
    network = (Fact(title="Architecture", text=made.architecture.name),) if made.architecture else ()
    size = " × ".join(str(side) for side in made.input.array_shape)
    return (
        Fact(title="File", text=path.name),
        Fact(title="Format", text=noun[:1].upper() + noun[1:]),
        *network,
        Fact(title="Takes", text=size),
        *(Fact(title="Note", text=note) for note in made.notes),
    )
