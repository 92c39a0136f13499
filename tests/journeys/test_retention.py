"""Storage limitation and holds through the command line, on each database."""

from typing import Any

from tests.journeys.conftest import Lethe, view

FUTURE = "2026-12-31T00:00:00Z"


def order(user: str, message: str, **more: Any) -> dict[str, Any]:
    return {**view(user, message, **more), "event": "Order Completed", "properties": {"revenue": 7, "currency": "USD"}}


def test_what_is_due_goes_and_leaves_the_store_that_received_only_the_rest(lethe: Lethe, tmp_path: Any) -> None:
    """G3, G4, R9: by receipt, not by what a clock claims; one person's data is held."""
    then = lethe.without(LETHE_NOW="2024-01-20T00:00:00Z")
    then.json("init", "--fold-key", "07" * 32)
    old = [view("1", "a"), view("2", "b", timestamp="2099-01-01T00:00:00Z"), order("1", "c"), view("3", "d")]
    then.json("ingest", then.file("old.jsonl", *old))
    new = [view("1", "e"), view("2", "f")]
    lethe.json("ingest", lethe.file("new.jsonl", *new))
    hold = lethe.json("hold", "set", "user_id:3", "--ground", "legal_claims", "--until", FUTURE)["hold"]

    planned = lethe.json("retention", "plan")
    applied = lethe.json("retention", "apply")

    assert planned["due"] == [
        {
            "class": "behaviour",
            "epoch": "2024-01",
            "due": "2026-03",
            "keys": 2,
            "subjects": 2,
            "kept": 1,
            "kept_by": {"hold": 1},
        }
    ]
    assert [one["status"] for one in applied["removals"]] == ["completed"]
    after = lethe.json("retention", "plan")
    [left] = after["due"]
    assert (left["keys"], left["kept"]) == (0, 1)
    assert (planned["last_run"], after["last_run"] is not None) == (None, True)
    shown = [lethe.json("profile", f"user_id:{user}", "--purpose", "personalization") for user in "123"]
    assert [one["activity"]["by_type"] for one in shown] == [
        {"Order Completed": 1, "Product Viewed": 1},
        {"Product Viewed": 1},
        {"Product Viewed": 1},
    ]
    assert lethe.json("rebuild", "--check")["differences"] == []
    assert lethe.json("audit", "verify")["findings"] == []

    lethe.json("hold", "release", hold)
    lethe.json("retention", "apply")

    assert lethe.json("retention", "plan")["due"] == []
    assert digests(lethe) == digests(never_received(lethe, tmp_path, old[2:3], new))
    assert lethe.json("audit", "verify")["findings"] == []


def test_an_erasure_forgets_what_no_hold_keeps_and_completes_by_itself(lethe: Lethe) -> None:
    """G1: exit 5 while something is kept; `explain` says which rule decides."""
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", view("1", "a"), order("1", "b"), view("2", "c")))
    lethe.json("hold", "set", "user_id:1", "--ground", "audit", "--until", FUTURE, "--class", "commerce")
    rules = {one["class"]: one["erased"]["rule"] for one in lethe.json("explain", "user_id:1")}
    assert rules == {"behaviour": "erasure", "commerce": "hold", "evidence": "kept", "identity": "erasure",
                     "profile": "erasure"}  # fmt: skip

    erased = lethe("erase", "user_id:1", "--yes", "--json")

    assert (erased.status, erased.document["status"]) == (5, "held")
    assert lethe("profile", "user_id:1", "--purpose", "personalization").status == 4
    [hold] = erased.document["holds"]
    assert [one["hold"] for one in lethe.json("hold", "list")] == [hold]
    [kept] = lethe.json("hold", "show", hold, "--reason", "legal_claims")["entries"]
    assert (kept["class"], kept["values"][0]["properties"]["revenue"]) == ("commerce", 7)
    assert lethe("hold", "show", hold, "--reason", "because").status == 2
    later = lethe.without(LETHE_NOW="2027-01-02T00:00:00Z")
    assert lethe.json("request", "show", erased.document["request"])["state"] == "partial"
    assert [one["status"] for one in later.json("retention", "apply")["removals"]] == ["completed"]
    assert later.json("request", "show", erased.document["request"])["state"] == "completed"
    assert later.json("hold", "list") == []
    assert later.json("audit", "verify")["findings"] == []


def test_a_hold_says_what_is_wrong_with_it(shop: Lethe) -> None:
    for arguments in (
        ["--ground", "because", "--until", FUTURE],
        ["--ground", "audit", "--until", "2020-01-01T00:00:00Z"],
        ["--ground", "audit", "--until", "soon"],
        ["--ground", "audit", "--until", FUTURE, "--class", "none"],
        ["--ground", "audit", "--until", FUTURE, "--from", "2026-13"],
    ):
        assert shop("hold", "set", "user_id:1", *arguments).status == 2
    assert shop("hold", "set", "user_id:nobody", "--ground", "audit", "--until", FUTURE).status == 4
    assert shop("hold", "release", "00" * 16).status == 4
    assert shop.json("hold", "list") == []


def never_received(lethe: Lethe, tmp_path: Any, old: list[Any], new: list[Any]) -> Lethe:
    """An embedded store that only ever received these."""
    other = lethe.without(LETHE_STORE=str(tmp_path / "other"), LETHE_KEYS=f"file:{tmp_path / 'other-keys'}")
    other.json("init", "--fold-key", "07" * 32)
    then = other.without(LETHE_NOW="2024-01-20T00:00:00Z")
    then.json("ingest", then.file("old-other.jsonl", *old))
    other.json("ingest", other.file("new-other.jsonl", *new))
    return other


def digests(lethe: Lethe) -> dict[str, str]:
    return {one["name"]: one["digest"] for one in lethe.json("statistics")}
