"""Group commit: one thread appends at once what all requests of a few milliseconds brought, and answers them after.

A commit costs the same for one call and for a thousand (the disk has to answer), and only one append runs at a time.
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Final, NamedTuple

from adapters.http.desks import Desk, OpenStore
from adapters.http.errors import Busy
from adapters.settings import Settings
from domain.calls import Call, Rejection
from governance.api_keys import Known
from governance.caller import Caller
from governance.door import recorder
from governance.intake import Recorder
from governance.receipt import Receipt

GATHER_SECONDS: Final = 0.003
CALLS_AT_ONCE: Final = 20_000
PARCELS: Final = 1_000
RECORDERS: Final = 64


class Parcel(NamedTuple):
    """What one request brought, and where its answer is awaited."""

    known: Known
    calls: Sequence[Call]
    rejections: Sequence[Rejection]
    done: "Future[None]"

    @property
    def place(self) -> tuple[Caller, str]:
        """What is recorded together: of one caller, from one source."""
        return self.known.caller, self.known.key.source or self.known.key.name


class Intake:
    """The thread, and the line before it."""

    def __init__(self, settings: Settings, *, appended: Callable[[Receipt], None]) -> None:
        self._desk = Desk(settings)
        self._appended = appended
        self._line: queue.Queue[Parcel | None] = queue.Queue(PARCELS)
        self._recorders: dict[tuple[Caller, str], Recorder] = {}
        self._of: OpenStore | None = None
        self._thread = threading.Thread(target=self._run, name="lethe-intake", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def is_alive(self) -> bool:
        """Whether what stands in line is taken in."""
        return self._thread.is_alive()

    def stop(self, wait_seconds: float) -> None:
        """What stands in line is taken in first."""
        self._line.put(None)
        self._thread.join(wait_seconds)

    def put(self, known: Known, calls: Sequence[Call], rejections: Sequence[Rejection]) -> "Future[None]":
        """Have it recorded; done once it is committed. Raises Busy when the line is full, or nobody serves it."""
        if not self.is_alive():
            raise Busy
        parcel = Parcel(known, calls, rejections, Future())
        try:
            self._line.put_nowait(parcel)
        except queue.Full:
            raise Busy from None
        return parcel.done

    def _run(self) -> None:
        while True:
            parcels, is_last = self._gathered()
            together: dict[tuple[Caller, str], list[Parcel]] = {}
            for parcel in parcels:
                together.setdefault(parcel.place, []).append(parcel)
            for some in together.values():
                self._take_in(some)
            if is_last:
                return

    def _gathered(self) -> tuple[list[Parcel], bool]:
        first = self._line.get()
        parcels, until = [first] if first else [], time.monotonic() + GATHER_SECONDS
        calls = len(first.calls) if first else 0
        while first is not None and calls < CALLS_AT_ONCE:
            try:
                another = self._line.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                break
            if another is None:
                return parcels, True
            parcels.append(another)
            calls += len(another.calls)
        return parcels, first is None

    def _take_in(self, gathered: Sequence[Parcel]) -> None:
        parcels = [one for one in gathered if one.done.set_running_or_notify_cancel()]  # else nobody waits any more
        if not parcels:
            return
        try:
            receipt = self._desk.call(lambda opened: self._recorded(opened, parcels))
        except Exception as error:  # whatever it is: nothing of it is stored, and every request is told
            self._recorders.clear()
            for parcel in parcels:
                parcel.done.set_exception(error)
            return
        for parcel in parcels:
            parcel.done.set_result(None)
        self._appended(receipt)

    def _recorded(self, opened: OpenStore, parcels: Sequence[Parcel]) -> Receipt:
        if self._of is not opened:
            self._recorders.clear()
            self._of = opened
        known, place = parcels[0].known, parcels[0].place
        if place not in self._recorders:
            if len(self._recorders) >= RECORDERS:
                self._recorders.clear()
            self._recorders[place] = recorder(opened.acting(known), source=place[1])
        calls = [call for parcel in parcels for call in parcel.calls]
        rejections = [one for parcel in parcels for one in parcel.rejections]
        return self._recorders[place].record(calls, rejections)
