"""A store of ten thousand entries, 200 people, three erasures and a retention run: what is copied and then bent."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

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


Copy = Callable[[Path], Settings]


class Copies(Protocol):
    """How a database is copied."""

    def copy(self, place: Path) -> Settings: ...

    def remember(self) -> Copy:
        """As it is now; nothing that an erasure would find stays where it looks."""
        ...


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
    destroyed: bytes  # a key
    executed: int  # where
    copy: Copy  # of the store as it is, with keys and a high-water file of its own
    copy_of_yesterday: Copy

    def live(self, settings: Settings) -> Report:
        return verify_live(open_store(settings, strict=False), vkey=self.vkey, saved=self.saved)

    def offline(self, bundle: Path) -> Report:
        return verify_bundle(bundle, self.vkey, saved=self.saved)

    def tables(self, settings: Settings, place: Path) -> Tables:
        """The tables without their triggers."""
        tables = Tables(door(settings, place))
        tables.unguard()
        return tables


def build(settings: Settings, place: Path, copies: Copies) -> World:
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
    copy_of_yesterday = copies.remember()
    store = open_store(settings)
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
        place / "bundle", read_rows(Tables(door(settings, place))), yesterday,
        bytes.fromhex(act.keys[0]), first.position, copies.copy, copy_of_yesterday,
    )  # fmt: skip


class Files:
    """An embedded store."""

    def __init__(self, settings: Settings, place: Path) -> None:
        self._settings = settings
        self._place = place

    def copy(self, place: Path) -> Settings:
        for name in ("log", "keyring", "projections"):
            with sqlite3.connect(Path(self._settings.store) / f"{name}.db") as file:
                file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            file.close()
        shutil.copytree(self._settings.store, place / "store")
        shutil.copytree(self._settings.keys_directory, place / "keys")
        return settings_for(str(place / "store"), place)

    def remember(self) -> Copy:
        return Files(self.copy(self._place / "yesterday"), self._place).copy


class Server:
    """A database of a server; those that were made are in `made`."""

    def __init__(self, server: str, settings: Settings, place: Path) -> None:
        self._server = server
        self._settings = settings
        self._place = place
        self.made = [settings.store]

    def copy(self, place: Path) -> Settings:
        self.made.append(new_database(self._server))
        source, target = name_of(self._settings.store), name_of(self.made[-1])
        with psycopg.connect(self._server, autocommit=True) as connection:
            ends = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(ends, (source,))
            connection.execute(f"DROP DATABASE {target}")
            connection.execute(f"CREATE DATABASE {target} TEMPLATE {source}")
        shutil.copytree(self._settings.keys_directory, place / "keys")
        return settings_for(self.made[-1], place)

    def remember(self) -> Copy:
        """In memory: a residue scan searches every database of the server."""
        keys = self._place / "yesterdays-keys"
        shutil.copytree(self._settings.keys_directory, keys)
        with psycopg.connect(self._settings.store) as connection:
            rows = {table: _out(connection, table) for table in _tables(connection)}

        def copy(place: Path) -> Settings:
            settings = self.copy(place)
            shutil.rmtree(place / "keys")
            shutil.copytree(keys, place / "keys")
            Tables(door(settings, place)).unguard()
            with psycopg.connect(settings.store, autocommit=True) as connection:
                for table, content in rows.items():
                    connection.execute(f"DELETE FROM {table}")
                    with connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as sink:
                        sink.write(content)
            return settings

        return copy


def embedded(place: Path) -> World:
    settings = settings_for(str(place / "store"), place)
    return build(settings, place, Files(settings, place))


def served(server: str, place: Path) -> Iterator[World]:
    settings = settings_for(new_database(server), place)
    copies = Server(server, settings, place)
    yield build(settings, place, copies)
    for address in copies.made:
        drop_database(server, address)


def _tables(connection: psycopg.Connection) -> list[str]:
    query = "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('log', 'keyring', 'projections')"
    return [name for (name,) in connection.execute(query)]


def _out(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(f"COPY {table} TO STDOUT (FORMAT BINARY)") as source:
        return b"".join(bytes(one) for one in source)
