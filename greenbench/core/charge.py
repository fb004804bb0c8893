"""One line of a run's energy ledger: what was done, and the joules it took. Every joule of a run is on exactly one line."""

from enum import StrEnum

from greenbench.core.measurement import Measurement
from greenbench.core.value import Value


class ChargeKind(StrEnum):
    """What joules were spent on. `OVERHEAD` is what lies between the nodes: planning, starting processes, the cache."""

    DATA = "data"
    MODEL = "model"
    TRAINING = "training"
    COMPRESSION = "compression"
    DISTILLATION = "distillation"
    CALIBRATION = "calibration"
    SEARCH = "search"
    JUDGING = "judging"
    PREPARING = "preparing to measure"
    IDLE = "idle windows"
    WARM_UP = "warm-up"
    BLOCKS = "timed blocks"
    COOL_DOWN = "cool-down"
    ACCURACY = "accuracy"
    OVERHEAD = "overhead"

    @property
    def making(self) -> bool:
        """Whether it belongs to making a model, not to measuring one."""
        return self in _MAKING

    @property
    def measuring(self) -> bool:
        return self in _MEASURING


_MAKING = frozenset(
    (
        ChargeKind.DATA,
        ChargeKind.MODEL,
        ChargeKind.TRAINING,
        ChargeKind.COMPRESSION,
        ChargeKind.DISTILLATION,
        ChargeKind.CALIBRATION,
        ChargeKind.SEARCH,
    )
)
_MEASURING = frozenset(
    (
        ChargeKind.JUDGING,
        ChargeKind.PREPARING,
        ChargeKind.IDLE,
        ChargeKind.WARM_UP,
        ChargeKind.BLOCKS,
        ChargeKind.COOL_DOWN,
        ChargeKind.ACCURACY,
    )
)


def step_kind(step: str) -> ChargeKind:
    """What a step's joules are spent on, by its key."""
    first = step.partition(".")[0]
    return {
        "data": ChargeKind.DATA,
        "model": ChargeKind.MODEL,
        "train": ChargeKind.TRAINING,
        "finetune": ChargeKind.TRAINING,
        "distil": ChargeKind.DISTILLATION,
        "benchmark": ChargeKind.PREPARING,
        "claim": ChargeKind.JUDGING,
        "carbon": ChargeKind.JUDGING,
    }.get(first, ChargeKind.COMPRESSION)


# What steps say of themselves while they work (StepContext.progress), as far as it is another kind of work than the step's own.
_PARTS = (
    ("epoch ", ChargeKind.TRAINING),
    ("asking the teacher", ChargeKind.DISTILLATION),
    ("calibrating", ChargeKind.CALIBRATION),
    ("batch norms", ChargeKind.CALIBRATION),
    ("looking for sensitive layers", ChargeKind.SEARCH),
    ("leaving layers out", ChargeKind.SEARCH),
)


def part_kind(step: str, text: str) -> ChargeKind | None:
    """What a step spends joules on while it says that text; None where it is what the step is for anyway."""
    found = next((kind for words, kind in _PARTS if words in text), None)
    own = step_kind(step)
    both = (ChargeKind.TRAINING, ChargeKind.DISTILLATION)  # to distil is to train
    return None if found is own or (found in both and own in both) else found


class Charge(Value):
    """A line of the ledger.

    `seconds` is how long it took, `energy` its joules (of all counted channels, gross of idle). `cached`: done in an earlier run and
    reused; then both are what it took at first. `failed`: nothing came of it. `variants` are the letters of those it was done for
    (none: of no variant that was measured). `repeat` counts further seeds from 1. `digest` names the node's output, so that sums over
    runs count it once. `flop` is the training work in it, of `trainings` trainings (Schwartz 2019, Green AI, section 3).
    """

    kind: ChargeKind
    node: str
    title: str
    seconds: float | None = None
    energy: Measurement
    cached: bool = False
    failed: bool = False
    variants: tuple[str, ...] = ()
    repeat: int = 0
    digest: str = ""
    flop: float | None = None
    trainings: int = 0


class Spending(Value):
    """What several runs took together: E·D·H (Schwartz 2019, Green AI, section 3), H counted.

    `scope` is "pipeline" (all runs of that title) or "session" (all runs since the program was started). `experiments` is H, the
    trainings that were run in them, those of failed attempts and further seeds included; `flop` their work and `training` their joules.
    `energy` is all joules; `missing` how many lines of their ledgers have no reading: then the sums are the least that it can have been.
    """

    scope: str
    runs: int
    experiments: int
    flop: float
    training: Measurement
    energy: Measurement
    seconds: float = 0.0
    missing: int = 0
