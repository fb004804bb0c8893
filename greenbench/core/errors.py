"""One family of errors, whose text a user can act on: what happened, where, and what to do."""


class GreenBenchError(Exception):
    """Something a user can act on.

    `message` says what happened and names the node, file or value; `remedy` says what to do, and may be empty.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class PipelineError(GreenBenchError):
    """An edit or a check that would leave a pipeline that cannot mean anything."""


class CycleError(PipelineError):
    """A link would feed a node with its own output."""


class PortKindError(PipelineError):
    """A link would join ports of different kinds."""


class PortTakenError(PipelineError):
    """An input that takes one link already has it."""


class UnknownNodeError(PipelineError):
    """No node has that id."""


class UnknownPortError(PipelineError):
    """A step has no port of that name."""


class UnknownStepError(PipelineError):
    """No installed step has that key."""


class ParameterError(GreenBenchError):
    """A parameter is unknown, of the wrong type, or out of range."""


class FileFormatError(GreenBenchError):
    """A file cannot be read as what it claims to be."""


class PlanError(GreenBenchError):
    """A pipeline cannot be run as it stands; `problems` lists every reason at once."""

    def __init__(self, problems: tuple["Problem", ...] | list["Problem"]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(str(problem) for problem in self.problems))


class Problem:
    """One reason why a pipeline cannot run: the node (empty for the whole pipeline), the sentence, the remedy. `trust` is the
    greenbench.core.trust.TrustRequest whose answer alone is missing, if that is the reason."""

    def __init__(self, node: str, message: str, remedy: str = "", trust: object = None) -> None:
        self.node, self.message, self.remedy, self.trust = node, message, remedy, trust

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def __repr__(self) -> str:
        return f"Problem({self.node!r}, {self.message!r}, {self.remedy!r})"


class StepError(GreenBenchError):
    """A step cannot do what was asked of it."""


class DataError(GreenBenchError):
    """A data set is missing, empty, damaged, or does not fit."""


class ModelError(GreenBenchError):
    """A model cannot be built, loaded, or does not fit the data."""


class MeterError(GreenBenchError):
    """A power source cannot be read."""


class CalibrationError(GreenBenchError):
    """A wall meter and the counters give no line that would mean anything."""


class StoreError(GreenBenchError):
    """The store of runs cannot be read or written."""


class DamagedCallsError(StoreError):
    """The call times of a timed block are not what was written."""


class ReportError(GreenBenchError):
    """A report cannot be written."""


class TrustError(GreenBenchError):
    """A file would run code when it is loaded, and the user has not allowed that."""


class ExistsError(ModelError):
    """A file would be replaced that the user did not say may be."""


class ProofError(GreenBenchError):
    """An exported model does not answer like the model it was made from."""


class WorkerError(GreenBenchError):
    """A process of GreenBench's own broke off or does not answer."""


class Cancelled(Exception):
    """The user stopped the run. Not an error: nothing went wrong."""
