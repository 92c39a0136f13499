"""Who is kept out, through the command line, on each database."""

from hashlib import sha256
from pathlib import Path

import pytest

from tests.journeys.conftest import Lethe, days, view


def identify(user: str, message: str, mail: str, **more: object) -> dict[str, object]:
    return {"type": "identify", "userId": user, "messageId": message, "traits": {"email": mail}, **more}


@pytest.mark.slow
def test_lists_are_imported_matched_and_withdrawn_and_secrets_rotate(lethe: Lethe, tmp_path: Path) -> None:
    """I3, R8: a list of hashes, as California's Delete Act hands it out, works on whom it meets from then on."""
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", *days(), identify("2", "b9", "Here@example.org")))
    hashes = [sha256(mail.encode()).hexdigest() for mail in ("here@example.org", "away@example.org")]
    csv = lethe.file("drop.csv", "ID,Hash", *(f"{number},{one}" for number, one in enumerate(hashes)), "9,no hash")
    matches = tmp_path / "known.txt"

    done = lethe.json("suppression", "import", csv, "--kind", "email", "--matches", str(matches))

    assert {name: done[name] for name in ("read", "added", "refused", "known")} == {
        "read": 3, "added": 2, "refused": 1, "known": 1,
    }  # fmt: skip
    assert matches.read_text() == "email:here@example.org\n"
    assert matches.stat().st_mode & 0o077 == 0
    assert lethe("erase", "--from", str(matches), "--yes").status == 0
    assert lethe.json("suppression", "rotate") == {"serial": 2}
    late = [identify("7", "z1", "away@example.org"), view("2", "z2"), view("1", "z3")]
    taken = lethe.json("ingest", lethe.file("late.jsonl", *late))
    assert (taken["accepted"], taken["suppressed"]) == (1, 2)
    counted = lethe.json("suppression", "status")
    assert (counted["marks"], counted["by_serial"], counted["suppressed"]) == (4, {"1": 4}, 2)
    assert lethe.json("suppression", "remove", csv, "--kind", "email") == {"removed": 2}
    assert lethe.json("suppression", "sweep") == {"swept": 0}
    assert lethe.json("ingest", lethe.file("later.jsonl", late[0], view("2", "z4")))["suppressed"] == 1
    assert lethe.json("audit", "verify")["findings"] == []
    assert lethe("suppression", "import", csv, "--kind", "name").status == 2
    assert lethe("suppression", "import", csv, "--kind", "email", "--hash", "md5").status == 2


def test_who_registers_again_begins_with_nothing(lethe: Lethe) -> None:
    """K2, I10: only an explicit new registration is let in, and nothing of before comes with it."""
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    before = lethe.json("profile", "user_id:1", "--purpose", "personalization")
    lethe.json("erase", "user_id:1", "--yes")
    again = view("1", "n1", context={"registration": "new"})

    taken = lethe.json("ingest", lethe.file("again.jsonl", view("1", "late"), again, view("1", "a1")))

    assert (taken["suppressed"], taken["accepted"]) == (1, 2)
    seen = lethe.json("profile", "user_id:1", "--purpose", "personalization")
    assert seen["subject"] != before["subject"]
    assert (seen["activity"]["events"], seen["attributes"]) == (2, {})
    assert lethe.json("rebuild", "--check")["differences"] == []
