"""Somebody who has a store's files, or the true signing key as well, and what he does with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.leaves import read_leaf
from domain.log import Entry, leaf
from domain.packs import pack_path, parse_pack, print_pack
from domain.tlog_tiles import ENTRIES, TileName, bundles_of, parse_bundle, print_bundle, tiles_of
from domain.tree import TILE_WIDTH, Frontier, Tile, grown, leaf_hash, leaf_hashes
from domain.treehead import parse_tree_head
from governance.signing import Signer
from tests.journeys.conftest import Tables

COLUMNS = "position, entry_id, day, key_id, content, act, actor, fields, hash"


@dataclass
class Story:
    """A whole log in memory."""

    entries: list[Entry]
    bodies: dict[int, bytes]

    def renumbered(self) -> "Story":
        """Positions as the order has it, hashes as the rows have them."""
        placed = {one.position: at for at, one in enumerate(self.entries)}
        entries = [one._replace(position=at) for at, one in enumerate(self.entries)]
        bodies = {placed[at]: sealed for at, sealed in self.bodies.items() if at in placed}
        return Story([one._replace(hash=leaf_hash(leaf(one))) for one in entries], bodies)


class Whole:
    """The tiles of a story, made anew."""

    def __init__(self, story: Story) -> None:
        self.hashes = leaf_hashes(map(leaf, story.entries))
        self.tiles: dict[tuple[int, int], Tile] = {}
        self.frontier, made = grown(Frontier(), self.hashes, self)
        self.tiles = {(one.level, one.number): one for one in made}

    def tile(self, level: int, number: int) -> bytes:
        if (level, number) in self.tiles:
            return self.tiles[level, number].hashes
        if level == 0:
            return b"".join(self.hashes[number * TILE_WIDTH : (number + 1) * TILE_WIDTH])
        below = ((level - 1, at) for at in range(number * TILE_WIDTH, (number + 1) * TILE_WIDTH))
        return b"".join(self.tiles[at].root for at in below if at in self.tiles)


def head_of(bundle: Path) -> int:
    return parse_tree_head((bundle / "checkpoint").read_text().partition("\n\n")[0] + "\n").size


def read_bundle(bundle: Path) -> Story:
    story = Story([], {})
    for name in bundles_of(head_of(bundle)):
        leaves = parse_bundle((bundle / name.path).read_bytes(), name.width)
        story.entries += [read_leaf(one, at) for at, one in enumerate(leaves, name.first)]
        packed = parse_pack((bundle / pack_path(name)).read_bytes(), name.width)
        story.bodies |= {at: one for at, one in enumerate(packed, name.first) if one is not None}
    return story


def write_bundle(bundle: Path, story: Story, signer: Signer) -> None:
    """Over an older one: every file that such a log has, under a head that this key signed."""
    whole, size = Whole(story), len(story.entries)
    for folder in ("tile", "bodies"):
        for path in sorted((bundle / folder).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
    for name in bundles_of(size):
        some = story.entries[name.first : name.first + name.width]
        keep(bundle / name.path, print_bundle([leaf(one) for one in some]))
        keep(bundle / pack_path(name), print_pack([story.bodies.get(one.position) for one in some]))
    for name in tiles_of(size):
        keep(bundle / name.path, whole.tile(name.level, name.number))
    root = whole.frontier.root()
    (bundle / "checkpoint").write_text(signer.sign_tree_head(signer.key.name, size, root))
    told = f'{{"format":"lethe-bundle/1","origin":"{signer.key.name}","root":"{root.hex()}","size":{size}}}'
    (bundle / "manifest.json").write_text(told)


def keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def read_rows(tables: Tables) -> Story:
    rows = tables.sql("log", f"SELECT {COLUMNS} FROM entry ORDER BY position")
    bodies = tables.sql("log", "SELECT position, sealed FROM body")
    return Story([Entry(*map(_plain, row)) for row in rows], {at: bytes(sealed) for at, sealed in bodies})


def write_rows(tables: Tables, before: Story, after: Story, signer: Signer) -> None:
    """What differs, the tiles and the head: as if the store itself had written it."""
    whole, size = Whole(after), len(after.entries)
    old = {one.position: one for one in before.entries}
    new = {one.position: one for one in after.entries}
    for at in sorted({at for at in old | new if old.get(at) != new.get(at)}):
        tables.sql("log", "DELETE FROM entry WHERE position = ?", at)
        if at in new:
            tables.sql("log", f"INSERT INTO entry ({COLUMNS}) VALUES ({', '.join('?' * 9)})", *new[at])
    for at in sorted({at for at in before.bodies | after.bodies if before.bodies.get(at) != after.bodies.get(at)}):
        tables.sql("log", "DELETE FROM body WHERE position = ?", at)
        if at in after.bodies:
            tables.sql("log", "INSERT INTO body (position, sealed) VALUES (?, ?)", at, after.bodies[at])
    tables.sql("log", "DELETE FROM stream WHERE position >= ?", size)
    tables.sql("log", "DELETE FROM tile")
    for one in whole.tiles.values():
        tables.sql("log", "INSERT INTO tile (level, number, hashes, root) VALUES (?, ?, ?, ?)", *one)
    note = signer.sign_tree_head(signer.key.name, size, whole.frontier.root())
    tables.sql("log", "UPDATE head SET frontier = ?, note = ?", whole.frontier.to_bytes(), note)


def flip_file(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def edit_bundle_file(bundle: Path, position: int, edit: Callable[[list[bytes], int], Sequence[bytes]]) -> None:
    """Change the entries of the file that holds a position, and nothing else."""
    number, place = divmod(position, TILE_WIDTH)
    name = TileName(ENTRIES, number, min(head_of(bundle) - number * TILE_WIDTH, TILE_WIDTH))
    leaves = list(edit(parse_bundle((bundle / name.path).read_bytes(), name.width), place))
    (bundle / name.path).write_bytes(b"".join(len(one).to_bytes(2, "big") + one for one in leaves))


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value
