"""OpenVINO without its usage statistics: importing the package as it is would send an event to the vendor from a thread of its own."""

import sys
from types import ModuleType

from greenbench.core.errors import ModelError
from greenbench.core.runtimes import unavailable


def openvino() -> ModuleType:
    """The package `openvino`; whoever needs it takes it from here.

    Raises:
        ModelError: it is not installed.
    """
    missing = unavailable("openvino", "cpu")
    if missing:
        raise ModelError(*missing)
    # A name that is None cannot be imported: OpenVINO then takes the silent stand-in that it brings along.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino as package

    found: ModuleType = package
    return found
