"""Every deed of the table in docs/audit.md, done to a store and to a bundle; each returns where it is to be found."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from adapters.settings import Settings
from adapters.wiring import open_store
from domain.acts import Removal, fields_text
from domain.log import Entry
from domain.packs import pack_path, parse_pack, print_pack
from domain.tlog_tiles import ENTRIES, TileName
from domain.tree import Frontier, leaf_hashes
from domain.treehead import parse_tree_head
from governance.keyring import context
from governance.sealing import associated
from governance.signing import generate, signer
from tests.conftest import call, take_in
from tests.journeys.conftest import Tables
from tests.journeys.tampered import World
from tests.journeys.tampering import (
    Story,
    edit_bundle_file,
    flip_file,
    read_bundle,
    read_rows,
    write_bundle,
    write_rows,
)
from tests.journeys.two_openings import sealed_for_two

Edit = Callable[[Story, World], int | None]


@dataclass
class Live:
    """A copy of the store in somebody's hands."""

    world: World
    settings: Settings
    place: Path
    tables: Tables


class Offline(NamedTuple):
    """A copy of the bundle."""

    world: World
    bundle: Path


AT = 5000


def data_entry(world: World, after: int = AT) -> Entry:
    """Of somebody who stayed, two entries from the next of its kind."""
    living = [one for one in world.story.entries[after:] if one.position in world.story.bodies]
    return living[0]


def flip(value: bytes) -> bytes:
    return bytes([value[0] ^ 1]) + value[1:]


def flip_column(table: str, column: str, of: Callable[[World], int]) -> Callable[[Live], int]:
    def deed(live: Live) -> int:
        at = of(live.world)
        [(value,)] = live.tables.sql("log", f"SELECT {column} FROM {table} WHERE position = ?", at)
        live.tables.sql("log", f"UPDATE {table} SET {column} = ? WHERE position = ?", flip(bytes(value)), at)
        return at

    return deed


def flip_tile(column: str, number: int) -> Callable[[Live], int]:
    def deed(live: Live) -> int:
        [(value,)] = live.tables.sql("log", f"SELECT {column} FROM tile WHERE level = 0 AND number = ?", number)
        live.tables.sql("log", f"UPDATE tile SET {column} = ? WHERE level = 0 AND number = ?", flip(value), number)
        return number * 256

    return deed


def at_entry(world: World) -> int:
    return data_entry(world).position


def path_of(world: World, position: int) -> TileName:
    return TileName(ENTRIES, position // 256, min(len(world.story.entries) - position // 256 * 256, 256))


def edited(edit: Callable[[list[bytes], int], list[bytes]], shift: int = 0) -> Callable[[Offline], int]:
    """Of one file of entries; found `shift` further on."""

    def deed(offline: Offline) -> int:
        at = at_entry(offline.world)
        edit_bundle_file(offline.bundle, at, edit)
        return at + shift

    return deed


def flip_hash_file(offline: Offline) -> int:
    at = at_entry(offline.world)
    flip_file(offline.bundle / path_of(offline.world, at)._replace(level=0).path, at % 256 * 32)
    return at // 256 * 256


def flip_tile_file(offline: Offline) -> int:
    flip_file(offline.bundle / TileName(0, 3).path, 100)
    return 3 * 256


def flip_high_tile(offline: Offline) -> int:
    flip_file(offline.bundle / TileName(1, 0, len(offline.world.story.entries) // 256).path, 100)
    return 0


def repack(offline: Offline, at: int, change: Callable[[bytes], bytes | None]) -> int:
    name = path_of(offline.world, at)
    path = offline.bundle / pack_path(name)
    bodies = parse_pack(path.read_bytes(), name.width)
    bodies[at % 256] = change(bodies[at % 256] or b"")
    path.write_bytes(print_pack(bodies))
    return at


def purged_at(world: World) -> int:
    return min(at for at in world.yesterday.bodies if at not in world.story.bodies)


def bring_back(live: Live) -> int:
    at = purged_at(live.world)
    live.tables.sql("log", "INSERT INTO body (position, sealed) VALUES (?, ?)", at, live.world.yesterday.bodies[at])
    return at


def delete_entry(live: Live) -> int:
    at = at_entry(live.world)
    live.tables.sql("log", "DELETE FROM entry WHERE position = ?", at)
    return at


def delete_body(live: Live) -> int:
    at = at_entry(live.world)
    live.tables.sql("log", "DELETE FROM body WHERE position = ?", at)
    return at


def move(live: Live, table: str, one: int, other: int) -> None:
    live.tables.sql("log", f"UPDATE {table} SET position = ? WHERE position = ?", other, one)


def swap_rows(live: Live) -> int:
    at = at_entry(live.world)
    for one, other in ((at, -1), (at + 1, at), (-1, at + 1)):
        move(live, "entry", one, other)
    return at


def shift_rows(live: Live, start: int, by: int) -> None:
    live.tables.sql("log", "UPDATE entry SET position = -position - 1 WHERE position >= ?", start)
    live.tables.sql("log", "UPDATE entry SET position = -position - 1 + ? WHERE position < 0", by)


def put_row(live: Live, at: int, *, is_copy: bool) -> int:
    shift_rows(live, at, 1)
    source = live.world.story.entries[at - 1]
    row = source._replace(position=at, entry_id=source.entry_id if is_copy else os.urandom(16))
    columns = ", ".join(Entry._fields)
    live.tables.sql("log", f"INSERT INTO entry ({columns}) VALUES ({', '.join('?' * 9)})", *row)
    return at


def renumber_rows(live: Live) -> int:
    at = delete_entry(live)
    shift_rows(live, at, -1)
    return at


def cut_rows(live: Live) -> int:
    end = len(live.world.story.entries) - 5
    for table in ("entry", "body", "stream"):
        live.tables.sql("log", f"DELETE FROM {table} WHERE position >= ?", end)
    return end


def cut_files(offline: Offline) -> int:
    name = path_of(offline.world, len(offline.world.story.entries) - 1)
    edit_bundle_file(offline.bundle, name.first, lambda leaves, _: leaves[:-5])
    return len(offline.world.story.entries) - 5


def other_hand(note: str, world: World) -> str:
    """The same tree head, under the same name, by another key."""
    other = signer(generate(world.signer.key.name, bytes(range(32))))
    head = parse_tree_head(note.partition("\n\n")[0] + "\n")
    return other.sign_tree_head(head.origin, head.size, head.root)


def sign_row(live: Live) -> None:
    [(note,)] = live.tables.sql("log", "SELECT note FROM head")
    live.tables.sql("log", "UPDATE head SET note = ?", other_hand(note, live.world))


def sign_file(offline: Offline) -> None:
    path = offline.bundle / "checkpoint"
    path.write_text(other_hand(path.read_text(), offline.world))


def cut_tail(story: Story, world: World) -> int:
    end = len(story.entries) - 5
    story.entries = story.entries[:end]
    return end


def fork(story: Story, world: World) -> int:
    """Yesterday's log, longer than today's."""
    story.entries, story.bodies = list(world.yesterday.entries), dict(world.yesterday.bodies)
    last = data_entry(world)
    for _ in range(len(world.story.entries) - len(story.entries) + 1):
        story.entries.append(last._replace(position=len(story.entries), entry_id=os.urandom(16)))
        story.bodies[len(story.entries) - 1] = world.story.bodies[last.position]
    return world.heads[0]


def fork_rows(live: Live) -> int:
    """Yesterday's databases, used on; then today's high-water file is there again."""
    yesterday = live.world.copy_of_yesterday(live.place / "fork")
    store = open_store(yesterday)
    for number in range(3):
        take_in(store, *(call(at, f"user_id:{at}", message_id=f"fork{number}-{at}") for at in range(50, 70)))
    shutil.rmtree(yesterday.keys_directory)
    shutil.copytree(live.settings.keys_directory, yesterday.keys_directory)
    live.settings = yesterday
    return live.world.heads[0]


def edit_entry(story: Story, world: World) -> int:
    at = world.heads[0] + 5
    story.entries[at] = story.entries[at]._replace(day=story.entries[at].day - 1)
    return world.heads[0]


def act(position: int, name: str, removal: Removal, like: Entry) -> Entry:
    return Entry(position, os.urandom(16), like.day, act=name, actor=like.actor, fields=fields_text(removal))


def under_count(story: Story, world: World) -> int:
    """A removal that is honest in everything but the count."""
    key = data_entry(world).key_id
    gone = [one for one in story.entries if one.key_id == key]
    for one in gone:
        del story.bodies[one.position]
    contents = sorted(one.content or b"" for one in gone)
    removal = Removal(
        case=os.urandom(16).hex(), keys=[(key or b"").hex()], entries=len(gone) - 1, bodies=len(gone) - 1,
        root=Frontier().extended(leaf_hashes(contents)).root().hex(), part=1, parts=1, technique=[], uncovered=[],
    )  # fmt: skip
    for name in ("erasure_intended", "erasure_executed"):
        story.entries.append(act(len(story.entries), name, removal, story.entries[0]))
    return len(story.entries) - 1


def append_under(story: Story, world: World) -> int:
    one = data_entry(world)
    position = len(story.entries)
    story.entries.append(one._replace(position=position, entry_id=os.urandom(16), key_id=world.destroyed))
    return position


def insider_live(edit: Edit) -> Callable[[Live], int | None]:
    def deed(live: Live) -> int | None:
        before, after = read_rows(live.tables), read_rows(live.tables)
        at = edit(after, live.world)
        write_rows(live.tables, before, after.renumbered(), live.world.signer)
        if edit is under_count:
            live.tables.sql("keyring", "DELETE FROM data_key WHERE key_id = ?", data_entry(live.world).key_id)
        return at

    return deed


def insider_offline(edit: Edit) -> Callable[[Offline], int | None]:
    def deed(offline: Offline) -> int | None:
        story = read_bundle(offline.bundle)
        at = edit(story, offline.world)
        write_bundle(offline.bundle, story.renumbered(), offline.world.signer)
        return at

    return deed


def swap_key(live: Live) -> int:
    """An entry was appended whose body opens under two keys; then the second takes the place of the first."""
    store = open_store(live.settings)
    one = data_entry(live.world)
    with store.keyring.database.reading() as rows:
        [row] = rows.keys([one.key_id or b""])
        handle = rows.subjects([row.subject])[row.subject].handle
    first, second, entry_id = store.keyring.open([row])[0].raw, os.urandom(32), os.urandom(16)
    sealed = sealed_for_two(first, second, os.urandom(12), associated(entry_id, row.key_id), 8)
    before, after = read_rows(live.tables), read_rows(live.tables)
    position = len(after.entries)
    after.entries.append(one._replace(position=position, entry_id=entry_id, content=sha256(sealed).digest()))
    after.bodies[position] = sealed
    write_rows(live.tables, before, after.renumbered(), live.world.signer)
    live.tables.sql("log", "INSERT INTO stream (handle, position, digests) VALUES (?, ?, ?)", handle, position, b"")
    assert live.world.live(live.settings).findings == []  # until the keys are swapped nothing is wrong
    [wrapped] = store.keyring.key_store.wrap(
        row.generation, [(second, context(row.key_id, row.subject, row.klass, row.epoch))]
    )
    live.tables.sql("keyring", "UPDATE data_key SET wrapped = ? WHERE key_id = ?", wrapped, row.key_id)
    return row.committed_at


Deed = tuple[Callable[[Live], int | None], Callable[[Offline], int | None] | None]


def insider(edit: Edit) -> Deed:
    return insider_live(edit), insider_offline(edit)


DEEDS: dict[str, Deed] = {
    "flips a byte of an entry": (
        flip_column("entry", "entry_id", at_entry),
        edited(lambda some, at: [*some[:at], some[at].replace(b'"id":"', b'"id":"f', 1)[:-1], *some[at + 1 :]]),
    ),
    "flips a byte of a key id": (
        flip_column("entry", "key_id", at_entry),
        edited(lambda some, at: [*some[:at], some[at].replace(b'"k":"', b'"k":"f', 1), *some[at + 1 :]]),
    ),
    "flips a byte of a stored hash": (flip_column("entry", "hash", at_entry), flip_hash_file),
    "flips a byte of a body": (
        flip_column("body", "sealed", at_entry),
        lambda offline: repack(offline, at_entry(offline.world), flip),
    ),
    "flips a byte of a tile": (flip_tile("hashes", 3), flip_tile_file),
    "flips a byte of a higher tile": (flip_tile("root", 3), flip_high_tile),
    "deletes an entry": (delete_entry, edited(lambda some, at: [*some[:at], *some[at + 1 :]])),
    "swaps two entries": (
        swap_rows,
        edited(lambda some, at: [*some[:at], some[at + 1], some[at], *some[at + 2 :]]),
    ),
    "duplicates an entry": (
        lambda live: put_row(live, at_entry(live.world) + 1, is_copy=True),
        edited(lambda some, at: [*some[: at + 1], *some[at:]], 1),
    ),
    "inserts an entry": (
        lambda live: put_row(live, at_entry(live.world) + 1, is_copy=False),
        edited(lambda some, at: [*some[: at + 1], some[at].replace(b'"id":"', b'"id":"0'), *some[at + 1 :]], 1),
    ),
    "renumbers the entries after a gap": (
        renumber_rows,
        edited(lambda some, at: [*some[:at], some[at].replace(b'"seq":', b'"seq":1'), *some[at + 1 :]]),
    ),
    "removes a body without an act": (
        delete_body,
        lambda offline: repack(offline, at_entry(offline.world), lambda _: None),
    ),
    "brings a purged body back": (
        bring_back,
        lambda offline: repack(
            offline, purged_at(offline.world), lambda _: offline.world.yesterday.bodies[purged_at(offline.world)]
        ),
    ),
    "cuts the tail off": (cut_rows, cut_files),
    "signs with another key of the same name": (sign_row, sign_file),
    "cuts the tail off and signs": insider(cut_tail),
    "restores yesterday's copy and appends": (fork_rows, insider_offline(fork)),
    "edits an entry and rebuilds the tree": insider(edit_entry),
    "counts too few entries of an erasure": insider(under_count),
    "appends under a destroyed key": insider(append_under),
    "swaps in the second key of a body that opens under two": (swap_key, None),
}
