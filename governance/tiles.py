"""The stored tiles, from which proofs are made, against the tree that the entries make."""

from collections.abc import Sequence

from domain.log import Log
from domain.tree import TILE_WIDTH, Frontier, Tile, grown
from governance.findings import Finding


class TileCheck:
    """Follows the log from its start, in runs of whole tiles; remembers one hash a tile."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._rows: dict[int, list[bytes]] = {}  # by level, from 1: the roots of the tiles below
        self._wrong: list[tuple[int, int]] = []  # (level, number)

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

    def findings(self) -> list[Finding]:
        """Tiles that are not what their entries make, if the entries are those of the tree."""
        for level, row in self._rows.items():
            number = len(row) // TILE_WIDTH
            edge = self.tile(level, number)
            if self._log.tile(level, number)[: len(edge)] != edge:  # it may have grown meanwhile
                self._wrong.append((level, number))
        return [
            Finding("altered", number * TILE_WIDTH ** (level + 1), "log.tile", "a tile is not what its entries make")
            for level, number in sorted(set(self._wrong))
        ]

    def _compare(self, one: Tile) -> None:
        if self._log.tile(one.level, one.number) != one.hashes:
            self._wrong.append((one.level, one.number))
