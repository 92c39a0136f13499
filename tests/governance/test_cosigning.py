"""Heads are cosigned by real witnesses over HTTP; every answer has its name, and two histories are found."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.settings import Settings
from adapters.wiring import open_store
from adapters.witnesses import LONGEST_ANSWER, ask
from domain.errors import BadInput
from domain.note import BadSignature, parse_note
from domain.tlog_policy import WitnessPolicy, parse_witness_policy
from governance.audit import verify_live
from governance.certificate import prove_entry
from governance.cosigning import Answer, Collected, collect_cosignatures
from governance.publishing import HighWater, Rollback
from governance.signing import verify_tlog_proof
from governance.store import Store
from governance.vouched import vouching_head
from governance.witnessing import TWO_HISTORIES, WITNESSED_SO_FAR, verify_quorum, witnessed
from tests.conftest import make_store
from tests.contracts.raw import grow
from tests.witness import Reply, Witness, serving


@pytest.fixture
def store(sqlite_settings: Settings) -> Store:
    store = make_store(sqlite_settings)
    grow(store, 7)
    return store


@pytest.fixture
def witnesses(store: Store, tmp_path: Path) -> Iterator[list[Witness]]:
    with ExitStack() as stack:
        made = [Witness(tmp_path / f"w{n}", store.vkey, name=f"w{n}.example", seed=10 + n) for n in range(3)]
        yield [stack.enter_context(serving(one)) for one in made]


def policy(*witnesses: Witness, quorum: str = "2", logs: str = "") -> WitnessPolicy:
    lines = [f"witness W{n} {one.vkey} {one.url}" for n, one in enumerate(witnesses)]
    group = f"group all-of-them {quorum} " + " ".join(f"W{n}" for n in range(len(witnesses)))
    return parse_witness_policy("\n".join([logs, *lines, group, "quorum all-of-them", ""]).encode(), "policy")


def collect(store: Store, rules: WitnessPolicy) -> Collected:
    return collect_cosignatures(store, rules, ask)


def outcomes(done: Collected) -> list[str]:
    return [one.outcome for one in done.heard]


def test_a_head_is_cosigned_by_every_witness_and_again_when_the_log_has_grown(
    store: Store, witnesses: list[Witness]
) -> None:
    rules = policy(*witnesses, logs=f"log {store.vkey}")

    first = collect(store, rules)
    grow(store, 300)
    second = collect(store, rules)

    assert (first.size, second.size) == (7, 300)
    assert outcomes(first) == outcomes(second) == ["cosigned"] * 3
    assert (first.is_met, second.is_met, first.findings, second.findings) == (True, True, [], [])
    assert store.mirror.cosigned() == second.note
    assert [line.name for line in parse_note(second.note).signatures] == [
        store.origin,
        *(w.key.name for w in witnesses),
    ]
    assert [len(one.asked) for one in witnesses] == [2, 2, 2]  # what a witness has cosigned is known the second time


def test_who_lost_what_was_collected_learns_the_size_from_the_witness(store: Store, witnesses: list[Witness]) -> None:
    rules = policy(*witnesses)
    collect(store, rules)
    grow(store, 20)
    store.mirror.write_cosigned("")

    assert outcomes(collect(store, rules)) == ["cosigned"] * 3
    assert witnesses[0].asked[-2].startswith(b"old 0\n\n")
    assert witnesses[0].asked[-1].startswith(b"old 7\n")


def test_cosignatures_of_one_head_add_up_over_several_tries(store: Store, witnesses: list[Witness]) -> None:
    rules = policy(*witnesses)
    for one in witnesses[1:]:
        one.forced = [(500, "text/plain", b"")]
    first = collect(store, rules)
    witnesses[0].forced = [(500, "text/plain", b"")]

    second = collect(store, rules)

    assert (outcomes(first), first.is_met) == (["cosigned", "unexpected", "unexpected"], False)
    assert (outcomes(second), second.is_met) == (["unexpected", "cosigned", "cosigned"], True)
    assert len(verify_quorum(second.note, rules).cosigned) == 3


def test_a_head_without_a_quorum_does_not_take_the_place_of_one_that_has_it(
    store: Store, witnesses: list[Witness]
) -> None:
    rules = policy(*witnesses)
    before = collect(store, rules)
    grow(store, 20)
    for one in witnesses[1:]:
        one.forced = [(500, "text/plain", b"")]

    assert not collect(store, rules).is_met
    assert store.mirror.cosigned() == before.note


ANSWERS: dict[str, tuple[Reply, str]] = {
    "404": ((404, "text/plain", b""), "unknown_log"),
    "403": ((403, "text/plain", b""), "refused_signature"),
    "400": ((400, "text/plain", b""), "refused_request"),
    "422": ((422, "text/plain", b""), "other"),
    "409 with a larger size": ((409, "text/x.tlog.size", b"8\n"), "longer"),
    "409 with no size": ((409, "text/plain", b"8\n"), "unexpected"),
    "409 with a size that is none": ((409, "text/x.tlog.size", b"007\n"), "unexpected"),
    "409 with a sign": ((409, "text/x.tlog.size", b"+7\n"), "unexpected"),
    "409 without an end": ((409, "text/x.tlog.size", b"7"), "unexpected"),
    "409 with what was said": ((409, "text/x.tlog.size", b"0\n"), "unexpected"),
    "a redirect": ((307, "text/plain", b""), "unexpected"),
    "an answer without end": ((200, "text/plain", b"x" * (LONGEST_ANSWER + 1)), "unreachable"),
    "nothing": ((200, "text/plain", b""), "bad_cosignature"),
    "no text": ((200, "text/plain", b"\xff\n"), "bad_cosignature"),
    "another's line": ((200, "text/plain", "\u2014 else.example AAAAAAA=\n".encode()), "no_cosignature"),
}


def test_every_answer_of_a_witness_has_its_name(store: Store, witnesses: list[Witness]) -> None:
    named, rolled_back = {}, set()
    for answer, (reply, _) in ANSWERS.items():
        witnesses[0].forced = [reply]
        done = collect(store, policy(witnesses[0], quorum="any"))
        named[answer] = outcomes(done)
        rolled_back |= {answer for one in done.findings if one.name == "rollback"}

    assert named == {answer: [outcome] for answer, (_, outcome) in ANSWERS.items()}
    assert rolled_back == {answer for answer, (_, outcome) in ANSWERS.items() if outcome in ("other", "longer")}
    assert len(witnesses[0].asked) == len(ANSWERS)
    assert store.mirror.cosigned() is None


def test_a_witness_that_moves_on_at_every_try_is_given_up(store: Store) -> None:
    sizes = iter(range(1, 99))
    rules = policy(Witness(Path(), store.vkey, name="w"), quorum="any")
    rules = replace(rules, witnesses={"W0": replace(rules.witnesses["W0"], url="http://w.example")})

    done = collect_cosignatures(store, rules, lambda *_: Answer(409, "text/x.tlog.size", b"%d\n" % next(sizes)))

    assert (outcomes(done), done.findings) == (["moved_on"], [])


def test_a_witness_that_is_not_there_is_no_finding(store: Store) -> None:
    addresses = ["", "http://127.0.0.1:9/", "ftp://127.0.0.1/", "http://[::1", "http://a:b/", "https:///"]
    rules = policy(Witness(Path(), store.vkey), quorum="any")

    heard = [
        collect(store, replace(rules, witnesses={"W0": replace(rules.witnesses["W0"], url=url)})) for url in addresses
    ]

    assert [outcomes(done) for done in heard] == [["no_address"], *[["unreachable"]] * (len(addresses) - 1)]
    assert [one for done in heard for one in done.findings] == []


def test_a_cosignature_for_another_head_is_not_taken(store: Store, witnesses: list[Witness]) -> None:
    collect(store, policy(witnesses[0], quorum="any"))
    kept = store.mirror.cosigned() or ""
    grow(store, 20)
    witnesses[0].forced = [(200, "text/plain", (parse_lines(kept) + "\n").encode())]

    assert outcomes(collect(store, policy(witnesses[0], quorum="any"))) == ["bad_cosignature"]
    assert store.mirror.cosigned() == kept


def parse_lines(note: str) -> str:
    return note.rstrip("\n").rpartition("\n")[2]


def test_two_histories_of_one_log_are_found_by_its_witness(
    store: Store, sqlite_settings: Settings, witnesses: list[Witness], tmp_path: Path
) -> None:
    rules = policy(witnesses[0], quorum="any")
    twin = replace(sqlite_settings, store=str(tmp_path / "twin"), keys=f"file:{tmp_path / 'twin-keys'}")
    shutil.copytree(sqlite_settings.store, twin.store)
    shutil.copytree(sqlite_settings.keys_directory, twin.keys_directory)
    grow(store, 20)
    collect(store, rules)

    other = open_store(twin)  # who copied everything, the signing key too, and tells another story
    shorter = collect(other, rules)
    grow(other, 20)
    same = collect(other, rules)
    grow(other, 30)
    longer = collect(other, rules)

    assert [outcomes(one) for one in (shorter, same, longer)] == [["longer"], ["other"], ["other"]]
    assert [(one.name, one.position) for one in longer.findings] == [("rollback", 20)]
    assert other.mirror.cosigned() is None


def test_a_policy_for_another_log_is_refused(store: Store, witnesses: list[Witness]) -> None:
    other = "log example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"

    with pytest.raises(BadInput):
        collect(store, policy(*witnesses, logs=other))
    assert witnesses[0].asked == []


def test_without_a_quorum_every_report_says_that_two_histories_cannot_be_excluded(
    store: Store, witnesses: list[Witness]
) -> None:
    rules, nobody = policy(*witnesses), parse_witness_policy(b"quorum none\n", "policy")
    note = collect(store, rules).note
    needy = replace(rules, quorum="W0", witnesses={"W0": replace(rules.witnesses["W0"], key=Witness(Path()).key)})

    assert witnessed(note, rules, size=7)["statement"] is None
    assert witnessed(note, rules, size=8)["statement"]["en"] == WITNESSED_SO_FAR[0]
    for said in (
        witnessed(None, rules, size=7),
        witnessed(note, None, size=7),
        witnessed(note, nobody, size=7),
        witnessed(note, needy, size=7),
        witnessed(note.partition("\u2014 w0")[0], rules, size=7),
        witnessed("\n".join([*note.splitlines()[:-1], parse_lines(note)[:-8] + "AAAAAAA=", ""]), rules, size=7),
    ):
        assert (said["met"], said["size"]) == (False, None)
        assert said["statement"] == {"en": TWO_HISTORIES[0], "zh": TWO_HISTORIES[1]}


def test_a_quorum_counts_only_under_a_head_that_a_listed_log_signed(store: Store, witnesses: list[Witness]) -> None:
    rules = policy(*witnesses)
    note = collect(store, rules).note
    other = "log example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"

    assert verify_quorum(note, policy(*witnesses, logs=f"log {store.vkey}\n{other}")).is_met
    with pytest.raises(BadSignature):
        verify_quorum(note, policy(*witnesses, logs=other))


def test_proofs_are_made_under_the_cosigned_head_where_it_covers_their_entry(
    store: Store, witnesses: list[Witness]
) -> None:
    rules = policy(*witnesses)
    collect(store, rules)
    grow(store, 20)

    early, late = prove_entry(store, 6), prove_entry(store, 7)

    assert verify_tlog_proof(early["proof"], early["entry"].encode(), store.vkey).head.size == 7
    assert verify_quorum(early["proof"].partition("\n\n")[2], rules).is_met
    assert verify_tlog_proof(late["proof"], late["entry"].encode(), store.vkey).head.size == 20
    assert vouching_head(store, [6, 7]).size == 20


def test_what_witnesses_cosigned_stands_against_an_older_copy_even_without_the_high_water_file(
    store: Store, sqlite_settings: Settings, witnesses: list[Witness], tmp_path: Path
) -> None:
    old = store.log.head()
    shutil.copytree(sqlite_settings.store, tmp_path / "yesterday")
    grow(store, 20)
    collect(store, policy(witnesses[0], quorum="any"))
    kept = store.mirror.cosigned() or ""
    shutil.rmtree(sqlite_settings.store)
    shutil.copytree(tmp_path / "yesterday", sqlite_settings.store)
    store.mirror.write_high_water(HighWater(old.size, old.frontier.root(), old.note))

    back = open_store(sqlite_settings)
    shorter = verify_live(back).findings
    grow(back, 30)
    another = verify_live(back).findings
    store.mirror.write_cosigned(kept.replace("\n20\n", "\n7\n"))
    forged = verify_live(back).findings

    assert {(one.name, one.position) for one in shorter} == {("rollback", 7)}
    assert {(one.name, one.where) for one in another} == {("rollback", "cosigned")}
    assert {(one.name, one.where) for one in forged} == {("signature", "mirror.cosigned")}
    store.mirror.write_cosigned(kept)
    with pytest.raises(Rollback):
        prove_entry(back, 3)
