"""The log: numbered entries, each a Merkle leaf; the ports through which it is written and read."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from domain.clock import day_name
from domain.tree import Frontier, Tile


class Entry(NamedTuple):
    """One row of the log: a data entry (key_id, content) or an act (act, actor, fields)."""

    position: int
    entry_id: bytes  # 16 random bytes
    day: int  # receipt, in days since 1970-01-01
    key_id: bytes | None = None
    content: bytes | None = None  # SHA-256 of the sealed body
    act: str | None = None
    actor: bytes | None = None
    fields: str | None = None  # canonical JSON
    hash: bytes | None = None  # of its leaf, as computed when it was appended


class Stored(NamedTuple):
    """What replay needs of an entry: its key and body, or its act."""

    position: int
    entry_id: bytes
    key_id: bytes | None
    sealed: bytes | None  # None: purged, or an act
    act: str | None
    fields: str | None


class Head(NamedTuple):
    """The newest position and the tree over everything up to it."""

    frontier: Frontier
    note: str  # the signed tree head; empty before genesis

    @property
    def size(self) -> int:
        return self.frontier.size


def leaf(entry: Entry) -> bytes:
    """The bytes of an entry's Merkle leaf: a pure function of its row (RFC 8785 JSON, v 1)."""
    day, entry_id = day_name(entry.day), entry.entry_id.hex()
    if entry.key_id is not None and entry.content is not None:
        return (
            f'{{"c":"{entry.content.hex()}","day":"{day}","id":"{entry_id}",'
            f'"k":"{entry.key_id.hex()}","seq":{entry.position},"t":"d","v":1}}'
        ).encode()
    actor = (entry.actor or b"").hex()
    return (
        f'{{"act":"{entry.act}","b":{entry.fields},"by":"{actor}","day":"{day}","id":"{entry_id}",'
        f'"seq":{entry.position},"t":"g","v":1}}'
    ).encode()


class Append(NamedTuple):
    """Everything one append writes, ready to be inserted."""

    entries: Sequence[Entry]
    bodies: Sequence[tuple[int, bytes]]  # (position, nonce ‖ ciphertext ‖ tag)
    streams: Sequence[tuple[int, int, bytes]]  # (a subject's stream, position, digests of message ids)
    tiles: Sequence[Tile]
    head: Head


class LockedLog(Protocol):
    """The log under the append lock: what is read here is the newest, and nobody else writes."""

    def head(self) -> Head: ...

    def seen(self, streams: Collection[int]) -> dict[int, bytes]:
        """The digests of every message id in each stream, joined."""
        ...

    def insert(self, append: Append) -> None: ...

    def purge(self, streams: Collection[int], positions: Sequence[int]) -> int:
        """Drop bodies and stream rows; returns how many bodies there were. Twice is not an error.

        Without `streams` the stream rows are looked for in all of them, which takes long.
        """
        ...

    def note_rejections(self, rows: Sequence[tuple[str, int, str, str]]) -> None:
        """Keep (batch, record number, field, reason) of refused records."""
        ...

    def note_progress(self, source: bytes, records: int) -> None:
        """How many records of a source are in; zero forgets the source."""
        ...


class Log(Protocol):
    """The log as readers see it."""

    def head(self) -> Head: ...

    def read(self, *, after: int, limit: int) -> Sequence[Stored]:
        """Entries of positions above `after`, ascending, with their bodies."""
        ...

    def entries(self, *, after: int, limit: int) -> Sequence[Entry]: ...

    def at(self, positions: Collection[int]) -> Sequence[Stored]:
        """The entries of these positions, ascending, with their bodies."""
        ...

    def contents(self, positions: Collection[int]) -> Sequence[Entry]:
        """The entries of these positions, ascending, without bodies."""
        ...

    def positions(self, streams: Collection[int]) -> Sequence[int]:
        """Where the entries of these streams are, ascending."""
        ...

    def acts(self, names: Collection[str], *, mentioning: str = "") -> Sequence[Entry]:
        """Every act of these names, ascending; only those whose fields hold a text when one is given."""
        ...

    def tile(self, level: int, index: int) -> bytes:
        """As `domain.tree.TileSource` says."""
        ...

    def bodies(self, *, after: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """Bodies by position, whether or not an entry is there."""
        ...

    def outside(self, size: int, *, limit: int) -> Sequence[tuple[str, int]]:
        """(table, position) of entries and bodies that lie before 0 or from `size` on; so many of a table at most."""
        ...

    def streams(self, *, after: tuple[int, int] | None, limit: int) -> Sequence[tuple[int, int]]:
        """(stream, position) of every row above `after`, ascending, whether or not an entry is there."""
        ...

    def document(self, digest: str) -> str | None:
        """The text of a policy or notice, by the hash that an act names."""
        ...

    def keep_document(self, digest: str, kind: str, text: str) -> None:
        """Store a text under its hash, before the act that names it; the same text twice is not an error."""
        ...

    def rejections(self, limit: int) -> Sequence[tuple[str, int, str, str]]:
        """(source, record, field, reason) of the records that were refused last."""
        ...

    def progress(self, source: bytes) -> int:
        """How many records of a source are in; zero for one that is unknown or finished."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Rows by table, for status and benchmarks."""
        ...
