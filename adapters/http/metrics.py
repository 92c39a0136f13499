"""What operators measure, for Prometheus: counts of requests, what is overdue, how long the log is. No identifiers."""

import os
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from adapters.http.desks import OpenStore
from governance.duties import OUTCOMES, statuses
from governance.retention import overdue

SEVERAL: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which processes find the directory where they count together."""

MEDIA: Final = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The counters of one process, which several add up."""

    def __init__(self) -> None:
        self._own = CollectorRegistry()
        self.requests = Counter(
            "lethe_requests", "Requests answered.", ["route", "method", "status"], registry=self._own
        )
        self.seconds = Histogram("lethe_request_seconds", "Time to answer.", ["route"], registry=self._own)
        self.appends = Counter("lethe_appends", "Appends that the service made.", registry=self._own)
        self.calls = Counter("lethe_calls", "Tracking calls by what became of them.", ["outcome"], registry=self._own)

    def text(self, opened: OpenStore) -> bytes:
        """Everything, as of now: the counters of all workers, and what the store says."""
        counted = self._own
        if SEVERAL in os.environ:
            counted = CollectorRegistry()
            MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
        return generate_latest(counted) + generate_latest(_asked(opened))


def _asked(opened: OpenStore) -> CollectorRegistry:
    store, told = opened.store, CollectorRegistry()
    late = Gauge("lethe_duty_overdue_seconds", "Seconds since a duty was due.", ["duty"], registry=told)
    ran = Gauge("lethe_duty_last_success_timestamp_seconds", "When it was last done.", ["duty"], registry=told)
    outcome = Gauge("lethe_duty_outcome", "1 for what its last run came to.", ["duty", "outcome"], registry=told)
    failures = Gauge("lethe_duty_failures", "Failures in a row.", ["duty"], registry=told)
    for one in statuses(store):
        late.labels(one.duty.name).set(one.overdue_seconds)
        ran.labels(one.duty.name).set(one.ran / 1_000_000)
        failures.labels(one.duty.name).set(one.failures)
        for code in OUTCOMES:
            outcome.labels(one.duty.name, code).set(code == one.outcome)
    Gauge("lethe_retention_overdue_keys", "Keys whose time is over.", registry=told).set(overdue(store)["keys"])
    Gauge("lethe_log_entries", "Entries in the log.", registry=told).set(store.log.head().size)
    return told
