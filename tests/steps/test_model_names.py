"""The networks offered are those that can be built, with numbers that the papers and the libraries give; knowing them needs no torch."""

import subprocess
import sys
from importlib.metadata import version

import pytest

from greenbench.core.errors import ParameterError
from greenbench.ml.footprint import flops, parameters
from greenbench.ml.models import architecture_for, build, default_input
from greenbench.steps import installed
from greenbench.steps.model_library.zoo import KNOWN, find, search, written_with, zoo


def _offered() -> tuple[str, ...]:
    field = installed()["model.library"].field("name")
    assert field is not None
    return field.suggestions


def test_typing_the_start_of_a_family_offers_all_of_it() -> None:
    found = [name for name in _offered() if "torchvision/resn" in name]
    assert {f"torchvision/resnet{depth}" for depth in (18, 34, 50, 101, 152)} <= set(found)
    assert len(set(_offered())) == len(_offered())
    assert _offered()[: len(KNOWN)] == KNOWN


def test_what_is_offered_is_what_the_libraries_have() -> None:
    from greenbench.ml.models import names

    here = ", ".join(f"{library} {version(library).partition('+')[0]}" for library in ("torchvision", "timm"))
    if written_with() != here:
        pytest.skip("the list was written with other versions of torchvision and timm")
    assert set(names()) == set(_offered())


def test_offering_them_loads_no_torch() -> None:
    code = "import sys; from greenbench.steps import installed; installed()['model.library'].params; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "False"


@pytest.mark.parametrize(
    ("name", "millions", "mega_macs"),
    [
        ("torchvision/resnet18", 11.69, 1814),  # torchvision's own table
        ("torchvision/mobilenet_v2", 3.50, 301),  # Sandler 2018, table 4: 300 M
        ("torchvision/squeezenet1_1", 1.24, 349),
        ("torchvision/googlenet", 6.62, 1498),
        ("timm/vit_tiny_patch16_224", 5.72, 1254),  # timm's results table: 5.72 M, 1.26 G with what is not a product
        ("resnet20", 0.27, 40.5),  # He 2015, table 6, for one channel
    ],
)
def test_parameters_and_work_are_those_that_are_published(name: str, millions: float, mega_macs: float) -> None:
    entry = find(name)
    assert entry is not None
    assert entry.parameters == pytest.approx(millions * 1e6, rel=0.015)
    assert entry.macs == pytest.approx(mega_macs * 1e6, rel=0.01)


@pytest.mark.parametrize(
    "name", ["mlp", "text_conv", "resnet8", "timm/mobilenetv3_small_050", "timm/test_vit3", "torchvision/squeezenet1_1"]
)
def test_the_list_tells_what_a_built_network_weighs(name: str) -> None:
    entry = find(name)
    assert entry is not None
    spec = default_input(name)
    module = build(architecture_for(name, spec, 10 if entry.library == "" else 1000))
    assert "x".join(str(side) for side in spec.shape) == entry.input
    assert (parameters(module), flops(module, spec) // 2) == (entry.parameters, entry.macs)


def test_a_bare_name_is_found_as_it_is_built() -> None:
    assert [find(name).name for name in ("resnet20", "resnet18", " tf_efficientnet_b0 ")] == [  # type: ignore[union-attr]
        "resnet20",
        "torchvision/resnet18",
        "timm/tf_efficientnet_b0",
    ]
    assert find("no_such") is None


def test_a_search_matches_every_word_and_the_limits() -> None:
    found = search("mobilenet apache <5M pretrained")
    assert len(found) > 10
    assert all("mobilenet" in entry.name and entry.parameters < 5e6 and entry.pretrained for entry in found)  # type: ignore[operator]
    assert {entry.licence for entry in found} == {"Apache-2.0"}
    assert {entry.task for entry in search("torchvision segmentation")} == {"segmentation"}
    assert all(1e6 <= entry.parameters <= 1.3e6 for entry in search(">=1M <=1300k"))  # type: ignore[operator]
    assert search("") == zoo()
    assert search("resnet <") == search("resnet")
    assert search("resnet18")[0].name == "torchvision/resnet18"
    assert search("qqq") == ()
    with pytest.raises(ParameterError, match='"<five" is no limit'):
        search("<five")


def test_licences_that_forbid_commerce_are_told() -> None:
    vit, regnet = find("torchvision/vit_h_14"), find("torchvision/regnet_y_128gf")
    assert vit is not None
    assert regnet is not None
    assert vit.licence == regnet.licence == "CC-BY-NC-4.0"
    assert any("nc" in entry.licence.lower() for entry in search("timm cc-by-nc"))
