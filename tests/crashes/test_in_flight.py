"""What another process had begun when a person was erased: it is refused, and nothing of her returns."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest

from adapters.settings import Settings
from adapters.wiring import open_store
from domain.errors import MovedOn
from governance.erasure import erase
from governance.projecting import catch_up_to_head, rebuild, serving
from governance.states import SealedStates
from governance.store import Store
from governance.subjects import find
from projections.runner import catch_up
from tests.conftest import call, make_store, settings_for, take_in
from tests.crashes.fakes import MeetAt, run_and_crash
from tests.crashes.worlds import ADA, BOB, CYD, World, digests, lives, states_of, unsound


@pytest.fixture
def never_met(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The statistics of a store that never met Ada."""
    place = tmp_path_factory.mktemp("never")
    store = make_store(settings_for(str(place / "store"), place))
    lives(store, with_ada=False)
    return digests(store)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Embedded stores whose folds save after every few entries, so that much lies between two saves."""
    monkeypatch.setattr("governance.projecting.catch_up", partial(catch_up, chunk_entries=4, working_bytes=0))
    return World(lives, tmp_path)


def erase_ada(store: Store) -> None:
    assert erase(store, ADA, wait_seconds=0.2).status in {"completed", "partial"}


def rebuild_and_switch(store: Store) -> None:
    rebuild(store, check=False)


def rebuild_and_compare(store: Store) -> None:
    assert rebuild(store, check=True).differences == []


def in_another_process(operation: Callable[[Store], object], settings: Settings) -> None:
    """As good as: a store opened anew shares nothing with the one that is at work."""
    operation(open_store(settings))


def wrong_with(settings: Settings, never_met: dict[str, str], others: object) -> list[str]:
    """What is not as it must be once Ada is erased."""
    store = open_store(settings)
    wrong = unsound(store)
    if digests(store) != never_met:
        wrong.append("statistics remember the erased")
    if states_of(store, ADA, BOB, CYD) != others:
        wrong.append("other states")
    return wrong


def test_a_fold_that_read_a_person_before_her_erasure_cannot_save_her(
    settings: Settings, never_met: dict[str, str]
) -> None:
    """R2, S8."""
    lives(make_store(settings))
    store = open_store(settings)
    take_in(store, call(40, ADA))
    mine = SealedStates(store.slots, store.slots.active(), store.keyring, store.random)
    at, ada, bob = mine.checkpoint(), find(store, ADA), find(store, BOB)
    read, shared = mine.load([ada, bob]), mine.shared()
    others = states_of(store, BOB, CYD)

    erase_ada(open_store(settings))

    with pytest.raises(MovedOn):
        mine.save(expected=at, checkpoint=at + 1, states=read, shared=shared)
    with pytest.raises(MovedOn):
        mine.save(expected=at, checkpoint=at + 1, states={bob: read[bob]}, shared=shared)
    assert serving(store).load([ada]) == {}
    assert wrong_with(settings, never_met, others) == []


def test_statistics_that_are_read_while_an_erasure_renews_their_key_are_the_new_ones(
    settings: Settings, never_met: dict[str, str]
) -> None:
    lives(make_store(settings))
    read: list[dict[str, str]] = []
    met = MeetAt("keyring.reading", partial(in_another_process, erase_ada, settings))  # the rows are read, the keys not

    run_and_crash(open_store(settings), lambda store: read.append(digests(store)), met)

    assert met.has_met
    assert read == [never_met]


@pytest.mark.slow
@pytest.mark.parametrize("operation", [catch_up_to_head, rebuild_and_switch, rebuild_and_compare])
def test_projections_that_an_erasure_crosses_anywhere_forget_the_erased(
    operation: Callable[[Store], object], world: World, never_met: dict[str, str]
) -> None:
    failures = {}
    for number in free_calls(world, operation, every=4):
        with world.store() as (settings, store):
            take_in(store, call(40, ADA))
            others = states_of(store, BOB, CYD)
            met = MeetAt(number, partial(in_another_process, erase_ada, settings))

            run_and_crash(open_store(settings), operation, met)

            if wrong := wrong_with(settings, never_met, others):
                failures[number] = wrong
            assert met.has_met
    assert failures == {}


@pytest.mark.slow
def test_an_erasure_that_a_rebuild_crosses_anywhere_erases(world: World, never_met: dict[str, str]) -> None:
    failures = {}
    for number in free_calls(world, erase_ada, every=4):
        with world.store() as (settings, store):
            others = states_of(store, BOB, CYD)
            met = MeetAt(number, partial(in_another_process, rebuild_and_switch, settings))

            run_and_crash(open_store(settings), erase_ada, met)

            if wrong := wrong_with(settings, never_met, others):
                failures[number] = wrong
    assert failures == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("operation", "paused_at"),
    [
        (catch_up_to_head, "slots.load"),
        (catch_up_to_head, "slots.save"),
        (rebuild_and_switch, "log.head"),
        (rebuild_and_switch, "slots.load"),
        (rebuild_and_switch, "slots.save"),
        (rebuild_and_compare, "slots.scan"),
    ],
)
def test_what_waits_while_an_erasure_begins_and_goes_on_before_its_end_forgets_the_erased(
    operation: Callable[[Store], object], paused_at: str, world: World, never_met: dict[str, str]
) -> None:
    """R2, R3: a fold or a rebuild that stood still saves nothing of her when it goes on."""
    failures = {}
    for number in free_calls(world, erase_ada, every=1, only_after_commits=True):
        with world.store() as (settings, store):
            if operation is catch_up_to_head:
                take_in(store, call(40, ADA))
            others = states_of(store, BOB, CYD)
            other = Paused(open_store(settings), operation, paused_at)
            met = MeetAt(number, other.finish)

            run_and_crash(open_store(settings), erase_ada, met)

            other.finish()
            if wrong := wrong_with(settings, never_met, others) + other.errors:
                failures[number] = wrong
    assert failures == {}


def free_calls(
    world: World, operation: Callable[[Store], object], *, every: int, only_after_commits: bool = False
) -> list[int]:
    """The calls at which another process can act; or those alone that see what a commit changed."""
    with world.store() as (settings, store):
        take_in(store, call(40, ADA))
        clean = MeetAt()
        run_and_crash(open_store(settings), operation, clean)
    if not only_after_commits:
        return clean.free[::every]
    changed = [number for number, name in enumerate(clean.names, 1) if name.startswith(("commit", "mirror.add"))]
    return sorted({next((free for free in clean.free if free > number), clean.free[-1]) for number in changed})


class Paused:
    """Another process that stands still before its first call of a name, until it is told to finish."""

    def __init__(self, store: Store, operation: Callable[[Store], object], name: str) -> None:
        self.errors: list[str] = []
        self._reached, self._go = Event(), Event()
        self._thread = Thread(target=self._run, args=(store, operation, name))
        self._thread.start()
        assert self._reached.wait(20)

    def finish(self) -> None:
        self._go.set()
        self._thread.join(30)
        assert not self._thread.is_alive()

    def _run(self, store: Store, operation: Callable[[Store], object], name: str) -> None:
        try:
            operation(MeetAt(name, self._stand_still).wrap_store(store))
        except Exception as error:
            self.errors.append(f"{type(error).__name__}: {error}")
        finally:
            self._reached.set()

    def _stand_still(self) -> None:
        self._reached.set()
        assert self._go.wait(30)
