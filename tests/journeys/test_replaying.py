"""An auditor's session on each database: the past folded again, what was attested, where a field comes from."""

import shutil
from pathlib import Path
from typing import Any

from adapters.wiring import open_store
from governance.projecting import serving, states_in
from tests.conftest import settings_for
from tests.journeys.conftest import Lethe, Tables, days, view

FOR = ("--purpose", "personalization")


def begun(lethe: Lethe) -> Lethe:
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    lethe.json("actor", "grant", "ada", "auditor")
    return lethe


def kept_head(lethe: Lethe) -> str:
    return lethe.file("head.txt", lethe("audit", "head").out.rstrip("\n"))


def test_an_auditor_replays_the_log_as_of_what_he_kept(lethe: Lethe) -> None:
    """L3, R7: after an erasure the past is the one of whoever is left, and says what it leaves out."""
    begun(lethe)
    head, was = kept_head(lethe), lethe.json("audit", "head")
    lethe.json("ingest", lethe.file("later.jsonl", view("3", "c1")))
    before = lethe.json("audit", "replay", "--as-of", head, "--actor", "ada")

    assert (before["size"], before["root"]) == (was["size"], was["root"])
    assert (before["subjects"], before["withheld"]["erasure"], before["exit"]) == (2, 0, 0)
    assert lethe.json("audit", "replay", "--actor", "ada")["subjects"] == 3

    lethe.json("erase", "user_id:1", "--yes")
    after = lethe.json("audit", "replay", "--as-of", head, "--actor", "ada")

    assert (after["position"], after["root"]) == (before["position"], before["root"])
    assert after["subjects"] == 1
    assert after["withheld"] == {"erasure": 3, "retention": 0, "held": 0, "lost": 0, "unexplained": 0}
    assert [one["subjects"] for one in after["statistics"]] == [1, 1]
    assert lethe.json("audit", "replay", "--as-of", str(was["size"] - 1))["statistics"] == after["statistics"]
    assert lethe.json("audit", "replay", "--as-of", "2026-11-23T12:00:00Z")["subjects"] == 2


def test_what_is_no_point_of_the_log_is_refused_by_name(lethe: Lethe, tmp_path: Path) -> None:
    begun(lethe)
    other = lethe.without(LETHE_STORE=str(tmp_path / "other"), LETHE_KEYS=f"file:{tmp_path / 'other-keys'}")
    other.json("init")
    strange = other.file("strange.txt", other("audit", "head").out.rstrip("\n"))

    def status(as_of: str) -> int:
        return lethe("audit", "replay", "--as-of", as_of).status

    assert status(strange) == 13
    assert status(lethe.file("text.txt", "no tree head")) == 10
    assert [status(one) for one in ("999", "soon", "2001-01-01")] == [2, 2, 2]


def test_a_tree_head_of_a_history_that_is_no_more_is_a_rollback(shop: Lethe) -> None:
    """Finding 12, by a head that an auditor kept: the operator replaced store and mirror together."""
    copy = shop.place / "copy"
    places = [Path(shop.environment[part].removeprefix("file:")) for part in ("LETHE_STORE", "LETHE_KEYS")]
    for place in places:
        shutil.copytree(place, copy / place.name)
    shop.json("ingest", shop.file("true.jsonl", view("2", "true")))
    head = kept_head(shop)
    for place in places:
        shutil.rmtree(place)
        shutil.copytree(copy / place.name, place)

    assert shop("audit", "replay", "--as-of", head).status == 12
    for number in range(2):
        shop.json("ingest", shop.file("false.jsonl", view("2", f"false{number}")))
    assert shop("audit", "replay", "--as-of", head).status == 12
    assert shop("audit", "replay").status == 0


def test_attested_states_match_then_are_superseded_and_a_false_one_is_found(lethe: Lethe) -> None:
    """L7: finding 15, with the position of the act."""
    begun(lethe)

    def verdicts() -> list[str]:
        return [one["verdict"] for one in lethe.json("audit", "replay", "--actor", "ada")["attested"]]

    told = lethe.json("audit", "attest")
    assert [one["name"] for one in told] == ["interests", "next_purchase_30d", "projections"]
    assert verdicts() == ["matches"] * 3
    lethe.json("erase", "user_id:1", "--yes")
    assert verdicts() == ["superseded"] * 3
    assert lethe.json("audit", "verify")["findings"] == []

    store = open_store(settings_for(lethe.environment["LETHE_STORE"], lethe.place))
    slot = serving(store)
    gone: dict[bytes, bytes | None] = dict.fromkeys(subject for subject, _ in states_in(slot))
    slot.save(expected=slot.checkpoint(), checkpoint=slot.checkpoint(), states=gone, shared={})
    false = lethe.json("audit", "attest")[-1]["position"]
    answer = lethe("audit", "replay", "--json")
    assert answer.status == answer.document["exit"] == 15
    assert [(one["name"], one["position"]) for one in answer.document["findings"]] == [("replay", false)]
    assert lethe("audit", "replay", "--as-of", str(told[0]["through"])).status == 0


def test_a_keyring_from_before_an_erasure_confirms_no_older_attestation(shop: Lethe) -> None:
    """R10: what is made to forget again gets another key, too."""
    shop.json("audit", "attest")
    store, copy = Path(shop.environment["LETHE_STORE"]), shop.place / "copy"
    shutil.copytree(store, copy)
    erased = shop.json("erase", "user_id:1", "--yes")
    for file in store.glob("keyring.db*"):
        file.unlink()
    for file in copy.glob("keyring.db*"):
        shutil.copy(file, store)

    told = shop.json("audit", "replay")

    assert {one["verdict"] for one in told["attested"]} == {"superseded"}
    assert told["withheld"]["erasure"] == erased["certificate"]["destroyed"]["entries"]
    [(serial,)] = Tables(shop).sql("keyring", "SELECT serial FROM secret WHERE name = 'attest'")
    assert serial == 2


def test_a_field_names_its_entries_and_a_difference_what_came_between(lethe: Lethe) -> None:
    begun(lethe)
    size = lethe.json("audit", "head")["size"]
    moved = {"type": "identify", "userId": "1", "messageId": "a9", "traits": {"city": "Bergen"}}
    lethe.json("ingest", lethe.file("moved.jsonl", moved))

    told = lethe.json("profile", "user_id:1", *FOR, "--explain", "attributes.city")
    assert [(one["type"], one["role"]) for one in told["entries"]] == [("identify", "latest")]
    spent = lethe.json("profile", "user_id:1", *FOR, "--explain", "activity.spend.30d")
    assert (spent["value"], [one["type"] for one in spent["entries"]]) == ("12.50", ["Order Completed"])
    changed = lethe.json("profile", "user_id:1", *FOR, "--diff", str(size - 1), told_size(lethe))
    [city] = changed["changes"]
    assert (city["field"], city["before"]["value"], city["after"]["value"]) == ("attributes.city", "Oslo", "Bergen")
    assert [one["position"] for one in city["entries"]] == [told["entries"][0]["position"]]

    people = lethe.file("people.txt", "user_id:1", "user_id:404")
    many = lethe("profile", "--from", people, *FOR, "--explain", "activity.events")
    assert (many.status, [one.get("value") for one in many.lines]) == (4, [2, None])


def told_size(lethe: Lethe) -> str:
    return str(lethe.json("audit", "head")["size"] - 1)


def test_a_field_is_explained_to_nobody_who_may_not_read_it(shop: Lethe) -> None:
    shop.json("actor", "grant", "ada", "auditor")
    city = ("--explain", "attributes.city")

    size = shop.json("audit", "head")["size"]

    def status(*words: str) -> int:
        return shop("profile", "user_id:1", *words).status

    assert status("--purpose", "analytics", *city) == status("--purpose", "marketing", *city) == 3
    assert status(*FOR, *city, "--actor", "ada") == status(*FOR, "--diff", "1", "5", "--actor", "ada") == 3
    assert status(*FOR, *city, "--as-of", "5") == status(*FOR, *city, "--diff", "1", "5") == status(*city) == 2
    assert status(*FOR, "--explain", "attributes") == status(*FOR, "--diff", "5", "1") == 2
    assert shop.json("audit", "head")["size"] == size
    assert status(*FOR, *city, "--actor", "ada", "--break-glass", "audit") == 0


def test_an_auditor_sees_that_something_happened_and_by_exception_what(lethe: Lethe) -> None:
    """G13: values need a role and a reason, and the act that says so is on the log before they show."""
    begun(lethe)
    lethe.json("actor", "grant", "olga", "officer")

    def opened() -> list[Any]:
        return Tables(lethe).sql("log", "SELECT fields FROM entry WHERE act = 'opened' ORDER BY position")

    plain = lethe("history", "user_id:1", "--json", "--actor", "ada")
    assert plain.status == 0
    assert not [word for word in ("Oslo", "user_id:1", "12.50", "values") if word in plain.out]
    assert lethe("history", "user_id:1", "--reveal", "--reason", "audit", "--actor", "ada").status == 3
    assert lethe("history", "user_id:1", "--reveal", "--reason", "curiosity", "--actor", "olga").status == 2
    assert opened() == []

    shown = lethe("history", "user_id:1", "--reveal", "--reason", "audit", "--actor", "olga")

    assert shown.status == 0
    assert "Oslo" in shown.out
    [(fields,)] = opened()
    assert '"door":"reveal"' in fields
    assert '"reason":"audit"' in fields
    assert "Oslo" not in fields
    glass = lethe("history", "user_id:1", "--reveal", "--reason", "audit", "--actor", "ada", "--break-glass", "audit")
    assert (glass.status, "Oslo" in glass.out, len(opened())) == (0, True, 3)
