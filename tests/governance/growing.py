"""A log in memory that only grows: what publishing reads, without a database."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from adapters.keys.mirror import FileMirror
from adapters.site import StaticSite
from domain.log import Entry, Head, leaf
from domain.tree import Frontier, grown, leaf_hashes
from governance.signing import Signer, generate, signer
from tests.oracles.tree_oracle import StoredTiles

NAME = "example.com/log"


def growing(size: int = 0, *, key: Signer | None = None) -> Any:
    """A log of this size; as much of `domain.log.Log` as publishing asks for."""
    return _Growing(key or signer(generate(NAME, b"\1" * 32))).grow(size)


class _Growing(StoredTiles):
    """Entries, tiles and head."""

    def __init__(self, key: Signer) -> None:
        super().__init__()
        self.rows: list[Entry] = []
        self.frontier = Frontier()
        self._key = key

    def grow(self, size: int, *, story: str = "true") -> "_Growing":
        missing = range(len(self.rows), size)
        new = [Entry(at, at.to_bytes(16, "big"), 1, act=story, actor=b"", fields="{}") for at in missing]
        hashes = leaf_hashes(map(leaf, new))
        self.frontier, tiles = grown(self.frontier, hashes, self)
        self.insert(hashes, tiles)
        self.rows += new
        return self

    def head(self) -> Head:
        size, root = self.frontier.size, self.frontier.root()
        return Head(self.frontier, self._key.sign_tree_head(NAME, size, root))

    def entries(self, *, after: int, limit: int) -> Sequence[Entry]:
        return self.rows[after + 1 : after + 1 + limit]


def mirror_in(place: Path, *, clock: Callable[[], int] = lambda: 0, site: StaticSite | None = None) -> FileMirror:
    """With a directory that is published beside it."""
    return FileMirror(place / "mirror", site=site or StaticSite(place / "site"), clock=clock)
