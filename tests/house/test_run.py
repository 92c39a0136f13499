"""`./run` is a script for any POSIX shell, makes its environment once, and says in one line what is missing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# An interpreter that notes how it was called; `-m venv` puts a copy of it where the real one would.
STAND_IN = """#!/bin/sh
echo "$@" >>"$CALLS"
case "$*" in *"$REFUSES"*) exit 1 ;; esac
[ "$1 $2" != "-m venv" ] || { mkdir -p "$4/bin" && cp "$0" "$4/bin/python"; }
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the project's front door, in a place with a space in its name, and a stand-in interpreter."""
    folder = tmp_path / "a copy"
    folder.mkdir()
    for name in ("run", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (folder / "py").write_text(STAND_IN)
    (folder / "py").chmod(0o755)
    return folder


def run(
    copy: Path, *arguments: str, interpreter: str = "", refuses: str = "nothing"
) -> subprocess.CompletedProcess[str]:
    """Without uv, whatever this machine has."""
    environment = {
        "PATH": os.defpath, "PY": interpreter or str(copy / "py"), "CALLS": str(copy / "calls"), "REFUSES": refuses,
    }  # fmt: skip
    command = [str(copy / "run"), *arguments]
    return subprocess.run(command, env=environment, cwd=copy, capture_output=True, text=True, check=False)


def calls(copy: Path) -> list[str]:
    noted = copy / "calls"
    return noted.read_text().splitlines() if noted.exists() else []


@pytest.mark.parametrize("shell", ["sh", "dash", "bash"])
def test_any_posix_shell_can_read_it(shell: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")

    assert subprocess.run([shell, "-n", str(ROOT / "run")], check=False).returncode == 0


@pytest.mark.parametrize("script", ["run", ".ci/run"])
def test_scripts_may_be_executed(script: str) -> None:
    assert os.access(ROOT / script, os.X_OK)


def test_ci_runs_the_tests_and_then_the_checks() -> None:
    said = (ROOT / ".ci" / "run").read_text()

    assert "set -euo pipefail" in said
    assert said.index("./run test") < said.index("./run check")


@pytest.mark.skipif(bool(shutil.which("uv", path=os.defpath)), reason="uv is where it cannot be hidden")
class TestWithoutUv:
    def test_the_environment_is_made_by_hash_and_without_ensurepip(self, copy: Path) -> None:
        made = run(copy, "test", "-x")

        assert made.returncode == 0, made.stderr
        noted = "\n".join(calls(copy))
        assert f"-m venv --without-pip {copy}/.venv" in noted
        assert f"install --require-hashes -r {copy}/requirements.lock" in noted
        assert f"install --no-deps --no-build-isolation -e {copy}" in noted
        assert calls(copy)[-1].endswith("-x")

    def test_the_next_call_makes_nothing(self, copy: Path) -> None:
        run(copy, "test")
        before = len(calls(copy))

        run(copy, "test")

        assert len(calls(copy)) == before + 1  # pytest, and nothing else

    def test_a_changed_lock_is_installed(self, copy: Path) -> None:
        run(copy, "test")
        before = len(calls(copy))
        with (copy / "requirements.lock").open("a") as lock:
            lock.write("# changed\n")

        run(copy, "test")

        assert "--require-hashes" in "\n".join(calls(copy)[before:])

    def test_a_failed_installation_stops_and_is_tried_again(self, copy: Path) -> None:
        failed = run(copy, "test", refuses="--require-hashes")

        assert failed.returncode != 0
        assert "-m pytest" not in "\n".join(calls(copy))

        assert run(copy, "test").returncode == 0

    def test_a_missing_interpreter_is_named_in_one_line(self, copy: Path) -> None:
        told = run(copy, "demo", interpreter="/no/such/python")

        assert told.returncode == 1
        assert [line for line in told.stderr.splitlines() if "missing" in line] == [
            "run: missing: Python 3.11 or later (name one with PY=)"
        ]

    def test_a_missing_pip_is_named_in_one_line(self, copy: Path) -> None:
        told = run(copy, "demo", refuses="-m pip")

        assert told.returncode == 1
        assert told.stderr.splitlines()[-1].startswith("run: missing: pip 22.3 or later")


def test_an_unknown_verb_is_a_usage_error(copy: Path) -> None:
    told = run(copy, "remember-me")

    assert told.returncode == 2
    assert "./run demo" in told.stderr
    assert calls(copy) == []
