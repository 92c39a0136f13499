"""Eight processes tell of a person who is joined, takes consent back and is erased meanwhile: nothing remains."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from secrets import token_hex

import pytest

from adapters.settings import Settings
from domain.errors import MergedMeanwhile, NotFound
from domain.events import CONSENTED, IDENTIFY, WITHDREW
from governance.audit import verify_live
from governance.cleaning import ALIAS
from governance.consenting import withdraw
from governance.erasure import fence, open_case
from governance.facts import Fact, record
from governance.keyring import EVIDENCE
from governance.policy import default_text
from governance.projecting import catch_up_to_head, rebuild
from governance.removing import carry_out
from governance.residue import encodings, scan
from governance.store import Store
from governance.subjects import component, find
from tests.conftest import call, make_store, take_in
from tests.laws.hammer import account, second
from tests.laws.reading import digests, documents

ROOT = Path(__file__).parents[2]
WRITERS = 8
CROWDS = {"sqlite": (4, 50), "postgres": (2, 6)}  # how many; of how many people who are erased at the same time
AT_ONCE = 5
BEN = "user_id:ben"
BY_CONSENT = default_text().replace(
    'purposes = ["personalization", "analytics", "marketing", "advertising", "risk"]', 'purposes = ["marketing"]'
)


@contextmanager
def writers(settings: Settings, start: str) -> "Iterator[list[subprocess.Popen[str]]]":
    named = {"LETHE_STORE": settings.store, "LETHE_KEYS": settings.keys, "PYTHONPATH": str(ROOT)}
    environment = os.environ | named | {"LETHE_ACTOR": "tester", "LETHE_NOW": "2026-11-23T12:00:00Z"}
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.laws.hammer", str(number), start],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT,
        )
        for number in range(WRITERS)
    ]  # fmt: skip
    try:
        yield running
    finally:
        for one in running:
            one.kill()
            one.wait()


def tell(running: "list[subprocess.Popen[str]]", people: list[str]) -> None:
    for one in running:
        assert one.stdin is not None
        one.stdin.write("".join(f"{person}\n" for person in people))
        one.stdin.flush()


def speak(store: Store, word: str, people: Sequence[str]) -> None:
    """The word alone: what it makes due is still there when the person is fenced."""
    said = {"purpose": "marketing"}
    record(store, [Fact(find(store, one), EVIDENCE, word, said) for one in people])


def welcome(store: Store, people: Mapping[str, str]) -> None:
    """Two accounts of each person, who consents by the first."""
    names = [*people, *people.values()]
    take_in(store, *(call(1, one, kind=IDENTIFY, name="", message_id=one) for one in names))
    speak(store, CONSENTED, list(people))


def join(store: Store, people: Mapping[str, str], some: Sequence[str]) -> None:
    take_in(store, *(call(1, one, kind=ALIAS, name="", previous=people[one]) for one in some))


def fenced(store: Store, identifier: str) -> tuple[list[bytes], list[bytes]]:
    """Fence whoever the identifier leads to until it leads to nobody; returns cases, and wrapped keys."""
    cases: list[bytes] = []
    wrapped: list[bytes] = []
    with suppress(NotFound):
        while True:
            who = component(store, find(store, identifier))
            wrapped += [row.wrapped for row in who.keys if row.klass != EVIDENCE]
            with suppress(MergedMeanwhile):
                cases.append(fence(store, who.root, open_case(store, who)))
    return cases, wrapped


@pytest.mark.slow
def test_nothing_remains_of_who_is_hammered_joined_withdrawn_and_erased(settings: Settings) -> None:
    """L5, R1, R2, R3, I7, R8, K2, G6: every event that was accepted came before the fence, and goes."""
    random, start = Random(1), f"Kx{token_hex(6)}"
    crowds, size = CROWDS["postgres" if settings.is_server else "sqlite"]
    store = make_store(settings, policy=BY_CONSENT)
    take_in(store, call(1, BEN, name="Order Completed", properties={"revenue": "30", "category": "wine"}))
    catch_up_to_head(store)
    unmet = digests(store), documents(store, [BEN])
    wrapped: list[bytes] = []

    with writers(settings, start) as running:
        for crowd in range(crowds):
            people = {account(start, f"{crowd}x{one}"): second(start, f"{crowd}x{one}") for one in range(size)}
            welcome(store, people)
            tell(running, [f"{crowd}x{one}" for one in range(size)])
            for at in range(0, size, AT_ONCE):
                join(store, people, random.sample(list(people), AT_ONCE))
                speak(store, WITHDREW, list(people)[at : at + AT_ONCE])
            withdraw(store, next(iter(people)), "marketing")
            cases: list[bytes] = []
            for one in random.sample([*people, *people.values()], 2 * size):
                begun, keys = fenced(store, one)
                cases, wrapped = cases + begun, wrapped + keys
            assert {one.status for one in carry_out(store, cases, wait_seconds=20)} == {"completed"}
        said = [one.communicate()[0] for one in running]
        assert [one.returncode for one in running] == [0] * WRITERS
        answers = [[int(count) for count in one.split()] for one in said]

    accepted, suppressed, rejected = map(sum, zip(*answers, strict=True))
    print(f"{accepted} accepted, {suppressed} suppressed, {rejected} refused")  # noqa: T201  shown by pytest -s
    assert min(accepted, suppressed, rejected) > crowds * size / 2
    with store.keyring.database.reading() as rows:
        every = rows.keys_after(None, limit=10**6)
        assert {row.subject for row in every if row.klass != EVIDENCE} == {find(store, BEN)}
        assert rows.blinds() == [store.blinder.blind(BEN)]
        assert rows.number("suppressed") == suppressed
    bodies = {one.key_id for one in store.log.read(after=-1, limit=10**6) if one.sealed is not None}
    assert bodies <= {row.key_id for row in every}
    assert scan([encodings(start.encode()), *([one] for one in wrapped)], store.storage.paths()).hits == []
    assert (digests(store), documents(store, [BEN])) == unmet
    assert rebuild(store, check=True).differences == []
    assert verify_live(store).findings == []
