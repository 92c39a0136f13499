"""A store of ten thousand entries, 200 people, three erasures and a retention run: what is copied and then bent."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from adapters.settings import Settings
from adapters.wiring import open_store
from domain.clock import parse_rfc3339
from governance.audit import tree_head, verify_live
from governance.bundling import export_bundle
from governance.erasure import erase
from governance.findings import Report
from governance.offline import verify_bundle
from governance.removals import EXECUTED, all_removals
from governance.retention import apply
from governance.signing import Signer, signer
from governance.store import Store
from tests.conftest import call, drop_database, make_store, name_of, new_database, settings_for, take_in
from tests.journeys.conftest import Tables, door
from tests.journeys.tampering import Story, read_rows

PEOPLE, ROUNDS = 200, 50
OLD = parse_rfc3339("2024-01-20T00:00:00Z")


@dataclass(frozen=True)
class World:
    """The store untouched, and what an auditor and a thief know of it."""

    settings: Settings
    directory: Path
    vkey: str
    signer: Signer
    saved: Path  # tree heads: before the erasures, after them, at the end
    heads: tuple[int, ...]
    bundle: Path
    story: Story
    yesterday: Story  # before the erasures
    yesterdays: Settings
    destroyed: bytes  # a key
    executed: int  # where
    copies: Callable[[Settings, Path], Settings]

    def copy(self, place: Path, of: Settings | None = None) -> Settings:
        """A store of the same content, with its own keys and high-water file."""
        return self.copies(of or self.settings, place)

    def live(self, settings: Settings) -> Report:
        return verify_live(open_store(settings, strict=False), vkey=self.vkey, saved=self.saved)

    def offline(self, bundle: Path) -> Report:
        return verify_bundle(bundle, self.vkey, saved=self.saved)

    def tables(self, settings: Settings, place: Path) -> Tables:
        """The tables without their triggers."""
        tables = Tables(door(settings, place))
        tables.unguard()
        return tables


def build(settings: Settings, place: Path, copies: Callable[[Settings, Path], Settings]) -> World:
    old = replace(settings, clock=lambda: OLD)
    take_in(make_store(old), *(call(at, f"user_id:{at}") for at in range(40)))
    store = open_store(settings)
    saved, heads = place / "saved", []
    saved.mkdir()

    def keep_head(store: Store) -> None:
        head = tree_head(store)
        heads.append(head.size)
        (saved / f"{head.size}.txt").write_text(head.note)

    for number in range(ROUNDS):
        take_in(store, *(call(at, f"user_id:{at}", message_id=f"{number}-{at}") for at in range(PEOPLE)))
    keep_head(store)
    store.keyring.lease.end()
    yesterdays = copies(settings, place / "yesterday")
    store = open_store(settings)  # a server's database is copied when nobody is connected
    yesterday = read_rows(Tables(door(settings, place)))
    for person in (3, 33, 133):
        assert erase(store, f"user_id:{person}").status == "completed"
    keep_head(store)
    assert [one.status for one in apply(store)] == ["completed"]
    take_in(store, *(call(at, f"user_id:{at}", message_id=f"last-{at}") for at in range(50, 60)))
    export_bundle(store, place / "bundle")
    keep_head(store)
    [(first, act), *_] = all_removals(store, EXECUTED)
    keys = next(settings.keys_directory.iterdir())
    return World(
        settings, place, store.vkey, signer((keys / "signing.key").read_text().strip()), saved, tuple(heads),
        place / "bundle", read_rows(Tables(door(settings, place))), yesterday, yesterdays,
        bytes.fromhex(act.keys[0]), first.position, copies,
    )  # fmt: skip


def embedded(place: Path) -> World:
    def copies(settings: Settings, target: Path) -> Settings:
        for name in ("log", "keyring", "projections"):
            with sqlite3.connect(Path(settings.store) / f"{name}.db") as file:
                file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            file.close()
        shutil.copytree(settings.store, target / "store")
        shutil.copytree(settings.keys_directory, target / "keys")
        return settings_for(str(target / "store"), target)

    return build(settings_for(str(place / "store"), place), place, copies)


def served(server: str, place: Path) -> Iterator[World]:
    made: list[str] = [new_database(server)]

    def copies(settings: Settings, target: Path) -> Settings:
        made.append(new_database(server))
        names = [name_of(address) for address in (settings.store, made[-1])]
        with psycopg.connect(server, autocommit=True) as connection:
            ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(ends, (names[0],))
            connection.execute(f"DROP DATABASE {names[1]}")
            connection.execute(f"CREATE DATABASE {names[1]} TEMPLATE {names[0]}")
        shutil.copytree(settings.keys_directory, target / "keys")
        return settings_for(made[-1], target)

    yield build(settings_for(made[0], place), place, copies)
    for address in made:
        drop_database(server, address)
