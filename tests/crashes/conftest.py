"""Worlds in which processes die, on both databases."""

import pytest

from tests.conftest import BACKENDS


@pytest.fixture(params=BACKENDS)
def server(request: pytest.FixtureRequest) -> str | None:
    """None for embedded stores, else the address of the PostgreSQL server."""
    return None if request.param == "sqlite" else str(request.getfixturevalue("postgres"))
