"""Writes a bundle for auditors: a disclosure like any other, with an act of its own that is the last entry in it."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from domain.errors import BadInput, Damaged, Unavailable
from domain.log import Entry, Head, Log, leaf
from domain.packs import pack_path, print_pack
from domain.tlog_tiles import TileName, bundles_of, print_bundle, tiles_of
from domain.tree import read_tile
from domain.vocabulary import DIGEST, EXECUTED, INTENDED
from governance.bundle import COSIGNED, DOCUMENTS, FORMAT, HANDOVERS, HEAD, MANIFEST
from governance.evidence import fields_of
from governance.publishing import publish
from governance.roles import open_door, require, role_for
from governance.signing_chain import open_handover
from governance.store import Store

DOOR: Final = "export"
BUNDLES_A_READ: Final = 20

Progress = Callable[[int, int], None]


class RemovedMeanwhile(Unavailable):
    """What was written may hold bodies of somebody who is erased by now; it was deleted."""

    def __init__(self) -> None:
        super().__init__("a removal took place while the bundle was written; export again")


def export_bundle(
    store: Store, directory: Path, *, reason: str = "audit", progress: Progress | None = None
) -> dict[str, Any]:
    """Write the log as of now; the directory is there whole or not at all.

    Raises NotPermitted, BadInput for a directory that is there already or a reason that is no code, Damaged where the
    log lacks an entry, RemovedMeanwhile.
    """
    require(store, "audit")
    if directory.exists():
        raise BadInput("command", "DIR", "a directory that is not there yet")
    case = open_door(store, DOOR, reason, role=role_for(store, "audit"))
    head = publish(store.log, store.mirror)
    partial = directory.with_name(f"{directory.name}.partial-{store.random(4).hex()}")
    try:
        partial.mkdir(mode=0o700, parents=True)
        bodies = _write(store, head, partial, progress)
        if any(entry.position >= head.size for entry in store.log.acts([*INTENDED, *EXECUTED])):
            raise RemovedMeanwhile
        partial.rename(directory)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    root = head.frontier.root().hex()
    return {"bundle": str(directory), "size": head.size, "root": root, "bodies": bodies, "case": case}


def _write(store: Store, head: Head, directory: Path, progress: Progress | None) -> int:
    bodies = 0
    for names in _groups(bundles_of(head.size)):
        first, end = names[0].first, names[-1].first + names[-1].width
        entries = store.log.entries(after=first - 1, limit=end - first)
        _require_every(entries, first, end)
        sealed = dict(store.log.bodies(after=first - 1, limit=end - first))
        for name in names:
            some = entries[name.first - first : name.first - first + name.width]
            _keep(directory / name.path, print_bundle([leaf(entry) for entry in some]))
            packed = [sealed.get(entry.position) for entry in some]
            _keep(directory / pack_path(name), print_pack(packed))
            bodies += sum(one is not None for one in packed)
        if progress is not None:
            progress(end, head.size)
    for tile in tiles_of(head.size):
        _keep(directory / tile.path, read_tile(store.log, tile.level, tile.number, tile.width))
    for digest in _published(store.log, head.size):
        text = store.log.document(digest)
        if text is not None and DIGEST(digest):
            _keep(directory / DOCUMENTS / digest, text.encode())
    told = {"format": FORMAT, "origin": store.origin, "root": head.frontier.root().hex(), "size": head.size}
    _keep(directory / MANIFEST, json.dumps(told, sort_keys=True, ensure_ascii=False, indent=1).encode() + b"\n")
    for proof in store.mirror.handovers():
        _keep(directory / HANDOVERS / f"{open_handover(proof).position}.tlog-proof", proof.encode())
    if (cosigned := store.mirror.cosigned()) is not None:
        _keep(directory / COSIGNED, cosigned.encode())
    _keep(directory / HEAD, head.note.encode())
    return bodies


def _groups(names: Iterator[TileName]) -> Iterator[list[TileName]]:
    group: list[TileName] = []
    for name in names:
        group.append(name)
        if len(group) == BUNDLES_A_READ:
            yield group
            group = []
    if group:
        yield group


def _require_every(entries: Sequence[Entry], first: int, end: int) -> None:
    for position, entry in enumerate(entries, first):
        if entry.position != position:
            raise Damaged("there is no entry", position)
    if len(entries) != end - first:
        raise Damaged("there is no entry", first + len(entries))


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(content)


def _published(log: Log, size: int) -> list[str]:
    """The hashes of every policy and notice that the first entries put in force, each once."""
    acts = log.acts(["policy_published", "notice_published"])
    found = [fields_of(entry) for entry in acts if entry.position < size]
    return list(dict.fromkeys(fields["hash"] for fields in found if fields))
