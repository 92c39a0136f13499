"""Which column of a row was changed: the one whose older value, where it can be known, makes the row its leaf again."""

from collections.abc import Iterator
from hashlib import sha256

from domain.leaves import CONTENT_BYTES
from domain.log import Entry, Log, leaf
from domain.tree import HASH_BYTES, TILE_WIDTH, leaf_hash
from domain.vocabulary import FORMS, NotAnAct, read_act

DAYS = 1000  # before and after
NEIGHBOURS = 200
MOST = 10  # rows that are looked at so closely

ROW = "log.entry"


def blame(log: Log, entry: Entry) -> tuple[str, str]:
    """Table and column, and what is wrong, of a row that does not hash to what stands beside it.

    Days are tried out, contents by the body, keys and actors by the rows nearby; what stays is the row as a whole.
    """
    if not is_fit(entry):
        return ROW, "the row holds what no entry can"
    number, place = divmod(entry.position, TILE_WIDTH)
    full = log.tile(0, number)
    in_tree = full[place * HASH_BYTES : (place + 1) * HASH_BYTES]
    if in_tree == hash_of(entry):
        return f"{ROW}.hash", "the stored hash is not that of the row, which is in the tree"
    true = {entry.hash, in_tree}
    for column, other in _others(log, entry):
        if hash_of(other) in true:
            return f"{ROW}.{column}", "the value is not the one that was hashed when appended"
    if entry.act is not None and not _is_act(entry):
        return f"{ROW}.fields", "the act is not the one that was hashed when appended"
    return ROW, "the row is not the one that was hashed when appended"


def hash_of(entry: Entry) -> bytes:
    """Of its leaf; zeros for a row that holds what no entry can."""
    try:
        return leaf_hash(leaf(entry))
    except (ArithmeticError, AttributeError, TypeError, ValueError):
        return bytes(HASH_BYTES)


def is_fit(entry: Entry) -> bool:
    """Whether every column holds what its type says: SQLite keeps anything anywhere."""
    texts, blobs = (entry.act, entry.fields), (entry.key_id, entry.content, entry.actor)
    return (
        type(entry.day) is int
        and type(entry.entry_id) is bytes
        and all(one is None or type(one) is str for one in texts)
        and all(one is None or type(one) is bytes for one in blobs)
        and (entry.key_id is None) == (entry.content is None) == (entry.act is not None)
        and (entry.content is None or len(entry.content) == CONTENT_BYTES)
    )


def _others(log: Log, entry: Entry) -> Iterator[tuple[str, Entry]]:
    """The row with one column changed."""
    nearby = log.entries(after=max(entry.position - NEIGHBOURS, 0) - 1, limit=2 * NEIGHBOURS)
    for _, sealed in log.bodies(after=entry.position - 1, limit=1):
        yield "content", entry._replace(content=sha256(sealed).digest())
    for other in nearby:
        yield "position", entry._replace(position=other.position)
    for name in FORMS:
        yield "act", entry._replace(act=name)
    for key in {other.key_id for other in nearby}:
        yield "key_id", entry._replace(key_id=key)
    for actor in {other.actor for other in nearby}:
        yield "actor", entry._replace(actor=actor)
    for day in range(max(entry.day - DAYS, 0), entry.day + DAYS):
        yield "day", entry._replace(day=day)


def _is_act(entry: Entry) -> bool:
    try:
        read_act(entry.act or "", entry.fields or "")
    except NotAnAct:
        return False
    return True
