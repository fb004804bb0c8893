"""What every step takes in which one model teaches another."""

from greenbench.core.ports import Port, PortKind

PORTS = (
    Port("student", PortKind.MODEL),
    Port("teacher", PortKind.MODEL),
    Port("data", PortKind.DATASET),
    Port("control", PortKind.MODEL, "Control, without teacher", optional=True),
)
