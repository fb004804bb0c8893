"""The four compression steps describe themselves fully and need no torch for it."""

import subprocess
import sys

import pytest

from greenbench.steps.prune_magnitude.spec import SPEC as MAGNITUDE
from greenbench.steps.prune_structured.spec import SPEC as STRUCTURED
from greenbench.steps.quantize_static.spec import SPEC as INT8
from greenbench.steps.share_weights.spec import SPEC as SHARING

SPECS = (MAGNITUDE, STRUCTURED, INT8, SHARING)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.key)
def test_a_spec_is_complete(spec):
    assert spec.pass_through == ("model", "model")
    assert len(spec.highlights) == 2
    assert all(spec.field(name) for name in spec.highlights)
    assert all(field.title and field.help for field in spec.fields)
    assert spec.paper
    assert spec.paper.url.startswith("https://arxiv.org/abs/")
    assert spec.params.checked({}) == spec.params()
    assert callable(spec.load())


@pytest.mark.parametrize("spec", [MAGNITUDE, SHARING], ids=lambda spec: spec.key)
def test_what_only_shrinks_the_file_says_that_latency_stays(spec):
    assert "latency and energy stay as they are" in spec.help


def test_specs_are_light():
    code = (
        "import sys\n"
        "import greenbench.steps.prune_magnitude.spec, greenbench.steps.prune_structured.spec\n"
        "import greenbench.steps.quantize_static.spec, greenbench.steps.share_weights.spec\n"
        "assert not {'torch', 'onnx', 'onnxruntime', 'numpy', 'PySide6'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
