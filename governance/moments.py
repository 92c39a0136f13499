"""Points of the log that an auditor can name: a position, a tree head that was kept, a time."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from domain.clock import day_name, day_of, rfc3339
from domain.errors import BadInput, Damaged
from domain.events import Micros
from domain.proofs import frontier_at
from governance.publishing import Rollback
from governance.sealing import open_body
from governance.signing import open_tree_head
from governance.store import Store

CHUNK = 2000


class Point(NamedTuple):
    """The last position that counts, and how it was asked for."""

    position: int
    text: str


def at_position(store: Store, position: int) -> Point:
    """Raises BadInput for one that the log does not have."""
    size = store.log.head().size
    if not 0 <= position < size:
        raise BadInput("command", "--as-of", f"a position from 0 to {size - 1}")
    return Point(position, str(position))


def at_tree_head(store: Store, note: str) -> Point:
    """The end of the log when a tree head was signed.

    Raises BadNote for what is none, BadSignature unless the log signed it, and Rollback where the log does not begin
    with the tree that it vouches for.
    """
    head = open_tree_head(note, store.vkey)
    size = store.log.head().size
    if head.size > size:
        raise Rollback("the log is shorter than a tree head that it signed", size)
    if frontier_at(head.size, store.log).root() != head.root:
        raise Rollback("the log does not begin with the tree that it signed", head.size)
    if head.size == 0:
        raise BadInput("command", "--as-of", "a tree head of at least one entry")
    return Point(head.size - 1, f"tree head {head.size}")


def at_time(store: Store, time: Micros) -> Point:
    """The last entry that was in by a time: by its day, and on that day by when the next ones were received.

    Entries tell the day alone; the rest is in the bodies that still open. Raises BadInput for a time before the log.
    """
    positions = range(store.log.head().size)

    first, end = (search(positions, day_of(time), key=partial(day_at, store)) for search in (bisect_left, bisect_right))
    last = next((at for at, received in _received(store, first, end) if received > time), end) - 1
    if last < 0:
        raise BadInput("command", "--as-of", f"a time from {day_name(day_at(store, 0))} on")
    return Point(last, rfc3339(time))


def day_at(store: Store, position: int) -> int:
    """The day of an entry. Raises Damaged where there is none."""
    found = store.log.contents([position])
    if not found:
        raise Damaged("there is no entry", position)
    return found[0].day


def _received(store: Store, first: int, end: int) -> Iterator[tuple[int, Micros]]:
    """Positions from `first` to before `end` whose bodies open, and when the last of their events was received."""
    for start in range(first, end, CHUNK):
        stored = store.log.read(after=start - 1, limit=min(CHUNK, end - start))
        keys = store.keyring.find({one.key_id for one in stored if one.key_id is not None and one.sealed is not None})
        for one in stored:
            key = keys.get(one.key_id or b"")
            if key is not None and one.sealed is not None:
                body = open_body(key, one.entry_id, one.sealed)
                yield one.position, max(body.recorded or body.at)
