"""Health, readiness, metrics, the shape of errors, headers: what operators and clients rely on everywhere."""

import io
import json
from pathlib import Path

import httpx
import psycopg
import pytest

from adapters.http.desks import Desk
from adapters.http.errors import STATUS, answer
from adapters.settings import Settings
from adapters.wiring import open_store, publish_policy
from domain.errors import Fenced, LetheError, NotFound
from governance.access import Reader
from governance.api_keys import create
from governance.duties import DUTIES, statuses
from governance.erasure import begin, erase
from governance.policy import default_text
from governance.projecting import catch_up_to_head
from governance.subjects import find
from tests.conftest import call, drop_database, make_store, new_database, settings_for, take_in
from tests.service.conftest import Served, running, wait_for

DROP = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def test_it_is_ready_and_does_its_duties_by_itself(served: Served) -> None:
    """G4: the metric of what is overdue falls to nothing without anybody asking."""
    assert httpx.get(f"{served.url}/healthz").json() == {"status": "ok"}
    assert served.get("/readyz").json() == {"ready": True, "missing": []}

    wait_for(lambda: {one.outcome for one in statuses(served.store)} == {"done"})

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

    [resume] = [one for one in statuses(open_store(sqlite_settings)) if one.duty.name == "resume"]
    assert resume.outcome == "done"


def test_what_a_thread_knows_of_people_goes_with_an_erasure(sqlite_settings: Settings) -> None:
    """K6: identifiers in clear too, whichever process erased."""
    take_in(make_store(sqlite_settings), call(1, "user_id:1"), call(2, "user_id:2"))
    desk = Desk(sqlite_settings)
    desk.call(lambda opened: find(opened.store, "user_id:1"))
    assert "user_id:1" in desk.call(lambda opened: set(opened.store.blinder._blinds))

    erase(open_store(sqlite_settings), "user_id:1")

    assert desk.call(lambda opened: set(opened.store.blinder._blinds)) == set()


def test_it_says_what_is_missing_and_recovers_by_itself(sqlite_settings: Settings) -> None:
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


@pytest.mark.postgres
def test_a_database_that_drops_every_connection_is_back_by_itself(postgres: str, tmp_path: Path) -> None:
    """K4: 503 with Retry-After at most, never a 200 for what is not on disk."""
    settings = settings_for(new_database(postgres), tmp_path)
    store = make_store(settings)
    key, statuses = create(store, "shop", "service")["secret"], []

    with running(settings) as url:
        served = Served(url, settings, key)
        for number in range(20):
            if number % 7 == 3:
                with psycopg.connect(settings.store, autocommit=True) as server:
                    server.execute(DROP)
            statuses.append(served.post("/v1/track", {"userId": "1", "event": "E", "messageId": str(number)}))
        wait_for(lambda: served.get("/readyz").status_code == 200)

    assert {one.status_code for one in statuses} <= {200, 503}
    assert all("retry-after" in one.headers for one in statuses if one.status_code == 503)
    accepted = sum(one.status_code == 200 for one in statuses)
    after = open_store(settings)
    catch_up_to_head(after)
    kept = Reader(after, "tester").read("user_id:1", "service")["activity"]["events"]
    assert 0 < accepted <= kept <= 20
    drop_database(postgres, settings.store)


def test_a_newer_policy_is_in_force_in_every_thread_at_once(sqlite_settings: Settings) -> None:
    store = make_store(sqlite_settings)
    take_in(store, call(1, "user_id:1"))
    catch_up_to_head(store)
    key = create(store, "shop", "service")["secret"]

    with running(sqlite_settings) as url:
        served = Served(url, sqlite_settings, key)
        path = "/v1/profiles/user_id:1?purpose=analytics"
        before = {served.get(path).status_code for _ in range(8)}
        rule = '[purposes.analytics]\nbasis = "legitimate_interest"'
        stricter = default_text().replace(rule, rule.replace("legitimate_interest", "consent"), 1)
        publish_policy(sqlite_settings, open_store(sqlite_settings), stricter)
        after = {served.get(path).status_code for _ in range(8)}

    assert (before, after) == ({200}, {403})


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


def test_a_mistake_of_ours_is_answered_without_what_it_says(
    shared: Served, told: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its text may hold data of a person: the class alone is told, and that to the operator."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("user_id:canary")

    key = shared.make_key("officer", "officer")
    monkeypatch.setattr("governance.retention.plan", broken)

    failed = shared.get("/v1/retention", key)

    assert (failed.status_code, failed.json()["code"]) == (500, "unexpected")
    assert "content-security-policy" in failed.headers
    assert "canary" not in failed.text + told.getvalue()
    assert '"error": "RuntimeError"' in told.getvalue()


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


def test_who_is_being_erased_is_answered_as_one_unknown() -> None:
    """I5."""
    assert bytes(answer(Fenced()).body) == bytes(answer(NotFound()).body)
