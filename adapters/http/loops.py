"""What a worker does beside answering: duties, and projections that follow the log."""

import threading
from collections.abc import Callable

from adapters.http.desks import Desk, OpenStore
from adapters.settings import Settings
from adapters.telemetry import log
from adapters.webhooks import post
from governance.duties import run_due
from governance.projecting import catch_up_to_head, serving

FOLDING = "folding"
FOLD_SECONDS = 0.5


class Loop:
    """A thread that does something again and again; a failure is told and does not end it."""

    def __init__(
        self, settings: Settings, act: Callable[[OpenStore], None], *, pause_seconds: float, name: str
    ) -> None:
        self._desk = Desk(settings)
        self._act = act
        self._pause = pause_seconds
        self._stopping = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"lethe-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Do it now."""
        self._wake.set()

    def stop(self, wait_seconds: float) -> None:
        """What is under way may take so long to end; what it leaves is resumed by whoever comes next."""
        self._stopping = True
        self._wake.set()
        self._thread.join(wait_seconds)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            try:
                self._desk.call(self._act)
            except Exception as error:  # a database that is away comes back
                log().error("duty.failed", error=error)
            self._wake.wait(self._pause)


def do_duties(opened: OpenStore) -> None:
    """Do what is due and no other worker is at."""
    for one in run_due(opened.store, post):
        log().info("duty.done", duty=one.duty, outcome=one.outcome)


def fold(opened: OpenStore) -> None:
    """Follow the log, unless another worker does."""
    store = opened.store
    if serving(store).checkpoint() >= store.log.head().size - 1:
        return
    with store.storage.alone(FOLDING) as is_ours:
        if is_ours:
            catch_up_to_head(store)
