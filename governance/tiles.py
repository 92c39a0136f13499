"""The stored tiles, from which proofs are made, against the tree that the entries make."""

from collections.abc import Sequence
from itertools import zip_longest

from domain.tlog_tiles import TileName
from domain.tree import HASH_BYTES, TILE_WIDTH, Frontier, Tile, TileSource, grown, split_hashes
from governance.findings import Report


class TileCheck:
    """Follows the log from its start, in runs of whole tiles; remembers one hash a tile."""

    def __init__(self, source: TileSource) -> None:
        self._source = source
        self._rows: dict[int, list[bytes]] = {}  # by level, from 1: the roots of the tiles below
        self.wrong: list[TileName] = []
        """Those that are not what their entries make, if the entries are those of the tree."""
        self.roots: list[TileName] = []
        """Full tiles whose root is another one in what is not full above them."""

    def tile(self, level: int, number: int) -> bytes:
        """As `domain.tree.TileSource` says, of the tree so far; level 0 is never asked for."""
        return b"".join(self._rows.get(level, [])[number * TILE_WIDTH : (number + 1) * TILE_WIDTH])

    def extended(self, tree: Frontier, hashes: Sequence[bytes]) -> Frontier:
        """The frontier with these leaves; the tiles that they complete are compared."""
        after, tiles = grown(tree, hashes, self)
        for one in tiles:
            self._rows.setdefault(one.level + 1, []).append(one.root)
            self._compare(one)
        return after

    def finish(self) -> None:
        """Compare what is not full, above the leaves."""
        for level, row in self._rows.items():
            number, width = divmod(len(row), TILE_WIDTH)
            edge = split_hashes(self.tile(level, number))
            stored = split_hashes(self._source.tile(level, number)[: width * HASH_BYTES])  # it may have grown meanwhile
            if edge != stored:
                self.wrong.append(TileName(level, number, width))
                places = [at for at, (one, other) in enumerate(zip_longest(edge, stored)) if one != other]
                self.roots += [TileName(level - 1, number * TILE_WIDTH + place) for place in places]

    def findings(self, report: Report) -> None:
        """For a live store: a row holds a full tile and its root; what is not full is made of roots."""
        full = [name for name in self.wrong if name.width == TILE_WIDTH]
        for column, names in (("hashes", full), ("root", self.roots)):
            for name in sorted(set(names)):
                reason = f"tile {name.level}/{name.number} is not what its entries make"
                report.add("altered", name.first, f"log.tile.{column}", reason)

    def _compare(self, one: Tile) -> None:
        if self._source.tile(one.level, one.number) != one.hashes:
            self.wrong.append(TileName(one.level, one.number))
