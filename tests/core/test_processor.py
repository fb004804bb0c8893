"""What a processor says of itself, and what follows for int8 and half precision; where it says nothing, nothing is claimed."""

import pytest

from greenbench.core.processor import computes_half, multiplies_int8, recorded

SKYLAKE = "fpu sse4_2 avx avx2 fma f16c avx512f avx512bw"
ICE_LAKE = SKYLAKE + " avx512_vnni"


@pytest.mark.parametrize(
    ("flags", "int8"), [(SKYLAKE, False), (ICE_LAKE, True), ("sse4_2 avx2 avx_vnni", True), ("asimd asimddp", True), ("", None)]
)
def test_products_of_8_bits_need_an_instruction(flags, int8):
    assert multiplies_int8(recorded(flags.split())) is int8


@pytest.mark.parametrize(
    ("flags", "fp16", "bf16"),
    [(SKYLAKE, False, False), ("sse4_2 avx512_bf16", False, True), ("asimd asimdhp", True, False), ("", None, None)],
)
def test_half_precision_needs_arithmetic_of_its_own(flags, fp16, bf16):
    features = recorded(flags.split())
    assert (computes_half(features, "fp16"), computes_half(features, "bf16")) == (fp16, bf16)
