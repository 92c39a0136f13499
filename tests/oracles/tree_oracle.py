"""RFC 6962 section 2.1 as its text defines it, recursive and slow; and a store of tiles as a log would keep it."""

from collections.abc import Sequence
from hashlib import sha256

from domain.tree import Tile

Leaves = Sequence[bytes]  # leaf hashes


def mth(leaves: Leaves) -> bytes:
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = _split(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: Leaves) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = _split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def proof(m: int, leaves: Leaves) -> list[bytes]:
    return _subproof(m, leaves, complete=True)


def _subproof(m: int, leaves: Leaves, *, complete: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if complete else [mth(leaves)]
    k = _split(len(leaves))
    if m <= k:
        return [*_subproof(m, leaves[:k], complete=complete), mth(leaves[k:])]
    return [*_subproof(m - k, leaves[k:], complete=False), mth(leaves[:k])]


def _split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def tile_of(level: int, index: int, leaves: Leaves) -> bytes:
    """C2SP tlog-tiles: hash i of tile (l, n) is MTH(D[(n*256+i) * 256^l : (n*256+i+1) * 256^l])."""
    span = 256**level
    starts = range(index * 256 * span, (index + 1) * 256 * span, span)
    return b"".join(mth(leaves[start : start + span]) for start in starts if start + span <= len(leaves))


class StoredTiles:
    """Full tiles and leaf hashes: what a log keeps. The edge above level 0 comes from the roots of full tiles."""

    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.tiles: dict[tuple[int, int], Tile] = {}
        self.reads = 0

    def insert(self, leaves: Leaves, tiles: Sequence[Tile]) -> None:
        self.leaves += leaves
        for tile in tiles:
            assert (tile.level, tile.number) not in self.tiles
            self.tiles[tile.level, tile.number] = tile

    def tile(self, level: int, number: int) -> bytes:
        self.reads += 1
        if (level, number) in self.tiles:
            return self.tiles[level, number].hashes
        if level == 0:
            return b"".join(self.leaves[number * 256 : (number + 1) * 256])
        below = ((level - 1, place) for place in range(number * 256, (number + 1) * 256))
        return b"".join(self.tiles[key].root for key in below if key in self.tiles)
