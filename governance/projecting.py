"""Projections kept up with the log, rebuilt from it, and compared with it."""

from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import NamedTuple

from domain.errors import MovedOn
from governance.replay import Replay
from governance.states import STATISTICS, SealedStates
from governance.store import Store
from projections.runner import catch_up

Progress = Callable[[int, int], None]
TRIES = 50


def serving(store: Store) -> SealedStates:
    """The slot that answers reads."""
    return SealedStates(store.slots, store.slots.active(), store.keyring, store.random)


def catch_up_to_head(store: Store, progress: Progress | None = None) -> int:
    """Fold what is new into the serving slot; whoever else does the same meanwhile is no obstacle."""
    for _ in range(TRIES):
        try:
            return catch_up(Replay(store.log, store.keyring), serving(store), store.fold, progress=progress)
        except MovedOn:
            continue
    raise MovedOn("the projections are moved by others faster than this process can follow")


class Difference(NamedTuple):
    """Where a rebuilt projection differs from the one that serves."""

    what: str  # "state", "statistic", "model"
    name: str


class Rebuilt(NamedTuple):
    """What a rebuild found, and whether it serves now."""

    entries: int
    differences: list[Difference]
    switched: bool


def rebuild(store: Store, *, check: bool, progress: Progress | None = None) -> Rebuilt:
    """Replay the whole log into the idle slot; compare when `check`, else switch to it.

    A difference leaves the serving slot as it is when checking. Without `check` the rebuilt one serves.
    """
    catch_up_to_head(store)
    live = serving(store)
    idle = "b" if live.name == "a" else "a"
    store.slots.clear(idle)
    fresh = SealedStates(store.slots, idle, store.keyring, store.random)
    through = live.checkpoint()
    catch_up(Replay(store.log, store.keyring), fresh, store.fold, through=through, progress=progress)
    differences = list(_differences(live, fresh)) if check else []
    if check:
        store.slots.clear(idle)
    else:
        store.slots.switch(idle)
    return Rebuilt(through + 1, differences, not check)


def _differences(live: SealedStates, fresh: SealedStates) -> Iterator[Difference]:
    for one, other in zip_longest(_states(live), _states(fresh)):
        if one != other:
            yield Difference("state", (one or other or (b"",))[0].hex())
    ours, theirs = live.shared(), fresh.shared()
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name):
            yield Difference(name.partition("/")[0], name)


def _states(states: SealedStates) -> Iterator[tuple[bytes, bytes]]:
    read, after = states.scan(), b""
    while rows := read(after):
        yield from rows
        after = rows[-1][0]


def renew_statistics_key(store: Store) -> None:
    """Seal statistics and models under a new key and destroy the old: old pages minus new would be a person."""
    with store.keyring.database.writing() as rows:
        serial = store.keyring.new_secret(rows, STATISTICS, store.random(32))
    for _ in range(TRIES):
        try:
            serving(store).reseal()
            break
        except MovedOn:
            continue
    idle = "b" if store.slots.active() == "a" else "a"
    if store.slots.mark(idle).checkpoint >= 0:
        store.slots.clear(idle)  # a rebuild in progress starts again
    with store.keyring.database.writing() as rows:
        rows.drop_secrets(STATISTICS, before=serial)
