"""The log's Merkle tree (RFC 6962 section 2.1): hashes, the compact range an append needs, tiles (C2SP tlog-tiles)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import NamedTuple, Protocol

from domain.errors import Damaged

HASH_BYTES = 32
TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
TILE_BYTES = TILE_WIDTH * HASH_BYTES

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """32 bytes; the prefix 0x00 keeps a leaf from being taken for a node."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """What `leaf_hash` gives for each entry: the hot path of an append."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """32 bytes over two hashes of 32 bytes."""
    return sha256(b"\x01" + left + right).digest()


def parents(hashes: Sequence[bytes]) -> list[bytes]:
    """The row above a row of nodes; an odd last one has no parent yet."""
    nodes = iter(hashes)
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(nodes, nodes, strict=False)]


def fold(peaks: Sequence[bytes]) -> bytes:
    """The root over complete subtrees of falling height, given left to right."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for left in reversed(peaks[:-1]):
        root = node_hash(left, root)
    return root


@dataclass(frozen=True, slots=True)
class Frontier:
    """The compact range of a tree: one hash for each one-bit of its size, tallest subtree first."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def extended(self, leaf_hashes: Sequence[bytes]) -> "Frontier":
        """The frontier once these leaf hashes are appended; this one stays as it is."""
        return _climb(self, leaf_hashes)[0]

    def root(self) -> bytes:
        """The Merkle tree hash of every leaf so far."""
        return fold(self.hashes)

    def to_bytes(self) -> bytes:
        """The stored format: size as 8 bytes big-endian, then the hashes."""
        return self.size.to_bytes(8, "big") + b"".join(self.hashes)

    @staticmethod
    def from_bytes(stored: bytes) -> "Frontier":
        """Raises Damaged when there is not exactly one hash for each one-bit of the size."""
        size = int.from_bytes(stored[:8], "big")
        if len(stored) != 8 + HASH_BYTES * size.bit_count():
            raise Damaged("the compact range of the log has a wrong length")
        return Frontier(size, tuple(split_hashes(stored[8:])))


class Tile(NamedTuple):
    """256 complete neighbours of one tile level, 8192 bytes, and the node above them all."""

    level: int
    number: int  # from the left, within its level
    hashes: bytes
    root: bytes  # hash `number` of the level above


class TileSource(Protocol):
    """Where proofs and the next tiles find the hashes of a tree."""

    def tile(self, level: int, number: int, /) -> bytes:
        """The tile's hashes as far as the tree has grown: 8192 bytes when full, fewer at the right edge, else none.

        At the edge, level 0 holds the last leaf hashes; a higher level the roots of full tiles one level below.
        """
        ...


def grown(frontier: Frontier, leaf_hashes: Sequence[bytes], source: TileSource) -> tuple[Frontier, list[Tile]]:
    """The frontier after an append and the tiles it completes, lowest level first, each level left to right.

    `source` is the tree before the append; it is read only at its edge, once for each level that completes a tile.
    Raises Damaged when it holds fewer hashes than the frontier's size says.
    """
    after, rows = _climb(frontier, leaf_hashes)
    tiles: list[Tile] = []
    for level, (row, roots) in enumerate(pairwise(rows)):
        first, known = divmod(frontier.size >> (TILE_HEIGHT * level), TILE_WIDTH)
        edge = read_tile(source, level, first, known) if known else b""
        hashes = edge + b"".join(row)
        tiles += [
            Tile(level, first + place, hashes[place * TILE_BYTES : (place + 1) * TILE_BYTES], root)
            for place, root in enumerate(roots)
        ]
    return after, tiles


def read_tile(source: TileSource, level: int, number: int, width: int) -> bytes:
    """The first `width` hashes of a tile, joined. Raises Damaged when there are fewer."""
    hashes = source.tile(level, number)[: width * HASH_BYTES]
    if len(hashes) != width * HASH_BYTES:
        raise Damaged(f"hash tile {level}/{number} holds fewer than {width} hashes")
    return hashes


def split_hashes(joined: bytes) -> list[bytes]:
    """The 32-byte hashes that a tile or a compact range joins."""
    return [joined[start : start + HASH_BYTES] for start in range(0, len(joined), HASH_BYTES)]


def _climb(frontier: Frontier, leaf_hashes: Sequence[bytes]) -> tuple[Frontier, list[list[bytes]]]:
    """The next frontier, and the rows of nodes completed on the way at heights 0, 8, 16 and so on."""
    peaks, loose, rows = list(frontier.hashes), [], []
    row, count, height = list(leaf_hashes), frontier.size, 0
    while row:
        if height % TILE_HEIGHT == 0:
            rows.append(row)
        if count & 1:  # a peak of this height waits for its right neighbour
            row = [peaks.pop(), *row]
        if len(row) & 1:
            loose.append(row[-1])
        row = parents(row)
        count >>= 1
        height += 1
    return Frontier(frontier.size + len(leaf_hashes), (*peaks, *reversed(loose))), rows
