"""The policy through the command line: packs, faults, versions, what it hides, the record of processing, a breach."""

import json
from typing import Any

import pytest

from governance import living
from tests.journeys.conftest import Lethe, days, view

ALWAYS = ("--from", "2026-01-01T00:00:00Z", "--to", "2027-01-01T00:00:00Z")


def test_a_policy_is_checked_published_and_shown_by_version(embedded: Lethe) -> None:
    embedded.json("init", "--policy", "social")
    text = embedded.json("policy", "show")["text"]
    bad = embedded.file("bad.toml", text.replace("months = 13", "months = -1", 1))
    told = embedded("policy", "check", bad, "--json")
    [fault] = told.document
    line = next(number for number, one in enumerate(text.splitlines(), 1) if one == "months = 13")
    assert told.status == 2
    assert (fault["where"], fault["field"]) == (f"bad.toml:{line}", "classes.behaviour.months")
    assert embedded("policy", "publish", bad).status == 2
    assert embedded("policy", "check", "health").status == 0

    stricter = embedded.file("new.toml", text.replace("months = 13", "months = 6", 1))
    published = embedded.json("policy", "publish", stricter)

    assert published["version"] == 2
    assert published["due"]["shortened"] == {"behaviour": [13, 6]}
    assert embedded.json("policy", "show", "--version", "1")["text"] == text
    assert "months = 6" in embedded.json("policy", "show")["text"]
    assert embedded("policy", "show", "--version", "3").status == 2
    assert embedded.json("policy", "packs") == ["ecommerce", "education", "finance", "health", "social"]


def test_a_class_that_holds_data_may_not_be_left_out(shop: Lethe) -> None:
    size = shop.json("audit", "head")["size"]

    told = shop("policy", "publish", "health")

    assert told.status == 2
    assert "classes.behaviour" in told.err
    assert shop.json("audit", "head")["size"] == size


def test_special_categories_are_read_with_explicit_consent_alone(lethe: Lethe) -> None:
    """D4: neither an event of a special category nor an interest or attribute that tells of one leaks elsewhere."""
    lethe.json("init")
    pregnancy = {"product_id": "p9", "category": "pregnancy"}
    calls = [*days(), view("1", "p1", properties=pregnancy), view("1", "p2", properties=pregnancy)]
    lethe.json("ingest", lethe.file("days.jsonl", *calls))
    asked = ("profile", "user_id:1", "--purpose")
    assert lethe.json(*asked, "personalization")["interests"]["shares"] == {"tea": 1.0}

    text = lethe.json("policy", "show")["text"]
    special = '[purposes.special_categories]\nbasis = "explicit_consent"\n'
    open_ = (
        special + 'sections = ["interests", "attributes"]\ncategories = ["user.behavior", "user.health_and_medical"]\n'
    )
    named = text.replace(special, open_).replace('tags = ["preg', 'traits = ["city"]\ntags = ["preg')
    limited = 'objectable = true\ncategories = ["user.behavior.browsing_history"]\n'
    named = named.replace("objectable = true\n", limited, 1)  # personalization
    lethe.json("policy", "publish", lethe.file("new.toml", named))

    seen = lethe.json(*asked, "personalization")
    assert seen["activity"]["by_type"] == {"Product Viewed": 3}  # the order lies in a category that it does not name
    assert seen["activity"]["spend"]["30d"] == "0.00" or seen["activity"]["spend"]["30d"] == "0"
    assert (seen["interests"]["shares"], seen["attributes"]) == ({"tea": 1.0}, {})
    size = seen["position"]
    past = lethe.json(*asked, "personalization", "--as-of", str(size))
    assert past["activity"] == seen["activity"]
    assert lethe(*asked, "special_categories").status == 3
    lethe.json("consent", "grant", "user_id:1", "special_categories")
    told = lethe.json(*asked, "special_categories")
    assert set(told["interests"]["shares"]) == {"tea", "pregnancy"}
    assert told["attributes"]["city"]["value"] == "Oslo"


def test_the_record_of_processing_names_where_the_store_does_what_is_not_declared(lethe: Lethe) -> None:
    """M5: a name that a client made up for one person is not in the record."""
    lethe.json("init")
    text = lethe.json("policy", "show")["text"]
    controller = (
        '[controller]\nname = "Shop"\ncontact = "dpo@shop.example"\nsubjects = [{ en = "Customers", zh = "客户" }]\n'
    )
    partner = '[recipients.partner]\npurposes = ["service"]\n'
    lethe.json("policy", "publish", lethe.file("new.toml", text, controller, partner))
    odd = [view(str(user), f"o{user}", event="Gift Wrapped") for user in range(3, 8)]
    lethe.json("ingest", lethe.file("days.jsonl", *days(), *odd, view("1", "s", event="Called Ann About Her Debt")))
    lethe.json("profile", "user_id:1", "--purpose", "personalization")
    lethe.json("profile", "user_id:1", "--purpose", "service", "--recipient", "partner")

    found = lethe.json("records")

    drift = {(one["code"], one["what"]) for one in found["drift"]}
    assert found["controller"]["name"] == "Shop"
    assert found["data_subjects"] == [{"en": "Customers", "zh": "客户"}]
    assert {"purposes", "categories", "recipients", "transfers", "time_limits", "security"} <= found.keys()
    assert {("unknown_type", "Gift Wrapped"), ("purpose_never_used", "marketing"), ("no_location", "partner")} <= drift
    assert ("purpose_never_used", "personalization") not in drift
    assert "Ann" not in json.dumps(found)
    by_name = {one["recipient"]: one for one in found["recipients"]}
    assert by_name["partner"]["disclosures"] == {"service": 1}
    assert by_name["tester"]["is_inside"]
    assert "recipient_not_declared" not in {code for code, _ in drift}
    shown = {language: lethe("records", "--language", language).out for language in ("en", "zh")}
    assert "Time limits for erasure" in shown["en"]
    assert "保存期限" in shown["zh"]
    assert "Customers" not in shown["zh"]

    lethe.json("policy", "publish", lethe.file("less.toml", text, controller))
    less = {(one["code"], one["what"]) for one in lethe.json("records")["drift"]}
    assert ("recipient_not_declared", "partner") in less


def test_a_breach_concerns_who_lives_and_was_there_then(lethe: Lethe, monkeypatch: pytest.MonkeyPatch) -> None:
    """I11: people are named by random ids, by their identifiers only for a reason, and the erased not at all."""
    monkeypatch.setattr(living, "AT_ONCE", 1)  # so that a merged person's subjects come in chunks of their own
    lethe.json("init")
    lethe.json("ingest", lethe.file("web.jsonl", *days()), "--source", "web")
    lethe.json("ingest", lethe.file("till.jsonl", view("3", "c1"), view("2", "c2")), "--source", "till")
    tablet: Any = {"type": "track", "anonymousId": "t", "messageId": "t1", "event": "Product Viewed", "properties": {}}
    alias = {"type": "alias", "previousId": "t", "userId": "3", "messageId": "t2"}
    lethe.json("ingest", lethe.file("more.jsonl", tablet, alias), "--source", "till")
    lethe.json("profile", "user_id:2", "--purpose", "personalization")
    ids = {user: lethe.json("history", f"user_id:{user}")["subject"] for user in "123"}

    def named(*what: str) -> list[str]:
        answer = lethe("breach", *what)
        assert answer.status == 0, answer
        return sorted(one["subject"] for one in answer.lines)

    assert named("--source", "till", *ALWAYS) == sorted([ids["2"], ids["3"]])  # who was merged is named once
    assert named("--source", "till", "--from", "2025-01-01T00:00:00Z", "--to", "2026-01-01T00:00:00Z") == []
    assert named("--segment", "new", *ALWAYS) == sorted([ids["2"], ids["3"]])
    assert named("--segment", "active", *ALWAYS) == [ids["1"]]
    assert ids["2"] in named("--recipient", "tester", *ALWAYS)
    lethe.json("erase", "user_id:2", "--yes")
    assert named("--source", "till", *ALWAYS) == [ids["3"]]
    assert lethe.json("breach", "--source", "till", *ALWAYS)["persons"] == [{"subject": ids["3"]}]
    revealed = lethe("breach", "--source", "till", *ALWAYS, "--reveal", "--reason", "incident").lines
    assert [one["identifiers"]["user_id"] for one in revealed] == [["3"]]
    assert lethe("breach", *ALWAYS).status == 2
    assert lethe("breach", "--segment", "rich", *ALWAYS).status == 2
    assert lethe.json("audit", "verify")["findings"] == []
