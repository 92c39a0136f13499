"""Every hole that somebody with the databases' files could hide in: each deed has its finding."""

import shutil
import sqlite3
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from adapters.settings import Settings
from adapters.wiring import open_store, publish_policy
from domain.acts import Act, HoldReleased, HoldSet, KeysCreated, Removal, Restored, fields_text
from domain.log import Entry
from domain.tree import Frontier
from governance import audit
from governance.audit import verify_live
from governance.erasure import erase, fence, open_case, resume
from governance.policy import default_text
from governance.publishing import publish
from governance.removals import INTENDED, all_removals
from governance.store import Store, append_acts
from governance.subjects import component, find
from tests.conftest import call, make_store, take_in

Found = set[tuple[str, int | None, str]]


class Thief:
    """Somebody with the files of a store and nothing else."""

    def __init__(self, settings: Settings) -> None:
        self.directory = Path(settings.store)
        self.mirror = next(settings.keys_directory.iterdir()) / "mirror"
        for (trigger,) in self.sql("log", "SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            self.sql("log", f"DROP TRIGGER {trigger}")

    def sql(self, schema: str, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.directory / f"{schema}.db", isolation_level=None) as file:
            found = file.execute(statement, values).fetchall()
        file.close()
        return found


@pytest.fixture
def store(sqlite_settings: Settings) -> Store:
    """Ann and Bob are in, Cleo was erased; the audit is content."""
    store = make_store(sqlite_settings)
    take_in(store, call(1, "user_id:ann"), call(2, "user_id:bob"), call(3, "user_id:cleo"))
    erase(store, "user_id:cleo")
    take_in(store, call(4, "user_id:ann"))
    publish(store.log, store.mirror)
    assert found(store) == set()
    return store


@pytest.fixture
def thief(store: Store, sqlite_settings: Settings) -> Thief:
    return Thief(sqlite_settings)


def found(store: Store) -> Found:
    return {(one.name, one.position, one.where) for one in verify_live(store).findings}


def entries(store: Store) -> list[Entry]:
    return list(store.log.entries(after=-1, limit=1000))


def intent_at(store: Store) -> int:
    return all_removals(store, INTENDED)[0][0].position


def removal(**more: Any) -> Removal:
    nothing = {"case": "ab" * 16, "keys": [], "entries": 0, "bodies": 0, "part": 1, "parts": 1}
    return Removal(**{**nothing, "root": Frontier().root().hex(), "technique": [], "uncovered": [], **more})


def forged(store: Store, *acts: tuple[str, Act]) -> int:
    """Signed by the store itself: by somebody who has the signing key too."""
    append_acts(store, acts)
    return store.log.head().size - len(acts)


@pytest.mark.parametrize("position", [-7, 99_999])
@pytest.mark.parametrize("table", ["entry", "body"])
def test_what_lies_outside_the_log_is_altered(store: Store, thief: Thief, table: str, position: int) -> None:
    if table == "body":
        thief.sql("log", "INSERT INTO body VALUES (?, x'00')", position)
    else:
        row = "INSERT INTO entry (position, entry_id, day, hash) VALUES (?, x'00', 1, x'00')"
        thief.sql("log", row, position)

    assert found(store) == {("altered", position, f"log.{table}.position")}


def test_what_comes_in_while_the_audit_runs_is_not_outside(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    walk = audit._walk

    def meanwhile(*arguments: Any) -> bool:
        take_in(store, call(9, "user_id:dora"))
        return walk(*arguments)

    monkeypatch.setattr(audit, "_walk", meanwhile)
    assert found(store) == set()


def test_an_erasure_that_ends_while_the_audit_runs_is_no_finding(
    store: Store, sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk = audit._walk

    def meanwhile(*arguments: Any) -> bool:
        assert erase(open_store(sqlite_settings), "user_id:bob").status == "completed"
        return walk(*arguments)

    monkeypatch.setattr(audit, "_walk", meanwhile)
    assert found(store) == set()
    monkeypatch.undo()
    assert found(store) == set()


def test_a_key_that_is_gone_is_missing(store: Store, thief: Thief) -> None:
    [(key, at), *_] = thief.sql("keyring", "SELECT key_id, committed_at FROM data_key WHERE class = 'identity'")
    thief.sql("keyring", "DELETE FROM data_key WHERE key_id = ?", key)

    assert found(store) == {("missing", at, "keyring.data_key")}


def test_the_subject_of_a_key_is_missing(store: Store, thief: Thief) -> None:
    ann = component(store, find(store, "user_id:ann"))
    thief.sql("keyring", "DELETE FROM subject WHERE subject = ?", ann.root)

    assert found(store) == {("missing", row.committed_at, "keyring.subject") for row in ann.keys}


@pytest.mark.parametrize("born", [0, 10_000])
def test_a_key_that_no_act_committed_to_is_found(store: Store, thief: Thief, born: int) -> None:
    columns = "subject, class, epoch + 1, generation, wrapped, committed_at + ?, ?"
    row = f"INSERT INTO data_key SELECT x'{'ab' * 16}', {columns} FROM data_key LIMIT 1"
    thief.sql("keyring", row, born, born)

    assert {(name, where) for name, _, where in found(store)} == {("commitment", "keyring.data_key")}


def test_an_entry_that_no_stream_leads_to_is_missing(store: Store, thief: Thief) -> None:
    at = max(one.position for one in entries(store) if one.act is None)
    thief.sql("log", "DELETE FROM stream WHERE position = ?", at)

    assert found(store) == {("missing", at, "log.stream")}


@pytest.mark.parametrize("place", [0, -3, 99_999, "an entry"])
def test_a_stream_that_leads_astray_is_altered(store: Store, thief: Thief, place: int | str) -> None:
    position = max(store.log.positions(component(store, find(store, "user_id:ann")).handles))
    at = position if isinstance(place, str) else place
    thief.sql("log", "INSERT INTO stream VALUES (7, ?, x'')", at)

    assert found(store) == {("altered", at, "log.stream")}


def test_an_entry_in_the_stream_of_another_person_is_altered(store: Store, thief: Thief) -> None:
    [ann], [bob] = (component(store, find(store, f"user_id:{one}")).handles for one in ("ann", "bob"))
    at = store.log.positions([ann])[0]
    thief.sql("log", "UPDATE stream SET handle = ? WHERE position = ?", bob, at)

    assert found(store) == {("altered", at, "log.stream")}


def test_many_streams_are_read_in_pages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("governance.keyring_check.STREAMS_A_LOOK", 2)
    monkeypatch.setattr("governance.keyring_check.KEYS_A_LOOK", 2)

    assert found(store) == set()


def test_an_erasure_that_stopped_after_its_intent_is_one_finding(store: Store, sqlite_settings: Settings) -> None:
    bob = find(store, "user_id:bob")
    case = fence(store, bob, open_case(store, component(store, bob)))
    intended = store.log.head().size - 1
    assert found(store) == {("incomplete_erasure", intended, "log.entry")}

    with sqlite3.connect(Path(sqlite_settings.store) / "log.db") as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM body").fetchone()
        assert resume(store, case, wait_seconds=0.1).status == "partial"
        assert found(store) == {("incomplete_erasure", intended, "log.entry")}  # keys and bodies are gone by now
    reader.close()

    assert resume(store, case).status == "completed"
    assert found(store) == set()


@pytest.mark.parametrize(
    ("intended", "executed"),
    [
        (None, {}),
        ({}, {"entries": 1}),
        ({}, {"bodies": 777}),
        ({}, {"keys": ["cd" * 16]}),
        ({"bodies": 777}, {"bodies": 777}),
        ({"root": "00" * 32}, {"root": "00" * 32}),
        ({"parts": 9}, {"parts": 9}),
    ],
)
def test_what_was_executed_is_what_was_intended(
    store: Store, intended: dict[str, Any] | None, executed: dict[str, Any]
) -> None:
    if intended is not None:
        forged(store, ("erasure_intended", removal(**intended)))

    at = forged(store, ("erasure_executed", removal(**executed)))

    assert found(store) == {("incomplete_erasure", at, "log.entry.fields")}


def test_an_erasure_of_nothing_may_be_executed_as_intended(store: Store) -> None:
    forged(store, ("erasure_intended", removal()), ("erasure_executed", removal()))

    assert found(store) == set()


def test_a_key_is_committed_to_once(store: Store) -> None:
    key = component(store, find(store, "user_id:ann")).keys[0].key_id.hex()

    at = forged(store, ("keys_created", KeysCreated(keys=[(key, "11" * 32)])))

    assert found(store) == {("commitment", at, "log.entry.fields")}


def test_the_same_commitment_twice_in_one_act_must_agree(store: Store) -> None:
    at = forged(store, ("keys_created", KeysCreated(keys=[("cd" * 16, "11" * 32), ("cd" * 16, "22" * 32)])))

    assert ("commitment", at, "log.entry.fields") in found(store)


def test_a_suppression_that_is_gone_is_an_incomplete_erasure(store: Store, thief: Thief) -> None:
    thief.sql("keyring", "DELETE FROM suppression")

    assert found(store) == {("incomplete_erasure", intent_at(store), "keyring.suppression.mark")}


def test_a_removal_that_only_the_mirror_knows_is_a_rollback_whatever_was_restored_since(store: Store) -> None:
    """L5, R5: a restore lets what stood at a position lapse, and no removal."""
    [(entry, act), *_] = all_removals(store, INTENDED)
    other = fields_text(structs.replace(act, case="0" * 32))
    restored = fields_text(Restored(size_from=9, root_from="", size_to=entry.position, cases=[]))
    store.mirror.add_acts([f"{entry.position} {entry.act} {other}", f"{entry.position} restored {restored}"])

    reasons = [one.reason for one in verify_live(store).findings]

    assert "a removal that was mirrored is not in the log" in reasons


def test_an_act_that_only_the_mirror_knows_is_a_rollback(store: Store, thief: Thief) -> None:
    [first, *_] = store.mirror.acts()
    at = store.log.head().size + 5
    store.mirror.add_acts([f"{at} {first.partition(' ')[2]}", f"0 {first.partition(' ')[2]}", "17 erasure_exe"])

    assert found(store) == {("rollback", at, "log.entry"), ("rollback", 0, "log.entry")}


def test_older_databases_are_a_rollback_though_the_published_head_is_gone(
    sqlite_settings: Settings, tmp_path: Path
) -> None:
    store = make_store(sqlite_settings)
    take_in(store, call(1, "user_id:ann"))
    thief, names = Thief(sqlite_settings), ("log", "keyring", "projections")
    for name in names:
        thief.sql(name, "PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(thief.directory / f"{name}.db", tmp_path / name)
    erase(store, "user_id:ann")
    intended = intent_at(store)

    older = Path(sqlite_settings.store)
    for path in older.iterdir():
        path.unlink()
    for name in names:
        shutil.copy(tmp_path / name, older / f"{name}.db")
    (thief.mirror / "high-water.json").unlink()

    report = verify_live(open_store(sqlite_settings, strict=False))
    assert ("rollback", intended) in {(one.name, one.position) for one in report.findings}
    assert report.exit_status == 12


@pytest.mark.parametrize("deed", ["alter", "drop"])
def test_the_text_of_every_policy_is_there(store: Store, sqlite_settings: Settings, thief: Thief, deed: str) -> None:
    publish_policy(sqlite_settings, store, default_text() + "\n# another\n")
    first = sha256(default_text().encode()).hexdigest()
    statement = {
        "alter": "UPDATE document SET text = 'x' WHERE hash = ?",
        "drop": "DELETE FROM document WHERE hash = ?",
    }
    thief.sql("log", statement[deed], first)

    assert found(store) == {("altered", 1, "log.document")}


def test_an_act_beyond_the_log_covers_nothing(store: Store, thief: Thief) -> None:
    who = component(store, find(store, "user_id:bob"))
    at, keys = store.log.positions(who.handles)[0], sorted(row.key_id.hex() for row in who.keys)
    fields = fields_text(removal(keys=keys, entries=1, bodies=1))
    thief.sql("log", "DELETE FROM body WHERE position = ?", at)
    columns = "position, entry_id, day, act, actor, fields, hash"
    row = f"INSERT INTO entry ({columns}) VALUES (999999, x'00', 1, 'erasure_executed', x'', ?, x'')"
    thief.sql("log", row, fields)

    assert found(store) == {("altered", 999_999, "log.entry.position"), ("missing", at, "log.body")}


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ("day = day + 3", ".day"),
        ("key_id = (SELECT key_id FROM entry WHERE key_id IS NOT NULL AND key_id <> it.key_id LIMIT 1)", ".key_id"),
        ("content = zeroblob(32)", ".content"),
        ("hash = zeroblob(32)", ".hash"),
        ("entry_id = zeroblob(16)", ""),
        ("day = 'Monday'", ""),
        ("day = 9223372036854775807", ""),
        ("content = 'short'", ""),
        ("act = 'genesis'", ""),
        ("key_id = NULL, content = NULL", ""),
    ],
)
def test_a_changed_row_is_named_by_the_column_where_that_can_be_known(
    store: Store, thief: Thief, change: str, column: str
) -> None:
    at = max(one.position for one in entries(store) if one.act is None and one.position < 20)
    thief.sql("log", f"UPDATE entry AS it SET {change} WHERE position = ?", at)

    assert ("altered", at, f"log.entry{column}") in found(store)
    assert verify_live(store).exit_status == 10


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ("act = 'attested'", ".act"),
        ("actor = zeroblob(16)", ""),
        ("fields = replace(fields, '1', '2')", ""),
        ("fields = '[' || fields", ".fields"),
    ],
)
def test_a_changed_act_is_named_by_its_column_too(store: Store, thief: Thief, change: str, column: str) -> None:
    thief.sql("log", f"UPDATE entry SET {change} WHERE position = 1")

    assert ("altered", 1, f"log.entry{column}") in found(store)


def test_a_hold_is_set_once_and_released_once(store: Store) -> None:
    said = HoldSet(hold="ab" * 16, classes=[], first=0, last=0, ground="audit", until=5)
    end = HoldReleased(hold="ab" * 16, cause="released")

    forged(store, ("hold_set", said), ("hold_released", end))
    assert found(store) == set()

    first = forged(store, ("hold_released", end), ("hold_set", said))
    assert found(store) == {("incomplete_erasure", first + at, "log.entry.fields") for at in (0, 1)}


def test_free_text_in_an_act_is_altered(store: Store) -> None:
    at = forged(store, ("hold_released", HoldReleased(hold="ab" * 16, cause="because she asked")))

    assert found(store) == {("altered", at, "log.entry.fields")}
