"""Pseudonyms at the public door: what leaves for a recipient, the way back, the rotation of the index."""

import pytest

from governance.policy import default_text
from tests.journeys.conftest import Lethe, days

RECIPIENTS = """
[recipients.partner]
purposes = ["personalization"]
[recipients.partner.masks]
identifiers = "drop"
"attributes.city" = "drop"
"activity.first_at" = "month"
"activity.last_at" = "year"
"activity.spend" = "bucket:10"
[recipients.other]
purposes = ["personalization", "marketing"]
"""


@pytest.mark.slow
def test_a_recipient_sees_its_own_ids_and_what_its_masks_leave(lethe: Lethe) -> None:
    """I11 D6 D8 G13 S9: every person in what was given is on the ledger, and the way back is guarded and recorded."""
    lethe.json("init", "--policy", lethe.file("policy.toml", default_text() + RECIPIENTS))
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    asked = ("profile", "user_id:1", "--purpose", "personalization")
    plain = lethe.json(*asked)

    seen = lethe.json(*asked, "--recipient", "partner")
    other = lethe.json(*asked, "--recipient", "other")

    assert len({plain["subject"], seen["subject"], other["subject"]}) == 3
    assert (seen["recipient"], seen["subject"][:2], other["attributes"]) == ("partner", "p_", plain["attributes"])
    assert plain["subject"] not in str(seen) + str(other)
    assert ("identifiers" in seen, "attributes" in seen) == (False, False)
    assert {"identifiers", "attributes.*"} <= set(seen["withheld"])
    assert (seen["activity"]["first_at"], seen["activity"]["last_at"]) == (
        "2026-11-01T00:00:00Z",
        "2026-01-01T00:00:00Z",
    )
    assert (plain["activity"]["spend"]["30d"], seen["activity"]["spend"]["30d"]) == ("12.50", "10")
    many = lethe("profile", "--from", lethe.file("ids", "user_id:2", "user_id:9"), *asked[2:], "--recipient", "partner")
    assert [line["subject"][:2] if "subject" in line else line["status"] for line in many.lines] == ["p_", 4]
    assert lethe.json("erase", "user_id:2", "--dry-run")["recipients"] == ["partner"]
    for refused in (["nobody", "personalization"], ["partner", "marketing"], ["partner", "service"]):
        assert lethe("profile", "user_id:1", "--recipient", refused[0], "--purpose", refused[1]).status == 3

    case = lethe("erase", "user_id:2", "--yes", "--json").document["request"]  # partial until its recipient was told
    reveal = ("reidentify", seen["subject"], "--recipient", "partner", "--case", case, "--reason")
    found = lethe.json(*reveal, "incident")
    assert (found["subject"], found["identifiers"]) == (plain["subject"], ["user_id:1"])
    gone = many.lines[0]["subject"]
    assert lethe("reidentify", gone, "--recipient", "partner", "--case", case, "--reason", "audit").status == 4
    assert (lethe(*reveal, "curiosity").status, lethe("reidentify", "s_1", *reveal[2:], "audit").status) == (2, 2)
    assert lethe("reidentify", seen["subject"], "--recipient", "other", *reveal[4:], "audit").status == 4
    assert lethe.json("index", "rotate")["status"] == "completed"
    assert lethe.json(*asked, "--recipient", "partner")["subject"] == seen["subject"]
    assert lethe.json("ingest", lethe.file("late.jsonl", {**days()[3], "userId": "2"}))["suppressed"] == 1
    counted = lethe.json("aggregates", "--by", "segment")
    assert (counted["period"], counted["people"], counted["cells"]) == ("2026-11", None, {})
    assert lethe("aggregates", "--by", "name").status == 2
    assert lethe("aggregates", "--by", "segment", "--purpose", "risk").status == 3
    assert lethe.json("audit", "verify")["findings"] == []
