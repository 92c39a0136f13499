"""After an erasure no byte of the person's keys is in any file; and it says `partial` for as long as one might be."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from adapters.settings import Settings
from adapters.wiring import open_store
from domain.events import CONSENTED
from governance.access import Reader
from governance.audit import verify_live
from governance.erasure import erase
from governance.facts import Fact, record
from governance.keyring import EVIDENCE
from governance.models import train
from governance.projecting import catch_up_to_head, rebuild
from governance.removals import EXECUTED, INTENDED, all_removals
from governance.residue import encodings, scan
from governance.states import STATISTICS
from governance.store import Store
from governance.subjects import component, find
from tests.conftest import call, make_store, take_in
from tests.laws.canaries import told
from tests.laws.commands import lethe

ANN, BEN = "user_id:ann", "user_id:ben"


class Secrets(NamedTuple):
    """What could open or name a person, as it lies in memory and in the keyring."""

    raw: list[bytes]
    wrapped: list[bytes]
    evidence: list[bytes]  # wrapped keys that an erasure leaves: proof of consent
    blinds: list[bytes]
    sealed: list[bytes]  # bodies under keys that an erasure destroys


def test_no_byte_of_an_erased_key_is_in_any_file(settings: Settings) -> None:
    """K10, S1, S5, G8: keys and bodies go, the proof of consent stays, and what is out of reach is named."""
    store = make_store(settings)
    used(store)
    flush(settings)
    anns, bens, statistics = secrets_of(store, ANN), secrets_of(store, BEN), statistics_keys(store)
    everything = [*anns.wrapped, *anns.evidence, *anns.blinds, *anns.sealed, *statistics]
    assert found(store, everything) == everything
    assert len(anns.raw) >= 4

    outcome = erase(store, ANN)

    assert outcome.status == "completed", outcome
    assert outcome.residue is not None
    assert outcome.residue.needles > 0
    flush(settings)
    kept = [*bens.wrapped, *bens.blinds, *anns.evidence]
    assert found(store, [*anns.raw, *anns.wrapped, *anns.blinds, *statistics, *kept]) == kept
    [(_, executed)] = all_removals(store, EXECUTED)
    assert {"backups", "storage_medium"} <= set(executed.uncovered)
    if settings.is_server:
        assert {"server_wal", "replicas"} <= set(executed.uncovered)
    else:  # on a server the dead rows of sealed bodies lie there until it vacuums them
        assert found(store, anns.sealed) == []


def test_no_key_is_ever_on_disk_unwrapped(settings: Settings) -> None:
    store = make_store(settings)
    used(store)
    flush(settings)

    raw = [*secrets_of(store, ANN).raw, *secrets_of(store, BEN).raw]

    assert told(scan([encodings(one) for one in raw], store.storage.paths())) == []


@pytest.mark.parametrize("database", ["keyring", "log", "projections"])
def test_a_reader_of_old_pages_keeps_the_erasure_partial_until_it_leaves(
    sqlite_settings: Settings, database: str
) -> None:
    store = make_store(sqlite_settings)
    used(store)
    anns = secrets_of(store, ANN)
    with reading_old_pages(sqlite_settings, database):
        outcome = erase(store, ANN, wait_seconds=0.2)

        assert (outcome.status, outcome.position) == ("partial", None)
        assert outcome.waiting_for
        assert acts(store) == (1, 0)
        again = erase(store, ANN, wait_seconds=0.2)
        assert (again.case, again.status) == (outcome.case, "partial")
        assert acts(store) == (1, 0)

    done = erase(store, ANN)

    assert (done.case, done.status) == (outcome.case, "completed")
    assert acts(store) == (1, 1)
    assert found(store, [*anns.raw, *anns.wrapped]) == []
    assert verify_live(store).findings == []


@pytest.mark.slow
def test_the_command_says_partial_and_is_repeated(sqlite_settings: Settings) -> None:
    used(make_store(sqlite_settings))
    erasing = ("erase", ANN, "--yes", "--json", "--wait", "0.2")

    with reading_old_pages(sqlite_settings, "keyring"):
        waiting = lethe(sqlite_settings, *erasing)
    done = lethe(sqlite_settings, *erasing)
    repeated = lethe(sqlite_settings, *erasing)

    assert (waiting.returncode, done.returncode, repeated.returncode) == (5, 0, 4)
    assert json.loads(waiting.stdout)["status"] == "partial"
    assert json.loads(done.stdout)["status"] == "completed"
    assert acts(open_store(sqlite_settings)) == (1, 1)


@pytest.mark.slow
def test_looking_for_residue_leaves_the_locks_of_the_databases_alone(sqlite_settings: Settings, tmp_path: Path) -> None:
    """Closing a database's file drops this process's locks on it: another process would then remove a WAL in use."""
    store = make_store(sqlite_settings)
    used(store)
    assert told(scan([encodings(b"nowhere to be found")], store.storage.paths())) == []
    line = tmp_path / "line.jsonl"
    line.write_text('{"type": "track", "userId": "cleo", "event": "Product Viewed"}')

    assert lethe(sqlite_settings, "ingest", str(line)).returncode == 0
    take_in(store, call(90, BEN))

    assert wals(sqlite_settings) == 3
    assert open_store(sqlite_settings).log.head() == store.log.head()
    assert verify_live(open_store(sqlite_settings)).findings == []


def used(store: Store) -> None:
    """A store that has done with Ann and Ben all that copies keys and states about."""
    for turn in range(3):
        take_in(store, *(call(10 * turn + n, one, "anonymous_id:of-" + one) for n, one in enumerate([ANN, BEN])))
        catch_up_to_head(store)
    record(store, [Fact(find(store, ANN), EVIDENCE, CONSENTED, {"purpose": "marketing"})])
    for one in (ANN, BEN):
        Reader(store, "shop").read(one, "marketing" if one == ANN else "service")
    train(store, "requested")
    rebuild(store, check=False)


def flush(settings: Settings) -> None:
    """A server writes pages, and statistics about columns, when it sees fit: it shall see fit now."""
    if settings.is_server:
        with psycopg.connect(settings.store, autocommit=True) as connection:
            connection.execute("ANALYZE")
            connection.execute("CHECKPOINT")


def secrets_of(store: Store, identifier: str) -> Secrets:
    who = component(store, find(store, identifier))
    doomed = [row for row in who.keys if row.klass != EVIDENCE]
    ids = {row.key_id for row in doomed}
    bodies = [one.sealed for one in store.log.at(store.log.positions(who.handles)) if one.key_id in ids and one.sealed]
    with store.keyring.database.reading():
        raw = [key.raw for key in store.keyring.open(doomed)]
    return Secrets(
        raw,
        [row.wrapped for row in doomed],
        [row.wrapped for row in who.keys if row.klass == EVIDENCE],
        [row.blind for row in who.identifiers],
        bodies,
    )


def statistics_keys(store: Store) -> list[bytes]:
    """What seals sums in which the person is still counted."""
    with store.keyring.database.reading() as rows:
        return [row.wrapped for row in rows.secrets(STATISTICS)]


def found(store: Store, secrets: list[bytes]) -> list[bytes]:
    """Which of these are in a file that the store answers for."""
    hits = scan([encodings(one) for one in secrets], store.storage.paths()).hits
    return [secrets[needle] for needle in sorted({hit.needle for hit in hits})]


@contextmanager
def reading_old_pages(settings: Settings, database: str) -> Iterator[None]:
    """Another connection that began to read before, and has not ended."""
    assert settings.directory is not None
    table = {"keyring": "data_key", "log": "body", "projections": "slot"}[database]
    with closing(sqlite3.connect(settings.directory / f"{database}.db", isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        yield


def acts(store: Store) -> tuple[int, int]:
    """How many erasures were intended, and how many carried out."""
    return len(all_removals(store, INTENDED)), len(all_removals(store, EXECUTED))


def wals(settings: Settings) -> int:
    assert settings.directory is not None
    return len(list(settings.directory.glob("*.db-wal")))
