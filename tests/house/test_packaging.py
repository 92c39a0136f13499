"""What is built holds the four packages whole, and nobody else's."""

import json
import subprocess
import sys
import venv
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("domain", "projections", "governance", "adapters")
BELONGINGS = {".py", ".toml", ".typed", ".mako"}

ASK = """
import importlib, json, sys
from importlib.metadata import entry_points, packages_distributions
owners = packages_distributions()
print(json.dumps({
    "files": {name: importlib.import_module(name).__file__ for name in sys.argv[1:]},
    "owners": {name: owners.get(name, []) for name in sys.argv[1:]},
    "scripts": {one.name: one.value for one in entry_points(group="console_scripts")},
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the wheel alone; a wheel of pure Python is installed by unpacking it."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=False)
    [site] = folder.glob("lib/python*/site-packages")
    ZipFile(wheel).extractall(site)
    return folder


def test_the_wheel_holds_every_file_of_the_four_packages_and_no_other(wheel: Path) -> None:
    names = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}

    assert {name.partition("/")[0] for name in names} == set(PACKAGES)
    assert {f"{package}/py.typed" for package in PACKAGES} <= names
    assert {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in BELONGINGS
    } <= names


def test_in_a_clean_environment_the_packages_are_ours_and_come_from_there(clean: Path, tmp_path: Path) -> None:
    asked = subprocess.run(
        [str(clean / "bin" / "python"), "-I", "-c", ASK, *PACKAGES],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = json.loads(asked.stdout)

    assert all(Path(file).is_relative_to(clean) for file in found["files"].values())
    assert found["owners"] == {package: ["lethe-profiles"] for package in PACKAGES}
    assert found["scripts"] == {"lethe": "adapters.cli.app:main"}


def test_no_package_that_we_install_brings_one_of_the_same_name() -> None:
    owners = packages_distributions()

    assert {owner for package in PACKAGES for owner in owners.get(package, [])} <= {"lethe-profiles"}
