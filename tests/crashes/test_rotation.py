"""A rotation of the key generation that dies anywhere, or meets others: no key is lost, and none stays behind."""

from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.wiring import open_store
from governance.certificate import BEYOND, certificate
from governance.erasure import erase
from governance.rotation import rotate, rotations
from governance.store import Store
from tests.conftest import call, take_in
from tests.crashes.fakes import CrashAt, MeetAt, crash_points, run_and_crash
from tests.crashes.worlds import ADA, BOB, CYD, World, digests, events_of, lives, restarted, states_of, unsound


def rotating(crash: CrashAt) -> Callable[[Store], None]:
    """A rotation whose calls of the key store are counted too."""

    def run(store: Store) -> None:
        store.keyring.key_store = crash.wrap(store.keyring.key_store, "key_store")
        assert rotate(store).status == "completed"

    return run


def generations_of(store: Store) -> set[int]:
    """Those under which anything is wrapped."""
    with store.keyring.database.reading() as rows:
        return {one.generation for one in rows.key_counts()} | {one.generation for one in rows.every_secret()}


@pytest.mark.slow
def test_a_rotation_that_dies_anywhere_is_finished_when_it_is_repeated(tmp_path: Path) -> None:
    """K1, K5: whatever is left open of it, everybody is served; repeated, the old generation is gone."""
    world = World(lives, tmp_path)
    with world.store() as (_, store):
        clean = CrashAt()
        run_and_crash(store, rotating(clean), clean)
        assert generations_of(store) == {2}
    failures = {}
    for number, after in crash_points(clean.names, thinned=True):
        with world.store() as (settings, store):
            before, figures = states_of(store, ADA, BOB, CYD), digests(store)
            crash = CrashAt(number, after=after)
            run_and_crash(open_store(settings), rotating(crash), crash)
            survivor = restarted(settings)
            wrong = [] if states_of(survivor, ADA, BOB, CYD) == before else ["somebody's state is not served"]

            rotate(survivor)

            left = survivor.keyring.key_store.generations()
            if len(left) != 1 or generations_of(survivor) != set(left):
                wrong.append("an older generation is left")
            if [act.new for _, act in rotations(survivor)] != list(range(2, left[0] + 1)) or left[0] > 3:
                wrong.append("not one act a generation")
            if digests(survivor) != figures or unsound(survivor):
                wrong += unsound(survivor) or ["another statistic"]
            if wrong:
                failures[number, clean.names[number - 1], after] = wrong
    assert failures == {}
    assert len(clean.names) > 20


@pytest.mark.slow
@pytest.mark.parametrize(("step", "nth"), [("keyring.writing", 2), ("key_store.destroy_generation", 1)])
def test_who_appends_during_a_rotation_keeps_every_key(server: str | None, tmp_path: Path, step: str, nth: int) -> None:
    """The key store is read again under the append lock; what an append in flight had wrapped is wrapped anew last."""
    world, clean = World(lives, tmp_path, server), CrashAt()
    with world.store() as (_, store):
        run_and_crash(store, rotating(clean), clean)
    number = [at for at, name in enumerate(clean.names, 1) if name == step][nth - 1]
    with world.store() as (settings, store):
        other = open_store(settings)
        take_in(other, call(50, "user_id:dan"))  # its key store knows the old generation
        current = other.keyring.key_store.current
        if nth == 2:  # it asked before there was a new one, and gets the append lock only now
            other.keyring.key_store.current = lambda: 1  # type: ignore[method-assign]
        meet = MeetAt(number, lambda: take_in(other, call(51, "user_id:eve"), call(52, BOB)))

        with meet.commits():
            rotating(meet)(meet.wrap_store(store))

        assert meet.has_met
        other.keyring.key_store.current = current  # type: ignore[method-assign]
        take_in(other, call(53, "user_id:eve"))
        assert generations_of(store) == {2}
        assert events_of(store, "user_id:dan", "user_id:eve", ADA) == {"user_id:dan": 1, "user_id:eve": 2, ADA: 4}
        assert unsound(store) == []


def test_an_erasure_while_a_rotation_is_under_way_is_not_beyond_backups(tmp_path: Path) -> None:
    """K1: a copy made meanwhile may hold the person's keys under the new generation; the next rotation ends it."""
    with World(lives, tmp_path).store() as (settings, store):
        crash = CrashAt("key_store.create_generation", after=True)
        run_and_crash(store, rotating(crash), crash)
        survivor = restarted(settings)
        case = bytes.fromhex(erase(survivor, ADA).case)

        assert rotate(survivor).generation == 2
        assert BEYOND not in certificate(survivor, case)

        assert rotate(survivor).generation == 3
        assert certificate(survivor, case)[BEYOND]["generation"] == 3
