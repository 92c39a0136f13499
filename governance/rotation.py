"""Key generations: the living are wrapped anew, and the old one is destroyed with every older copy of the keyring.

Order: a new generation -> keys and secrets wrapped anew in batches -> the act -> other processes let go
-> the old generation is destroyed. Every step can be repeated; what is left of one is found by itself.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from domain.acts import GenerationRotated, parse
from domain.clock import day_name
from domain.log import Entry
from governance.keyring import Keyring
from governance.leases import await_leases
from governance.mirrored import keep
from governance.publishing import publish
from governance.roles import require
from governance.store import Locked, Store, insert_acts, recover_orphans

Say = Callable[[str], None]

ROTATED: Final = "generation_rotated"
BATCH: Final = 2000

SINCE: Final = "rotating_since"
"""The keyring's number: size of the log before the new generation was made."""


class Rotation(NamedTuple):
    """How far a rotation is."""

    status: str  # completed, partial: another process may still have the old generation
    generation: int
    position: int  # of the act
    keys: int  # wrapped anew, before the last under the append lock


def rotate(store: Store, *, wait_seconds: float = 10, say: Say = lambda _: None) -> Rotation:
    """Replace the key generation, or go on where an earlier try was interrupted.

    Copies of the keyring from before open nothing afterwards. Raises NotPermitted.
    """
    require(store, "keys")
    keys = store.keyring.key_store
    if len(keys.generations()) == 1:
        with store.lock() as locked:
            locked.keys.set_number(SINCE, locked.log.head().size)  # First: whoever is erased later is not covered.
        say("generation")
        keys.create_generation()
    new = keys.current()
    say("keys")
    rewrapped = _rewrap(store, new)
    say("record")
    position = _record(store, new)
    say("processes")
    waiting = await_leases(store, wait_seconds=wait_seconds)
    if not waiting:
        say("destroy")
        _destroy(store, new)
    return Rotation("partial" if waiting else "completed", new, position, rewrapped)


def status(store: Store) -> dict[str, Any]:
    """Generations, what is wrapped under each, and how old that is. Raises NotPermitted."""
    require(store, "keys")
    generations = store.keyring.key_store.generations()
    with store.keyring.database.reading() as rows:
        counts, secrets = rows.key_counts(), rows.every_secret()
    days = {entry.position: entry.day for entry in store.log.contents({one.oldest for one in counts})}
    return {
        "generation": generations[-1],
        "pending_destruction": list(generations[:-1]),
        "keys": [
            {"generation": one.generation, "class": one.klass, "keys": one.keys, "oldest": day_name(days[one.oldest])}
            for one in counts
            if one.oldest in days
        ],
        "secrets": len(secrets),
        "rotations": [
            {"position": entry.position, "day": day_name(entry.day), "old": act.old, "new": act.new}
            for entry, act in rotations(store)
        ],
    }


def rotations(store: Store) -> list[tuple[Entry, GenerationRotated]]:
    """Every act of a rotation, ascending."""
    found = [(entry, parse(ROTATED, entry.fields or "")) for entry in store.log.acts([ROTATED])]
    return [(entry, act) for entry, act in found if isinstance(act, GenerationRotated)]


def beyond_backups(store: Store, position: int) -> Entry | None:
    """The act by which copies of the keyring from before this position of the log ceased to open anything.

    None while there is none, or while a generation of before is still to be destroyed.
    """
    oldest = store.keyring.key_store.generations()[0]
    return next((entry for entry, act in rotations(store) if act.since > position and act.new <= oldest), None)


def _rewrap(store: Store, new: int) -> int:
    after, rewrapped = None, 0
    while True:
        with store.keyring.database.writing() as rows:
            found = rows.keys_after(after, limit=BATCH)
            old = [row for row in found if row.generation < new]
            rows.rewrap_keys(store.keyring.rewrapped(old, new))
        if not found:
            return rewrapped
        after, rewrapped = found[-1].key_id, rewrapped + len(old)


def _rewrap_rest(keyring: Keyring, locked: Locked, new: int) -> None:
    """What was wrapped meanwhile by who took the append lock before the new generation was there, and the secrets."""
    while old := locked.keys.keys_below(new, limit=BATCH):
        locked.keys.rewrap_keys(keyring.rewrapped(old, new))
    secrets = [row for row in locked.keys.every_secret() if row.generation < new]
    locked.keys.rewrap_secrets(keyring.rewrapped_secrets(secrets, new))


def _record(store: Store, new: int) -> int:
    """The act, once nothing is wrapped under an older generation; returns its position."""
    with store.lock() as locked:
        recover_orphans(locked.keys, locked.log.head().size)
        _rewrap_rest(store.keyring, locked, new)
        if all(act.new != new for _, act in rotations(store)):
            old = store.keyring.key_store.generations()[0]
            act = GenerationRotated(old=old, new=new, since=locked.keys.number(SINCE))
            insert_acts(store, locked, [(ROTATED, act)])
        locked.keys.set_number("changes", locked.keys.number("changes") + 1)
    publish(store.log, store.mirror)
    entry = next(entry for entry, act in rotations(store) if act.new == new)
    keep(store.mirror, [entry])
    return entry.position


def _destroy(store: Store, new: int) -> None:
    with store.lock() as locked:  # nobody mints meanwhile
        _rewrap_rest(store.keyring, locked, new)
    for one in store.keyring.key_store.generations():
        if one < new:
            store.keyring.key_store.destroy_generation(one)
    store.keyring.forget()
