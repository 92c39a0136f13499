"""Unmodified client libraries of the tracking API: what they send is in the profiles, retries and all."""

import importlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import ModuleType
from typing import Any

import httpx
import pytest

from governance.access import Reader
from governance.projecting import catch_up_to_head
from tests.service.conftest import Served


def segment(key: str, url: str, failed: Callable[..., None]) -> Any:
    return library("segment.analytics.client").Client(key, host=url, on_error=failed, sync_mode=False, gzip=True)


def rudder(key: str, url: str, failed: Callable[..., None]) -> Any:
    return library("rudderstack.analytics.client").Client(key, host=url, on_error=failed)


def classic(key: str, url: str, failed: Callable[..., None]) -> Any:
    return library("analytics.client").Client(key, host=url, on_error=failed)


def customerio(key: str, url: str, failed: Callable[..., None]) -> Any:
    return library("customerio.analytics.client").Client(key, host=url, on_error=failed)


def library(name: str) -> ModuleType:
    return importlib.import_module(name)


CLIENTS = {one.__name__: one for one in (segment, rudder, classic, customerio)}


@pytest.fixture(params=sorted(CLIENTS))
def client(request: pytest.FixtureRequest) -> Callable[..., Any]:
    return CLIENTS[request.param]


@pytest.fixture
def moody(embedded: Served) -> Iterator[tuple[str, list[int]]]:
    """The service behind one that first answers each request with these statuses."""
    moods: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if moods:
                self.send_response(moods.pop(0))
                self.send_header("retry-after", "1")
                self.send_header("content-length", "0")
                self.end_headers()
                return
            headers = {
                name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")
            }
            answer = httpx.post(embedded.url + self.path, content=body, headers=headers, timeout=30)
            self.send_response(answer.status_code)
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", moods
        server.shutdown()


def profile(served: Served, identifier: str) -> dict[str, Any]:
    store = served.store
    catch_up_to_head(store)
    return Reader(store, "tester").read(identifier, "service")


def test_what_a_client_sends_is_in_the_profiles(embedded: Served, client: Callable[..., Any]) -> None:
    """Every call of the API, on its own terms: nulls, traits in the context, gzip, batches."""
    failures: list[Any] = []
    one = client(embedded.key, embedded.url, lambda *said: failures.append(said))

    one.identify("u1", {"city": "Oslo"})
    one.track("u1", "Product Viewed", {"product_id": "p1", "category": "tea"})
    one.track(anonymous_id="a1", event="Product Viewed", properties={"product_id": "p2"})
    one.page("u1", "Docs", "Home", {"url": "https://shop.example/"})
    one.group("u1", "g1", {"name": "Shop"})
    one.alias("a1", "u1")
    one.flush()
    one.join()

    assert failures == []
    known = profile(embedded, "user_id:u1")
    assert known["activity"]["by_type"] == {"Product Viewed": 2, "page": 1}
    assert known["attributes"]["city"]["value"] == "Oslo"
    assert known["identifiers"] == {"anonymous_id": ["a1"], "user_id": ["u1"]}


def test_what_is_sent_again_after_an_error_counts_once(
    moody: tuple[str, list[int]], embedded: Served, client: Callable[..., Any]
) -> None:
    url, moods = moody
    moods += [503, 429, 500]
    failures: list[Any] = []
    one = client(embedded.key, url, lambda *said: failures.append(said))

    for number in range(5):
        one.track("u1", "Product Viewed", {"product_id": f"p{number}"})
    one.flush()
    one.join()

    assert (failures, moods) == ([], [])
    assert profile(embedded, "user_id:u1")["activity"]["by_type"] == {"Product Viewed": 5}


def test_a_client_with_a_wrong_key_is_told_in_its_own_terms(embedded: Served, client: Callable[..., Any]) -> None:
    """Its error has a code and a message, and it does not try again."""
    failures: list[Any] = []
    one = client("wrong", embedded.url, lambda *said: failures.append(said))

    one.track("u1", "Product Viewed", {})
    one.flush()
    one.join()

    [(error, _)] = failures
    assert type(error).__name__ == "APIError"
    assert "401" in str(error) or "unauthorized" in str(error)
