"""Exit statuses, JSON on standard output and nothing else there, settings, and what is refused."""

import json
import re
import sqlite3
from pathlib import Path

import pytest

from adapters.settings import read_settings
from tests.journeys.conftest import Lethe, view

READ = ("profile", "user_id:1", "--purpose", "personalization")
ANSWERING = (
    ("audit", "head"),
    ("audit", "prove", "0"),
    ("audit", "verify"),
    ("erase", "user_id:1", "--dry-run"),
    ("history", "user_id:1"),
    ("ingest", "-"),
    ("models", "list"),
    ("models", "train"),
    ("policy", "show"),
    READ,
    ("rebuild",),
    ("rebuild", "--check"),
    ("rejections",),
    ("residue", "scan", "--canary", "nowhere"),
    ("statistics",),
    ("erase", "user_id:1"),
)
REFUSED = {
    ("profile", "user_id:1", "--purpose", "marketing"): 3,
    ("profile", "user_id:1", "--purpose", "gossip"): 3,
    ("profile", "user_id:1"): 2,
    ("profile", "nobody", "--purpose", "service"): 2,
    ("profile", "user_id:404", "--purpose", "service"): 4,
    ("profile", "user_id:1", "--purpose", "service", "--as-of", "yesterday"): 2,
    ("profile", "--from", "nowhere.txt", "--purpose", "service"): 2,
    ("history", "user_id:404"): 4,
    ("erase", "user_id:404"): 4,
    ("erase", "--dry-run"): 2,
    ("audit", "prove", "1000"): 4,
    ("certificate", "verify", "nowhere.json", "--key", "k"): 2,
    ("ingest", "nowhere.jsonl"): 2,
    ("policy", "check", "nowhere.toml"): 2,
    ("init", "--policy", "nowhere.toml"): 2,
    ("init", "--fold-key", "short"): 2,
    ("init",): 7,
    ("remember-me",): 2,
}


def test_every_answer_is_one_json_document_and_nothing_else(shop: Lethe) -> None:
    for arguments in ANSWERING:
        told = shop(*arguments, "--json", given="")

        assert told.status == 0, (arguments, told)
        assert told.document is not None, arguments


@pytest.mark.parametrize("arguments", REFUSED, ids=" ".join)
def test_what_is_refused_says_why_and_leaves_by_its_status(shop: Lethe, arguments: tuple[str, ...]) -> None:
    told = shop(*arguments, "--json")

    assert told.status == REFUSED[arguments], told
    assert told.out == ""
    assert told.err
    assert "unexpected" not in told.err


def test_what_is_refused_never_repeats_a_value(shop: Lethe) -> None:
    bad = shop.file("bad.jsonl", {"type": "track", "userId": "ada@canary.example", "event": 7}, "ada@canary.example")

    told = [shop("ingest", bad), shop("rejections"), shop(*READ[:1], "user_id:ada@canary.example", *READ[2:])]

    assert [one.status for one in told] == [0, 0, 4]
    assert "canary" not in "".join(one.out + one.err for one in told)


def test_rejected_records_matter_to_the_status_only_when_asked(shop: Lethe) -> None:
    mixed = shop.file("mixed.jsonl", view("3", "c1"), "{", view("3", "c2"))

    told = shop("ingest", mixed, "--strict", "--json")

    assert told.status == 6
    assert (told.document["accepted"], told.document["rejected"]) == (2, 1)
    assert [one["record"] for one in shop.json("rejections")] == [2]
    assert shop("ingest", shop.file("more.jsonl", "{")).status == 0


def test_from_answers_one_a_line_and_the_worst_decides(shop: Lethe) -> None:
    names = shop.file("people.txt", "user_id:1", "", "user_id:404", "user_id:2")

    profiles = shop("profile", "--from", names, "--purpose", "personalization")
    refused = shop("profile", "--from", "-", "--purpose", "marketing", given="user_id:1\nuser_id:404\n")
    erased = shop("erase", "--from", names)

    assert profiles.status == erased.status == 4
    assert [one.get("activity", {}).get("events") for one in profiles.lines] == [2, None, 2]
    assert profiles.lines[1] == {"error": "NotFound", "status": 4}
    assert (refused.status, [one["status"] for one in refused.lines]) == (4, [3, 4])
    assert [one["status"] for one in erased.lines] == ["completed", 4, "completed"]
    assert all(one["certificate"]["acts"] for one in erased.lines if "certificate" in one)
    assert shop("profile", "--from", names, "--purpose", "personalization").status == 4


def test_an_erasure_is_partial_while_somebody_reads_old_pages(shop: Lethe) -> None:
    reader = sqlite3.connect(Path(shop.environment["LETHE_STORE"]) / "keyring.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM data_key").fetchone()

    waiting = shop("erase", "user_id:1", "--yes", "--wait", "0.1", "--json")

    assert (waiting.status, waiting.document["status"]) == (5, "partial")
    assert waiting.document["waiting_for"]
    assert shop(*READ).status == 4
    reader.close()
    assert shop.json("erase", "user_id:1", "--yes")["status"] == "completed"
    assert shop.json("audit", "verify")["findings"] == []


def test_settings_come_from_the_environment_and_options_win(embedded: Lethe, tmp_path: Path) -> None:
    first = embedded.json("init")
    bare = embedded.without("LETHE_STORE", "LETHE_KEYS")
    where = ("--store", embedded.environment["LETHE_STORE"], "--keys", embedded.environment["LETHE_KEYS"])

    assert bare.alone("audit", "head", "--json").status == 7  # ./lethe-data is not there
    assert embedded.alone("audit", "head", "--json").document["vkey"] == first["vkey"]
    elsewhere = embedded.without(LETHE_STORE=str(tmp_path / "nowhere"))
    assert elsewhere("audit", "head").status == 7
    assert elsewhere("audit", "head", *where, "--json").document["vkey"] == first["vkey"]


def test_the_actor_is_who_was_told(shop: Lethe) -> None:
    shop.json(*READ)
    for name in ("grace", "ada"):
        shop.json("actor", "grant", name, "service")
    shop.without("LETHE_ACTOR").json(*READ, "--actor", "grace")
    shop.without(LETHE_ACTOR="ada").json(*READ)

    assert shop.json("erase", "user_id:1", "--dry-run")["recipients"] == ["ada", "grace", "tester"]


def test_keys_inside_the_store_are_refused_and_nothing_is_made(embedded: Lethe) -> None:
    inside = embedded.without(LETHE_KEYS=f"file:{embedded.environment['LETHE_STORE']}/keys")

    told = inside("init")

    assert told.status == 7
    assert "inside the store" in told.err
    assert not Path(embedded.environment["LETHE_STORE"]).exists()
    assert embedded("init").status == 0


@pytest.mark.parametrize("name", ["generations.json", "signing.key"])
def test_keys_that_others_may_read_are_refused(shop: Lethe, name: str) -> None:
    [file] = Path(shop.environment["LETHE_KEYS"].removeprefix("file:")).rglob(name)
    assert file.stat().st_mode & 0o777 == 0o600

    file.chmod(0o640)
    told = shop(*READ)

    assert told.status == 7
    assert name in told.err
    file.chmod(0o600)
    assert shop(*READ).status == 0


@pytest.mark.parametrize("keys", ["file:", "vault:secret/lethe", "nothing", "file:{place}/others"])
def test_keys_that_are_not_here_are_unavailable(shop: Lethe, keys: str) -> None:
    told = shop.without(LETHE_KEYS=keys.format(place=shop.place))("audit", "head")

    assert told.status == 7
    assert told.out == ""


@pytest.mark.parametrize(
    ("store", "status"),
    [
        ("postgresql://127.0.0.1:1/none", 7),
        ("postgres://127.0.0.1:1/none", 7),
        ("postgresql://host:port/none", 7),
        ("mysql://127.0.0.1/none", 2),
    ],
)
@pytest.mark.parametrize("command", [("init",), ("audit", "head")], ids=" ".join)
def test_a_server_that_is_not_there_is_named(
    embedded: Lethe, store: str, status: int, command: tuple[str, ...]
) -> None:
    told = embedded(*command, "--store", store)

    assert (told.status, told.out) == (status, "")
    assert "unexpected" not in told.err


def test_the_password_of_a_server_is_not_printed() -> None:
    assert read_settings({}, store="postgresql://ada:se:cret@db/x").shown_store == "postgresql://ada:…@db/x"
    assert read_settings({}, store="postgresql://ada@db:5432/x").shown_store == "postgresql://ada@db:5432/x"
    assert read_settings({}, store="./a:b@c").shown_store == "./a:b@c"


def test_a_clock_that_is_no_time_is_refused(shop: Lethe) -> None:
    assert shop.without(LETHE_NOW="noon")("audit", "head").status == 2


def test_a_policy_is_checked_by_path_and_line(shop: Lethe) -> None:
    policy = shop.json("policy", "show")["text"]
    wrong = policy.replace('basis = "contract"', 'basis = "because"').replace("half_life_days = 90", "half_life = 90")
    line = wrong.splitlines().index(next(one for one in wrong.splitlines() if one.startswith("half_life"))) + 1

    faults = shop("policy", "check", shop.file("wrong.toml", wrong), "--json")
    text = shop("policy", "check", str(shop.place / "wrong.toml"))

    assert faults.status == text.status == 2
    assert f"wrong.toml:{line}: half_life: no such setting here" in text.out
    assert {"purposes.service.basis", "half_life"} <= {fault["field"] for fault in faults.document}
    assert all(re.fullmatch(r"wrong\.toml:\d+", fault["where"]) for fault in faults.document)
    assert shop("policy", "publish", str(shop.place / "wrong.toml")).status == 2
    assert shop.json("policy", "show")["version"] == 1
    assert shop("policy", "check", shop.file("good.toml", policy)).out == "good\n"


def test_an_unexpected_error_shows_its_class_and_no_text(shop: Lethe, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("ada@canary.example")

    monkeypatch.setattr("governance.models.statistics_of", fail)

    told = shop("statistics")

    assert (told.status, told.out, told.err) == (1, "", "lethe: unexpected RuntimeError\n")


def test_a_process_of_its_own_says_the_same(shop: Lethe) -> None:
    before = shop.json("audit", "head")

    head = shop.alone("audit", "head", "--json")
    taken = shop.alone("ingest", "-", "--json", given=json.dumps(view("9", "c1")))
    missing = shop.alone("profile", "user_id:404", "--purpose", "service", "--json")

    assert head.document == before
    assert (head.status, taken.status, missing.status) == (0, 0, 4)
    assert taken.document["accepted"] == 1
    assert (missing.out, missing.err) == ("", "lethe: no such subject\n")


def test_a_database_that_goes_away_in_the_middle_is_unavailable(shop: Lethe, monkeypatch: pytest.MonkeyPatch) -> None:
    """K4: not an unexpected error; and what the driver says of it, which may hold values, is not shown."""

    def gone(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error near 'user_id:1'")

    monkeypatch.setattr("governance.access.Reader.read_many", gone)

    answer = shop(*READ)

    assert (answer.status, answer.err) == (7, "lethe: the database does not answer\n")
