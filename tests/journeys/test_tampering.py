"""Whoever changes the store behind its back is found: by name, position and exit status."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.journeys.conftest import Lethe, Tables, days, view

Change = Callable[[Tables, "Places"], int | None]
"""Does the deed; returns the position where it has to be found."""


class Places(NamedTuple):
    """Positions in the log of the story that `told` tells."""

    size: int
    body: int  # of somebody who is there
    purged: int  # of somebody who was erased
    executed: int  # the act of that erasure
    older: dict[str, list[tuple[Any, ...]]]  # rows as they were before it


@pytest.fixture
def told(lethe: Lethe) -> tuple[Lethe, Tables, Places]:
    """Two people came in, one of them was erased, and the audit is content."""
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    tables = Tables(lethe)
    older = {
        "body": tables.sql("log", "SELECT position, sealed FROM body ORDER BY position"),
        "data_key": tables.sql("keyring", "SELECT * FROM data_key"),
    }
    executed = lethe.json("erase", "user_id:1", "--yes")["position"]
    lethe.json("ingest", lethe.file("more.jsonl", view("2", "b3")))
    bodies = {position for (position,) in tables.sql("log", "SELECT position FROM body")}
    purged = min(position for position, _ in older["body"] if position not in bodies)
    size = lethe.json("audit", "head")["size"]
    assert lethe.json("audit", "verify")["findings"] == []
    return lethe, tables, Places(size, min(bodies), purged, executed, older)


def flipped(value: bytes) -> bytes:
    return value[:-1] + bytes([value[-1] ^ 1])


def flip_a_body(tables: Tables, at: Places) -> int:
    [(sealed,)] = tables.sql("log", "SELECT sealed FROM body WHERE position = ?", at.body)
    tables.sql("log", "UPDATE body SET sealed = ? WHERE position = ?", flipped(sealed), at.body)
    return at.body


def delete_a_body(tables: Tables, at: Places) -> int:
    tables.sql("log", "DELETE FROM body WHERE position = ?", at.body)
    return at.body


def add_a_body(tables: Tables, at: Places) -> int:
    tables.sql("log", "INSERT INTO body (position, sealed) VALUES (0, ?)", b"x" * 64)
    return 0


def move_an_entry_to_another_day(tables: Tables, at: Places) -> int:
    tables.sql("log", "UPDATE entry SET day = day - 1 WHERE position = ?", at.body)
    return at.body


def reword_an_act(tables: Tables, at: Places) -> int:
    statement = "UPDATE entry SET fields = replace(fields, '\"bodies\":', '\"bodies\":1') WHERE position = ?"
    tables.sql("log", statement, at.executed)
    return at.executed


def swap_an_entry_and_its_hash(tables: Tables, at: Places) -> int:
    [(other,)] = tables.sql("log", "SELECT hash FROM entry WHERE position = 0")
    tables.sql("log", "UPDATE entry SET hash = ? WHERE position = ?", other, at.body)
    return at.body


def cut_an_entry_out(tables: Tables, at: Places) -> int:
    tables.sql("log", "DELETE FROM entry WHERE position = ?", at.body)
    return at.body


def truncate_the_tail(tables: Tables, at: Places) -> int:
    tables.sql("log", "DELETE FROM body WHERE position >= ?", at.size - 1)
    tables.sql("log", "DELETE FROM entry WHERE position >= ?", at.size - 1)
    return at.size - 1


def put_a_body_back(tables: Tables, at: Places) -> int:
    sealed = dict(at.older["body"])[at.purged]
    tables.sql("log", "INSERT INTO body (position, sealed) VALUES (?, ?)", at.purged, sealed)
    return at.purged


def put_a_key_back(tables: Tables, at: Places) -> int:
    living = {row[0] for row in tables.sql("keyring", "SELECT key_id FROM data_key")}
    row = next(row for row in at.older["data_key"] if row[0] not in living)
    tables.sql("keyring", f"INSERT INTO data_key VALUES ({', '.join('?' * len(row))})", *row)
    return at.executed


def sign_with_another_hand(tables: Tables, at: Places) -> None:
    [(note,)] = tables.sql("log", "SELECT note FROM head")
    tables.sql(
        "log", "UPDATE head SET note = ?", note[:-10] + ("AAAA" if note[-10:-6] != "AAAA" else "BBBB") + note[-6:]
    )


def spoil_a_key(tables: Tables, at: Places) -> int:
    [(key, wrapped, committed), *_] = tables.sql("keyring", "SELECT key_id, wrapped, committed_at FROM data_key")
    tables.sql("keyring", "UPDATE data_key SET wrapped = ? WHERE key_id = ?", flipped(wrapped), key)
    return int(committed)


DEEDS: dict[Change, tuple[str, int]] = {
    flip_a_body: ("altered", 10),
    delete_a_body: ("missing", 11),
    add_a_body: ("altered", 10),
    move_an_entry_to_another_day: ("altered", 10),
    reword_an_act: ("altered", 10),
    swap_an_entry_and_its_hash: ("altered", 10),
    cut_an_entry_out: ("missing", 11),
    truncate_the_tail: ("missing", 11),
    put_a_body_back: ("incomplete_erasure", 14),
    put_a_key_back: ("incomplete_erasure", 14),
    sign_with_another_hand: ("signature", 13),
    spoil_a_key: ("commitment", 16),
}
ON_A_SERVER = (
    flip_a_body,
    cut_an_entry_out,
    put_a_key_back,
    sign_with_another_hand,
)  # one a table: all would cost a minute
CASES = [("sqlite", deed) for deed in DEEDS] + [("postgres", deed) for deed in ON_A_SERVER]


@pytest.mark.parametrize(
    ("settings", "deed"), CASES, indirect=["settings"], ids=lambda one: getattr(one, "__name__", one)
)
def test_a_deed_behind_the_store_is_found(told: tuple[Lethe, Tables, Places], deed: Change) -> None:
    lethe, tables, at = told
    name, status = DEEDS[deed]

    tables.unguard()
    position = deed(tables, at)

    audit = lethe("audit", "verify", "--json")
    assert (audit.status, audit.document["exit"]) == (status, status), audit
    assert {(one["name"], one["position"]) for one in audit.document["findings"] if one["name"] == name} == {
        (name, position)
    }


@pytest.mark.parametrize("column", ["hashes", "root"])
def test_a_tile_that_is_not_what_its_entries_make_is_found(lethe: Lethe, column: str) -> None:
    lethe.json("init")
    lethe.json("ingest", lethe.file("many.jsonl", *(view(f"p{number}", "m") for number in range(130))))
    tables = Tables(lethe)
    tables.unguard()
    [(value,)] = tables.sql("log", f"SELECT {column} FROM tile WHERE level = 0 AND number = 0")

    tables.sql("log", f"UPDATE tile SET {column} = ?", flipped(value))

    audit = lethe("audit", "verify", "--json")
    assert audit.status == 10
    assert [(one["name"], one["position"], one["where"]) for one in audit.document["findings"]] == [
        ("altered", 0, f"log.tile.{column}")
    ]


@pytest.mark.parametrize("table", ["entry", "body", "tile"])
def test_the_database_itself_refuses_to_change_the_log(lethe: Lethe, table: str) -> None:
    lethe.json("init")
    lethe.json("ingest", lethe.file("many.jsonl", *(view(f"p{number}", "m") for number in range(130))))
    tables = Tables(lethe)
    column = {"entry": "day", "body": "sealed", "tile": "root"}[table]

    with pytest.raises(Exception, match="append only"):
        tables.sql("log", f"UPDATE {table} SET {column} = {column}")


def test_a_difference_of_what_serves_is_found_by_a_rebuild(told: tuple[Lethe, Tables, Places]) -> None:
    lethe, tables, _ = told
    assert lethe("rebuild", "--check").status == 0

    tables.sql("projections", "DELETE FROM state_a")

    checked = lethe("rebuild", "--check", "--json")
    assert (checked.status, len(checked.document["differences"])) == (15, 1)
    assert lethe("rebuild").status == 0
    assert lethe("rebuild", "--check").status == 0
    assert lethe.json("profile", "user_id:2", "--purpose", "personalization")["activity"]["events"] == 3
