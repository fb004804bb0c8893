"""What a library publishes with a network's weights, and how their absence is said."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from greenbench.core.artifact import InputSpec
from greenbench.core.errors import ModelError

NO_WEIGHTS = (
    "Connect to the network, choose a local file of these weights (Weights file), or switch off pretrained weights and train the "
    "model here."
)


@dataclass(frozen=True)
class Published:
    """The input of a network as its published weights expect it, their class names and their licence.

    `outputs` is how many they have (0: none, or no weights), `available` whether there are weights."""

    input: InputSpec
    task: str = "classification"
    classes: tuple[str, ...] = ()
    licence: str = ""
    available: bool = False
    outputs: int = 0


def fetched(name: str, get: Callable[[], Any], unreachable: str = "") -> Any:
    """What a library's own loader gives; `unreachable` is the reason to tell where it is known that there is no network.

    Raises:
        ModelError: it cannot be had; names the network and the loader's reason.
    """
    try:
        return get()
    except ModelError:
        raise
    except Exception as error:  # each library fails with its HTTP client's own exceptions, which have no base in common
        reason = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        told = (unreachable or reason).rstrip(".")
        raise ModelError(f"The pretrained weights of {name} cannot be loaded: {told}.", NO_WEIGHTS) from error
