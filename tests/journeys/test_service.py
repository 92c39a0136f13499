"""`lethe serve` as it is operated: several processes on one store, killed under load, stopped in peace."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]
import pytest

from tests.journeys.conftest import Lethe, view

SENDERS, BATCHES, CALLS = 4, 12, 10
CANARY = "canary"


@dataclass
class Running:
    """`lethe serve`, and where it says what."""

    url: str
    pid: int
    told: Path

    @property
    def workers(self) -> list[int]:
        """The processes that answer."""
        found = []
        for one in psutil.Process(self.pid).children():
            with suppress(psutil.Error):  # it ended just now
                if "resource_tracker" not in " ".join(one.cmdline()):
                    found.append(one.pid)
        return found


@contextmanager
def serving(lethe: Lethe, *options: str) -> Iterator[Running]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = lethe.start("serve", "--port", str(port), *options)
    told = lethe.place / "told.txt"
    with ThreadPoolExecutor(1) as pool:
        output = pool.submit(process.communicate)
        try:
            running = Running(f"http://127.0.0.1:{port}", process.pid, told)
            until(lambda: answered(f"{running.url}/readyz") == 200)
            yield running
        finally:
            process.send_signal(signal.SIGTERM)
            told.write_text("".join(output.result(60)))


def answered(url: str) -> int:
    with suppress(httpx.TransportError):
        return httpx.get(url, timeout=10).status_code
    return 0


def until(holds: Callable[[], Any], seconds: float = 90) -> Any:
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, "it does not come true"
        time.sleep(0.05)
    return found


@pytest.mark.slow
def test_two_workers_lose_and_double_nothing_when_one_is_killed(lethe: Lethe) -> None:
    """R3, R4: every call that was acknowledged is in the profiles once; the log of the service names nobody."""
    lethe.json("init")
    key = lethe.json("key", "create", "shop", "--source", "web")["secret"]

    with serving(lethe, "--workers", "2") as running:
        first = until(lambda: len(running.workers) == 2 and running.workers)

        def sent(sender: int) -> int:
            """As clients do: again, with the same ids, until it is answered."""
            for number in range(BATCHES):
                calls = [view(f"{CANARY}{one % 3}", f"{sender}.{number}.{one}") for one in range(CALLS)]
                until(lambda: accepted(running.url, key, calls))  # noqa: B023
                if (sender, number) == (0, 3):
                    os.kill(first[0], signal.SIGKILL)
            return BATCHES * CALLS

        with ThreadPoolExecutor(SENDERS) as pool:
            total = sum(pool.map(sent, range(SENDERS)))
        until(lambda: len(running.workers) == 2 and first[0] not in running.workers)

        profiles = [shown(running.url, key, f"{CANARY}{one}", total) for one in range(3)]
        assert sum(one["activity"]["events"] for one in profiles) == total
        assert {one["outcome"] for one in until(lambda: done(lethe))} == {"done"}
        counted = httpx.get(f"{running.url}/metrics").text
        assert 'lethe_calls_total{outcome="accepted"}' in counted
        erased = lethe.json("erase", f"user_id:{CANARY}1", "--yes")
        assert (erased["status"], erased["residue"]["found"]) == ("completed", 0)
        gone = [read(running.url, key, f"{CANARY}1").status_code for _ in range(8)]
        assert set(gone) == {404}, "whichever worker answers"

    told = running.told.read_text()
    assert CANARY not in told
    lines = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    assert {"server.started", "request.answered", "duty.done", "server.stopped"} <= {one["event"] for one in lines}
    assert lethe.json("rebuild", "--check")["differences"] == []
    assert lethe.json("audit", "verify")["findings"] == []


def test_what_cannot_be_served_is_said_at_the_start(embedded: Lethe) -> None:
    assert embedded("serve").status == 7, "there is no store"
    assert embedded("serve", "--workers", "0").status == 2


def accepted(url: str, key: str, calls: list[Any]) -> bool:
    with suppress(httpx.TransportError):
        answer = httpx.post(f"{url}/v1/batch", json={"batch": calls, "writeKey": key}, timeout=60)
        assert answer.status_code in (200, 503), answer.text
        return answer.status_code == 200
    return False


def read(url: str, key: str, user: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {key}"}
    return httpx.get(f"{url}/v1/profiles/user_id:{user}?purpose=service", headers=headers, timeout=60)


def shown(url: str, key: str, user: str, total: int) -> Any:
    """The profile once everything is folded."""
    wanted = {0: 4, 1: 3, 2: 3}[int(user[-1])] * total // CALLS
    return until(lambda: (found := read(url, key, user)).status_code == 200
                 and found.json()["activity"]["events"] >= wanted and found.json())  # fmt: skip


def done(lethe: Lethe) -> Any:
    found = lethe.json("duties")
    return found if all(one["outcome"] == "done" for one in found) else None
