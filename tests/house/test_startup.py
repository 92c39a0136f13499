"""Asking for help costs no heavy import. Modules are counted, not milliseconds."""

import json
import os
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest

from tests.golden.certificates import SECOND

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {
    "alembic", "cryptography", "holidays", "jinja2", "numpy", "pandas", "psycopg", "pyarrow", "pydantic", "rich",
    "scipy", "sklearn", "sqlalchemy", "structlog",
}  # fmt: skip

RUN = """
import json, sys
from adapters.cli.app import main
sys.argv = ["lethe", *sys.argv[1:]]
try:
    main()
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


def lethe(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", RUN, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("question", ["--help", "--version"])
def test_it_answers_without_importing_anything_heavy(question: str) -> None:
    if question == "--version" and not list(distributions(name="lethe-profiles")):
        pytest.skip("the version is known where the project is installed, as ./run does")

    answered = lethe(question)

    assert answered.returncode == 0, answered.stderr
    assert HEAVY & set(json.loads(answered.stderr.splitlines()[-1])) == set()


CHECK = """
import sys
from pathlib import Path
from governance.certificate_check import verify_text
verify_text(Path(sys.argv[1]).read_text(encoding="utf-8"), sys.argv[2])
print(*{name.partition(".")[0] for name in sys.modules})
"""


def test_a_certificate_is_checked_by_the_standard_library_msgspec_and_cryptography() -> None:
    file, key = ROOT / "tests" / "golden" / "certificate-2.json", SECOND

    checked = subprocess.run(
        [sys.executable, "-c", CHECK, str(file), key], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    commanded = lethe("certificate", "verify", str(file), "--key", key, "--store", "/nowhere")

    assert HEAVY & set(checked.stdout.split()) == {"cryptography"}
    assert commanded.returncode == 0, commanded.stderr
    loaded = HEAVY & set(json.loads(commanded.stderr.splitlines()[-1]))
    assert loaded == {"cryptography", "pydantic"}  # with which typer reads arguments


def test_help_names_the_command_and_its_options() -> None:
    said = lethe("--help").stdout

    assert "Usage: lethe" in said
    assert "--version" in said


def test_an_unknown_command_is_a_usage_error() -> None:
    assert lethe("remember-me").returncode == 2
