"""Entries read back from the bytes of their leaves, strictly: the inverse of `domain.log.leaf`, and no other form."""

import re
from binascii import unhexlify
from collections.abc import Collection, Sequence
from datetime import date
from typing import Final, NamedTuple

from domain.clock import EPOCH_ORDINAL
from domain.errors import LetheError
from domain.log import Entry, leaf

KEY_BYTES: Final = 16
CONTENT_BYTES: Final = 32

_DATA_MARK = b'{"c":'
_DATA = re.compile(
    rb'\{"c":"([0-9a-f]{64})","day":"([0-9-]{10})","id":"([0-9a-f]{32})","k":"([0-9a-f]{32})",'
    rb'"seq":(0|[1-9][0-9]{0,18}),"t":"d","v":1\}'
)
_BLANK = bytes.maketrans(b"123456789abcdef", b"0" * 15)
_LETTERS = (2, 73, 74, 93, 172, -9, -2)  # places outside of values where a digit could stand for another one
_ACT = re.compile(
    rb'\{"act":"([a-z_]{1,40})","b":(\{.*\}),"by":"([0-9a-f]{32})","day":"([0-9-]{10})","id":"([0-9a-f]{32})",'
    rb'"seq":(0|[1-9][0-9]{0,18}),"t":"g","v":1\}'
)


class BadLeaf(LetheError):
    """The bytes are not those of an entry of this log at this position."""


class Stretch(NamedTuple):
    """Neighbouring entries, column by column: what an audit follows."""

    first: int  # position
    keys: Sequence[bytes | None]  # of data entries; an act has none
    contents: bytes  # of the data entries alone, joined
    acts: Sequence[Entry]
    unread: Sequence[tuple[int, str]] = ()  # (position, why) of what is no entry, and has no key either


def stretch_of(entries: Sequence[Entry]) -> Stretch:
    """Entries that are rows already; there is at least one."""
    contents = b"".join([one.content or b"" for one in entries if one.key_id is not None])
    acts = [one for one in entries if one.act is not None]
    return Stretch(entries[0].position, [one.key_id for one in entries], contents, acts)


def read_leaves(leaves: Sequence[bytes], first: int) -> Stretch:
    """The entries of neighbouring leaves; what is none is named, not raised."""
    if (all_data := _columns(leaves, range(first, first + len(leaves)))) is not None:
        return Stretch(first, *all_data, [])
    places = [place for place, one in enumerate(leaves) if one.startswith(_DATA_MARK)]
    data = _columns([leaves[place] for place in places], [first + place for place in places])
    if data is None:
        return _one_by_one(leaves, first)
    keys: list[bytes | None] = [None] * len(leaves)
    for place, key in zip(places, data[0], strict=True):
        keys[place] = key
    rest = _one_by_one(leaves, first, but=set(places))
    return Stretch(first, keys, data[1], rest.acts, rest.unread)


def read_leaf(leaf_bytes: bytes, position: int) -> Entry:
    """The entry at this position; what an act says is for `domain.vocabulary`. Raises BadLeaf."""
    if data := _DATA.fullmatch(leaf_bytes):
        content, day, entry_id, key_id, seq = data.groups()
        found = Entry(int(seq), unhexlify(entry_id), _day(day), unhexlify(key_id), unhexlify(content))
    elif act := _ACT.fullmatch(leaf_bytes):
        name, fields, actor, day, entry_id, seq = act.groups()
        found = Entry(
            int(seq), unhexlify(entry_id), _day(day), act=name.decode(), actor=unhexlify(actor), fields=_text(fields)
        )
    else:
        raise BadLeaf("the entry is not of this log's format")
    if found.position != position:
        raise BadLeaf(f"the entry says that it is at position {found.position}")
    if leaf(found) != leaf_bytes:
        raise BadLeaf("the entry is not in its canonical form")
    return found


def _one_by_one(leaves: Sequence[bytes], first: int, but: Collection[int] = ()) -> Stretch:
    entries, unread = [], []
    for place, one in enumerate(leaves):
        try:
            entries.append(Entry(first + place, b"", 0) if place in but else read_leaf(one, first + place))
        except BadLeaf as error:
            unread.append((first + place, str(error)))
            entries.append(Entry(first + place, b"", 0))
    return stretch_of(entries)._replace(unread=unread)


def _columns(leaves: Sequence[bytes], positions: Sequence[int]) -> tuple[list[bytes | None], bytes] | None:
    """Keys, and contents joined, of data entries of one length; None where they are to be looked at one by one.

    The hot path of an audit. With every hexadecimal digit made a zero, such leaves are copies of one; what differs
    between digits is compared down the columns.
    """
    if not leaves:
        return [], b""
    if not leaves[0].startswith(_DATA_MARK):
        return None
    joined, length = b"".join(leaves), len(leaves[0])
    pattern = leaf(Entry(positions[0], bytes(16), 0, bytes(KEY_BYTES), bytes(CONTENT_BYTES)))
    if len(pattern) != length or joined.translate(_BLANK) != pattern.translate(_BLANK) * len(leaves):
        return None
    places = [at % length for at in _LETTERS]
    if any(joined[at::length] != pattern[at : at + 1] * len(leaves) for at in places):
        return None
    if b",".join([one[176:-15] for one in leaves]) != b",".join([b"%d"] * len(leaves)) % (*positions,):
        return None
    is_one_day = all(joined[at::length] == joined[at : at + 1] * len(leaves) for at in range(79, 89))
    if not all(map(_is_day, [joined[79:89]] if is_one_day else {one[79:89] for one in leaves})):
        return None
    digits = unhexlify(b"".join([one[136:168] for one in leaves]))
    keys: list[bytes | None] = [digits[at : at + KEY_BYTES] for at in range(0, len(digits), KEY_BYTES)]
    return keys, unhexlify(b"".join([one[6:70] for one in leaves]))


def _day(text: bytes) -> int:
    try:
        return date.fromisoformat(text.decode()).toordinal() - EPOCH_ORDINAL
    except ValueError:
        raise BadLeaf("the entry has no date") from None


def _is_day(text: bytes) -> bool:
    try:
        _day(text)
    except BadLeaf:
        return False
    return True


def _text(fields: bytes) -> str:
    try:
        return fields.decode()
    except UnicodeDecodeError:
        raise BadLeaf("the entry is not UTF-8") from None
