"""`lethe residue scan`: an officer looks for a person in everything the store wrote, on each database."""

import gzip
from pathlib import Path

import pytest

from tests.journeys.conftest import Lethe, days, view

TOKEN = "zoe.quist@example.org"


@pytest.mark.slow
def test_a_token_is_looked_for_in_the_store_and_beside_it(lethe: Lethe, tmp_path: Path) -> None:
    """S1, S3, S9, S10: pages, write-ahead logs and server files; exports and backups where they were written to."""
    lethe.json("init")
    known = view("1", "z", properties={"product_id": TOKEN})
    lethe.json("ingest", lethe.file("days.jsonl", *days(), known))
    exports = tmp_path / "exports"
    exports.mkdir()
    tokens = lethe.file("tokens.txt", TOKEN, "", "somebody else")

    clean = lethe("residue", "scan", "--canary-file", tokens, "--path", str(exports), "--json")

    assert (clean.status, clean.document["hits"], clean.document["partial"]) == (0, [], False)
    assert clean.document["files"] > 3
    assert clean.document["bytes"] > 100_000

    (exports / "people.jsonl.gz").write_bytes(gzip.compress(f'{{"mail":"{TOKEN}"}}'.encode()))
    found = lethe(
        "residue",
        "scan",
        "--canary-file",
        "-",
        "--path",
        str(exports),
        "--json",
        given=f"nobody.else@example.org\n{TOKEN}\n",
    )

    assert found.status == 14
    assert {(hit["token"], hit["file"]) for hit in found.document["hits"]} == {(1, "people.jsonl.gz!gzip")}


def test_what_could_not_be_read_is_never_called_clean(shop: Lethe, tmp_path: Path) -> None:
    """S6: a broken archive among the exports makes the answer partial."""
    (tmp_path / "half.gz").write_bytes(gzip.compress(b"x" * 10_000)[:-9])

    partial = shop("residue", "scan", "--canary", TOKEN, "--path", str(tmp_path / "half.gz"), "--json")

    assert (partial.status, partial.document["partial"]) == (5, True)
    assert partial.document["unreadable"] == ["half.gz!gzip"]
    assert TOKEN not in partial.out + partial.err
    assert shop("residue", "scan", "--json").status == 2
    assert shop("residue", "scan", "--canary", TOKEN, "--path", str(tmp_path / "nowhere")).status == 2
    assert shop("residue", "scan", "--canary", "abc").status == 2
