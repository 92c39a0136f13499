"""What else has several steps dies anywhere: repeated, it is done as if nothing had happened, and done once.

The engine of removals dies at each of its calls in `test_crashed_erasure` and `test_crashed_retention`, on both
databases; here whatever changes something is done, and its answer lost.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from adapters.wiring import open_store
from domain.clock import DAY
from domain.errors import NotFound
from governance.cleaning import ALIAS
from governance.consenting import object_to
from governance.erasure import complete_held, erase
from governance.holds import list_holds, release, set_hold
from governance.policy import default_text
from governance.pseudonyms import rotate_index
from governance.removals import EXECUTED, INTENDED, all_removals
from governance.request_runs import run
from governance.requests import Asking, approve, list_requests, open_request, show, verify
from governance.store import Store
from governance.subjects import component, find, find_all
from governance.suppression import rotate as rotate_marks
from governance.unmerging import unmerge
from tests.conftest import NOW, call, take_in
from tests.crashes.fakes import CrashAt, crash_points, run_and_crash
from tests.crashes.worlds import ADA, BOB, CYD, PHONE, World, digests, events_of, lives, restarted, unsound

BY_INTEREST = default_text().replace(
    'purposes = ["personalization", "analytics", "marketing", "advertising", "risk"]', 'purposes = ["analytics"]'
)


class Act(NamedTuple):
    """What happened before, what dies, and what tells that it was done; `act` is what is repeated."""

    life: Callable[[Store], Any]
    act: Callable[[Store], Any]
    done: Callable[[Store], Any]
    policy: str | None = None
    finish: Callable[[Store], Any] = lambda _: None  # what the next run of retention does besides


def held(store: Store) -> None:
    lives(store)
    set_hold(store, ADA, ground="legal_claims", until=NOW + DAY, classes=["commerce"])
    assert erase(store, ADA).status == "held"


def let_go(store: Store) -> None:
    for one in list_holds(store):
        release(store, bytes.fromhex(one["hold"]))
    complete_held(store)


def left_of_the_erased(store: Store) -> object:
    with store.keyring.database.reading() as rows:
        erased = [row.subject for case in _cases(store) for row in rows.of_case(case, 2)]
        classes = {row.klass for row in rows.keys_of(erased, taken=True)}
    return list_holds(store), classes, take_in(store, call(90, ADA), call(91, PHONE)).suppressed


def _cases(store: Store) -> set[bytes]:
    return {bytes.fromhex(act.case) for _, act in all_removals(store, EXECUTED)}


def objects(store: Store) -> None:
    object_to(store, BOB, "analytics")


def bob_is_held(store: Store) -> None:
    lives(store)
    set_hold(store, BOB, ground="legal_claims", until=NOW + DAY, classes=["behaviour"])


def shut_of_bob(store: Store) -> object:
    bob = find(store, BOB)
    with store.keyring.database.reading() as rows:
        kept = {row.klass for row in rows.keys_of([bob], taken=True)} - {row.klass for row in rows.keys_of([bob])}
    return kept, events_of(store, BOB, CYD, ADA)


def nothing_is_left_but_the_record(store: Store) -> None:
    """Once keys are gone nobody is named any more: whose removal is to be recorded is not known to who objects."""
    with store.keyring.database.reading() as rows:
        assert "behaviour" not in {row.klass for row in rows.keys_of([find(store, BOB)], taken=True)}
    complete_held(store)


def classes_of_bob(store: Store) -> object:
    return sorted(row.klass for row in component(store, find(store, BOB)).keys), events_of(store, CYD, ADA)


def asked(store: Store) -> None:
    lives(store)
    case = bytes.fromhex(open_request(store, Asking(kind="erasure", identifier=ADA))["request"])
    verify(store, case, method="officer")
    approve(store, case)


def runs(store: Store) -> None:
    for one in list_requests(store):
        assert run(store, bytes.fromhex(one["request"]))["state"] == "completed"


def state_of_the_request(store: Store) -> object:
    [one] = list_requests(store, open_only=False)
    shown = show(store, bytes.fromhex(one["request"]))
    outcome, receipt = shown["outcome"], shown["steps"][0]["receipt"]
    assert {act.receipt for _, act in all_removals(store, (*INTENDED, *EXECUTED))} == {receipt}
    return one["state"], outcome["erasure"], find_all(store, [ADA, PHONE]), left_of_the_erased(store)


def merged(store: Store) -> None:
    lives(store)
    take_in(store, call(30, BOB, kind=ALIAS, name="", previous=CYD))
    take_in(store, call(31, CYD))


def parts(store: Store) -> None:
    with suppress(NotFound):  # only its answer was lost
        unmerge(store, BOB, apart=CYD)


def who_is_who(store: Store) -> object:
    return events_of(store, ADA, BOB, CYD), len(find_all(store, [ADA, BOB, CYD]))


def erased(store: Store) -> None:
    lives(store)
    erase(store, ADA)


def marked_anew(store: Store) -> None:
    rotate_marks(store)


ACTS = {
    "a hold is released": Act(held, let_go, left_of_the_erased),
    "a class loses its basis": Act(lives, objects, classes_of_bob, BY_INTEREST, nothing_is_left_but_the_record),
    "a hold keeps what loses its basis": Act(bob_is_held, objects, shut_of_bob, BY_INTEREST, complete_held),
    "a request runs": Act(asked, runs, state_of_the_request),
    "a merge is undone": Act(merged, parts, who_is_who),
    "the index is turned": Act(lives, rotate_index, who_is_who),
    "marks get a new secret": Act(erased, marked_anew, left_of_the_erased),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ACTS)
def test_an_act_that_dies_anywhere_is_done_when_it_is_repeated(tmp_path: Path, name: str) -> None:
    """R4, R12, G1, G6, I8: intents are carried out once, and nobody else notices."""
    life, act, done, policy, finish = ACTS[name]
    world = World(life, tmp_path, policy=policy)
    with world.store() as (settings, store):
        clean = CrashAt()
        run_and_crash(store, act, clean)
        survivor = restarted(settings)
        expected = done(survivor), digests(survivor), unsound(survivor), _once(survivor)

    failures = {}
    points = crash_points(clean.names, thinned=True)
    for number, after in points:
        with world.store() as (settings, _):
            crash = CrashAt(number, after=after)
            run_and_crash(open_store(settings), act, crash)
            assert crash.names == clean.names[:number]
            survivor = restarted(settings)
            act(survivor)
            finish(survivor)
            found = done(survivor), digests(survivor), unsound(survivor), _once(survivor)
            if found != expected:
                failures[number, clean.names[number - 1], after] = found
    assert (failures, expected[2:]) == ({}, ([], True))


def _once(store: Store) -> bool:
    intended, executed = all_removals(store, INTENDED), all_removals(store, EXECUTED)
    return sorted(act.case for _, act in intended) == sorted(act.case for _, act in executed)
