"""`lethe ingest`: files into the log, with progress, resumable."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from adapters.sources.opening import open_source
from domain.collector import paused
from domain.errors import BadInput
from governance.door import recorder, source_key
from governance.receipt import Progress, Receipt

if TYPE_CHECKING:
    from collections.abc import Callable

    from governance.store import Store

BATCH = 20_000
SWEEP = 10


def ingest_file(
    store: "Store",
    path: str,
    *,
    mapping: str | None = None,
    source: str | None = None,
    backfill: bool = False,
    batch: int = BATCH,
    limit: int | None = None,
) -> Receipt:
    """Take in one file, from where an interrupted run stopped."""
    from governance.publishing import publish

    digest = _digest(path)
    key = source_key(store, digest, (mapping or "").encode(), source=source or "", backfill=backfill)
    start = store.log.progress(key) if path != "-" else 0
    opened = open_source(path, mapping, start=start, batch=batch, received=store.clock, is_backfill=backfill)
    origin = digest.hex()[:16] if path != "-" else store.random(8).hex()
    desk = recorder(store, source=source or opened.name or "lethe", origin=origin, backfill=backfill)
    receipt = Receipt()
    with paused(), bar(Path(path).name if path != "-" else "input", opened.records or opened.size_bytes) as advance:
        for count, some in enumerate(opened.batches, 1):
            kept = None if path == "-" else Progress(key, some.last_record)
            receipt.add(desk.record(some.calls, some.rejections, kept))
            advance(some.last_record if opened.records else some.bytes_read)
            if count % SWEEP == 0:
                gc.collect()
            if limit is not None and receipt.read >= limit:
                break
    if path != "-" and limit is None:
        with store.lock() as locked:
            locked.log.note_progress(key, 0)
    publish(store.log, store.mirror)
    store.keyring.forget()  # what comes next, the projections, opens its own
    gc.collect()
    return receipt


@contextmanager
def bar(name: str, total: int | None) -> "Iterator[Callable[[int], None]]":
    """A progress bar with rate and time left on a terminal; nothing where there is none."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    began = monotonic()
    rate = TextColumn("{task.fields[rate]}")
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), rate, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task(name, total=total, rate="")

        def advance(done: int) -> None:
            a_second = done / max(monotonic() - began, 0.001)
            shown.update(task, completed=done, rate=f"{a_second:,.0f}/s")

        yield advance


def _digest(path: str) -> bytes:
    if path == "-":
        return b""
    digest = sha256()
    try:
        with Path(path).open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    except OSError as error:
        raise BadInput(Path(path).name, "file", "a file that can be read") from error
    return digest.digest()
