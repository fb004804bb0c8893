"""What a pickle would run is told without running it, and agrees with torch's own list."""

import argparse
import collections
import io
import os
import pickle
from pathlib import Path

import pytest
import torch
from torch._weights_only_unpickler import _get_allowed_globals

from greenbench.core.errors import FileFormatError
from greenbench.ml.files.pickles import allowed, foreign, globals_named


class Payload:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (os.system, (f"touch {self.path}",))


@pytest.mark.parametrize("protocol", range(6))
def test_a_payload_is_named_and_does_not_run(protocol: int, tmp_path: Path) -> None:
    content = pickle.dumps({"a": 1, "b": Payload(tmp_path / "ran")}, protocol=protocol)
    assert foreign(io.BytesIO(content)) in ("posix.system", "nt.system")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("protocol", range(6))
def test_plain_containers_are_nothing_foreign(protocol: int) -> None:
    assert foreign(io.BytesIO(pickle.dumps(collections.OrderedDict(a=[1, 2.0, "x", b"y", None]), protocol))) == (
        "pickle protocol 4" if protocol > 3 else ""
    )
    assert foreign(io.BytesIO(pickle.dumps(argparse.Namespace(lr=0.1), protocol))) in ("argparse.Namespace", "copyreg._reconstructor")


def test_every_name_that_torch_takes_is_allowed_and_no_other() -> None:
    theirs = set(_get_allowed_globals())
    assert {name for name in theirs if not allowed(name)} == set()
    for name in ("os.system", "builtins.eval", "builtins.getattr", "torch.load", "torch.hub.load", "torch.os.system", "numpy.ndarray"):
        assert not allowed(name)
        assert name not in theirs


def test_a_name_put_together_from_the_memo_is_found() -> None:
    hidden = b"\x80\x04\x8c\x02os\x94\x8c\x06system\x9400h\x00h\x01\x93."  # strings memoised, dropped, fetched, joined
    assert list(globals_named(io.BytesIO(hidden))) == ["os.system", "pickle protocol 4"]


def test_a_name_whose_parts_are_computed_is_never_taken_for_a_harmless_one() -> None:
    # "collections", "OrderedDict" are pushed, something else comes between, then the lookup
    trick = b"\x80\x04\x8c\x0bcollections\x8c\x0bOrderedDict}0\x93."
    assert foreign(io.BytesIO(trick)) == "a computed name"


def test_a_pickle_that_is_cut_short_is_a_sentence() -> None:
    with pytest.raises(FileFormatError, match="cannot be read"):
        foreign(io.BytesIO(pickle.dumps(list(range(100)))[:-20]))


def test_the_pickle_of_a_state_dict_is_nothing_foreign(tmp_path: Path) -> None:
    state = {name: torch.zeros(2, dtype=kind) for name, kind in (("a", torch.float32), ("b", torch.bfloat16), ("c", torch.int8))}
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "w.pt")
    import zipfile

    with zipfile.ZipFile(tmp_path / "w.pt") as file, file.open("w/data.pkl") as stream:
        assert foreign(stream) == ""
