"""Key generations through the command line: who is erased stays so for every older copy of the keyring."""

import json
import shutil
import sqlite3
from pathlib import Path

from tests.journeys.conftest import Lethe, days, view


def test_a_rotation_ends_what_older_copies_of_the_keyring_can_open(lethe: Lethe) -> None:
    """K1, K5: the second certificate says beyond backups, and only once the generation is destroyed."""
    vkey = lethe.json("init")["vkey"]
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    erased = lethe.json("erase", "user_id:1", "--yes")
    assert "beyond_backups" not in erased["certificate"]
    before = lethe.json("keys", "status")
    assert (before["generation"], before["pending_destruction"], before["rotations"]) == (1, [], [])

    done = lethe.json("keys", "rotate", "--backup", str(lethe.place / "fresh"))

    assert (done["status"], done["generation"]) == ("completed", 2)
    assert json.loads((lethe.place / "fresh" / "manifest.json").read_text())["generation"] == 2
    after = lethe.json("keys", "status")
    assert {one["generation"] for one in after["keys"]} == {after["generation"]} == {2}
    assert [(one["class"], one["keys"]) for one in after["keys"]] == [
        (one["class"], one["keys"]) for one in before["keys"]
    ]
    [kept] = Path(lethe.environment["LETHE_KEYS"].removeprefix("file:")).glob("*/generations.json")
    assert list(json.loads(kept.read_text())["generations"]) == ["2"]
    assert not kept.with_suffix(".old").exists()
    assert lethe.json("profile", "user_id:2", "--purpose", "personalization")["activity"]["events"] == 2
    lethe.json("ingest", lethe.file("more.jsonl", view("3", "c1")))
    later = lethe.json("erase", "user_id:3", "--yes")
    assert "beyond_backups" not in later["certificate"]
    shown = lethe.json("certificate", "show", erased["request"])
    assert (shown["beyond_backups"]["generation"], shown["beyond_backups"]["act"]["position"]) == (2, done["position"])
    assert lethe("certificate", "verify", lethe.file("c.json", shown), "--key", vkey).status == 0
    forged = {**later["certificate"], "beyond_backups": shown["beyond_backups"]}
    assert lethe("certificate", "verify", lethe.file("c.json", forged), "--key", vkey).status == 10
    assert lethe.json("audit", "verify")["findings"] == []


def test_the_keyring_of_before_a_rotation_opens_nothing(shop: Lethe) -> None:
    """K1: a stolen or restored copy of the keyring is noise."""
    store = Path(shop.environment["LETHE_STORE"])
    with sqlite3.connect(store / "keyring.db") as live:
        live.execute("VACUUM INTO ?", (str(shop.place / "copy.db"),))  # whole, whatever its WAL still holds
    live.close()
    shop.json("keys", "rotate")

    for part in store.glob("keyring.db*"):
        part.unlink()
    shutil.copy(shop.place / "copy.db", store / "keyring.db")

    refused = shop("profile", "user_id:2", "--purpose", "personalization")
    assert (refused.status, refused.out) == (7, "")
    assert "generation 1 is not in the key store" in refused.err
