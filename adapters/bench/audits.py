"""The audit: a bundle beside its hashes alone, proofs from stored tiles, what a signed head costs an append."""

import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from time import perf_counter, process_time
from typing import Any, Final

from adapters.bench import workload
from adapters.settings import Settings
from domain.acts import KEYS_AN_ACT, KeysCreated, fields_text
from domain.log import Append, Entry, Head, leaf
from domain.packs import pack_path, parse_pack
from domain.proofs import inclusion_proof
from domain.tlog_tiles import bundles_of, parse_bundle
from domain.tree import TILE_WIDTH, Frontier, grown, leaf_hashes
from governance.bundling import export_bundle
from governance.offline import verify_bundle
from governance.store import Store

ENTRIES_A_KEY: Final = 20
BODY_BYTES: Final = 156  # the second smallest there is: the less is hashed, the more the rest weighs
CHUNK: Final = 20 * TILE_WIDTH
PROOFS: Final = 1000
BATCH: Final = 256
DAY: Final = 20_000

PEAK = """
import resource, sys
from pathlib import Path
from governance.offline import verify_bundle
assert not verify_bundle(Path(sys.argv[1]), sys.argv[2]).findings
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def run(settings: Settings, where: Path, events: int) -> dict[str, Any]:
    """On a log of as many synthetic entries as there are events."""
    store = workload.make_store(settings, where / "log")
    _fill(store, events)
    return {
        "proof": _prove(store),
        "export": _export(store, where / "bundle"),
        "verify": _verify(where / "bundle", store.vkey, store.log.head().size),
        "head": _sign(workload.make_store(settings, where / "heads")),
    }


def _fill(store: Store, events: int) -> None:
    """Entries without people: the log alone, as an append writes it."""
    for entries, bodies in _made(events, first=store.log.head().size):
        with store.lock() as locked:
            hashes = leaf_hashes(map(leaf, entries))
            frontier, tiles = grown(locked.log.head().frontier, hashes, store.log)
            rows = [entry._replace(hash=one) for entry, one in zip(entries, hashes, strict=True)]
            head = Head(frontier, store.sign(frontier.size, frontier.root()))
            locked.log.insert(Append(rows, bodies, [], tiles, head))


def _export(store: Store, where: Path) -> dict[str, Any]:
    began = perf_counter()
    size = export_bundle(store, where)["size"]
    seconds = perf_counter() - began
    return {"entries": size, "entries_per_second": round(size / seconds), "seconds": round(seconds, 3)}


def _verify(where: Path, vkey: str, size: int) -> dict[str, Any]:
    """Ratio and floor in processor time: who else uses the machine slows both, and not alike."""
    floor = _hashed(where, size)
    began, cpu_began = perf_counter(), process_time()
    report = verify_bundle(where, vkey)
    seconds, cpu_seconds = perf_counter() - began, process_time() - cpu_began
    assert report.findings == []
    peak = subprocess.run(
        [sys.executable, "-c", PEAK, str(where), vkey], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    return {
        "entries": size,
        "entries_per_second": round(size / seconds),
        "entries_per_cpu_second": round(size / cpu_seconds),
        "seconds": round(seconds, 3),
        "cpu_seconds": round(cpu_seconds, 3),
        "floor_cpu_seconds": round(floor, 3),
        "ratio": round(cpu_seconds / floor, 2),
        "process_peak_mb": int(peak.stdout),
        "goal": 2,
        "goal_entries_per_second": 300_000,
    }


def _hashed(where: Path, size: int) -> float:
    """Processor seconds that hashing alone takes: of leaves, nodes and bodies that are in memory already."""
    total, tree = 0.0, Frontier()
    for name in bundles_of(size):
        leaves = parse_bundle((where / name.path).read_bytes(), name.width)
        bodies = [one for one in parse_pack((where / pack_path(name)).read_bytes(), name.width) if one]
        began = process_time()
        tree = tree.extended(leaf_hashes(leaves))
        for one in bodies:
            sha256(one).digest()
        total += process_time() - began
    return total


def _prove(store: Store) -> dict[str, Any]:
    size, random, took = store.log.head().size, Random(1), []
    cpu_began = process_time()
    for _ in range(PROOFS):
        position = random.randrange(size)
        began = perf_counter()
        inclusion_proof(position, size, store.log)
        took.append(perf_counter() - began)
    cpu_seconds = process_time() - cpu_began
    took.sort()
    return {
        "entries": size,
        "median_us": round(took[PROOFS // 2] * 1e6),
        "p99_us": round(took[PROOFS * 99 // 100] * 1e6),
        "cpu_us": round(cpu_seconds / PROOFS * 1e6),
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


def _made(events: int, first: int) -> Iterator[tuple[list[Entry], list[tuple[int, bytes]]]]:
    """Commitments of the keys, then data under them in turn, each with its body."""
    random = Random(1)
    keys = sorted(random.randbytes(16) for _ in range(max(events // ENTRIES_A_KEY, 1)))
    acts = [
        fields_text(KeysCreated(keys=[(key.hex(), "00" * 32) for key in keys[start : start + KEYS_AN_ACT]]))
        for start in range(0, len(keys), KEYS_AN_ACT)
    ]
    for start in range(0, events, CHUNK):
        entries: list[Entry] = []
        bodies: list[tuple[int, bytes]] = []
        for number in range(start, min(start + CHUNK, events)):
            position, entry_id = first + number, random.randbytes(16)
            if number < len(acts):
                act = Entry(position, entry_id, DAY, act="keys_created", actor=bytes(16), fields=acts[number])
                entries.append(act)
                continue
            body = random.randbytes(BODY_BYTES)
            entries.append(Entry(position, entry_id, DAY, keys[number % len(keys)], sha256(body).digest()))
            bodies.append((position, body))
        yield entries, bodies
