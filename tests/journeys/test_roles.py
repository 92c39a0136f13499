"""Each verb and each role through the command line: what one may not do ends with 3 and changes nothing."""

import pytest

from governance.verbs import ROLES
from tests.journeys.conftest import Lethe, Tables, days

PERIOD = ("--from", "2026-01-01T00:00:00Z", "--to", "2027-01-01T00:00:00Z")
COMMANDS: dict[str, tuple[str, ...]] = {
    "read": ("profile", "user_id:1", "--purpose", "personalization"),
    "history": ("history", "user_id:1"),
    "reveal": ("history", "user_id:1", "--reveal", "--reason", "incident"),
    "statistics": ("statistics",),
    "rejections": ("rejections",),
    "records": ("records",),
    "audit": ("audit", "head"),
    "breach": ("breach", "--source", "lethe", *PERIOD),
    "rebuild": ("rebuild", "--check"),
    "models": ("models", "list"),
    "actors": ("actor", "list"),
    "ingest": ("ingest", "empty.jsonl"),
    "erase": ("erase", "user_id:1", "--dry-run"),
    "policy": ("policy", "publish", "new.toml"),
    "consent": ("notice", "list"),
}
NEEDED = {verb: {verb} for verb in COMMANDS} | {"reveal": {"reveal", "history"}}


def test_a_role_may_what_the_policy_gives_it_and_an_unknown_actor_nothing(embedded: Lethe) -> None:
    """G15, M6: every verb is refused, before anything happens, to whoever does not hold it."""
    embedded.json("init")
    embedded.json("ingest", embedded.file("days.jsonl", *days()))
    text = embedded.json("policy", "show")["text"]
    files = {"empty.jsonl": embedded.file("empty.jsonl"), "new.toml": embedded.file("new.toml", text + "\n# another")}
    for role in ROLES:
        embedded.json("actor", "grant", f"the-{role}", role)

    for verb, words in COMMANDS.items():
        command = [files.get(word, word) for word in words]
        holders = [role for role, verbs in ROLES.items() if NEEDED[verb] <= {*verbs}]
        size = entries(embedded)
        for actor in [*(f"the-{role}" for role in ROLES if role not in holders), "mallory"]:
            answer = embedded(*command, "--actor", actor)
            assert answer.status == 3, (verb, actor, answer)
            assert not {"mallory", "user_id"} & {*answer.err.replace(":", " ").split()}
        assert entries(embedded) == size, verb
        for role in holders[-1:]:  # the least of them
            assert embedded(*command, "--actor", f"the-{role}").status == 0, (verb, role)


def test_who_may_run_no_request_does_not_learn_which_there_are(shop: Lethe) -> None:
    assert shop("request", "run", "0" * 32).status == 4
    assert shop("request", "run", "0" * 32, "--actor", "mallory").status == 3


def entries(lethe: Lethe) -> int:
    [(count,)] = Tables(lethe).sql("log", "SELECT count(*) FROM entry")
    return int(count)


def test_actors_come_and_go(lethe: Lethe) -> None:
    lethe.json("init")
    lethe.json("ingest", lethe.file("days.jsonl", *days()))
    reading = ("profile", "user_id:1", "--actor", "shop")
    lethe.json("actor", "grant", "shop", "service", "--purpose", "service")

    assert lethe(*reading, "--purpose", "service").status == 0
    assert lethe(*reading, "--purpose", "personalization").status == 3
    glass = lethe(*reading, "--purpose", "personalization", "--break-glass", "support")
    assert glass.status == 0
    assert lethe("erase", "user_id:1", "--yes", "--actor", "shop", "--break-glass", "support").status == 3
    assert lethe(*reading, "--purpose", "service", "--break-glass", "my friend Ann").status == 2
    assert lethe("actor", "revoke", "tester", "admin").status == 3
    lethe.json("actor", "revoke", "shop", "service")

    assert lethe(*reading, "--purpose", "service").status == 3
    assert lethe("actor", "revoke", "shop", "service").status == 4
    listed = {one["name"]: one["roles"] for one in lethe.json("actor", "list")}
    assert listed == {None: {"admin": None}, "shop": {}}
    assert lethe.json("audit", "verify")["findings"] == []


@pytest.mark.parametrize(
    "words", [("history", "user_id:1", "--reveal"), ("history", "user_id:1", "--reason", "support")]
)
def test_values_need_a_reason(shop: Lethe, words: tuple[str, ...]) -> None:
    assert shop(*words).status == 2
