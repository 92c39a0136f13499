"""Everybody who lives in the store, a few at a time: for reports that ask about all of them."""

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

from domain.errors import MovedOn
from domain.events import Event
from governance.keyrows import KeyRow
from governance.projecting import catch_up_to_head, serving
from governance.sealing import open_body
from governance.store import Store
from projections import state as states
from projections.state import State

AT_ONCE = 200


class Living(NamedTuple):
    """A subject; one that another absorbed has a stub for a state, and that one's id as its root."""

    subject: bytes
    root: bytes
    state: State


def living(store: Store) -> Iterator[list[Living]]:
    """Every subject that has a state, a chunk at a time. Raises MovedOn when a rebuild takes the states away."""
    catch_up_to_head(store)
    slot = serving(store)
    read, after = slot.scan(AT_ONCE), b""
    while rows := read(after):
        after = rows[-1][0]
        with store.keyring.database.reading() as keyring:
            roots = keyring.roots({subject for subject, _ in rows})
        yield [Living(one, roots.get(one, one), states.decode(plain)) for one, plain in rows if plain]
    if store.slots.active() != slot.name:
        raise MovedOn("the projections were rebuilt meanwhile; ask again")


def events_of(
    store: Store, subjects: Collection[bytes], wanted: Callable[[KeyRow], bool]
) -> Iterator[tuple[bytes, Event]]:
    """The events of some subjects, each with its own, that lie under the wanted keys."""
    with store.keyring.database.reading() as rows:
        keys = {row.key_id: row.subject for row in rows.keys_of(subjects) if wanted(row)}
        handles = [row.handle for row in rows.subjects(set(keys.values())).values()]
    positions = store.log.positions(handles)
    theirs = [one.position for one in store.log.contents(positions) if one.key_id in keys]
    opened = store.keyring.find(keys)
    for one in store.log.at(theirs):
        key = opened.get(one.key_id or b"")
        if key is not None and one.sealed is not None:
            yield from ((key.subject, event) for event in open_body(key, one.entry_id, one.sealed).events)
