"""The lock pins everything that the project names, by hash, and tells nobody where it came from."""

import re
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from tests.house.limits import addresses

ROOT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"([a-z0-9][a-z0-9-]*)==[0-9][0-9a-z.!+]*( ; [^\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


@pytest.fixture
def lock() -> list[str]:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_every_line_is_a_pin_or_the_hash_of_one(lock: list[str]) -> None:
    assert [line for line in lock if not PIN.fullmatch(line) and not HASH.fullmatch(line)] == []
    assert [pin for pin, after in pairwise([*lock, ""]) if PIN.fullmatch(pin) and not HASH.fullmatch(after)] == []


def test_no_package_is_pinned_twice(lock: list[str]) -> None:
    pins = [found[1] for line in lock if (found := PIN.fullmatch(line))]

    assert sorted(set(pins)) == pins


def test_everything_that_the_project_names_is_pinned(lock: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]

    assert {re.split(r"[\[>=]", one)[0] for one in wanted} <= {line.partition("==")[0] for line in lock}


def test_the_project_sets_lower_bounds_only() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]

    assert [one for one in wanted if not re.fullmatch(r"[a-z0-9-]+(\[[a-z]+\])?>=[0-9.]+", one)] == []


def test_the_lock_holds_no_address(lock: list[str]) -> None:
    assert list(addresses("\n".join(lock), "lock")) == []
    assert list(addresses("--index-url https://example.org/simple\nnumpy==2", "lock")) == [
        "lock:1: an address in the lock"
    ]
