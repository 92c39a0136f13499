"""The audit: a bundle beside its hashes alone, proofs from stored tiles, what a signed head costs an append."""

import json
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any, Final

from adapters.bench import workload
from adapters.settings import Settings
from domain.acts import KEYS_AN_ACT, KeysCreated, fields_text
from domain.log import Append, Entry, Head, leaf
from domain.note import print_vkey
from domain.packs import pack_path, parse_pack, print_pack
from domain.proofs import inclusion_proof
from domain.tlog_tiles import ENTRIES, TileName, bundles_of, parse_bundle, print_bundle, tiles_of
from domain.tree import TILE_WIDTH, Frontier, Tile, grown, leaf_hashes
from governance.offline import verify_bundle
from governance.signing import Signer, generate, signer
from governance.store import Store

ENTRIES_A_KEY: Final = 20
BODY_BYTES: Final = 156  # the second smallest there is: the less is hashed, the more the rest weighs
CHUNK: Final = 20 * TILE_WIDTH
PROOFS: Final = 1000
BATCH: Final = 256
NAME: Final = "bench.example/log"

PEAK = """
import resource, sys
from pathlib import Path
from governance.offline import verify_bundle
assert not verify_bundle(Path(sys.argv[1]), sys.argv[2]).findings
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def run(settings: Settings, where: Path, events: int) -> dict[str, Any]:
    """On a log of as many synthetic entries as there are events."""
    return {
        "verify": _verify(where / "bundle", events),
        "proof": _prove(workload.make_store(settings, where / "proofs"), events),
        "head": _sign(workload.make_store(settings, where / "heads")),
    }


def _verify(where: Path, events: int) -> dict[str, Any]:
    hand = signer(generate(NAME, bytes(32)))
    _write(where, events, hand)
    vkey = print_vkey(hand.key)
    floor = _hashed(where, events)
    began = perf_counter()
    report = verify_bundle(where, vkey)
    seconds = perf_counter() - began
    assert report.findings == []
    peak = subprocess.run(
        [sys.executable, "-c", PEAK, str(where), vkey], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    return {
        "entries": events,
        "entries_per_second": round(events / seconds),
        "seconds": round(seconds, 3),
        "floor_seconds": round(floor, 3),
        "ratio": round(seconds / floor, 2),
        "process_peak_mb": int(peak.stdout),
        "goal": 2,
    }


def _hashed(where: Path, size: int) -> float:
    """Seconds that hashing alone takes: of leaves, nodes and bodies that are in memory already."""
    total, tree = 0.0, Frontier()
    for name in bundles_of(size):
        leaves = parse_bundle((where / name.path).read_bytes(), name.width)
        bodies = [one for one in parse_pack((where / pack_path(name)).read_bytes(), name.width) if one]
        began = perf_counter()
        tree = tree.extended(leaf_hashes(leaves))
        for one in bodies:
            sha256(one).digest()
        total += perf_counter() - began
    return total


def _prove(store: Store, events: int) -> dict[str, Any]:
    size = store.log.head().size
    for entries, _ in _made(events, first=size):
        with store.lock() as locked:
            frontier, tiles = grown(locked.log.head().frontier, hashes := leaf_hashes(map(leaf, entries)), store.log)
            rows = [entry._replace(hash=one) for entry, one in zip(entries, hashes, strict=True)]
            head = Head(frontier, store.sign(frontier.size, frontier.root()))
            locked.log.insert(Append(rows, [], [], tiles, head))
    size, random, took = store.log.head().size, Random(1), []
    for _ in range(PROOFS):
        position = random.randrange(size)
        began = perf_counter()
        inclusion_proof(position, size, store.log)
        took.append(perf_counter() - began)
    took.sort()
    return {
        "entries": size,
        "median_us": round(took[PROOFS // 2] * 1e6),
        "p99_us": round(took[PROOFS * 99 // 100] * 1e6),
        "goal_us": 1000,
    }


def _sign(store: Store) -> dict[str, Any]:
    from governance.door import recorder

    desk, batches = recorder(store, source="bench", backfill=True), 20
    calls = list(workload.calls(BATCH * batches, BATCH))
    began = perf_counter()
    for start in range(0, len(calls), BATCH):
        desk.record(calls[start : start + BATCH])
    append = (perf_counter() - began) / batches
    head = store.log.head()
    began = perf_counter()
    for _ in range(PROOFS):
        store.sign(head.size, head.frontier.root())
    sign = (perf_counter() - began) / PROOFS
    return {
        "batch": BATCH,
        "append_ms": round(append * 1000, 2),
        "sign_us": round(sign * 1e6),
        "share_percent": round(100 * sign / append, 2),
        "goal_percent": 5,
    }


class _Growing:
    """What the next tiles need of those there are."""

    def __init__(self) -> None:
        self.rows: dict[int, list[bytes]] = {}

    def tile(self, level: int, number: int) -> bytes:
        return b"".join(self.rows.get(level, [])[number * TILE_WIDTH : (number + 1) * TILE_WIDTH])

    def add(self, hashes: list[bytes], tiles: list[Tile]) -> None:
        self.rows.setdefault(0, []).extend(hashes)
        for one in tiles:
            self.rows.setdefault(one.level + 1, []).append(one.root)


def _write(where: Path, events: int, hand: Signer) -> None:
    tree, rows = Frontier(), _Growing()
    for entries, bodies in _made(events):
        leaves = [leaf(entry) for entry in entries]
        after, tiles = grown(tree, hashes := leaf_hashes(leaves), rows)
        rows.add(hashes, tiles)
        for start in range(0, len(leaves), TILE_WIDTH):
            width = min(len(leaves) - start, TILE_WIDTH)
            name = TileName(ENTRIES, (tree.size + start) // TILE_WIDTH, width)
            _keep(where / name.path, print_bundle(leaves[start : start + width]))
            _keep(where / pack_path(name), print_pack(bodies[start : start + width]))
        tree = after
    for tile in tiles_of(tree.size):
        _keep(where / tile.path, rows.tile(tile.level, tile.number)[: tile.width * 32])
    told = {"format": "lethe-bundle/1", "origin": NAME, "root": tree.root().hex(), "size": tree.size}
    _keep(where / "manifest.json", json.dumps(told).encode())
    _keep(where / "checkpoint", hand.sign_tree_head(NAME, tree.size, tree.root()).encode())


def _made(events: int, first: int = 0) -> Iterator[tuple[list[Entry], list[bytes | None]]]:
    """Entries in whole tiles: commitments of the keys, then data under them in turn."""
    random = Random(1)
    keys = sorted(random.randbytes(16) for _ in range(max(events // ENTRIES_A_KEY, 1)))
    acts = [
        fields_text(KeysCreated(keys=[(key.hex(), "00" * 32) for key in keys[start : start + KEYS_AN_ACT]]))
        for start in range(0, len(keys), KEYS_AN_ACT)
    ]
    for start in range(0, events, CHUNK):
        entries: list[Entry] = []
        bodies: list[bytes | None] = []
        for number in range(start, min(start + CHUNK, events)):
            position, entry_id = first + number, random.randbytes(16)
            if number < len(acts):
                act = Entry(position, entry_id, 20_000, act="keys_created", actor=bytes(16), fields=acts[number])
                entries.append(act)
                bodies.append(None)
                continue
            body = random.randbytes(BODY_BYTES)
            entries.append(Entry(position, entry_id, 20_000, keys[number % len(keys)], sha256(body).digest()))
            bodies.append(body)
        yield entries, bodies


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
