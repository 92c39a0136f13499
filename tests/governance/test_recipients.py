"""Recipients: when they are told again, which addresses are called, and whom we believe."""

import base64
import hmac

import pytest

from adapters.settings import Settings
from domain.clock import SECOND, parse_rfc3339
from domain.errors import DisclosedMeanwhile
from governance.access import Reader
from governance.callbacks import Forbidden, Forged, callback, verify
from governance.erasure import erase_root, fence, open_case
from governance.notifying import TRIES, Answer, Notice, fold, overall, tried
from governance.policy import default_text
from governance.projecting import catch_up_to_head
from governance.pseudonyms import pseudonyms
from governance.recipients import notices_of
from governance.subjects import component, find
from tests.conftest import call, make_store, take_in


def test_a_case_names_whom_to_tell_and_how_far_that_is() -> None:
    """G9: what is told twice joins the ids; who was told is told again only of an id that it was not told of."""
    house, partner = {"recipient": "desk", "pairwise": []}, {"recipient": "partner", "pairwise": ["p_1"]}
    sent = {"step": "notified", "recipient": "partner", "status": "acknowledged", "attempt": 1, "due": 0}
    opened = {"step": "opened", "recipients": [house, partner]}
    more = {"step": "opened", "recipients": [{**partner, "pairwise": ["p_2"]}]}

    assert fold([{"step": "received", "kind": "access"}, {"step": "running", "recipients": [partner]}]) == {}
    assert fold([opened])["partner"] == Notice(recipient="partner", what="erasure", pairwise=("p_1",))
    assert [notice.status for notice in fold([opened, sent, opened]).values()] == ["acknowledged"]
    assert fold([{"step": "received", "kind": "rectification"}, opened, sent, more]) == {
        "partner": Notice(recipient="partner", what="rectification", pairwise=("p_1", "p_2"))
    }


def test_who_is_given_the_profile_while_a_case_is_opened_is_told_as_well(sqlite_settings: Settings) -> None:
    """G9 R1: the fence compares the ledger with the case, under the lock that ends all reads."""
    text = default_text() + '[recipients.partner]\npurposes = ["service"]\n[recipients.late]\npurposes = ["service"]\n'
    store = make_store(sqlite_settings, policy=text)
    take_in(store, call(1, "user_id:ann"))
    catch_up_to_head(store)
    root = find(store, "user_id:ann")
    Reader(store, "partner", outside=True).read("user_id:ann", "service")
    case = open_case(store, component(store, root))
    Reader(store, "late", outside=True).read("user_id:ann", "service")

    with pytest.raises(DisclosedMeanwhile):
        fence(store, root, case)
    outcome = erase_root(store, root, case=case)

    assert (outcome.case, outcome.recipients) == (case.hex(), ["late", "partner"])
    assert {one.pairwise for one in notices_of(store, case).values()} == {
        (pseudonyms(store, name).of(root),) for name in ("partner", "late")
    }


def test_a_notice_is_tried_later_and_later_and_then_left_to_a_person() -> None:
    """G9."""
    notice, now, waits = Notice(recipient="partner", what="erasure", pairwise=("p_1",)), 0, []
    while notice.status != "escalated":
        assert notice.is_due(now)
        notice = tried(notice, Answer(0), now)
        waits.append((notice.due - now) // SECOND if notice.due else None)
        now = max(now, notice.due)

    assert waits == [60, 240, 960, 3840, 15360, None]
    assert (len(waits), notice.attempt, notice.is_due(now)) == (TRIES, TRIES, False)
    asked = Notice(recipient="partner", what="erasure", pairwise=("p_1",))
    assert tried(asked, Answer(410), 0).status == "escalated"
    assert tried(asked, Answer(429, 7200), 0).due == 7200 * SECOND
    assert tried(asked, Answer(429, 10**8), 0).due == 86_400 * SECOND
    statuses = {"a": "acknowledged", "b": "escalated"}
    assert overall({}) == overall(statuses) == "completed"
    assert overall({**statuses, "c": "failed"}) == overall({**statuses, "c": "pending"}) == "partial"


@pytest.mark.parametrize(
    "url",
    [
        "http://partner.example/", "https:///x", "https://user:word@partner.example/", "https://partner.example/#x",
        "https://partner.example:22/", "https://partner.example:99999/", "https://partner.example/\nhost: x", "file:///etc",
        "https://127.0.0.1/", "https://10.0.0.1/", "https://192.168.1.1/", "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/", "https://0.0.0.0/", "https://224.0.1.1/", "https://[::1]/", "https://[fe80::1]/",
        "https://[fd00::1]/", "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/",
    ],
)  # fmt: skip
def test_an_address_inside_a_network_or_of_another_kind_is_not_called(url: str) -> None:
    """G11."""
    with pytest.raises(Forbidden):
        callback(url, allow_private=False)


def test_what_comes_in_a_recipients_name_is_believed_only_with_its_signature() -> None:
    """G10: over the raw bytes, and not for long."""
    key, body, now = b"k" * 32, b'{"status":"done"}', parse_rfc3339("2026-11-23T12:00:00Z") // SECOND
    digest = base64.b64encode(hmac.digest(key, f"n1.{now}.".encode() + body, "sha256")).decode()
    headers = {"webhook-id": "n1", "webhook-timestamp": str(now), "webhook-signature": f"v1,AAAA v1,{digest}"}

    assert verify(key, headers, body, seconds=now + 299) == "n1"
    for forged, raw, at in [
        (headers, body + b" ", now), (headers, body, now + 301), (headers, body, now - 301), ({}, body, now),
        ({**headers, "webhook-id": "n2"}, body, now), ({**headers, "webhook-timestamp": "now"}, body, now),
        ({**headers, "webhook-signature": "v1,"}, body, now),
    ]:  # fmt: skip
        with pytest.raises(Forged):
            verify(key, forged, raw, seconds=at)
    with pytest.raises(Forged):
        verify(b"x" * 32, headers, body, seconds=now)
