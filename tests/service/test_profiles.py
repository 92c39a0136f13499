"""Profiles over HTTP: for a purpose, to whoever may, and on record."""

from typing import Any

import pytest

from domain.clock import rfc3339
from governance.disclosures import recipients_of
from governance.erasure import erase
from governance.subjects import component, find
from tests.conftest import NOW
from tests.service.conftest import Served, wait_for
from tests.service.test_tracking import batch, view

FOR = "?purpose=personalization"


def filled(served: Served) -> int:
    """Two people have done something; the position of the last entry."""
    identity = {"type": "identify", "userId": "1", "messageId": "i", "traits": {"city": "Oslo"}}
    served.post("/v1/batch", batch(identity, view("1", "a"), view("2", "b")))
    return served.store.log.head().size - 1


def test_what_was_answered_is_read_and_the_reader_is_on_the_ledger(served: Served) -> None:
    """L6: read your writes; the recipient is the key's actor."""
    position = filled(served)

    answer = served.get(f"/v1/profiles/user_id:1{FOR}&at_least={position}")

    document = answer.json()
    assert answer.status_code == 200
    assert (document["purpose"], document["basis"]) == ("personalization", "legitimate_interest")
    assert document["identifiers"] == {"user_id": ["1"]}
    assert document["attributes"]["city"]["value"] == "Oslo"
    assert document["activity"]["by_type"] == {"Product Viewed": 1}
    store = served.store
    assert recipients_of(store, component(store, find(store, "user_id:1"))) == ["shop"]


def test_it_follows_the_log_by_itself(embedded: Served) -> None:
    filled(embedded)

    wait_for(lambda: embedded.get(f"/v1/profiles/user_id:2{FOR}").status_code == 200)


def test_unknown_erased_and_suppressed_answer_alike(served: Served) -> None:
    """I5, R13."""
    position = filled(served)
    assert served.get(f"/v1/profiles/user_id:1{FOR}&at_least={position}").status_code == 200
    erase(served.store, "user_id:1")
    served.post("/v1/track", view("1", "late"))

    answers = [served.get(f"/v1/profiles/user_id:{user}{FOR}") for user in ("1", "404")]
    many = served.post("/v1/profiles/lookup", {"identifiers": ["user_id:1", "user_id:404"], "purpose": "service"})

    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    first, second = many.json()["profiles"]
    assert first == second
    assert first["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("user_id:1?purpose=marketing", 403, "no_basis"),
        ("user_id:1?purpose=nonsense", 403, "refused"),
        ("user_id:1", 422, "bad_input"),
        ("nobody?purpose=service", 422, "bad_input"),
        ("user_id:1?purpose=service&as_of=yesterday", 422, "bad_input"),
        ("user_id:1?purpose=service&at_least=x", 422, "bad_input"),
        ("user_id:1?purpose=service&at_least=99999", 409, "not_yet"),
    ],
)
def test_what_may_not_be_read_is_refused_by_name(shared: Served, path: str, status: int, code: str) -> None:
    position = filled(shared)
    shared.get(f"/v1/profiles/user_id:1{FOR}&at_least={position}")

    refused = shared.get(f"/v1/profiles/{path}")

    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert "user_id:1" not in refused.text
    assert "yesterday" not in refused.text


def test_a_key_reads_only_for_its_purposes_and_only_in_a_role_that_reads(embedded: Served) -> None:
    """L6: deny by default."""
    position = filled(embedded)
    narrow = embedded.make_key("mail", "service", purposes=["service"])
    auditor = embedded.make_key("auditor", "auditor")
    at = f"&at_least={position}"

    assert embedded.get(f"/v1/profiles/user_id:1?purpose=service{at}", narrow).status_code == 200
    assert embedded.get(f"/v1/profiles/user_id:1{FOR}{at}", narrow).status_code == 403
    assert embedded.get(f"/v1/profiles/user_id:1{FOR}{at}", auditor).status_code == 403
    assert embedded.get(f"/v1/profiles/user_id:1{FOR}{at}", "none").status_code == 401
    refused = embedded.post("/v1/profiles/lookup", {"identifiers": ["user_id:1"], "purpose": "analytics"}, narrow)
    assert refused.status_code == 403


def test_many_are_read_in_one_request_each_with_its_answer(served: Served) -> None:
    position = filled(served)
    names = ["user_id:2", "user_id:404", "user_id:1", "user_id:2"]

    asked: dict[str, Any] = {"identifiers": names, "purpose": "personalization", "at_least": position}
    found = served.post("/v1/profiles/lookup", asked).json()["profiles"]

    assert [one.get("identifiers", one.get("error", {}).get("status")) for one in found] == [
        {"user_id": ["2"]}, 404, {"user_id": ["1"]}, {"user_id": ["2"]},
    ]  # fmt: skip
    wrongs: list[dict[str, Any]] = [
        {"identifiers": []}, {"identifiers": ["a:b"] * 1001}, {"identifiers": ["canary"]}, {"canary": 1},
    ]  # fmt: skip
    for wrong in wrongs:
        refused = served.post("/v1/profiles/lookup", {"identifiers": ["user_id:1"], "purpose": "service", **wrong})
        assert refused.status_code == 422
        assert "canary" not in refused.text


def test_the_past_is_answered_as_it_was(served: Served) -> None:
    position = filled(served)
    served.post("/v1/track", view("1", "c"))

    then = served.get(f"/v1/profiles/user_id:1{FOR}&as_of={position}").json()
    by_time = served.get(f"/v1/profiles/user_id:1{FOR}&as_of={rfc3339(NOW)}").json()

    assert (then["as_of"], then["activity"]["events"]) == (str(position), 1)
    assert by_time["activity"]["events"] == 2


def test_a_reader_who_has_it_is_not_sent_it_again(embedded: Served) -> None:
    position = filled(embedded)
    path = f"/v1/profiles/user_id:1{FOR}&at_least={position}"
    first = embedded.get(path)
    tag = first.headers["etag"]

    same = embedded.get(path, **{"if-none-match": f'"x", {tag}'})
    embedded.post("/v1/track", view("1", "c"))
    position = embedded.store.log.head().size - 1
    other = embedded.get(f"/v1/profiles/user_id:1{FOR}&at_least={position}", **{"if-none-match": tag})

    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert other.status_code == 200
    assert other.headers["etag"] != tag
