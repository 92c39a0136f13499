"""Processes that publish at once: whatever heads left them, each extends those before it."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.settings import Settings
from adapters.wiring import open_store
from domain.proofs import frontier_at
from domain.treehead import parse_tree_head
from governance.audit import verify_live
from governance.signing import open_tree_head
from tests.conftest import make_store

ROOT = Path(__file__).parents[2]
WRITER = """
import json, sys
from adapters.settings import read_settings
from adapters.wiring import open_store
from governance.publishing import publish
from governance.store import append_acts
from tests.contracts.raw import attested
store = open_store(read_settings())
for number in range(5):
    append_acts(store, attested(9))
    print(json.dumps(publish(store.log, store.mirror).note), flush=True)
    print(json.dumps((store.mirror.high_water().note)), flush=True)
"""


@pytest.mark.slow
def test_heads_of_racing_processes_are_of_one_history(settings: Settings, tmp_path: Path) -> None:
    store = make_store(settings)
    published = replace(settings, publish=str(tmp_path / "site"))
    named = {"LETHE_STORE": settings.store, "LETHE_KEYS": settings.keys, "LETHE_PUBLISH": str(published.publish)}
    command = [sys.executable, "-c", WRITER]
    environment = {**named, "LETHE_ACTOR": "tester", "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    said = [one.communicate(timeout=120)[0].splitlines() for one in running]

    assert [(one.returncode, len(lines)) for one, lines in zip(running, said, strict=True)] == [(0, 10)] * 3
    heads = [[open_tree_head(json.loads(line), store.vkey) for line in lines] for lines in said]
    for given in heads:
        assert [head.size for head in given] == sorted(head.size for head in given)
    for head in {head for given in heads for head in given}:
        assert frontier_at(head.size, store.log).root() == head.root
    shown = parse_tree_head((tmp_path / "site" / "checkpoint").read_text().partition("\n\n")[0] + "\n")
    assert shown.size == store.log.head().size == 2 + 3 * 5 * 9
    assert verify_live(open_store(settings)).findings == []
