"""Eight processes write while a reader follows: no gap, no duplicate, nothing missed, on either database."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.settings import Settings
from domain.log import Log
from governance.audit import verify_live
from governance.sealing import open_body
from governance.store import Store
from tests.contracts.writer import PEOPLE

WRITERS, EVENTS, SHARED = 8, 5_000, 500
"""Each writer's last 500 events are the first 500 of the next writer."""

LONGEST_SECONDS = 60
PAGE = 1000


def writers(settings: Settings) -> list[subprocess.Popen[str]]:
    here = Path(__file__).parents[2]
    environment = os.environ | {
        "LETHE_STORE": settings.store,
        "LETHE_KEYS": settings.keys,
        "LETHE_ACTOR": settings.actor,
        "LETHE_NOW": "2026-11-23T12:00:00Z",
        "PYTHONPATH": str(here),
    }
    return [
        subprocess.Popen(
            [sys.executable, "-m", "tests.contracts.writer", str(n * (EVENTS - SHARED)), str(EVENTS), str(n)],
            stdout=subprocess.PIPE, text=True, env=environment, cwd=here,
        )
        for n in range(WRITERS)
    ]  # fmt: skip


def followed(log: Log, running: list[subprocess.Popen[str]]) -> Iterator[tuple[int, bytes]]:
    """(position, entry id) as a reader meets them, from the start until the writers are done."""
    after, deadline = -1, time.monotonic() + LONGEST_SECONDS
    while True:
        done = all(one.poll() is not None for one in running)
        page = log.read(after=after, limit=PAGE)
        yield from ((one.position, one.entry_id) for one in page)
        after = page[-1].position if page else after
        if done and not page:
            return
        assert time.monotonic() < deadline, "the writers are too slow"
        if not page:
            time.sleep(0.02)


def message_ids(store: Store) -> Counter[str]:
    """How often each message is on the log."""
    found: Counter[str] = Counter()
    after = -1
    while page := store.log.read(after=after, limit=PAGE):
        keys = store.keyring.find({one.key_id for one in page if one.key_id is not None})
        for one in page:
            if one.key_id is not None and one.sealed is not None:
                body = open_body(keys[one.key_id], one.entry_id, one.sealed)
                found.update(event.message_id for event in body.events if event.message_id)
        after = page[-1].position
    return found


@pytest.mark.slow
def test_eight_writers_and_a_reader_lose_and_repeat_nothing(store: Store, settings: Settings) -> None:
    started = time.monotonic()
    running = writers(settings)
    try:
        seen = list(followed(store.log, running))
        seconds = time.monotonic() - started
    finally:
        for one in running:
            one.kill()
    answers = [tuple(map(int, one.communicate()[0].split())) for one in running]

    assert [one.returncode for one in running] == [0] * WRITERS
    assert [position for position, _ in seen] == list(range(store.log.head().size))
    assert seen == [(one.position, one.entry_id) for one in store.log.entries(after=-1, limit=10**6)]
    distinct = WRITERS * EVENTS - (WRITERS - 1) * SHARED
    assert message_ids(store) == Counter(f"m{number}" for number in range(distinct))
    assert (sum(one[0] for one in answers), sum(one[1] for one in answers)) == (distinct, WRITERS * EVENTS - distinct)
    with store.keyring.database.reading() as rows:
        blinds = [store.blinder.blind(f"user_id:{number}") for number in range(PEOPLE)]
        assert len({row.subject for row in rows.identifiers(blinds).values()}) == PEOPLE
    assert verify_live(store).findings == []
    print(f"{WRITERS * EVENTS / seconds:.0f} events/s sent by {WRITERS} processes")  # noqa: T201  shown by pytest -s
