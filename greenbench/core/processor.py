"""What a processor can compute quickly, by the names of its features: what int8 and half precision need to be faster than fp32.

Names are those of Linux' /proc/cpuinfo; of Apple's processors the architecture's own (FEAT_DotProd is "asimddp").
"""

from collections.abc import Iterable

KNOWN = (
    "sse4_2", "avx", "avx2", "fma", "f16c", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8",
    "amx_bf16", "amx_fp16", "neon", "asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve",
)  # fmt: skip
"""Those that are recorded; a processor that says anything of itself has one of them."""

_INT8 = ("avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm")
_HALF = {"fp16": ("avx512_fp16", "amx_fp16", "asimdhp"), "bf16": ("avx512_bf16", "amx_bf16", "bf16")}
INT8_WORDS, HALF_WORDS = "VNNI, AMX or ARM's dot product", "arithmetic in that precision"


def recorded(flags: Iterable[str]) -> tuple[str, ...]:
    """The features that matter here, in a fixed order."""
    found = set(flags)
    return tuple(name for name in KNOWN if name in found)


def multiplies_int8(features: tuple[str, ...]) -> bool | None:
    """Whether four products of 8 bits are summed in one instruction; None: the processor's features are not known."""
    return any(name in features for name in _INT8) if features else None


def computes_half(features: tuple[str, ...], precision: str) -> bool | None:
    """Whether there is arithmetic in "fp16" or "bf16"; None: the processor's features are not known."""
    return any(name in features for name in _HALF.get(precision, ())) if features else None
