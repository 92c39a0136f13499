"""Eight processes tell of a person who is joined, takes consent back and is erased meanwhile: nothing remains."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from secrets import token_hex

import pytest

from adapters.settings import Settings
from domain.errors import MergedMeanwhile, NotFound
from domain.events import IDENTIFY, WITHDREW
from governance.audit import verify_live
from governance.cleaning import ALIAS
from governance.consenting import grant, withdraw
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
CROWD = 25  # people who are told of, joined and erased at the same time
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


def welcome(store: Store, first: str, other: str) -> None:
    """Two accounts of a person, who consents."""
    take_in(store, *(call(1, one, kind=IDENTIFY, name="", message_id=one) for one in (first, other)))
    grant(store, first, "marketing")


def join(store: Store, first: str, other: str) -> None:
    take_in(store, call(1, first, kind=ALIAS, name="", previous=other))


def take_back(store: Store, first: str, _: str) -> None:
    """The word alone: what it makes due is still there when the person is fenced."""
    record(store, [Fact(find(store, first), EVIDENCE, WITHDREW, {"purpose": "marketing"})])


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
    crowds = [[f"{crowd}x{number}" for number in range(CROWD)] for crowd in range(2 if settings.is_server else 6)]
    store = make_store(settings, policy=BY_CONSENT)
    take_in(store, call(1, BEN, name="Order Completed", properties={"revenue": "30", "category": "wine"}))
    catch_up_to_head(store)
    unmet = digests(store), documents(store, [BEN])
    wrapped: list[bytes] = []

    with writers(settings, start) as running:
        for people in crowds:
            both = {one: (account(start, one), second(start, one)) for one in people}
            for one in people:
                welcome(store, *both[one])
            tell(running, people)
            acts = [(one, act) for one in people for act in (join, take_back)]
            for one, act in random.sample(acts, len(acts)):
                act(store, *both[one])
            withdraw(store, both[people[0]][0], "marketing")
            cases: list[bytes] = []
            for name in random.sample([name for names in both.values() for name in names], 2 * CROWD):
                begun, keys = fenced(store, name)
                cases, wrapped = cases + begun, wrapped + keys
            assert {one.status for one in carry_out(store, cases, wait_seconds=20)} == {"completed"}
        answers = [[int(count) for count in one.communicate()[0].split()] for one in running]

    accepted, suppressed, rejected = map(sum, zip(*answers, strict=True))
    print(f"{accepted} accepted, {suppressed} suppressed, {rejected} refused")  # noqa: T201  shown by pytest -s
    assert min(accepted, suppressed, rejected) > len(crowds) * CROWD / 2
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
