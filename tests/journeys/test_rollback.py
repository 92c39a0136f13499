"""A store restored from an older copy, or forked, cannot pass for the one that was published."""

import shutil
from pathlib import Path

from tests.journeys.conftest import Lethe, view


def copied(lethe: Lethe, name: str) -> Path:
    """The files of the store as they are now, and what publishes its heads."""
    place = lethe.place / name
    for part in ("LETHE_STORE", "LETHE_KEYS"):
        shutil.copytree(lethe.environment[part].removeprefix("file:"), place / part)
    return place


def put_back(lethe: Lethe, place: Path, part: str) -> None:
    target = Path(lethe.environment[part].removeprefix("file:"))
    shutil.rmtree(target)
    shutil.copytree(place / part, target)


def test_yesterdays_copy_is_a_rollback_and_serves_nobody(shop: Lethe) -> None:
    yesterday, size = copied(shop, "yesterday"), shop.json("audit", "head")["size"]
    shop.json("erase", "user_id:1", "--yes")

    put_back(shop, yesterday, "LETHE_STORE")

    audit = shop("audit", "verify", "--json")
    assert audit.status == 12
    assert ("rollback", size) in {(one["name"], one["position"]) for one in audit.document["findings"]}
    for arguments in (
        ("profile", "user_id:1", "--purpose", "personalization"),
        ("ingest", "-"),
        ("erase", "user_id:1"),
    ):
        refused = shop(*arguments, given="")
        assert (refused.status, refused.out) == (12, ""), arguments


def test_a_fork_that_grew_longer_is_a_rollback_too(shop: Lethe) -> None:
    yesterday = copied(shop, "yesterday")
    shop.json("ingest", shop.file("true.jsonl", view("2", "true")))
    today = copied(shop, "today")
    put_back(shop, yesterday, "LETHE_STORE")
    put_back(shop, yesterday, "LETHE_KEYS")
    for number in range(3):
        shop.json("ingest", shop.file("false.jsonl", view("2", f"false{number}")))

    put_back(shop, today, "LETHE_KEYS")

    audit = shop("audit", "verify", "--json")
    assert audit.status == 12
    assert "rollback" in {one["name"] for one in audit.document["findings"]}


def test_an_untouched_copy_is_as_good_as_the_store(shop: Lethe) -> None:
    shop.json("erase", "user_id:1", "--yes")
    copy = copied(shop, "copy")

    other = shop.without(LETHE_STORE=str(copy / "LETHE_STORE"), LETHE_KEYS=f"file:{copy / 'LETHE_KEYS'}")

    assert other.json("audit", "verify") == shop.json("audit", "verify")
    assert other.json("audit", "verify")["findings"] == []
    assert other("profile", "user_id:1", "--purpose", "personalization").status == 4
