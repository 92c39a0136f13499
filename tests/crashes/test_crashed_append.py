"""An append that dies anywhere: repeated, it has happened once; not repeated, never."""

from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.settings import Settings
from adapters.wiring import open_store, rejected
from domain.calls import Rejection
from domain.errors import NotFound
from domain.events import CONSENTED, IDENTIFY
from governance.door import recorder
from governance.erasure import erase, fence, open_case
from governance.facts import Fact, record
from governance.keyring import EVIDENCE
from governance.receipt import Progress, Receipt
from governance.removals import INTENDED
from governance.store import Store
from governance.subjects import component, find
from tests.conftest import call, make_store, take_in
from tests.crashes.fakes import CrashAt, crash_points, run_and_crash
from tests.crashes.worlds import (
    ADA,
    BOB,
    CYD,
    World,
    digests,
    events_of,
    keys_committed,
    keys_destroyed,
    keys_stored,
    lives,
    restarted,
    unsound,
)

DAN, TAB = "user_id:dan", "anonymous_id:tablet"
BATCH = [
    call(20, BOB, properties={"category": "tea"}),
    call(21, TAB, properties={"category": "wine"}),
    call(22, DAN, TAB, kind=IDENTIFY, name="", properties={"city": "Oslo"}),
    call(23, DAN, "email:dan@example.com", name="Order Completed", properties={"revenue": "3"}),
    call(24, ADA),
    call(25, CYD, name="Order Completed", properties={"revenue": "2"}),
    call(26, BOB, message_id="m20"),
]
REFUSED = [Rejection(27, "userId", "missing")]
HALFWAY = Progress(b"a file", 27)
Failures = dict[tuple[int, str, str], list[str]]
COUNTED = {BOB: 3, CYD: 2, DAN: 2}


def lives_without_ada(store: Store) -> None:
    lives(store)
    assert erase(store, ADA).status == "completed"


def take_in_batch(store: Store) -> Receipt:
    return recorder(store, source="test").record(BATCH, REFUSED, HALFWAY)


def agree(store: Store) -> None:
    record(store, [Fact(find(store, BOB), EVIDENCE, CONSENTED, {"purpose": "marketing"})])


def crashed_anywhere(
    world: World, operation: Callable[[Store], object], wrong_after: Callable[[Settings], list[str]]
) -> tuple[list[str], Failures]:
    """The calls of a clean run, and what was wrong after a crash at any of them."""
    with world.store() as (_, store):
        clean = CrashAt()
        run_and_crash(store, operation, clean)
    failures: Failures = {}
    for number, after in crash_points(clean.names, thinned=world.server is not None):
        with world.store() as (settings, store):
            crash = CrashAt(number, after=after)
            run_and_crash(store, operation, crash)
            assert crash.names == clean.names[:number]
            if wrong := wrong_after(settings):
                failures[number, crash.names[-1], "answer lost" if after else "call lost"] = wrong
    return clean.names, failures


@pytest.mark.slow
def test_an_append_that_dies_anywhere_is_whole_or_absent_and_repeated_it_is_there_once(
    server: str | None, tmp_path: Path
) -> None:
    world = World(lives_without_ada, tmp_path, server)
    with world.store() as (_, store):
        entries_before = store.log.head().size
        take_in_batch(store)
        entries = store.log.head().size
        expected, statistics = events_of(store, BOB, CYD, DAN), digests(store)  # reading appends what was disclosed

    def wrong_after(settings: Settings) -> list[str]:
        store = restarted(settings)
        before = store.log.head().size
        wrong = [] if keys_stored(store) == keys_committed(store) - keys_destroyed(store) else ["orphans remain"]
        receipt = take_in_batch(store)
        done = before != entries_before
        counts = (receipt.accepted, receipt.duplicates, receipt.suppressed, receipt.rejected)
        if counts != ((0, 6, 1, 1) if done else (5, 1, 1, 1)):
            wrong.append(f"repeated: {counts}")
        if store.log.progress(HALFWAY.source) != HALFWAY.records or len(rejected(settings, 10)) != 1 + done:
            wrong.append("progress or rejections do not go with the events")
        if store.log.head().size != entries:
            wrong.append("entries are missing or doubled")
        wrong += unsound(store)
        if events_of(store, BOB, CYD, DAN) != expected or digests(store) != statistics:
            wrong.append("another history")
        return wrong

    names, failures = crashed_anywhere(world, take_in_batch, wrong_after)

    assert failures == {}
    assert len(names) > 20


@pytest.mark.slow
def test_a_fact_that_dies_anywhere_is_whole_or_absent(server: str | None, tmp_path: Path) -> None:
    world = World(lives, tmp_path, server)
    with world.store() as (_, store):
        before = store.log.head().size

    def wrong_after(settings: Settings) -> list[str]:
        store = restarted(settings)
        added = store.log.head().size - before
        agree(store)
        again = store.log.head().size - before - added
        wrong = [] if (added, again) in {(0, 2), (2, 1)} else ["not whole"]  # the key's act, then the fact
        return wrong + unsound(store)

    names, failures = crashed_anywhere(world, agree, wrong_after)

    assert failures == {}
    assert len(names) > 10


def test_orphan_keys_are_gone_before_anything_is_served(sqlite_settings: Settings) -> None:
    store = make_store(sqlite_settings)
    run_and_crash(store, take_in_batch, CrashAt("commit log"))
    assert keys_stored(store) > keys_committed(store)

    store = restarted(sqlite_settings)

    assert keys_stored(store) == keys_committed(store)


def test_who_exists_only_in_a_crashed_append_cannot_be_erased(sqlite_settings: Settings) -> None:
    store = make_store(sqlite_settings)
    run_and_crash(store, take_in_batch, CrashAt("commit log"))

    with pytest.raises(NotFound):
        erase(store, BOB)

    assert store.log.acts(["erasure_intended"]) == []
    assert take_in(store, call(1, BOB)).accepted == 1
    assert unsound(store) == []


@pytest.mark.parametrize("step", ["projections", "mirror", "keys", "bodies", "pages", "record"])
def test_an_act_appended_after_another_process_died_leaves_no_orphan_key(step: str, sqlite_settings: Settings) -> None:
    make_store(sqlite_settings)
    store = open_store(sqlite_settings)
    lives(store)

    def at(reached: str) -> None:
        if reached == step:
            run_and_crash(open_store(sqlite_settings), take_in_batch, CrashAt("commit log"))

    assert erase(store, ADA, say=at).status == "completed"

    take_in_batch(store)
    assert events_of(store, *COUNTED) == COUNTED
    assert unsound(store) == []


def test_a_fence_without_intent_is_recovered_though_an_append_died_after_it(sqlite_settings: Settings) -> None:
    store = make_store(sqlite_settings)
    lives(store)
    root = find(store, ADA)
    case = open_case(store, component(store, root))
    run_and_crash(store, lambda one: fence(one, root, case), CrashAt("commit log"))
    assert store.log.acts(INTENDED) == []
    run_and_crash(open_store(sqlite_settings), take_in_batch, CrashAt("commit log"))

    store = restarted(sqlite_settings)

    assert len(store.log.acts(INTENDED)) == 1
    take_in_batch(store)
    assert events_of(store, *COUNTED) == COUNTED
    assert erase(store, ADA).status == "completed"
    assert unsound(store) == []
