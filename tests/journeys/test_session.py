"""A store from its first day to an erasure and an audit, through the command line, on each database."""

import json
from pathlib import Path
from typing import Any

from tests.journeys.conftest import Lethe, days, view


def test_a_person_goes_in_is_shown_and_is_forgotten(lethe: Lethe, tmp_path: Path) -> None:
    """G15."""
    vkey = lethe.json("init", "--origin", "shop.example/log")["vkey"]
    taken = lethe.json("ingest", lethe.file("days.jsonl", *days()))
    assert (taken["read"], taken["accepted"], taken["rejected"]) == (5, 5, 0)
    profile = lethe.json("profile", "user_id:1", "--purpose", "personalization")
    assert profile["activity"]["by_type"] == {"Order Completed": 1, "Product Viewed": 1}
    assert profile["attributes"]["city"]["value"] == "Oslo"

    certificate = str(tmp_path / "certificate.json")
    erased = lethe.json("erase", "user_id:1", "--yes", "--certificate", certificate)

    assert (erased["status"], erased["residue"]["found"]) == ("completed", 0)
    assert lethe("profile", "user_id:1", "--purpose", "personalization").status == 4
    assert lethe("erase", "user_id:1", "--yes").status == 4
    assert lethe.json("certificate", "verify", certificate, "--key", vkey)["positions"] == [erased["position"]]
    assert lethe.json("profile", "user_id:2", "--purpose", "personalization")["activity"]["events"] == 2
    assert lethe.json("audit", "verify")["findings"] == []
    assert lethe.json("rebuild", "--check")["differences"] == []


def test_a_late_event_of_an_erased_person_is_counted_and_not_stored(lethe: Lethe) -> None:
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    lethe.json("erase", "user_id:1", "--yes")
    size = lethe.json("audit", "head")["size"]

    late = lethe.json("ingest", lethe.file("late.jsonl", view("1", "late")))

    assert (late["accepted"], late["suppressed"], late["rejected"]) == (0, 1, 0)
    assert lethe.json("audit", "head")["size"] == size


def test_a_preview_says_what_would_go_and_changes_nothing(lethe: Lethe) -> None:
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    before = lethe.json("audit", "head")

    preview = lethe.json("erase", "user_id:1", "--dry-run")

    assert (preview["members"], preview["identifiers"]) == (1, 1)
    assert preview["keys"] == {"behaviour": 1, "commerce": 1, "identity": 1, "profile": 1}
    assert lethe.json("audit", "head") == before
    assert lethe("profile", "user_id:1", "--purpose", "personalization").status == 0


def test_a_rebuild_serves_the_same_as_before(lethe: Lethe) -> None:
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    before = [{**one, "through_position": 0} for one in lethe.json("statistics")]

    assert lethe.json("rebuild")["switched"]

    assert [{**one, "through_position": 0} for one in lethe.json("statistics")] == before
    assert lethe.json("profile", "user_id:1", "--purpose", "personalization")["activity"]["events"] == 2


def test_a_profile_is_shown_as_it_was(lethe: Lethe) -> None:
    """R7: of who is erased, the past is gone too."""
    lethe.json("init")
    first = view("1", "a", timestamp="2026-09-01T00:00:00Z")
    later = view("1", "b", timestamp="2026-10-01T00:00:00Z")
    taken = lethe.json("ingest", lethe.file("one.jsonl", first), "--backfill")
    lethe.json("ingest", lethe.file("two.jsonl", later), "--backfill")

    def events(as_of: str) -> int:
        asked = ("profile", "user_id:1", "--purpose", "personalization", "--as-of", as_of)
        return int(lethe.json(*asked)["activity"]["events"])

    assert events("2026-09-15T00:00:00Z") == events(str(taken["last_position"])) == 1
    assert events("2026-10-15T00:00:00Z") == 2
    asked = ("profile", "user_id:1", "--purpose", "personalization", "--as-of")
    assert lethe(*asked, "2026-08-01").status == 4
    lethe.json("erase", "user_id:1", "--yes")
    assert [lethe(*asked, one).status for one in ("2026-10-15T00:00:00Z", str(taken["last_position"]))] == [4, 4]


def test_history_names_entries_and_never_values(lethe: Lethe) -> None:
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", *days()))

    told = lethe("history", "user_id:1", "--json")

    assert sum(entry["events"] for entry in told.document["entries"]) == 4  # three calls and the link that they made
    assert {entry["key"] for entry in told.document["entries"]} == {"live"}
    assert "Oslo" not in told.out
    assert "user_id:1" not in told.out


def test_two_stores_with_the_same_fold_key_compare(lethe: Lethe, tmp_path: Path) -> None:
    key = "ab" * 32
    other = lethe.without(LETHE_STORE=str(tmp_path / "other"), LETHE_KEYS=f"file:{tmp_path / 'other-keys'}")
    lethe.json("init", "--fold-key", key)
    other.json("init", "--fold-key", key)
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    other.json("ingest", lethe.file("without.jsonl", *days()[3:]))

    lethe.json("erase", "user_id:1", "--yes")

    def digests(one: Lethe) -> dict[str, str]:
        return {row["name"]: row["digest"] for row in one.json("statistics")}

    assert digests(lethe) == digests(other)


def test_a_changed_meaning_takes_effect_once_it_is_published(lethe: Lethe) -> None:
    lethe.json("init")
    gift = view("1", "g", event="Gift Sent", properties={"gift": "p1", "kind": "tea"})
    lethe.json("ingest", lethe.file("gifts.jsonl", gift))
    policy = lethe.json("policy", "show")["text"]
    asked = ("profile", "user_id:1", "--purpose", "personalization")
    assert lethe.json(*asked)["interests"]["shares"] == {}

    meaning = '[events."Gift Sent"]\ncategory = "user.behavior"\naction = "purchase"\nitem = "gift"\n'
    new = lethe.file("new.toml", policy, meaning + 'category_property = "kind"')
    assert lethe.json("policy", "publish", new)["version"] == 2

    assert lethe.json(*asked)["interests"]["shares"] == {"tea": 1.0}
    assert lethe.json("rebuild", "--check")["differences"] == []
    assert lethe.json("audit", "verify")["findings"] == []
    assert lethe.json("policy", "show")["version"] == 2


def test_a_certificate_holds_under_the_pinned_key_alone(lethe: Lethe, tmp_path: Path) -> None:
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    other = lethe.without(LETHE_STORE=str(tmp_path / "other"), LETHE_KEYS=f"file:{tmp_path / 'other-keys'}")
    stranger, vkey = other.json("init")["vkey"], lethe.json("audit", "head")["vkey"]
    file = str(tmp_path / "certificate.json")
    lethe.json("erase", "user_id:1", "--yes", "--certificate", file)

    assert lethe("certificate", "verify", file, "--key", stranger).status == 13
    assert lethe("certificate", "verify", file, "--key", "no key").status == 2
    assert lethe("certificate", "verify", file, "--key", vkey).status == 0


def test_a_certificate_claims_nothing_that_its_acts_do_not_say(shop: Lethe) -> None:
    vkey = shop.json("audit", "head")["vkey"]
    file = shop.place / "certificate.json"
    shop.json("erase", "user_id:1", "--yes", "--certificate", str(file))
    true = json.loads(file.read_text())
    [act] = true["acts"]
    intended = shop.json("audit", "prove", str(act["position"] - 1))

    def status(**forged: Any) -> int:
        return shop("certificate", "verify", shop.file("forged.json", true | forged), "--key", vkey).status

    assert status() == 0
    assert status(acts=[]) == 10
    assert status(acts=[act, act]) == 10
    assert status(acts=[{**act, "entry": act["entry"].replace('"bodies":', '"bodies":1')}]) == 10
    assert status(acts=[intended]) == 10
    assert status(case="0" * 32) == 10
    assert status(destroyed={**true["destroyed"], "keys": 99}) == 10
    assert status(not_covered=[]) == 10
    assert status(destroyed=None, case=None, not_covered=7) == 10
    assert (
        status(acts=None) == status(acts=["act"]) == status(envelope=None) == status(format="lethe-certificate/9") == 2
    )
