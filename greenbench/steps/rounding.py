"""The parameters that every step shares which lets ONNX Runtime compute in int8."""

from typing import Literal

from greenbench.core.params import Params, parameter


class RoundingParams(Params):
    """How weights become whole numbers."""

    per_channel: bool = parameter(
        True, "Scale for each channel", "More accurate than one scale for a whole layer, and as fast.", advanced=True
    )
    range: Literal["auto", "full", "reduced"] = parameter(
        "auto",
        "Bits of weights",
        "Older x86 processors overflow with 8 bits and answer wrongly; 7 avoid it. Automatic asks the processor.",
        choices={"auto": "Automatic", "full": "8 bits", "reduced": "7 bits"},
        advanced=True,
    )
