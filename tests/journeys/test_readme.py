"""Whatever README and docs show has been run, in this order, and said what they say it says."""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.journeys.conftest import ROOT

PAGES = ["README.md", *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))]
SILENT = {"docs/limits.md"}  # show nothing that could be run
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARK = "=== block ==="


@dataclass(frozen=True)
class Block:
    """A run of commands and what is shown below it."""

    commands: str
    shown: list[tuple[str, str]]  # (json or text, what)


def blocks_of(page: str) -> list[Block]:
    found: list[Block] = []
    for language, body in FENCED.findall((ROOT / page).read_text(encoding="utf-8")):
        if language == "sh":
            found.append(Block(body, []))
        elif language in ("json", "text"):
            found[-1].shown.append((language, body))
        else:
            assert language == "console", f"{page}: a block of an unknown kind: {language or 'none'}"
    return found


def run(blocks: list[Block], commands: Path, place: Path) -> list[str]:
    """What each block says on standard output and error, all in one shell that stops at the first failure."""
    script = f"\necho '{MARK}'\n".join(block.commands for block in blocks)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LETHE_")}
    path = f"{commands}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["sh", "-eu", "-c", script], cwd=place, env={**clean, "PATH": path, "HOME": str(place)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.split(f"{MARK}\n")


def holds(shown: Any, said: Any) -> bool:
    """Whether everything that is shown was said; more may have been."""
    if isinstance(shown, dict):
        return isinstance(said, dict) and all(key in said and holds(value, said[key]) for key, value in shown.items())
    return bool(shown == said)


def matches(line: str, said: list[str]) -> bool:
    """Whether a line was said; `…` stands for anything."""
    pattern = ".*".join(map(re.escape, line.split("…")))
    return any(re.fullmatch(pattern, one) for one in said)


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if page not in SILENT])
def test_every_block_runs_and_says_what_is_shown(page: str, commands: Path, tmp_path: Path) -> None:
    blocks = blocks_of(page)

    outputs = run(blocks, commands, tmp_path)

    assert len(outputs) == len(blocks) > 0
    for block, output in zip(blocks, outputs, strict=True):
        lines = output.splitlines()
        documents = [json.loads(line) for line in lines if line.startswith('{"')]
        for language, shown in block.shown:
            if language == "json":
                assert any(holds(json.loads(shown), document) for document in documents), (shown, output)
            else:
                missing = [line for line in shown.splitlines() if not matches(line, lines)]
                assert missing == [], output


def test_every_verb_of_the_front_door_that_is_shown_is_one() -> None:
    usage = subprocess.run([str(ROOT / "run"), "help"], capture_output=True, text=True, check=True).stdout

    shown = {verb for page in PAGES for verb in re.findall(r"\./run (\w+)", (ROOT / page).read_text(encoding="utf-8"))}

    assert {"demo", "test"} <= shown <= set(re.findall(r"\./run (\w+)", usage))


def test_every_link_between_pages_leads_somewhere() -> None:
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        local = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]

        assert [link for link in local if not (ROOT / page).parent.joinpath(link).is_file()] == []


def test_what_is_shown_is_really_compared() -> None:
    assert holds({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}})
    assert not holds({"a": {"b": 1}}, {"a": {"b": 2}})
    assert not holds({"a": 1}, {})
    assert matches("… entries: no difference", ["12 entries: no difference"])
    assert not matches("exit 4", ["exit 3"])
