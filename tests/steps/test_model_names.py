"""The names offered for a model are those that can be built, and knowing them needs no torch."""

import subprocess
import sys
from importlib.metadata import version

import pytest

from greenbench.core import places
from greenbench.steps import installed


def _offered() -> tuple[str, ...]:
    field = installed()["model.library"].field("name")
    assert field is not None
    return field.suggestions


def test_typing_the_start_of_a_family_offers_all_of_it() -> None:
    found = [name for name in _offered() if "torchvision/resn" in name]
    assert {f"torchvision/resnet{depth}" for depth in (18, 34, 50, 101, 152)} <= set(found)
    assert len(set(_offered())) == len(_offered())


def test_what_is_offered_is_what_the_libraries_have() -> None:
    from greenbench.ml.models import names

    first = (places.resources() / "models.txt").read_text(encoding="utf-8").splitlines()[0]
    if not all(f"{library} {version(library)}" in first for library in ("torchvision", "timm")):
        pytest.skip("the list was written with other versions of torchvision and timm")
    assert {name for name in names() if "/" in name} == {name for name in _offered() if "/" in name}
    assert set(_offered()) <= set(names())


def test_offering_them_loads_no_torch() -> None:
    code = "import sys; from greenbench.steps import installed; installed()['model.library'].params; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"
