"""Health, readiness, metrics, the shape of errors, headers: what operators and clients rely on everywhere."""

import io
import json

import httpx
import pytest

from adapters.http.errors import STATUS, answer
from adapters.settings import Settings
from adapters.wiring import open_store
from domain.errors import LetheError
from governance.duties import DUTIES, standings
from governance.erasure import begin
from governance.subjects import find
from tests.conftest import call, make_store, take_in
from tests.service.conftest import Served, running, wait_for


def test_it_is_ready_and_does_its_duties_by_itself(served: Served) -> None:
    """G4: the metric of what is overdue falls to nothing without anybody asking."""
    assert httpx.get(f"{served.url}/healthz").json() == {"status": "ok"}
    assert served.get("/readyz").json() == {"ready": True, "missing": []}

    wait_for(lambda: {one.outcome for one in standings(served.store)} == {"done"})

    text = served.get("/metrics").text
    for duty in DUTIES:
        assert f'lethe_duty_overdue_seconds{{duty="{duty.name}"}} 0.0' in text
        assert f'lethe_duty_outcome{{duty="{duty.name}",outcome="done"}} 1.0' in text
    assert "lethe_retention_overdue_keys 0.0" in text
    assert 'lethe_requests_total{method="GET",route="readyz",status="200"} 1.0' in text


@pytest.mark.slow
def test_an_interrupted_erasure_is_resumed_before_it_is_ready(sqlite_settings: Settings) -> None:
    """R4: whoever was killed at it."""
    store = make_store(sqlite_settings)
    take_in(store, call(1, "user_id:1"))
    begin(store, find(store, "user_id:1"))

    with running(sqlite_settings) as url:
        wait_for(lambda: httpx.get(f"{url}/readyz").status_code == 200)

    [resume] = [one for one in standings(open_store(sqlite_settings)) if one.duty.name == "resume"]
    assert resume.outcome == "done"


def test_it_says_what_is_missing_and_recovers_by_itself(sqlite_settings: Settings, tmp_path: object) -> None:
    """K4: keys that cannot be read give 503 with Retry-After, and never a 200."""
    make_store(sqlite_settings)
    [keys] = sqlite_settings.keys_directory.glob("*/generations.json")

    with running(sqlite_settings) as url:
        keys.chmod(0o644)
        away = wait_for(lambda: (found := httpx.get(f"{url}/readyz")).status_code == 503 and found)
        keys.chmod(0o600)
        wait_for(lambda: httpx.get(f"{url}/readyz").status_code == 200)

    assert away.headers["retry-after"] == "2"
    assert away.json()["missing"][0].startswith("store: ")


def test_the_log_knows_a_request_by_its_route(shared: Served, told: io.StringIO) -> None:
    """I11: neither addresses nor keys nor what was sent."""
    shared.get("/v1/profiles/user_id:canary?purpose=service&writeKey=canary", "canary")
    shared.post("/v1/track", {"userId": "canary", "event": "canary"})

    lines = [json.loads(line) for line in wait_for(told.getvalue).splitlines()]
    assert {"profiles.read", "tracking.track"} <= {line.get("route") for line in lines}
    assert "canary" not in told.getvalue()
    assert shared.key not in told.getvalue()


def test_errors_are_problem_details_and_repeat_nothing_of_the_request(shared: Served) -> None:
    """Neither path nor values come back."""
    unknown = shared.get("/v1/nothing/user_id:canary", **{"accept-language": "zh-CN"})

    assert unknown.status_code == 404
    assert unknown.headers["content-type"] == "application/problem+json"
    document = unknown.json()
    assert {"type", "title", "status", "detail", "code", "message"} <= document.keys()
    assert (document["code"], document["title"]) == ("not_found", "没有此地址。")
    assert "canary" not in unknown.text
    for name in ("content-security-policy", "x-content-type-options", "referrer-policy", "cache-control"):
        assert name in unknown.headers
    assert "server" not in unknown.headers


@pytest.mark.parametrize("kind", STATUS, ids=lambda kind: kind.__name__)
def test_every_problem_is_told_in_both_languages(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    Exception.__init__(error, "said")
    error.__dict__.update(wait_seconds=3)

    told = [json.loads(bytes(answer(error, zh=zh).body)) for zh in (False, True)]

    assert issubclass(kind, LetheError)
    assert told[0]["title"].isascii()
    assert not told[1]["title"].isascii()
    assert (answer(error).headers.get("retry-after") is not None) == (told[0]["status"] in (429, 503))


def test_the_document_of_the_interface_describes_every_route(shared: Served) -> None:
    document = httpx.get(f"{shared.url}/openapi.json").json()

    assert {"/healthz", "/readyz", "/metrics"} <= document["paths"].keys()
    assert httpx.get(f"{shared.url}/docs").status_code == 404, "its page would load scripts from elsewhere"
