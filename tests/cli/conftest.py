"""The terminal of these tests."""

import pytest


@pytest.fixture(autouse=True)
def _no_width_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever starts the tests may have told how wide their terminal is; sentences would break there."""
    monkeypatch.delenv("COLUMNS", raising=False)
