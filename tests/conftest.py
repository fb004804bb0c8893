"""What the tests of several rooms share: strategies for the value types that processes and files exchange."""

import importlib.util
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from pydantic import BaseModel

import greenbench.core.messages  # noqa: F401 - pydantic must be whole before PySide6 watches imports, or its lazy parts fail

# How long an example takes says something about the machine's other work, not about the code.
settings.register_profile("greenbench", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("greenbench")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-matrix", action="store_true", help="write what tests/steps/test_matrix.py finds into matrix.csv")


@pytest.fixture(scope="session")
def machines() -> ModuleType:
    """The script that made the recordings: it knows their joules in closed form."""
    spec = importlib.util.spec_from_file_location("make_recordings", Path(__file__).parent / "recordings" / "make_recordings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SIMPLE = {
    bool: st.booleans(),
    int: st.integers(-(2**62), 2**62),
    float: st.floats(allow_nan=False, allow_infinity=False),
    str: st.text(max_size=20),
    NoneType: st.none(),
}
JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), SIMPLE[int], SIMPLE[float], SIMPLE[str]),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(SIMPLE[str], inner, max_size=2)),
    max_leaves=4,
)


def strategy(annotation: Any) -> st.SearchStrategy[Any]:
    """Values of a type as core's models declare them."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if annotation is Any:
        return JSON_VALUES
    if annotation in SIMPLE:
        return SIMPLE[annotation]
    if origin is Annotated:
        return strategy(arguments[0])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, UnionType):
        return st.one_of(*map(strategy, arguments))
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(strategy(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(strategy, arguments))
    if origin in (dict, Mapping):
        return st.dictionaries(strategy(arguments[0]), strategy(arguments[1]), max_size=2)
    if issubclass(annotation, Enum):
        return st.sampled_from(list(annotation))
    if issubclass(annotation, BaseModel):
        fields = {name: strategy(info.annotation) for name, info in annotation.model_fields.items()}
        return st.builds(annotation, **fields)
    raise TypeError(f"no strategy for {annotation}")


@pytest.fixture(scope="session")
def values_of() -> Callable[[Any], st.SearchStrategy[Any]]:
    """`values_of(Plan)` is a hypothesis strategy for plans, every field filled."""
    return strategy
