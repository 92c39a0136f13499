"""Subject requests from the letter to the answer, through the command line, on each database."""

import json
from pathlib import Path
from typing import Any

from tests.journeys.conftest import Lethe, Tables, days, view

LATER = "2027-03-01T12:00:00Z"


def test_a_person_receives_everything_in_a_package_that_only_the_code_opens(lethe: Lethe, tmp_path: Path) -> None:
    """S10, M7: sealed, expiring, and nothing of other people in it."""
    lethe.json("init")
    friend = {"product_id": "p1", "category": "tea", "friendEmail": "bob@b.example", "note": "with bob@b.example"}
    lethe.json("ingest", lethe.file("days.jsonl", *days(), view("1", "a3", properties=friend)))
    lethe.json("profile", "user_id:1", "--purpose", "personalization")
    request = opened(lethe, "access", "user_id:1")
    out = tmp_path / "out"
    assert lethe("request", "run", request, "-o", str(out)).status == 3  # not verified
    lethe.json("request", "verify", request, "--method", "signed_in")
    lethe.json("request", "approve", request)
    assert lethe("request", "run", request).status == 2  # nowhere to write to

    answer = lethe.json("request", "run", request, "-o", str(out))

    sealed = (out / "package.lethe").read_bytes()
    assert [file.name for file in out.iterdir()] == ["package.lethe"]
    assert b"Oslo" not in sealed
    assert lethe("package", "open", answer["package"], "--code", "AAAA" * 8, "-o", str(tmp_path / "no")).status == 3
    late = lethe.without(LETHE_NOW=LATER)
    assert late("package", "open", answer["package"], "--code", answer["code"], "-o", str(tmp_path / "no")).status == 3
    assert not (tmp_path / "no").exists()
    lethe.json("package", "open", answer["package"], "--code", answer["code"].lower(), "-o", str(tmp_path / "in"))
    files = {file.name: file.read_text() for file in (tmp_path / "in").iterdir()}
    profile, about = json.loads(files["profile.json"]), json.loads(files["about.json"])
    assert (profile["attributes"]["city"]["value"], profile["interests"]["tags"]) == ("Oslo", ["tea"])
    assert profile["scores"]["next_purchase_30d"].keys() >= {"model_id", "reasons"}
    assert [one["name"] for one in about["recipients"]] == ["tester"]
    assert {one["code"] for one in about["rights"]} >= {"erasure", "complaint"}
    assert "Oslo" in files["package.html"]
    assert "您的个人信息" in files["package.html"]
    assert not [name for name, text in files.items() if "bob@b.example" in text]
    assert json.loads(files["manifest.json"])["redacted"] >= 2
    [act] = Tables(lethe).sql("log", "SELECT fields FROM entry WHERE act = 'opened'")
    assert json.loads(act[0]) == {"case": request, "door": "export", "reason": "access", "role": "admin"}
    assert lethe("request", "run", request, "-o", str(tmp_path / "again")).status == 3
    assert late.json("package", "sweep", str(out)) == {"deleted": ["package.lethe"], "kept": 0}
    assert list(out.iterdir()) == []


def test_a_portable_package_holds_what_was_provided_and_observed_and_nothing_inferred(shop: Lethe) -> None:
    out = shop.place / "out"

    shop.json("export", "user_id:1", "--portability", "--plain", "-o", str(out))

    files = {file.name: file.read_text() for file in out.iterdir()}
    assert files.keys() == {"manifest.json", "profile.json", "events.jsonl", "package.html"}
    assert json.loads(files["profile.json"]).keys() == {"identifiers", "attributes"}
    events = [json.loads(line) for line in files["events.jsonl"].splitlines()]
    assert {one["origin"] for one in events} == {"provided", "observed"}
    assert {one["type"] for one in events} == {"identifier.linked", "identify", "Product Viewed", "Order Completed"}
    assert not [word for word in ("score", "segment", "interests") if word in "".join(files.values())]
    assert shop("export", "user_id:1", "-o", str(out)).status == 2  # there is a package already
    assert shop("export", "user_id:9", "-o", str(shop.place / "other")).status == 4
    assert shop.without(LETHE_NOW=LATER).json("package", "sweep", str(out))["deleted"] == ["manifest.json"]
    assert list(out.iterdir()) == []


def test_what_a_person_asks_takes_effect_and_stays_with_the_case(lethe: Lethe) -> None:
    """G16: a correction reaches the profile and names who has to be told; M7: it goes with the person."""
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    reading = ("profile", "user_id:1", "--purpose", "personalization")
    lethe.json(*reading)

    corrected = carried_out(lethe, "rectification", "user_id:1", "--set", "city=Bergen", "--set", "age=42")

    assert corrected["outcome"] == {"corrected": 2, "told": ["tester"]}
    attributes = lethe.json(*reading)["attributes"]
    assert {name: one["value"] for name, one in attributes.items()} == {"age": 42, "city": "Bergen"}
    assert "conflicts" not in attributes["city"]
    assert lethe.json("request", "show", corrected["request"])["values"] == {"age": 42, "city": "Bergen"}
    carried_out(lethe, "rectification", "user_id:1", "--set", "city=")
    assert set(lethe.json(*reading)["attributes"]) == {"age"}
    assert lethe.json("rebuild", "--check")["differences"] == []

    asked = ("review", "user_id:1", "--score", "next_purchase_30d")
    reviewed = carried_out(lethe, *asked, run=("--decision", "removed", "--note", "wrong person"))["outcome"]
    assert (reviewed["decision"], reviewed["note"]) == ("removed", "wrong person")
    carried_out(lethe, "restriction", "user_id:1", "--ground", "unlawful")
    assert lethe(*reading).status == 3
    carried_out(lethe, "lift", "user_id:1", "--informed", "letter-3")
    assert lethe(*reading).status == 0
    carried_out(lethe, "objection", "user_id:1", "--purpose", "personalization")
    assert lethe(*reading).status == 3

    erased = carried_out(lethe, "erasure", "user_id:1")
    assert (erased["outcome"]["erasure"], erased["outcome"]["case"]) == ("completed", erased["request"])
    assert lethe.json("certificate", "show", erased["request"])["case"] == erased["request"]
    assert lethe.json("request", "show", corrected["request"])["values"] == {}
    assert "Bergen" not in lethe("request", "show", corrected["request"]).out
    assert lethe.json("audit", "verify")["findings"] == []


def test_nothing_tells_a_requester_whether_a_person_is_known(lethe: Lethe) -> None:
    """R13, I12, R12: the unknown and the erased answer alike, and a duplicate starts unverified."""
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    lethe.json("erase", "user_id:2", "--yes")
    subjects = len(Tables(lethe).sql("keyring", "SELECT subject FROM subject"))
    names = ("user_id:1", "user_id:2", "user_id:9")

    answers = [lethe.json("request", "open", "erasure", name) for name in names]

    assert len({json.dumps({**one, "request": "", "receipt": ""}) for one in answers}) == 1
    assert len(Tables(lethe).sql("keyring", "SELECT subject FROM subject")) == subjects + 3  # the cases
    first, *nobody = [one["request"] for one in answers]
    ended = [lethe.json("request", "verify", one, "--method", "document") for one in nobody]
    assert [one["state"] for one in ended] == ["cannot_identify", "cannot_identify"]

    lethe.json("request", "verify", first, "--method", "document")
    second = opened(lethe, "erasure", "user_id:1")
    shown = lethe.json("request", "show", second)
    assert (shown["duplicate_of"], shown["state"]) == (first, "received")
    assert lethe("request", "approve", second).status == 3
    assert lethe("request", "run", second).status == 3
    assert lethe.json("request", "cancel", second)["state"] == "cancelled"
    assert lethe("request", "cancel", second).status == 3
    lethe.json("request", "approve", first)
    lethe.json("request", "run", first)
    assert lethe("request", "cancel", first).status == 3
    assert lethe.json("request", "list") == []
    assert len(lethe.json("request", "list", "--all")) == 5, "with the one that `erase` opened for itself"
    assert lethe("request", "show", "00" * 16).status == 4
    assert lethe("request", "open", "erasure", "user_id:null").status == 2


def test_requests_are_late_denied_extended_and_approved_by_another(shop: Lethe) -> None:
    """G12, I9: four eyes when policy asks, or when one request reaches further than the policy's bound."""
    early = opened(shop, "access", "user_id:1", "--received", "2026-10-05T00:00:00Z")
    denied = opened(shop, "access", "user_id:2", "--received", "2026-10-05T00:00:00Z", "--requester", "agent")
    timely = opened(shop, "erasure", "user_id:2", "--jurisdiction", "ccpa")
    assert {one["request"] for one in shop.json("request", "list", "--overdue")} == {early, denied}
    assert [one["due"] for one in shop.json("request", "list")] == ["2026-11-05", "2026-11-05", "2027-01-07"]
    assert shop("request", "extend", early).status == 3  # too late
    assert shop("request", "verify", denied, "--method", "document").status == 3  # no authority
    shown = shop.json("request", "deny", denied, "--reason", "no_authority")
    assert (shown["state"], shown["overdue"]) == ("denied", False)
    assert shop.json("request", "show", denied)["denial"]["remedy"].keys() == {"en", "zh"}
    assert shop("request", "deny", early, "--reason", "we_like_it").status == 2
    assert shop.json("request", "extend", timely)["due"] == "2027-02-21"

    policy = shop.json("policy", "show")["text"]
    shop.json("policy", "publish", shop.file("p.toml", policy.replace("[requests]", "[requests]\nmax_entries = 4")))
    shop.json("actor", "grant", "colleague", "officer")
    shop.json("request", "verify", timely, "--method", "document")
    assert shop.json("request", "approve", timely)["state"] == "approved"  # four entries: two, and one a request
    wide = opened(shop, "erasure", "user_id:1")
    shop.json("request", "verify", wide, "--method", "document")
    assert shop.json("request", "show", wide)["needs_another"]
    assert shop("request", "approve", wide).status == 3
    assert shop("request", "approve", wide, "--actor", "stranger").status == 3
    assert shop.json("request", "approve", wide, "--actor", "colleague")["state"] == "approved"
    shop.json("ingest", shop.file("more.jsonl", view("2", "b3"), view("2", "b4")))
    assert shop("request", "run", timely).status == 3  # it grew past the bound since one person approved it
    shop.json("request", "approve", timely, "--actor", "colleague")

    for request in (wide, timely):
        assert shop.json("request", "run", request)["state"] == "completed"


def opened(lethe: Lethe, kind: str, identifier: str, *more: str) -> str:
    return str(lethe.json("request", "open", kind, identifier, *more)["request"])


def carried_out(lethe: Lethe, kind: str, identifier: str, *more: str, run: tuple[str, ...] = ()) -> Any:
    """A request from its opening to its end."""
    request = opened(lethe, kind, identifier, *more)
    lethe.json("request", "verify", request, "--method", "document")
    lethe.json("request", "approve", request)
    answer = lethe.json("request", "run", request, *run)
    assert answer["state"] == "completed", answer
    return answer
