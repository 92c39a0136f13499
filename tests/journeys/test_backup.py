"""Backups and what must not come back with them, through the command line, on each database."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import new_database
from tests.journeys.conftest import Lethe, Tables, days, view


def keys_of(lethe: Lethe) -> Path:
    """The directory of this store's keys and mirror."""
    [found] = Path(lethe.environment["LETHE_KEYS"].removeprefix("file:")).iterdir()
    return found


def elsewhere(lethe: Lethe, request: pytest.FixtureRequest, name: str) -> Lethe:
    """The same keys, and an empty place for the store."""
    if lethe.environment["LETHE_STORE"].startswith("postgresql"):
        return lethe.without(LETHE_STORE=new_database(request.getfixturevalue("postgres")))
    return lethe.without(LETHE_STORE=str(lethe.place / name))


def lose_all_but_the_keyring(lethe: Lethe) -> None:
    """What a broken disk does, or somebody who dropped the wrong schema."""
    if lethe.environment["LETHE_STORE"].startswith("postgresql"):
        with psycopg.connect(lethe.environment["LETHE_STORE"], autocommit=True) as server:
            server.execute("DROP SCHEMA log CASCADE")
            server.execute("DROP SCHEMA projections CASCADE")
        return
    for file in Path(lethe.environment["LETHE_STORE"]).iterdir():
        if not file.name.startswith("keyring"):
            file.unlink()


def seen(lethe: Lethe, user: int) -> int:
    """How many events the profile counts; 0 for nobody."""
    answer = lethe("profile", f"user_id:{user}", "--purpose", "personalization", "--json")
    return int(answer.document["activity"]["events"]) if answer.status == 0 else 0


def is_sound(lethe: Lethe) -> bool:
    findings, differences = lethe.json("audit", "verify")["findings"], lethe.json("rebuild", "--check")["differences"]
    assert (findings, differences) == ([], [])
    return True


@pytest.mark.slow
def test_an_erasure_newer_than_the_backup_is_done_again_before_anybody_is_served(
    lethe: Lethe, request: pytest.FixtureRequest
) -> None:
    """K1, R10: the drill of a lost store, keyring and all; without the mirror it refuses."""
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    backup = str(lethe.place / "backup")
    made = lethe.json("backup", backup, "--keyring")
    assert made["size"] == lethe.json("audit", "head")["size"]
    lethe.json("ingest", lethe.file("more.jsonl", view("1", "late"), view("3", "new")))
    erased = lethe.json("erase", "user_id:1", "--yes")
    head = lethe.json("audit", "head")
    new = elsewhere(lethe, request, "new")

    mirror = keys_of(lethe) / "mirror"
    mirror.rename(lethe.place / "mirror")
    refused = new("restore", backup)
    assert (refused.status, refused.out) == (7, "")
    (lethe.place / "mirror").rename(mirror)
    done = new.json("restore", backup)

    assert (done["status"], done["size"], done["cases"]) == ("completed", made["size"], [erased["request"]])
    assert done["entries_lost"] == head["size"] - made["size"]
    assert done["acts_lost"] == {"erasure_executed": 1, "erasure_intended": 1}
    assert [seen(new, user) for user in (1, 2, 3)] == [0, 2, 0]
    assert is_sound(new)
    assert new.json("audit", "verify")["restores"] == [made["size"]]
    assert new.json("ingest", new.file("late.jsonl", view("1", "later"), view("3", "later")))["suppressed"] == 1
    assert new("restore", backup).status == 7
    assert lethe("audit", "verify").status == 12  # the log that was lost is the published one no more


@pytest.mark.slow
def test_a_lost_log_comes_back_for_those_whom_the_keyring_still_knows(lethe: Lethe) -> None:
    """R10: a backup without keys is noise; the keyring that is there has forgotten already, as the log says again."""
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    backup = lethe.place / "backup"
    lethe.json("backup", str(backup))
    lethe.json("ingest", lethe.file("more.jsonl", view("1", "late"), view("3", "new")))
    lethe.json("erase", "user_id:1", "--yes")
    lethe.json("keys", "rotate")
    lose_all_but_the_keyring(lethe)

    done = lethe.json("restore", str(backup))

    assert (done["status"], len(done["cases"])) == ("completed", 1)
    assert [seen(lethe, user) for user in (1, 2, 3)] == [0, 2, 0]
    assert is_sound(lethe)
    file = next(one for one in sorted(backup.iterdir()) if one.name != "manifest.json" and one.stat().st_size > 100)
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert lethe("restore", str(backup)).status == 10


def test_nothing_lost_needs_nothing_declared(lethe: Lethe, request: pytest.FixtureRequest) -> None:
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    lethe.json("erase", "user_id:1", "--yes")
    before = lethe.json("audit", "verify")
    lethe.json("backup", str(lethe.place / "bare"))
    lethe.json("backup", str(lethe.place / "whole"), "--keyring")
    new = elsewhere(lethe, request, "new")
    assert new("restore", str(lethe.place / "bare")).status == 7  # neither place has the keyring

    done = new.json("restore", str(lethe.place / "whole"))

    assert (done["entries_lost"], done["cases"]) == (0, [])
    assert new.json("audit", "verify") == before
    assert seen(new, 2) == 2


def test_who_leaves_takes_everybody_along_and_ends_every_key(lethe: Lethe) -> None:
    vkey = lethe.json("init")["vkey"]
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    lethe.json("erase", "user_id:1", "--yes")
    lethe.json("backup", str(lethe.place / "backup"), "--keyring")

    told = lethe.json("exit", "return", "-o", str(lethe.place / "out"))

    [line] = (lethe.place / "out" / "subjects.jsonl").read_text().splitlines()
    assert told["subjects"] == 1
    types = [event["type"] for event in json.loads(line)["events"]]
    assert types.count("Product Viewed") == 2
    certificate = lethe.place / "end.json"
    assert lethe("exit", "destroy", "-o", str(certificate)).status == 2
    lethe.json("exit", "destroy", "-o", str(certificate), "--yes")
    document: dict[str, Any] = json.loads(certificate.read_text())
    assert document["vkey"] == vkey
    assert document["note"].startswith("lethe-exit/1\n")
    assert sorted(one.name for one in keys_of(lethe).iterdir() if one.suffix in {".json", ".key"}) == []
    assert lethe("profile", "user_id:2", "--purpose", "personalization").status == 7


def test_a_store_of_an_older_schema_says_how_it_is_brought_up(shop: Lethe) -> None:
    tables = Tables(shop)
    for table in ("lease", "request", "taken", "hold", "term"):
        tables.sql("keyring", f"DROP TABLE {table}")
    tables.sql("keyring", "UPDATE alembic_version SET version_num = 'keyring_0001'")
    tables.sql("keyring", "DELETE FROM secret WHERE name = 'webhooks'")

    refused = shop("audit", "head")
    assert (refused.status, "lethe migrate" in refused.err) == (7, True)
    assert shop.json("migrate")["keyring"] == "keyring_0002"

    assert shop.json("audit", "verify")["findings"] == []
