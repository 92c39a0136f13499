"""What a person says of the use of his data takes effect at once, through the command line, on each database."""

from typing import Any

import pytest

from tests.journeys.conftest import Lethe, days, view

pytestmark = pytest.mark.slow

ANN, BEN = "user_id:1", "user_id:2"
HEADER = {"schema_version", "record_id", "receipt_id", "pii_principal_id"}
PROCESSING = {
    "privacy_notice", "language", "purpose", "pii_information", "pii_controllers", "storage_locations",
    "retention_period", "jurisdiction", "recipient_third_parties", "withdrawal_method",
}  # fmt: skip
PARTY = {"party_id", "party_name", "party_address", "party_contact", "party_type"}
EVENT = {"event_time", "validity_duration", "entity_id", "event_type", "event_state"}
"""Mandatory in ISO/IEC TS 27560:2023, as the W3C DPV guide tabulates it."""


def test_consent_is_given_taken_back_and_proven(lethe: Lethe) -> None:
    """G6 G7 G8: evaluated at each read, with its history; a withdrawal stops the purpose at once."""
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    assert reading(lethe, "marketing") == 3
    notice(lethe, "We write to you once a month.")

    given = lethe.json("consent", "grant", ANN, "marketing", "--method", "web-form", "--language", "zh", "--evidence",
                       "form/7", "--until", "2027-11-23T00:00:00Z")  # fmt: skip

    assert (given["state"], reading(lethe, "marketing"), reading(lethe, "advertising")) == ("given", 0, 3)
    assert lethe.json("profile", ANN, "--purpose", "marketing")["basis"] == "consent"
    assert lethe("profile", BEN, "--purpose", "marketing").status == 3
    receipt = lethe.json("consent", "receipt", ANN, "marketing")
    assert receipt.keys() >= HEADER
    [processing] = receipt["processing"]
    assert processing.keys() >= PROCESSING
    assert processing["privacy_notice"]["version"] == 1
    assert receipt["parties"][0].keys() >= PARTY
    [event] = receipt["events"]
    assert event.keys() >= EVENT
    assert (event["event_state"], event["method"], event["language"], event["evidence"]) == (
        "given", "web-form", "zh", "form/7",
    )  # fmt: skip
    assert receipt["in_words"]["marketing"] == {"en": "consent is given", "zh": "已同意"}
    assert lethe("audit", "prove", str(event["position"])).status == 0

    assert reading(lethe.without(LETHE_NOW="2027-11-22T23:59:59Z"), "marketing") == 0
    late = lethe.without(LETHE_NOW="2027-11-23T00:00:00Z")
    assert (reading(late, "marketing"), state(late, "marketing")) == (3, "expired")

    before = lethe.json("audit", "head")["size"] - 1
    lethe.json("consent", "withdraw", ANN, "marketing")

    assert (reading(lethe, "marketing"), state(lethe, "marketing")) == (3, "withdrawn")
    assert state(lethe, "marketing", "--as-of", str(before)) == "given"
    assert state(lethe, "marketing", "--as-of", "2026-11-23T11:59:59Z") == "none"
    states = [one["event_state"] for one in lethe.json("consent", "record", ANN)["events"]]
    assert states == ["given", "withdrawn"]
    assert lethe("consent", "record", BEN).status == 4
    assert lethe.json("rebuild", "--check")["differences"] == []
    assert lethe.json("audit", "verify")["findings"] == []


def test_a_changed_notice_asks_again(lethe: Lethe) -> None:
    """G7: a consent to an older notice no longer counts, and what was kept under it stays until the person answers."""
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    lethe.json("consent", "grant", ANN, "marketing")
    assert reading(lethe, "marketing") == 0  # no notice is published yet

    assert notice(lethe, "We write once a month.") == notice(lethe, "We write once a month.") == 1
    assert (reading(lethe, "marketing"), state(lethe, "marketing")) == (3, "outdated")
    lethe.json("consent", "grant", ANN, "marketing")
    assert reading(lethe, "marketing") == 0

    assert notice(lethe, "We write every day.") == 2
    assert reading(lethe, "marketing") == 3
    assert lethe.json("consent", "grant", ANN, "marketing", "--notice", "1")["state"] == "outdated"
    assert lethe("consent", "grant", ANN, "marketing", "--notice", "3").status == 2
    assert lethe.json("consent", "grant", ANN, "marketing", "--notice", "2")["state"] == "given"
    assert reading(lethe, "marketing") == 0
    assert [one["version"] for one in lethe.json("notice", "list")] == [1, 2]
    assert lethe("notice", "show", "shop", "--version", "1").out.strip() == "We write once a month."
    assert "每" in lethe("notice", "show", "shop", "--language", "zh").out
    assert lethe.json("audit", "verify")["findings"] == []


def test_an_objection_stops_a_purpose_and_a_restriction_stops_them_all(lethe: Lethe) -> None:
    """G5: one policy point refuses every purpose of a restricted person."""
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", *days()))

    assert lethe.json("object", ANN, "personalization")["state"] == "objected"
    assert (reading(lethe, "personalization"), reading(lethe, "analytics")) == (3, 0)
    assert lethe.json("object", ANN, "personalization", "--lift")["state"] == "none"
    assert reading(lethe, "personalization") == 0
    assert lethe("object", ANN, "personalization", "--lift").status == 3  # there is nothing to take back
    assert lethe("object", ANN, "service").status == 3  # a contract
    assert lethe("consent", "grant", ANN, "service").status == 3
    assert lethe("consent", "grant", ANN, "curiosity").status == 3
    assert lethe("object", "user_id:nobody", "personalization").status == 4

    assert lethe.json("restrict", ANN, "--ground", "accuracy_contested")["restricted"]
    assert {reading(lethe, purpose) for purpose in ("service", "personalization", "analytics", "risk")} == {3}
    assert reading(lethe, "service", BEN) == 0
    assert lethe("restrict", ANN, "--ground", "whim").status == lethe("restrict", ANN).status == 2
    assert lethe("restrict", ANN, "--lift").status == 2  # without evidence that the person was told
    lifted = lethe.json("restrict", ANN, "--lift", "--evidence", "letter-3")
    assert not lifted["restricted"]
    assert lifted["note"].keys() == {"en", "zh"}
    assert reading(lethe, "service") == 0
    assert lethe("restrict", ANN, "--lift", "--evidence", "letter-3").status == 3  # there is nothing to lift


def test_a_signal_in_an_event_refuses_and_its_absence_does_not_flip_it_back(lethe: Lethe) -> None:
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    lethe.json("consent", "grant", ANN, "advertising")
    assert reading(lethe, "advertising") == 0

    lethe.json("ingest", lethe.file("gpc.jsonl", view("1", "g1", context={"gpc": True})))
    lethe.json("ingest", lethe.file("none.jsonl", view("1", "g2"), view("1", "g3", context={"gpc": False})))

    assert (reading(lethe, "advertising"), state(lethe, "advertising")) == (3, "refused")
    lethe.json("consent", "grant", ANN, "advertising")  # the person's own word is later, and the signal says no more
    lethe.json("ingest", lethe.file("again.jsonl", view("1", "g4", context={"headers": {"Sec-GPC": "1"}})))
    assert reading(lethe, "advertising") == 0
    assert lethe.json("rebuild", "--check")["differences"] == []


def test_bad_options_are_named(embedded: Lethe) -> None:
    embedded.json("init")
    embedded.json("ingest", embedded.file("days.jsonl", *days()))

    assert embedded("consent", "grant", ANN, "marketing", "--until", "soon").status == 2
    assert embedded("consent", "grant", ANN, "marketing", "--until", "2026-01-01").status == 2
    assert embedded("consent", "grant", "1", "marketing").status == 2
    assert embedded("consent", "show", ANN, "--as-of", "then").status == 2
    text = embedded.file("text", "text")
    assert embedded("notice", "publish", "No Name", "--en", text, "--zh", text).status == 2
    assert embedded("notice", "publish", "shop", "--en", text, "--zh", embedded.file("empty", "")).status == 2
    assert embedded("notice", "show", "shop").status == 4
    assert embedded.json("audit", "verify")["findings"] == []


def reading(lethe: Lethe, purpose: str, who: str = ANN) -> int:
    """The exit status of a read."""
    return lethe("profile", who, "--purpose", purpose).status


def state(lethe: Lethe, purpose: str, *options: str) -> str:
    return str(lethe.json("consent", "show", ANN, *options)["purposes"][purpose]["state"])


def notice(lethe: Lethe, text: str) -> Any:
    files = ("--en", lethe.file("en.txt", text), "--zh", lethe.file("zh.txt", f"每：{text}"))
    return lethe.json("notice", "publish", "shop", *files)["version"]
