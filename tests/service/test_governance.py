"""An officer's work over HTTP: the same governance calls as the command line's, and the same refusals."""

import base64
from typing import Any

import httpx
import pytest

from governance.certificate_check import verify
from governance.package_file import open_package
from tests.conftest import NOW
from tests.service.conftest import Served
from tests.service.test_profiles import filled

ERASURE = {"kind": "erasure", "identifier": "user_id:1"}


def officer(served: Served) -> str:
    return served.make_key("officer", "officer")


def step(served: Served, key: str, case: str, name: str, **said: Any) -> Any:
    answer = served.post(f"/v1/requests/{case}/{name}", said, key)
    assert answer.status_code == 200, answer.text
    return answer.json()


def opened(served: Served, key: str, **asked: Any) -> str:
    answer = served.post("/v1/requests", asked, key)
    assert answer.status_code == 201, answer.text
    case: str = answer.json()["request"]
    return case


def test_an_erasure_goes_from_the_request_to_a_certificate_that_stands_alone(served: Served) -> None:
    """G15: through public addresses alone."""
    position, key = filled(served), officer(served)
    assert served.get(f"/v1/profiles/user_id:1?purpose=service&at_least={position}").status_code == 200

    case = opened(served, key, **ERASURE)
    assert served.post(f"/v1/requests/{case}/run", {}, key).json()["code"] == "wrong_state"
    step(served, key, case, "verify", method="signed_in", evidence="ticket-1")
    step(served, key, case, "approve")
    done = step(served, key, case, "run")

    assert (done["state"], done["text"]["zh"] != "") == ("completed", True)
    proof = served.get(f"/v1/certificates/{case}", key).json()
    assert verify(proof, served.store.vkey)
    assert served.get("/v1/profiles/user_id:1?purpose=service").status_code == 404
    assert [one["request"] for one in served.get("/v1/requests?all=true", key).json()] == [case]
    assert served.get(f"/v1/requests/{case}", key).json()["outcome"]["erasure"] == "completed"


def test_a_package_is_answered_sealed_with_its_code(embedded: Served) -> None:
    filled(embedded)
    key = officer(embedded)
    case = opened(embedded, key, kind="access", identifier="user_id:1")
    step(embedded, key, case, "verify", method="signed_in")
    step(embedded, key, case, "approve")

    done = step(embedded, key, case, "run")

    files = open_package(base64.b64decode(done["package"]), done["code"], now=NOW)
    assert "manifest.json" in files
    assert done["code"] not in str(embedded.get(f"/v1/requests/{case}", key).json())


def test_what_a_person_says_counts_from_the_answer_on(served: Served) -> None:
    """G6: granted, withdrawn, objected, restricted."""
    position, key = filled(served), officer(served)
    reads = f"/v1/profiles/user_id:1?purpose=marketing&at_least={position}"
    person = "/v1/consents/user_id:1"

    seen = [served.get(reads).status_code]
    for word in ("granted", "withdrawn", "granted"):
        assert served.post(person, {"purpose": "marketing", "word": word, "method": "web-form"}).status_code == 200
        seen.append(served.get(reads).status_code)
    served.post("/v1/restrictions/user_id:1", {"ground": "accuracy_contested"}, key)
    seen.append(served.get(reads).status_code)
    lifted = served.post("/v1/restrictions/user_id:1", {"evidence": "letter-1"}, key)
    seen.append(served.get(reads).status_code)

    assert seen == [403, 200, 403, 200, 403, 200]
    assert lifted.status_code == 200
    told = served.get(person).json()
    assert told["restricted"] is False
    assert served.get(f"{person}?form=receipt", key).status_code == 200
    assert served.post(person, {"purpose": "service", "word": "granted"}).status_code == 403


def test_a_hold_keeps_what_an_erasure_would_take_until_it_is_released(embedded: Served) -> None:
    """G1, G2."""
    filled(embedded)
    key = officer(embedded)
    asked = {"identifier": "user_id:1", "ground": "legal_claims", "until": "2027-12-31T00:00:00Z"}
    hold = embedded.post("/v1/holds", asked, key).json()["hold"]
    case = opened(embedded, key, **ERASURE)
    step(embedded, key, case, "verify", method="signed_in")
    step(embedded, key, case, "approve")
    assert step(embedded, key, case, "run")["state"] == "partial"
    assert [one["hold"] for one in embedded.get("/v1/holds", key).json()] == [hold]

    headers = {"authorization": f"Bearer {key}"}
    released = httpx.delete(f"{embedded.url}/v1/holds/{hold}", headers=headers, timeout=60).json()

    assert [one["status"] for one in released["completed"]] == ["completed"]
    assert embedded.get(f"/v1/requests/{case}", key).json()["state"] == "completed"
    plan = embedded.get("/v1/retention?months=30", key).json()
    assert plan["due"] == []
    assert {one["duty"] for one in embedded.get("/v1/duties", key).json()} >= {"retention", "notices"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "/v1/requests", None),
        ("post", "/v1/requests", ERASURE),
        ("get", "/v1/holds", None),
        ("get", "/v1/retention", None),
        ("post", "/v1/retention/apply", {}),
        ("get", "/v1/duties", None),
        ("get", f"/v1/certificates/{'0' * 32}", None),
    ],
)
def test_a_program_that_sends_and_reads_does_not_govern(shared: Served, method: str, path: str, body: Any) -> None:
    """L6: deny by default; without a key nobody does anything."""
    for key, status in ((shared.key, 403), ("none", 401)):
        refused = shared.get(path, key) if method == "get" else shared.post(path, body, key)
        assert refused.status_code == status, refused.text


def test_what_cannot_be_asked_is_refused_by_field_and_never_by_value(shared: Served) -> None:
    key = officer(shared)
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("/v1/requests", {"kind": "canary", "identifier": "user_id:1"}),
        ("/v1/requests", {"kind": "erasure", "identifier": "canary"}),
        ("/v1/requests", {"kind": "erasure", "identifier": "user_id:1", "received": "canary"}),
        ("/v1/requests", {"kind": "erasure", "identifier": {"canary": 1}}),
        ("/v1/requests/canary/run", {}),
        (f"/v1/requests/{'0' * 32}/canary", {}),
        (
            "/v1/holds",
            {"identifier": "user_id:1", "ground": "audit", "until": "2027-01-01T00:00:00Z", "first": "canary"},
        ),
        ("/v1/consents/user_id:1", {"purpose": "marketing", "word": "canary"}),
    ]
    for path, body in wrong:
        refused = shared.post(path, body, key)
        assert refused.status_code == 422, (path, refused.text)
        assert "canary" not in refused.text
    assert shared.post(f"/v1/requests/{'0' * 32}/approve", {}, key).status_code == 404
