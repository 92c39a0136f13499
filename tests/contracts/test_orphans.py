"""A crash between the keyring's commit and the log's leaves keys without entries: the next append forgets them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from adapters.settings import Settings
from adapters.sql.engine import Databases
from adapters.sql.locked import append_lock
from adapters.wiring import open_store
from domain.calls import Call
from domain.errors import NotFound
from governance.audit import verify_live
from governance.erasure import erase, fence, open_case, resume
from governance.projecting import rebuild
from governance.store import Store, append_acts
from governance.subjects import component, find
from tests.conftest import call, make_store, take_in
from tests.contracts.raw import attested, databases_of, stored


class Crash(Exception):
    """The process dies here."""


def dying(store: Store, databases: Databases) -> Store:
    """A store whose appends reach the keyring and then die before the log is committed."""

    def die(_: Any) -> None:
        raise Crash

    event.listen(databases.log, "commit", die)
    return replace(store, lock=lambda: append_lock(databases))


def crash(settings: Settings, *calls: Call) -> None:
    """Another process dies while it takes in these calls."""
    with pytest.raises(Crash):
        take_in(dying(open_store(settings), databases_of(settings)), *calls)


def keyring_rows(settings: Settings) -> dict[str, list[Any]]:
    names = ("subject", "data_key", "identifier", "merge")
    rows = stored(databases_of(settings))
    return {name: rows[f"keyring.{name}"] for name in names}


def next_events(store: Store) -> None:
    take_in(store, call(50, "user_id:1", message_id="later"))


def next_act(store: Store) -> None:
    append_acts(store, attested(1))


def next_erasure(store: Store) -> None:
    erase(store, "user_id:3")


def test_a_crashed_append_leaves_the_log_as_it_was(store: Store, settings: Settings) -> None:
    take_in(store, call(1, "user_id:1"))
    before, rows = store.log.head(), keyring_rows(settings)

    crash(settings, call(2, "user_id:2"))

    assert store.log.head() == before
    orphaned = len(keyring_rows(settings)["data_key"]) - len(rows["data_key"])
    assert orphaned == (0 if settings.is_server else 3)  # the server commits both at once


@pytest.mark.parametrize("follow", [next_events, next_act, pytest.param(next_erasure, marks=pytest.mark.slow)])
def test_the_next_append_forgets_what_a_crashed_one_left(
    store: Store, settings: Settings, follow: Callable[[Store], None]
) -> None:
    take_in(store, call(1, "user_id:1"), call(2, "anonymous_id:a"), call(3, "user_id:3"))
    merges = call(4, "user_id:1", "anonymous_id:a")
    crash(settings, call(5, "user_id:2"), call(6, "user_id:2", "anonymous_id:b"), merges)

    follow(store)

    with pytest.raises(NotFound):
        find(store, "user_id:2")
    assert find(store, "anonymous_id:a") != find(store, "user_id:1")
    again = take_in(open_store(settings), call(5, "user_id:2"), call(6, "user_id:2", "anonymous_id:b"), merges)
    assert again.accepted == 3
    assert find(store, "anonymous_id:a") == find(store, "user_id:1")
    assert find(store, "anonymous_id:b") == find(store, "user_id:2")
    assert verify_live(store).findings == []
    assert rebuild(open_store(settings), check=True).differences == []


@pytest.mark.slow
def test_orphans_are_forgotten_though_an_erasure_goes_on_first(store: Store, settings: Settings) -> None:
    take_in(store, call(1, "user_id:1"))
    who = component(store, find(store, "user_id:1"))
    case = fence(store, who.root, open_case(store, who))
    crash(settings, call(2, "user_id:2"))

    resume(open_store(settings), case)

    again = take_in(open_store(settings), call(2, "user_id:2"))
    assert again.accepted == 1
    assert verify_live(store).findings == []


def test_a_crashed_append_can_be_sent_again_by_the_same_process(store: Store, settings: Settings) -> None:
    databases = databases_of(settings)
    mortal = dying(store, databases)
    with pytest.raises(Crash):
        take_in(mortal, call(1, "user_id:1"))

    take_in(store, call(1, "user_id:1"))

    assert len(component(store, find(store, "user_id:1")).keys) == 3
    assert verify_live(store).findings == []


def test_a_commit_that_fails_leaves_the_log_free_for_others(store: Store, settings: Settings) -> None:
    size = store.log.head().size
    with pytest.raises(Crash):
        append_acts(dying(store, databases_of(settings)), attested(1))

    append_acts(open_store(settings), attested(1))

    assert store.log.head().size == size + 1


def test_a_registration_that_died_half_way_lifts_no_suppression(sqlite_settings: Settings) -> None:
    store = make_store(sqlite_settings)
    take_in(store, call(1, "user_id:1"))
    erase(store, "user_id:1")

    crash(sqlite_settings, call(2, "user_id:1", context={"registration": "new"}))

    assert take_in(open_store(sqlite_settings), call(3, "user_id:1")).suppressed == 1


def test_who_registers_again_can_be_erased_again(store: Store) -> None:
    take_in(store, call(1, "user_id:1"))
    erase(store, "user_id:1")
    take_in(store, call(2, "user_id:1", context={"registration": "new"}))

    assert erase(store, "user_id:1").status == "completed"

    assert take_in(store, call(3, "user_id:1")).suppressed == 1
    assert verify_live(store).findings == []
