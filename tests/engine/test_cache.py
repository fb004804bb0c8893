"""The cache gives back what was put in, whole or not at all, and stays under its limit."""

import os
import time

import pytest

from greenbench.core.artifact import ResultsArtifact
from greenbench.core.step import StepOutcome
from greenbench.engine.cache import Cache


@pytest.fixture
def cache(tmp_path):
    return Cache(tmp_path / "cache")


def put(cache, digest, size=10, age_s=0.0):
    folder = cache.begin()
    (folder / "file").write_bytes(b"x" * size)
    record = cache.commit(digest, folder, StepOutcome({"results": ResultsArtifact(files={"file": "file"})}, (), "done"), 1.5)
    then = time.time() - age_s
    os.utime(cache.path(digest) / "node.json", (then, then))
    return record


def test_what_was_put_in_comes_back(cache):
    record = put(cache, "aa11")
    assert cache.get("aa11") == record
    assert (cache.path("aa11") / "file").read_bytes() == b"x" * 10
    assert cache.get("bb22") is None


@pytest.mark.parametrize("damage", [lambda p: (p / "node.json").write_text("{"), lambda p: (p / "file").unlink()])
def test_a_damaged_entry_is_no_entry_and_can_be_made_again(cache, damage):
    put(cache, "aa11")
    damage(cache.path("aa11"))
    assert cache.get("aa11") is None
    put(cache, "aa11")
    assert cache.get("aa11") is not None


def test_trimming_removes_the_longest_unused_and_keeps_what_the_plan_needs(cache):
    for index, digest in enumerate(("aa11", "bb22", "cc33", "dd44")):
        put(cache, digest, size=1000, age_s=100_000 - index * 1000)
    cache.limit_bytes = 2 * (cache.size_bytes() // 4) + 100
    cache.trim(keep=frozenset({"aa11"}))
    assert [bool(cache.get(d)) for d in ("aa11", "bb22", "cc33", "dd44")] == [True, False, False, True]
    assert cache.size_bytes() <= cache.limit_bytes


def test_entries_of_the_last_hour_stay_whatever_the_limit(cache):
    put(cache, "aa11", size=1000)
    cache.limit_bytes = 1
    assert cache.trim() == 0
    assert cache.get("aa11")


def test_clearing_tells_what_it_freed(cache):
    put(cache, "aa11", size=1000)
    assert cache.clear() > 1000
    assert cache.size_bytes() == 0
