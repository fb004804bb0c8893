"""Files that run code are asked about once for each content; the answer is remembered, and nothing is allowed by accident."""

import pytest

from greenbench.core.errors import PlanError
from greenbench.core.trust import TrustRequest
from greenbench.engine.plan import Conditions, make_plan, problems
from greenbench.engine.trust import TrustBook, requests

ASKED = TrustRequest(path="model.pt", sha256="ab" * 32, kind="TorchScript file", explanation="It runs its author's code.")


@pytest.fixture
def asking(build, catalog):
    """A pipeline whose source would run code."""
    object.__setattr__(catalog["source"], "trust", lambda params: (ASKED,) if params.number == 7 else ())
    return build({"a": ("source", {"number": 7}), "b": ("add", {})}, ["a.model -> b.model"])


def test_an_untrusted_file_is_the_last_thing_a_plan_asks_for(asking):
    found = problems(asking)
    assert [problem.trust for problem in found] == [ASKED]
    assert "It runs its author's code." in found[0].message
    with pytest.raises(PlanError):
        make_plan(asking)


def test_the_answer_reaches_the_worker_through_the_plan(asking):
    plan = make_plan(asking, Conditions(trusted=frozenset({ASKED.sha256, "other"})))
    assert plan.trusted == (ASKED.sha256,)


def test_trust_does_not_change_what_is_computed(asking):
    one = make_plan(asking, Conditions(trusted=frozenset({ASKED.sha256})))
    other = make_plan(asking, Conditions(trusted=frozenset({ASKED.sha256, "more"})))
    assert one.digest == other.digest


def test_muted_nodes_ask_for_nothing(asking):
    asking.nodes["a"] = asking.nodes["a"].but(muted=True)
    assert requests(asking) == {}


def test_the_book_remembers_and_survives_damage(tmp_path):
    book = TrustBook(tmp_path / "new")
    assert book.allowed() == frozenset()
    book.remember([ASKED])
    assert TrustBook(tmp_path / "new").allowed() == {ASKED.sha256}
    (tmp_path / "new" / "trusted-files.json").write_text('["' + ASKED.sha256 + '"')
    assert book.allowed() == frozenset()
    book.remember([ASKED])
    assert book.allowed() == {ASKED.sha256}
