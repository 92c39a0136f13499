"""Projections kept up with the log, rebuilt from it, and compared with it."""

from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import NamedTuple

from domain.errors import MovedOn
from governance.removals import REMOVALS
from governance.replay import Replay
from governance.roles import require
from governance.states import STATISTICS, SealedStates
from governance.store import Store
from projections.runner import catch_up

Progress = Callable[[int, int], None]
TRIES, REBUILDS = 50, 5


def history(store: Store) -> Replay:
    """The log as this store's policy folds it."""
    return Replay(store.log, store.keyring, store.policy_version)


def serving(store: Store) -> SealedStates:
    """The slot that answers reads."""
    return SealedStates(store.slots, store.slots.active(), store.keyring, store.random)


def catch_up_to_head(store: Store, progress: Progress | None = None) -> int:
    """Fold what is new into the serving slot; whoever else does the same meanwhile is no obstacle."""
    for _ in range(TRIES):
        try:
            return catch_up(history(store), serving(store), store.fold, progress=progress)
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
    Begins again when an erasure or another rebuild crosses it. Raises NotPermitted, and MovedOn when that does not end.
    """
    require(store, "rebuild")
    return replayed(store, check=check, progress=progress)


def replayed(store: Store, *, check: bool, progress: Progress | None = None) -> Rebuilt:
    """As `rebuild`, whoever's act it follows from: a change of the policy, a restored database."""
    for _ in range(REBUILDS):
        try:
            return _compared(store, progress) if check else _switched(store, progress)
        except MovedOn:
            continue
    raise MovedOn("erasures or other rebuilds cross this one again and again")


def _switched(store: Store, progress: Progress | None) -> Rebuilt:
    idle, erasures = _empty_idle(store)
    fresh = SealedStates(store.slots, idle, store.keyring, store.random)
    catch_up(history(store), fresh, store.fold, progress=progress)
    with store.lock() as locked:  # nothing is appended and no key destroyed meanwhile: it has passed every act
        reached = catch_up(history(store), fresh, store.fold)
        if locked.keys.number(REMOVALS) != erasures or store.slots.active() == idle:
            raise MovedOn("an erasure or another rebuild crossed this one")
        store.slots.switch(idle)
    return Rebuilt(reached + 1, [], True)


def _compared(store: Store, progress: Progress | None) -> Rebuilt:
    catch_up_to_head(store)
    idle, erasures = _empty_idle(store)
    fresh = SealedStates(store.slots, idle, store.keyring, store.random)
    for _ in range(TRIES):
        live = serving(store)
        mark = store.slots.mark(live.name)
        if live.name == idle:
            break
        through = catch_up(
            history(store),
            fresh,
            store.fold,
            through=mark.checkpoint,
            progress=progress,
        )
        differences = list(_differences(live, fresh))
        if not differences or store.slots.mark(live.name) == mark:  # else others moved what serves: go after it
            if _empty_idle(store)[1] != erasures and differences:
                break
            return Rebuilt(through + 1, differences, False)
    raise MovedOn("an erasure or another rebuild crossed this one")


def _empty_idle(store: Store) -> tuple[str, int]:
    """The slot that does not serve, and the count of erasures. The lock keeps a switch from coming between."""
    with store.lock() as locked:
        idle = "b" if store.slots.active() == "a" else "a"
        store.slots.clear(idle)
        return idle, locked.keys.number(REMOVALS)


def _differences(live: SealedStates, fresh: SealedStates) -> Iterator[Difference]:
    for one, other in zip_longest(states_in(live), states_in(fresh)):
        if one != other:
            yield Difference("state", (one or other or (b"",))[0].hex())
    ours, theirs = live.shared(), fresh.shared()
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name) != theirs.get(name):
            yield Difference(name.partition("/")[0], name)


def states_in(states: SealedStates) -> Iterator[tuple[bytes, bytes]]:
    """Every state of a slot by its subject, ascending."""
    read, after = states.scan(), b""
    while rows := read(after):
        yield from rows
        after = rows[-1][0]


def new_statistics_key(store: Store) -> int:
    """Whatever is shared is sealed under this one from now on; returns its serial."""
    with store.lock() as locked:  # or a rotation could pass it by
        return store.keyring.new_secret(locked.keys, STATISTICS, store.random(32))


def destroy_statistics_keys(store: Store, *, before: int) -> None:
    """Seal statistics and models anew and destroy the older keys: old pages minus new would be a person.

    Comes after the person's keys are destroyed: a rebuild that read them cannot be switched to any more.
    """
    for _ in range(TRIES):
        try:
            serving(store).reseal()
            break
        except MovedOn:
            continue
    else:
        raise MovedOn("the projections are moved by others faster than this process can follow")
    _empty_idle(store)  # a rebuild in progress starts again
    with store.keyring.database.writing() as rows:
        rows.drop_secrets(STATISTICS, before=before)
