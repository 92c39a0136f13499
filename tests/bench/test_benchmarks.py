"""Benchmarks run, and state each figure beside its floor. Speed itself is no test: machines differ."""

from pathlib import Path

import pytest

from adapters.bench.run import BENCHMARKS, run
from adapters.settings import Settings
from domain.errors import BadInput


def test_appending_and_replaying_state_ratios_to_floors(settings: Settings) -> None:
    found = run(settings, ["append", "replay"], 2000)

    for figures in (found["append"]["dense"], found["append"]["sparse"], found["replay"]):
        assert figures["ratio"] == pytest.approx(figures["seconds"] / figures["floor_seconds"], rel=0.2)
        assert figures["k"] > 1


def test_reading_and_erasing_are_measured(sqlite_settings: Settings) -> None:
    found = run(sqlite_settings, ["profile", "erasure"], 2000)

    assert found["profile"]["single_us"] > 0
    assert [one["events"] for one in found["erasure"]["stores"]] == [1000, 1000, 2000]


@pytest.mark.slow
def test_memory_is_measured_in_processes_of_their_own(sqlite_settings: Settings, tmp_path: Path) -> None:
    found = run(sqlite_settings, ["memory"], 4000)

    assert all(0 < peak < found["memory"]["goal_mb"] for peak in found["memory"]["process_peak_mb"])


def test_an_unknown_benchmark_is_named_with_those_there_are(sqlite_settings: Settings) -> None:
    with pytest.raises(BadInput, match=", ".join(BENCHMARKS)):
        run(sqlite_settings, ["speed"], 2000)


def test_an_audit_is_measured_beside_hashing_alone(sqlite_settings: Settings) -> None:
    found = run(sqlite_settings, ["audit"], 2000)["audit"]

    seconds = found["verify"]["cpu_seconds"] / found["verify"]["floor_cpu_seconds"]
    assert found["verify"]["ratio"] == pytest.approx(seconds, rel=0.2)
    assert found["verify"]["entries"] == found["export"]["entries"] > found["proof"]["entries"] > 2000
    assert 0 < found["head"]["share_percent"] < 100
