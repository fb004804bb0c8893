"""The list of models tells what one chooses by, to a reader and to a program."""

import json

import pytest

from greenbench.cli.listing import listing
from greenbench.core.errors import GreenBenchError


def test_models_are_searched_and_shown_with_their_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    assert listing("models", False, "torchvision squeezenet1_1") == 0
    shown = capsys.readouterr().out
    assert "1.24 M" in shown
    assert "349 M" in shown
    assert "3x224x224" in shown
    assert "BSD-3-Clause" in shown


def test_as_json_the_numbers_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    listing("models", True, "squeezenet1_1 torchvision")
    (row,) = json.loads(capsys.readouterr().out)
    assert row["parameters"] == 1_235_496  # torchvision's num_params
    assert row["pretrained"] is True


def test_regions_have_their_codes_and_intensities(capsys: pytest.CaptureFixture[str]) -> None:
    assert listing("regions", True, "") == 0
    found = {row["code"]: row for row in json.loads(capsys.readouterr().out)}
    assert found["DEU"]["name"] == "Germany"
    assert 0 < found["FRA"]["intensity_g_per_kwh"] < found["DEU"]["intensity_g_per_kwh"]


def test_nothing_found_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    listing("models", False, "nonesuch")
    assert 'No model matches "nonesuch"' in capsys.readouterr().out


def test_other_lists_cannot_be_searched() -> None:
    with pytest.raises(GreenBenchError, match="list of runs cannot be searched"):
        listing("runs", False, "train")
    with pytest.raises(GreenBenchError, match='no list of "modelss"'):
        listing("modelss", False)


def test_steps_are_found_by_the_words_of_the_field(capsys: pytest.CaptureFixture[str]) -> None:
    for word, key in (("lottery", "prune.lottery"), ("huffman", "encode.deep"), ("tucker", "factorize.low_rank")):
        listing("steps", False, word)
        assert key in capsys.readouterr().out
    listing("steps", False, "nonesuch")
    assert 'Nothing matches "nonesuch"' in capsys.readouterr().out
