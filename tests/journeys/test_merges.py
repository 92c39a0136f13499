"""Identifiers that become one person, people on one device, and a merge undone: through the command line."""

from typing import Any

import pytest

from tests.journeys.conftest import Lethe, view


def on(device: str, message: str, user: str | None = None) -> dict[str, Any]:
    """A view on a device, by somebody who is logged in or not."""
    call = {**view(user or "", message), "anonymousId": device}
    return call if user else {key: value for key, value in call.items() if key != "userId"}


def alias(user: str, previous: str) -> dict[str, Any]:
    return {"type": "alias", "userId": user, "previousId": previous, "messageId": f"{user}<{previous}"}


def events(lethe: Lethe, identifier: str) -> int:
    seen = lethe.json("profile", identifier, "--purpose", "personalization")
    return int(seen["activity"]["events"])


@pytest.mark.slow
def test_erasing_by_any_identifier_erases_under_all_of_them(lethe: Lethe) -> None:
    """I6, R8: the whole component goes, and whatever comes late under any of its names."""
    lethe.json("init")
    told = [
        on("phone", "1"),
        on("phone", "2", "ann"),
        on("tablet", "3", "ann"),
        view("anna", "4"),
        alias("anna", "ann"),
    ]
    lethe.json("ingest", lethe.file("told.jsonl", *told, view("ben", "5")))
    names = ["user_id:ann", "user_id:anna", "anonymous_id:phone", "anonymous_id:tablet"]
    assert [events(lethe, name) for name in names] == [4] * 4
    assert lethe.json("erase", "anonymous_id:tablet", "--dry-run")["identifiers"] == 4

    assert lethe.json("erase", "anonymous_id:tablet", "--yes")["status"] == "completed"

    assert {lethe("profile", name, "--purpose", "personalization").status for name in names} == {4}
    late = [on("phone", "6"), on("tablet", "7"), view("ann", "8"), alias("annie", "anna")]
    assert lethe.json("ingest", lethe.file("late.jsonl", *late))["suppressed"] == 4
    assert lethe("profile", "user_id:annie", "--purpose", "personalization").status == 4
    assert events(lethe, "user_id:ben") == 1


def test_a_device_of_two_people_hands_the_history_of_neither_to_the_other(lethe: Lethe) -> None:
    """I8, I9: what was done before the first login is the first one's; an address that two give joins nobody."""
    lethe.json("init")
    told = [
        on("kiosk", "1"),
        on("kiosk", "2", "ann"),
        on("kiosk", "3", "ben"),
        view("ben", "4"),
        on("kiosk", "5", "ben"),
    ]
    mail = {"type": "identify", "traits": {"email": "family@example.org"}}
    both = [{**mail, "userId": "ann", "messageId": "6"}, {**mail, "userId": "ben", "messageId": "7"}]
    lethe.json("ingest", lethe.file("told.jsonl", *told, *both))
    assert (events(lethe, "user_id:ann"), events(lethe, "user_id:ben")) == (2, 3)

    lethe.json("erase", "user_id:ann", "--yes")

    assert events(lethe, "user_id:ben") == 3
    seen = lethe.json("profile", "user_id:ben", "--purpose", "personalization")
    assert seen["identifiers"] == {"user_id": ["ben"]}
    late = lethe.json("ingest", lethe.file("late.jsonl", on("kiosk", "8"), on("kiosk", "9", "ben")))
    assert (late["suppressed"], late["accepted"]) == (1, 1)
    assert lethe.json("rebuild", "--check")["differences"] == []


@pytest.mark.slow
def test_a_wrong_merge_is_undone(lethe: Lethe) -> None:
    """I8: each side has what was its own; what came in since stays; erasing one leaves the other."""
    lethe.json("init")
    told = [view("ann", "1"), on("phone", "2", "ben"), on("phone", "3")]
    lethe.json("ingest", lethe.file("told.jsonl", *told))
    lethe.json("ingest", lethe.file("merged.jsonl", alias("ann", "ben"), on("phone", "4")))
    assert events(lethe, "user_id:ben") == 4

    done = lethe.json("unmerge", "user_id:ann", "--identifier", "user_id:ben")

    assert done["subject"] != done["unmerged"]
    assert (events(lethe, "user_id:ann"), events(lethe, "anonymous_id:phone")) == (2, 2)
    assert lethe.json("rebuild", "--check")["differences"] == []
    lethe.json("ingest", lethe.file("more.jsonl", on("phone", "5", "ann"), on("phone", "6")))
    assert (events(lethe, "user_id:ann"), events(lethe, "user_id:ben")) == (3, 3)
    assert lethe("unmerge", "user_id:ann", "--identifier", "user_id:ben").status == 4
    assert lethe("unmerge", "user_id:ann", "--identifier", "user_id:ann").status == 3
    assert lethe.json("erase", "user_id:ann", "--yes")["status"] == "completed"
    assert events(lethe, "user_id:ben") == 3
    assert lethe.json("rebuild", "--check")["differences"] == []
    assert lethe.json("audit", "verify")["findings"] == []
