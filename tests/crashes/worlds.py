"""Small stores with a history, copied for every crash; and what must be true of one that has recovered."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, cast

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from adapters.settings import Settings
from adapters.sql.keys import SqlKeyRows
from adapters.wiring import open_store
from domain.acts import KeysCreated, parse
from domain.errors import NotFound
from governance.access import Reader
from governance.audit import verify_live
from governance.erasure import erase, recover, unfinished_cases
from governance.models import statistics_of
from governance.projecting import catch_up_to_head, rebuild, serving
from governance.removals import EXECUTED, INTENDED, all_removals
from governance.residue import scan
from governance.store import Store
from governance.subjects import find, find_all
from tests.conftest import call, make_store, new_database, settings_for, take_in

ADA, BOB, CYD = "user_id:ada", "user_id:bob", "user_id:cyd"
PHONE = "anonymous_id:phone"

Life = Callable[[Store], Any]


def lives(store: Store, *, with_ada: bool = True) -> None:
    """Ada browses on a phone before she signs in; Bob and Cyd buy; Ada is looked at; everything is folded."""
    ada = [
        call(1, PHONE, properties={"category": "tea", "product_id": "t1"}),
        call(2, ADA, PHONE, properties={"category": "tea", "product_id": "t2"}),
        call(3, ADA, "email:ada@example.com", name="Order Completed", properties={"revenue": "12.50"}),
    ]
    others = [
        call(4, BOB, properties={"category": "tea", "product_id": "t1"}),
        call(5, CYD, name="Order Completed", properties={"revenue": "30", "category": "wine"}),
        call(6, BOB, name="Product Added", properties={"category": "wine", "product_id": "w1"}),
    ]
    take_in(store, *(ada if with_ada else []), *others[:2])
    take_in(store, *([call(7, PHONE)] if with_ada else []), others[2])
    catch_up_to_head(store)
    if with_ada:
        Reader(store, "shop").read(ADA, "personalization")
        catch_up_to_head(store)


@dataclass
class World:
    """Gives out stores that lived the same life: copies of one where that is cheap, else new ones."""

    life: Life
    directory: Path
    server: str | None = None
    policy: str | None = None  # the default one
    _numbers: Iterator[int] = field(default_factory=count)

    @contextmanager
    def store(self) -> Iterator[tuple[Settings, Store]]:
        """A store of its own, gone afterwards."""
        place = self.directory / f"copy{next(self._numbers)}"
        if self.server is not None:
            settings = settings_for(new_database(self.server), place)
            self.life(make_store(settings, policy=self.policy))
            yield settings, open_store(settings)
            database = sql.Identifier(str(conninfo_to_dict(settings.store)["dbname"]))
            with psycopg.connect(self.server, autocommit=True) as connection:
                connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))
        else:
            shutil.copytree(self._template(), place)
            settings = settings_for(str(place / "store"), place)
            yield settings, open_store(settings)
        shutil.rmtree(place)

    def _template(self) -> Path:
        made = self.directory / "template"
        if not made.exists():
            self.life(make_store(settings_for(str(made / "store"), made), policy=self.policy))
        return made


def restarted(settings: Settings) -> Store:
    """The store as the next process finds it."""
    store = open_store(settings)
    recover(store)
    return store


def unsound(store: Store) -> list[str]:
    """What is wrong with a store, whatever its history: nothing at all after recovery."""
    catch_up_to_head(store)
    wrong = [f"finding {one.name} {one.reason}" for one in verify_live(store).findings]
    wrong += [f"differs {one.what}" for one in rebuild(store, check=True).differences]
    if keys_stored(store) != keys_committed(store) - keys_destroyed(store):
        wrong.append("keys stored are not those committed and not destroyed")
    if unfinished_cases(store):
        wrong.append("an erasure is not finished")
    return wrong


def keys_stored(store: Store) -> int:
    with store.keyring.database.reading() as rows:
        return cast(SqlKeyRows, rows).counts()["data_key"]


def keys_committed(store: Store) -> int:
    acts = [parse("keys_created", entry.fields or "") for entry in store.log.acts(["keys_created"])]
    return sum(len(act.keys) for act in acts if isinstance(act, KeysCreated))


def keys_destroyed(store: Store) -> int:
    return sum(len(act.keys) for _, act in all_removals(store, EXECUTED))


def states_of(store: Store, *names: str) -> Mapping[str, bytes]:
    """The folded state of each person, as it is sealed: bit for bit what a rebuild must give."""
    found = find_all(store, names)
    rows = serving(store).load(set(found.values()))
    return {name: rows[subject] for name, subject in found.items() if subject in rows}


def digests(store: Store) -> dict[str, str]:
    """The keyed digest of each statistic."""
    return {one["name"]: one["digest"] for one in statistics_of(store)}


def events_of(store: Store, *names: str) -> dict[str, int]:
    """How many events each profile counts once everything is folded."""
    catch_up_to_head(store)
    answers = [Reader(store, "tester").read(name, "personalization") for name in names]
    return {name: answer["activity"]["events"] for name, answer in zip(names, answers, strict=True)}


def key_bytes(store: Store, name: str) -> list[bytes]:
    """The data keys of a person, raw and wrapped: what must be on no disk once she is erased."""
    with store.keyring.database.reading() as rows:
        found = rows.keys_of(rows.members(find(store, name)))
        return [key.raw for key in store.keyring.open(found)] + [row.wrapped for row in found]


def wrong_after_erasure(settings: Settings, needles: list[bytes], never_met: dict[str, str]) -> list[str]:
    """What is not as it must be once the erasure was repeated by a new process."""
    store = restarted(settings)
    with suppress(NotFound):  # only its answer was lost
        assert erase(store, ADA, wait_seconds=2).status == "completed"
    wrong = unsound(store)
    intended, executed = all_removals(store, INTENDED), all_removals(store, EXECUTED)
    if [act for _, act in intended] != [act for _, act in executed] or [act.part for _, act in executed] != [1]:
        wrong.append("not exactly one executed act for one intent")
    kept = [line for line in store.mirror.acts() if "policy_published" not in line]
    if kept != [f"{entry.position} {entry.act} {entry.fields}" for entry, _ in intended + executed]:
        wrong.append("the mirror does not hold the acts")
    if len(store.mirror.marks()) != 3:
        wrong.append("the mirror does not hold the marks")
    size = store.log.head().size
    late = take_in(store, call(90, ADA), call(91, PHONE), call(92, "email:ada@example.com"), call(93, ADA, PHONE))
    if (late.suppressed, late.accepted, store.log.head().size) != (4, 0, size):
        wrong.append("a late event of the erased was stored")
    with suppress(NotFound):
        Reader(store, "tester").read(ADA, "personalization")
        wrong.append("the erased has a profile")
    if digests(store) != never_met:
        wrong.append("statistics remember the erased")
    if not settings.is_server and scan([[one] for one in needles], store.storage.paths()).hits:
        wrong.append("a key of the erased is on disk")
    return wrong
