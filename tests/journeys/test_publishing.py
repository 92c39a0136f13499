"""The log reaches others through the command line: static files, witnesses, and a signing key that is replaced."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.note import parse_note
from governance.signing import open_tree_head
from tests.journeys.conftest import Lethe, days, view
from tests.witness import Witness, serving

SENTENCE = "that somebody else was shown another history cannot be excluded"


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    """Knows no log yet."""
    with serving(Witness(tmp_path / "record")) as one:
        yield one


def checkpoint(place: Path) -> str:
    return (place / "checkpoint").read_text(encoding="utf-8")


def size(place: Path) -> int:
    return int(checkpoint(place).split("\n")[1])


def test_a_named_directory_follows_acts_at_once_and_entries_when_they_are_due(lethe: Lethe) -> None:
    site = lethe.place / "site"
    shop = lethe.without(LETHE_PUBLISH=str(site))
    shop.json("init")
    assert size(site) == shop.json("audit", "head")["size"]
    shop.json("ingest", shop.file("days.jsonl", *days()))

    erased = shop.json("erase", "user_id:1", "--yes")

    followed = size(site)
    assert followed > erased["position"]
    shop.json("profile", "user_id:2", "--purpose", "service")  # a disclosure: neither an act nor a word of a person
    assert size(site) == followed
    later = shop.without(LETHE_NOW="2026-11-23T12:01:00Z")
    later.json("profile", "user_id:2", "--purpose", "service")
    assert size(site) == later.json("audit", "head")["size"]


def test_a_directory_is_published_on_demand_and_never_where_the_keys_are(shop: Lethe) -> None:
    told = shop.json("audit", "publish", str(shop.place / "site"))

    assert told["note"] == checkpoint(shop.place / "site") == shop.json("audit", "head")["note"]
    assert shop("audit", "publish").status == 2
    keys = shop.environment["LETHE_KEYS"].removeprefix("file:")
    for place in (shop.environment["LETHE_STORE"], f"{keys}/site", str(shop.place)):
        assert shop("audit", "publish", place).status == 7
        assert shop.without(LETHE_PUBLISH=place)("audit", "head").status == 7
    other = shop.without(LETHE_STORE=str(shop.place / "other"))
    other.json("init")
    assert other("audit", "publish", str(shop.place / "site")).status == 12


def test_a_witness_ends_the_sentence_that_two_histories_cannot_be_excluded(shop: Lethe, witness: Witness) -> None:
    witness.logs.append(shop.json("audit", "head")["vkey"])
    policy = shop.file("policy.txt", f"witness w {witness.vkey} {witness.url}", "quorum w")
    published = shop.without(LETHE_PUBLISH=str(shop.place / "site"))
    for command in (("audit", "head"), ("audit", "verify")):
        answer = shop(*command, "--policy", policy)
        assert (answer.status, SENTENCE in answer.out + answer.err) == (0, True)

    done = published.json("audit", "witness", "--policy", policy)

    assert [one["answer"] for one in done["witnesses"]] == ["cosigned"]
    assert done["witnessed"] == {
        "quorum": "w", "met": True, "size": done["size"], "problem": None, "statement": None,
        "cosignatures": [{"witness": "w", "at": "2023-11-14T22:13:20Z"}],
    }  # fmt: skip
    for command in (("audit", "head"), ("audit", "verify")):
        assert shop.json(*command, "--policy", policy)["witnessed"] == done["witnessed"]
        assert SENTENCE in shop.json(*command)["witnessed"]["statement"]["en"]  # who names no witness trusts none
    assert checkpoint(shop.place / "site") == done["note"] == shop.json("audit", "head")["note"]
    assert "witness.example/w1" in shop.json("audit", "prove", "0")["proof"]
    shop.json("ingest", shop.file("more.jsonl", view("3", "c1")))
    assert "up to this size" in shop.json("audit", "verify", "--policy", policy)["witnessed"]["statement"]["en"]


def test_a_witness_that_does_not_answer_is_partial_and_a_bad_policy_is_named_by_its_line(
    shop: Lethe, witness: Witness
) -> None:
    policy = shop.file("policy.txt", f"witness w {witness.vkey} {witness.url}", "quorum w")

    unknown = shop("audit", "witness", "--policy", policy)
    bad = shop("audit", "witness", "--policy", shop.file("bad.txt", "quorum w"))

    assert unknown.status == 5
    assert "w: does not know this log" in unknown.out
    assert SENTENCE in unknown.out
    assert (bad.status, "bad.txt:1: quorum" in bad.err) == (2, True)
    assert shop("audit", "head", "--policy", str(shop.place / "missing")).status == 2


def test_a_log_that_its_witness_has_seen_longer_is_a_rollback(shop: Lethe, witness: Witness) -> None:
    witness.logs.append(shop.json("audit", "head")["vkey"])
    policy = shop.file("policy.txt", f"witness w {witness.vkey} {witness.url}", "quorum w")
    witness.forced = [(409, "text/x.tlog.size", b"1000\n")]

    found = shop("audit", "witness", "--policy", policy, "--json")

    assert found.status == 12
    assert [(one["name"], one["position"]) for one in found.document["findings"]] == [("rollback", 1000)]


def test_who_pinned_the_first_signing_key_follows_to_the_newest(lethe: Lethe) -> None:
    site = lethe.place / "site"
    shop = lethe.without(LETHE_PUBLISH=str(site))
    first = shop.json("init", "--origin", "shop.example/log")["vkey"]
    shop.json("ingest", shop.file("days.jsonl", *days()))
    old_proof = shop.json("erase", "user_id:1", "--yes")["certificate"]

    second = shop.json("keys", "rotate", "--signing")
    both = checkpoint(site)
    third = shop.json("keys", "rotate", "--signing")
    shop.json("hold", "set", "user_id:2", "--ground", "audit", "--until", "2027-01-01T00:00:00Z")

    assert (second["old"], second["new"]) == (first, third["old"])
    assert {open_tree_head(both, key).size for key in (first, second["new"])} == {second["position"] + 1}
    newest = checkpoint(site)
    assert len(parse_note(newest).signatures) == 1
    assert open_tree_head(newest, third["new"]).origin == "shop.example/log"
    for key in (first, second["new"], third["new"]):
        assert shop.json("audit", "verify", "--key", key)["findings"] == []
    assert shop("certificate", "verify", shop.file("old.json", old_proof), "--key", first).status == 0
    assert len(list((site / "handovers").glob("*.tlog-proof"))) == 2
    stranger = Witness(Path()).vkey
    assert shop("audit", "verify", "--key", "nonsense").status == 2
    found = shop("audit", "verify", "--key", stranger, "--json")
    assert (found.status, [one["name"] for one in found.document["findings"]]) == (13, ["signature"])


def test_a_new_signing_key_that_the_old_one_did_not_sign_for_is_found(shop: Lethe) -> None:
    first = shop.json("audit", "head")["vkey"]
    done = shop.json("keys", "rotate", "--signing")
    [keys] = Path(shop.environment["LETHE_KEYS"].removeprefix("file:")).iterdir()
    [proof] = (keys / "mirror" / "handovers").iterdir()
    text = proof.read_text()

    proof.unlink()
    lost = shop("audit", "verify", "--key", first, "--json")
    proof.write_text("".join(line for line in text.splitlines(keepends=True) if first.split("+")[0] not in line[1:]))
    cut = shop("audit", "verify", "--key", first, "--json")
    proof.write_text(text)

    for answer in (lost, cut):
        assert answer.status == 13
        assert ("signature", done["position"]) in {
            (one["name"], one["position"]) for one in answer.document["findings"]
        }
    assert shop("audit", "verify", "--key", first).status == 0


def test_a_backup_from_before_a_new_signing_key_is_brought_back_and_goes_on_under_the_new_one(shop: Lethe) -> None:
    first = shop.json("audit", "head")["vkey"]
    backup = str(shop.place / "backup")
    shop.json("backup", backup, "--keyring")
    second = shop.json("keys", "rotate", "--signing")["new"]
    shop.json("ingest", shop.file("more.jsonl", view("3", "c1")))
    for file in Path(shop.environment["LETHE_STORE"]).iterdir():
        file.unlink()

    shop.json("restore", backup)

    assert shop.json("audit", "head")["vkey"] == second
    for key in (first, second):
        assert shop.json("audit", "verify", "--key", key)["findings"] == []
    third = shop.json("keys", "rotate", "--signing")
    assert third["old"] == second
    assert shop.json("audit", "verify", "--key", first)["findings"] == []


def test_a_bundle_is_followed_from_any_key_and_says_which_witnesses_vouch_for_it(shop: Lethe, witness: Witness) -> None:
    first = shop.json("audit", "head")["vkey"]
    second = shop.json("keys", "rotate", "--signing")["new"]
    witness.logs.append(second)
    policy = shop.file("policy.txt", f"witness w {witness.vkey} {witness.url}", "quorum w")
    seen = shop.json("audit", "witness", "--policy", policy)
    bundle = shop.place / "bundle"
    shop.json("audit", "export", str(bundle))

    for key in (first, second):
        told = shop.json("audit", "verify", str(bundle), "--key", key, "--policy", policy)
        assert (told["findings"], told["heads"]) == ([], 1)
        assert (told["witnessed"]["met"], told["witnessed"]["size"]) == (True, seen["size"])
        assert "up to this size" in told["witnessed"]["statement"]["en"]
        assert shop.json("audit", "verify", str(bundle), "--key", key)["witnessed"]["met"] is False

    [proof] = (bundle / "handovers").iterdir()
    proof.unlink()
    lost = shop("audit", "verify", str(bundle), "--key", first, "--json")
    assert (lost.status, {one["name"] for one in lost.document["findings"]}) == (13, {"signature"})
    (bundle / "cosigned").write_text((bundle / "cosigned").read_text().replace(f"\n{seen['size']}\n", "\n3\n"))
    forged = shop("audit", "verify", str(bundle), "--key", second, "--json")
    assert [(one["name"], one["where"]) for one in forged.document["findings"]] == [("signature", "cosigned")]
