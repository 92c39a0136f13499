"""A bundle on disk: a plain tlog-tiles directory, and beside it the sealed bodies and the texts that acts name.

    checkpoint            the signed tree head
    tile/<L>/<N>          hash tiles              tile/entries/<N>      entry bundles      (C2SP tlog-tiles)
    bodies/<N>            one pack an entry bundle (`domain.packs`)
    documents/<sha256>    policies and notices    manifest.json         what this is, for people
    handovers/<position>.tlog-proof               how the signing key changed (`governance.signing_chain`)
    cosigned              the newest tree head that witnesses cosigned

Nothing here is trusted: every file is compared with what the tree says.
"""

import os
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from stat import S_ISREG
from typing import Final

from domain.leaves import BadLeaf, read_leaf
from domain.log import Entry
from domain.packs import pack_path, parse_pack
from domain.tlog_tiles import ENTRIES, BadTile, TileName, bundles_of, parse_bundle, parse_path
from domain.tree import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH
from domain.vocabulary import EXECUTED, INTENDED

FORMAT: Final = "lethe-bundle/1"
HEAD, MANIFEST, DOCUMENTS = "checkpoint", "manifest.json", "documents"
COSIGNED, HANDOVERS = "cosigned", "handovers"
LARGEST_FILE: Final = 1 << 30

_HANDOVER = re.compile(rf"{HANDOVERS}/[0-9]{{1,19}}\.tlog-proof")
_ACT_MARK = b'{"act":"'
_SCANNED = (*INTENDED, *EXECUTED, "restored")


class Bundle:
    """The files of a log of a known size: BadTile for one that is not in its form, None for one that is not there."""

    def __init__(self, directory: Path, size: int) -> None:
        self._directory = directory
        self._size = size
        self._asked: set[str] = set()  # hashes of documents
        self._acts: list[Entry] | None = None

    def content(self, path: str) -> bytes | None:
        """A whole file; None for what is not there, no plain file, or larger than any of a bundle.

        By hand, as this is hot; and without waiting for whoever would write into a pipe.
        """
        try:
            file = os.open(f"{self._directory}/{path}", os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            return None
        try:
            found = os.fstat(file)
            is_plain = S_ISREG(found.st_mode) and found.st_size <= LARGEST_FILE
            return os.read(file, found.st_size) if is_plain else None
        except OSError:
            return None
        finally:
            os.close(file)

    def leaves(self, name: TileName) -> list[bytes] | None:
        content = self.content(name.path)
        return None if content is None else parse_bundle(content, name.width)

    def bodies(self, name: TileName) -> Sequence[bytes | None] | None:
        """Of the entries of a bundle."""
        content = self.content(pack_path(name))
        return None if content is None else parse_pack(content, name.width)

    def tile(self, level: int, number: int) -> bytes:
        """As `domain.tree.TileSource` says; nothing for a file that is not there."""
        width = self._width(level, number)
        if width <= 0:
            return b""
        content = self.content(TileName(level, number, width).path) or b""
        return content if len(content) == width * HASH_BYTES else b""

    def handovers(self) -> list[str]:
        """How the signing key changed: proofs that are checked by whoever follows them."""
        found = sorted((self._directory / HANDOVERS).glob("*.tlog-proof"))
        return [(self.content(f"{HANDOVERS}/{path.name}") or b"").decode(errors="replace") for path in found]

    def document(self, digest: str) -> str | None:
        self._asked.add(digest)
        content = self.content(f"{DOCUMENTS}/{digest}")
        try:
            return None if content is None else content.decode()
        except UnicodeDecodeError:
            return None

    def acts(self, names: Collection[str]) -> Sequence[Entry]:
        """Acts of removals and restores, ascending; the files are searched once."""
        if self._acts is None:
            self._acts = list(self._scan())
        return [entry for entry in self._acts if entry.act in names]

    def contents(self, positions: Collection[int]) -> Sequence[Entry]:
        """The entries of these positions, ascending; without those that cannot be read."""
        return [entry for position in sorted(positions) for entry in self._read([position])]

    def strangers(self) -> Iterator[str]:
        """Paths of files that such a bundle does not have; a narrower copy of a tile is none if it agrees."""
        expected = {HEAD, MANIFEST, COSIGNED, *(f"{DOCUMENTS}/{digest}" for digest in self._asked)}
        for path in files_below(self._directory):
            if path not in expected and not _HANDOVER.fullmatch(path) and not self._is_tile(path):
                yield path

    def bundle_at(self, position: int) -> TileName:
        """The entry bundle that holds a position of this log."""
        number = position // TILE_WIDTH
        return TileName(ENTRIES, number, self._width(ENTRIES, number))

    def _is_tile(self, path: str) -> bool:
        """Whether this is a tile, bundle or pack of the log; or of when it was smaller, and says the same."""
        try:
            name = parse_path(path.replace("bodies/", "tile/entries/", 1) if path.startswith("bodies/") else path)
        except BadTile:
            return False
        whole = name._replace(width=self._width(name.level, name.number))
        if name.width >= whole.width or path.startswith("bodies/"):
            return name.width == whole.width
        content, newer = self.content(path), self.content(whole.path)
        return bool(content) and newer is not None and newer.startswith(content or b"")

    def _width(self, level: int, number: int) -> int:
        """Of a tile of this log; nothing or less for one that it does not have."""
        return min((self._size >> (TILE_HEIGHT * max(level, 0))) - number * TILE_WIDTH, TILE_WIDTH)

    def _scan(self) -> Iterator[Entry]:
        marks = tuple(f'{name}"'.encode() for name in _SCANNED)
        for name in bundles_of(self._size):
            content = self.content(name.path)
            if content is None:  # the walk ends here too, whatever size is claimed
                return
            at = content.find(_ACT_MARK)
            while at >= 0 and not content.startswith(marks, at + len(_ACT_MARK)):
                at = content.find(_ACT_MARK, at + 1)
            if at >= 0:
                found = self._read(range(name.first, name.first + name.width))
                yield from (entry for entry in found if entry.act in _SCANNED)

    def _read(self, positions: Sequence[int]) -> Iterator[Entry]:
        """Of one bundle. What cannot be read is left out: the walk finds it."""
        if not 0 <= positions[0] < self._size:
            return
        name = self.bundle_at(positions[0])
        try:
            leaves = self.leaves(name) or []
        except BadTile:
            return
        for position in positions:
            try:
                yield read_leaf(leaves[position - name.first], position)
            except (BadLeaf, IndexError):
                continue


def files_below(directory: Path) -> Iterator[str]:
    """Every file as a path below the directory, with slashes; links are named and not followed."""
    for folder, folders, names in os.walk(directory):
        folders.sort()
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        below = Path(folder).relative_to(directory).as_posix()
        yield from sorted(name if below == "." else f"{below}/{name}" for name in [*names, *links])
