"""The log as static files that any web server shows and foreign clients read (C2SP tlog-tiles).

Order: tiles and entry bundles, durable -> the checkpoint, at once. A crash anywhere leaves the directory at the head
that it showed before; whatever was written by then is found and stays.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Final, Protocol

from domain.errors import Damaged
from domain.log import Head, Log, leaf
from domain.note import BadNote, parse_note
from domain.proofs import BadProof, consistency_proof, frontier_at, verify_consistency
from domain.tlog_tiles import ENTRIES, TileName, print_bundle
from domain.tree import TILE_HEIGHT, TILE_WIDTH, Frontier, grown, leaf_hashes, read_tile, split_hashes
from domain.treehead import TreeHead, parse_tree_head
from governance.publishing import Heads, HighWater, Rollback, Vouchers, publish, require_extends
from governance.roles import require
from governance.signing_chain import open_handover
from governance.store import Store
from governance.witnessing import with_cosignatures

CHECKPOINT: Final = "checkpoint"
CHUNK: Final = 20 * TILE_WIDTH

Files = Iterable[tuple[str, bytes]]


class Site(Protocol):
    """A directory of files, named by paths below it. Raises Unavailable where it cannot be written."""

    def alone(self) -> AbstractContextManager[None]:
        """Nobody else writes to the directory meanwhile."""
        ...

    def read(self, path: str) -> bytes | None: ...

    def add(self, files: Files) -> None:
        """Whole files, durable when this returns. Raises Rollback for a path that holds something else."""
        ...

    def replace(self, path: str, content: bytes) -> None:
        """At once and durably."""
        ...

    def drop(self, directory: str) -> None:
        """With all that is in it. One that is not there is no error."""
        ...


class Evidence(Heads, Vouchers, Protocol):
    """What was given out before, and what others said of it."""


def publish_to(store: Store, site: Site) -> HighWater:
    """Bring a directory to the newest head; returns what it shows. Raises NotPermitted, Rollback, Damaged."""
    require(store, "audit")
    show(site, store.log, store.mirror, publish(store.log, store.mirror))
    shown = _shown(site)
    assert shown is not None
    return HighWater(shown.size, shown.root, (site.read(CHECKPOINT) or b"").decode())


def show(site: Site, log: Log, evidence: Evidence, head: Head) -> None:
    """Bring a directory to a head that was given out, if it does not show a newer one.

    Raises Rollback when the directory shows another log, or the head was never given out, and Damaged, before anything
    wrong is written, for entries that are not those of the signed head.
    """
    last = evidence.high_water()
    if last is None or last.size < head.size:
        raise Rollback("a tree head that was not given out is not shown", head.size)
    with site.alone():
        shown = _shown(site)
        if shown is not None:
            if parse_tree_head(parse_note(head.note).text).origin != shown.origin:
                raise Rollback("the published directory shows another log")
            require_extends(log.head(), HighWater(shown.size, shown.root, ""), log)
            if shown.size > head.size:
                return
        after = 0 if shown is None else shown.size
        if after < head.size:
            _add(site, log, after, head)
        site.add((f"handovers/{open_handover(one).position}.tlog-proof", one.encode()) for one in evidence.handovers())
        note = with_cosignatures(head.note, evidence.cosigned()).encode()
        if site.read(CHECKPOINT) != note:
            site.replace(CHECKPOINT, note)


def _shown(site: Site) -> TreeHead | None:
    content = site.read(CHECKPOINT)
    try:
        return None if content is None else parse_tree_head(parse_note(content.decode()).text)
    except (BadNote, UnicodeDecodeError):
        raise Rollback("the published directory has a checkpoint that is none") from None


def _add(site: Site, log: Log, after: int, head: Head) -> None:
    start = after - after % TILE_WIDTH
    tree = frontier_at(start, log)
    rest: list[bytes] = []
    while tree.size < head.size:
        entries = _entries(log, tree.size, min(CHUNK, head.size - tree.size))
        hashes = leaf_hashes(entries)
        first, (tree, tiles) = tree.size, grown(tree, hashes, log)
        _require_beginning(log, tree, head)
        bundles = _bundles(first, entries)
        full = [TileName(one.level, one.number) for one in tiles]
        for one in tiles:
            if Frontier().extended(split_hashes(one.hashes)).root() != one.root:
                raise Damaged("a hash tile is not what its entries make", one.number << TILE_HEIGHT * (one.level + 1))
        site.add([*bundles, *((name.path, one.hashes) for name, one in zip(full, tiles, strict=True))])
        rest = hashes[len(hashes) - head.size % TILE_WIDTH :] if tree.size == head.size else []
        for name in full:  # whoever reads by an older checkpoint finds the full one in place of them
            site.drop(f"{name.path}.p")
            if name.level == 0:
                site.drop(f"{TileName(ENTRIES, name.number).path}.p")
    site.add(_partial(log, head, b"".join(rest)).items())


def _entries(log: Log, first: int, count: int) -> list[bytes]:
    found = log.entries(after=first - 1, limit=count)
    if [one.position for one in found] != list(range(first, first + count)):
        raise Damaged("the log lacks an entry from this on", first)
    return [leaf(one) for one in found]


def _bundles(first: int, entries: list[bytes]) -> Iterator[tuple[str, bytes]]:
    for start in range(0, len(entries), TILE_WIDTH):
        some = entries[start : start + TILE_WIDTH]
        yield TileName(ENTRIES, (first + start) // TILE_WIDTH, len(some)).path, print_bundle(some)


def _require_beginning(log: Log, tree: Frontier, head: Head) -> None:
    proof = consistency_proof(tree.size, head.size, log)
    try:
        verify_consistency(tree.size, head.size, proof, tree.root(), head.frontier.root())
    except BadProof:
        raise Damaged("the entries up to here are not those of the signed tree head", tree.size) from None


def _partial(log: Log, head: Head, leaves: bytes) -> dict[str, bytes]:
    """The tiles of the right edge: together they are the compact range, so that the root proves every one."""
    edge = _Edge(leaves)
    level = 0
    while hashes := head.size >> (TILE_HEIGHT * level):
        number, width = divmod(hashes, TILE_WIDTH)
        if width:
            edge.add(level, number, leaves if level == 0 else read_tile(log, level, number, width))
        level += 1
    if frontier_at(head.size, edge).root() != head.frontier.root():
        raise Damaged("a hash tile at the edge of the log is not what its entries make", head.size)
    return edge.files


class _Edge:
    """The partial tiles of one tree."""

    def __init__(self, leaves: bytes) -> None:
        self.files: dict[str, bytes] = {}
        self._tiles: dict[tuple[int, int], bytes] = {}

    def add(self, level: int, number: int, hashes: bytes) -> None:
        self._tiles[level, number] = hashes
        self.files[TileName(level, number, len(hashes) // 32).path] = hashes

    def tile(self, level: int, number: int) -> bytes:
        return self._tiles.get((level, number), b"")
