"""The tracking API: the rules that unmodified clients rely on."""

import base64
import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from adapters.http.options import Options
from adapters.settings import Settings
from governance.access import Reader
from governance.api_keys import create
from governance.door import rejections_of
from governance.erasure import erase
from governance.projecting import catch_up_to_head
from governance.standing import standing_of
from governance.subjects import find
from tests.conftest import make_store
from tests.service.conftest import Served, running

TYPES = ("identify", "track", "page", "screen", "group", "alias")


def view(user: str | None, message: str, **more: Any) -> dict[str, Any]:
    said = {"type": "track", "userId": user, "messageId": message, "event": "Product Viewed"}
    return {**said, "properties": {"product_id": "p1", "category": "tea"}, **more}


def batch(*calls: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"batch": list(calls), "sentAt": "2026-11-23T12:00:00Z", **more}


def counts(served: Served, user: str) -> dict[str, int]:
    """What a profile knows of somebody's activity."""
    store = served.store
    catch_up_to_head(store)
    found: dict[str, int] = Reader(store, "tester").read(f"user_id:{user}", "service")["activity"]["by_type"]
    return found


def send(served: Served, body: bytes, **headers: str) -> httpx.Response:
    return httpx.post(f"{served.url}/v1/batch", content=body, headers=headers, timeout=30)


def basic(served: Served) -> str:
    return "Basic " + base64.b64encode(f"{served.key}:".encode()).decode()


def test_a_batch_is_in_the_profiles_once_it_is_answered_and_repeated_only_once(served: Served) -> None:
    calls = [view("1", "a"), view("2", "b", event="Order Completed"), view("1", "c")]

    answers = [served.post("/v1/batch", batch(*calls)) for _ in range(2)]

    assert [(one.status_code, one.content) for one in answers] == [(200, b'{"success":true}')] * 2
    assert (counts(served, "1"), counts(served, "2")) == ({"Product Viewed": 2}, {"Order Completed": 1})


def test_every_address_of_the_api_takes_in_its_call(embedded: Served) -> None:
    more = {"event": "E", "groupId": "g", "previousId": "old"}
    for name in TYPES:
        for path in (f"/v1/{name}", f"/v1/{name[0]}/", f"/beacon/v1/{name}"):
            call = {"userId": "1", "messageId": path, **more}
            assert embedded.post(path, call).content == b'{"success":true}', path
    for path in ("/v1/batch", "/v1/b", "/v1/import/", "/beacon/v1/batch"):
        assert embedded.post(path, batch(view("1", path))).status_code == 200, path

    assert counts(embedded, "1") == {"E": 3, "page": 3, "screen": 3, "Product Viewed": 4}


def test_the_key_is_found_wherever_clients_put_it(embedded: Served) -> None:
    key, call = embedded.key, view("1", "a")
    ways: list[tuple[dict[str, str], dict[str, str], dict[str, Any]]] = [
        ({"authorization": basic(embedded)}, {}, batch(call)),
        ({"authorization": f"Bearer {key}"}, {}, batch(call)),
        ({}, {"writeKey": key}, batch(call)),
        ({}, {}, batch(call, writeKey=key)),
        ({}, {}, batch({**call, "writeKey": key})),
    ]
    for headers, query, body in ways:
        answer = httpx.post(f"{embedded.url}/v1/batch", json=body, headers=headers, params=query)
        assert answer.status_code == 200, (headers, query)

    for shown in ("", "Bearer x", "Basic x", "Basic !!!", f"Bearer {key}x"):
        refused = httpx.post(f"{embedded.url}/v1/batch", json=batch(call), headers={"authorization": shown})
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
        assert isinstance(refused.json()["message"], str)


def test_who_may_only_look_takes_nothing_in(shared: Served) -> None:
    auditor = shared.make_key("auditor", "auditor")

    assert shared.post("/v1/batch", batch(view("1", "a")), auditor).status_code == 403


def test_gzip_is_read_under_any_content_type_and_never_beyond_its_bound(embedded: Served) -> None:
    plain = json.dumps(batch(view("1", "a"))).encode()
    form = {"content-type": "application/x-www-form-urlencoded", "content-encoding": "gzip"}
    ours = {"authorization": basic(embedded)}

    assert send(embedded, gzip.compress(plain), **form, **ours).status_code == 200
    assert send(embedded, plain, **{"content-type": "text/plain"}, **ours).status_code == 200
    bomb = gzip.compress(b'{"batch":[' + b" " * 200_000_000 + b"]}")
    assert len(bomb) < 400_000
    for body in (bomb, b"no gzip", gzip.compress(plain)[:-20]):
        refused = send(embedded, body, **form, **ours)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_body")
    for encoding in ("br", "deflate"):
        assert send(embedded, plain, **{"content-encoding": encoding}, **ours).status_code == 400


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"batch":{}}', b'{"type":"track"}', b'{"batch":[' + b"{}," * 3000 + b"{}]}", b"\xff"]
)
def test_a_body_that_is_no_batch_is_refused(shared: Served, body: bytes) -> None:
    refused = send(shared, body, authorization=basic(shared))

    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_body")


def test_a_body_beyond_the_limit_is_refused_whether_it_says_its_length_or_not(shared: Served) -> None:
    def endless() -> object:
        yield b'{"batch": ['
        for _ in range(40):
            yield b" " * 65_536

    large = httpx.post(f"{shared.url}/v1/batch", content=b"x" * (1 << 21))
    chunked = httpx.post(f"{shared.url}/v1/batch", content=endless())  # type: ignore[arg-type]

    lookup = httpx.post(f"{shared.url}/v1/profiles/lookup", content=b"x" * (1 << 21))
    assert (large.status_code, chunked.status_code, lookup.status_code) == (413, 413, 413)
    assert large.json()["code"] == "too_large"


def test_a_bad_call_fails_no_good_one_and_is_told_of_afterwards(served: Served) -> None:
    """L9: by number, field and reason, never by value."""
    calls = [view("1", "a"), view(None, "b"), {"type": "nonsense", "userId": "canary"}, view("1", "c")]

    assert served.post("/v1/batch", batch(*calls)).status_code == 200
    assert served.post("/v1/track", {"userId": "2"}).status_code == 200

    assert counts(served, "1") == {"Product Viewed": 2}
    told = [(one["source"], one["record"], one["field"], one["reason"]) for one in rejections_of(served.store, 10)]
    assert sorted(told) == [
        ("web", 1, "event", "missing"), ("web", 2, "userId", "no_identifier"), ("web", 3, "type", "unknown_type"),
    ]  # fmt: skip


def test_whether_somebody_is_suppressed_is_not_answered(embedded: Served) -> None:
    """I5, R8: what comes in of an erased person is taken for what it is, and told like anything else."""
    embedded.post("/v1/batch", batch(view("1", "a"), view("2", "b")))
    erase(embedded.store, "user_id:1")
    size = embedded.store.log.head().size

    gone, there = (embedded.post("/v1/track", view(user, "c")) for user in ("1", "2"))

    assert (gone.status_code, gone.content, sorted(gone.headers)) == (200, there.content, sorted(there.headers))
    assert embedded.store.log.head().size == size + 1
    assert 'lethe_calls_total{outcome="accepted"} 4.0' in embedded.get("/metrics").text


def test_calls_without_a_message_id_are_each_a_call(embedded: Served) -> None:
    call = {"userId": "1", "event": "E"}

    for _ in range(3):
        embedded.post("/v1/track", call)

    assert counts(embedded, "1") == {"E": 3}


def test_a_browsers_question_is_answered_with_what_it_may_send(shared: Served) -> None:
    asked = httpx.options(f"{shared.url}/v1/t", headers={"origin": "https://shop.example"})

    assert asked.status_code == 204
    allowed = asked.headers["access-control-allow-headers"]
    assert {"authorization", "content-type", "x-retry-count", "anonymousid", "sentat"} <= set(allowed.split(", "))
    assert asked.headers["access-control-allow-origin"] == "*"


def test_a_browsers_global_opt_out_is_heard(embedded: Served) -> None:
    embedded.post("/v1/track", view("1", "a"), **{"sec-gpc": "1"})
    embedded.post("/v1/track", view("2", "b"))

    store = embedded.store
    refused = [bool(standing_of(store, find(store, f"user_id:{user}")).refused) for user in "12"]

    assert refused == [True, False]


def test_requests_at_once_share_their_appends(embedded: Served) -> None:
    """Each is answered after the commit that holds it."""

    def sent(number: int) -> int:
        with httpx.Client() as client:
            answers = [
                client.post(
                    f"{embedded.url}/v1/batch", json=batch(view(f"u{number % 7}", f"{number}.{one}")),
                    headers={"authorization": basic(embedded)}, timeout=60,
                )
                for one in range(10)
            ]  # fmt: skip
        return sum(answer.status_code == 200 for answer in answers)

    with ThreadPoolExecutor(12) as pool:
        accepted = sum(pool.map(sent, range(12)))

    assert accepted == 120
    assert sum(sum(counts(embedded, f"u{user}").values()) for user in range(7)) == 120
    appends = next(
        line for line in embedded.get("/metrics").text.splitlines() if line.startswith("lethe_appends_total")
    )
    assert float(appends.split()[1]) < 120


def test_who_comes_too_often_is_asked_to_wait(sqlite_settings: Settings) -> None:
    store = make_store(sqlite_settings)
    key, other = (create(store, name, "service")["secret"] for name in ("a", "b"))

    with running(sqlite_settings, Options(rate="2/hour")) as url:
        here, there = Served(url, sqlite_settings, key), Served(url, sqlite_settings, other)
        answers = [here.post("/v1/track", view("1", str(number))) for number in range(3)]
        another = there.post("/v1/track", view("1", "z"))

    assert [one.status_code for one in answers] == [200, 200, 429]
    assert int(answers[2].headers["retry-after"]) >= 1
    assert answers[2].json()["code"] == "too_many_requests"
    assert another.status_code == 200
