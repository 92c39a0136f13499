"""Who a call is about: links, merges, and the joins that must never happen."""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest

from domain.calls import Call, Rejection
from governance.cleaning import ALIAS
from governance.identity import Attribution, Merge, redirect
from governance.keyrows import ANONYMOUS, STRONG, WEAK
from governance.policy_shape import Identifiers
from tests.conftest import call

U1, U2, U3 = "user_id:1", "user_id:2", "user_id:3"
A, B, C = "anonymous_id:a", "anonymous_id:b", "anonymous_id:c"
MAIL, PHONE = "email:x@example.com", "phone:1"


@dataclass
class Keyring:
    """What a keyring would know: people by their identifiers, and identifiers that are suppressed."""

    people: tuple[tuple[str, ...], ...] = ()
    suppressed: frozenset[str] = frozenset()
    fenced: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()

    def subject(self, identifier: str) -> bytes | None:
        return next((name(one) for one in self.people if identifier in one), None)

    def is_suppressed(self, identifier: str) -> bool:
        return identifier in self.suppressed | self.fenced | self.listed

    def is_listed(self, identifier: str) -> bool:
        return identifier in self.listed

    def is_fenced(self, identifier: str) -> bool:
        return identifier in self.fenced

    def strengths(self, subject: bytes) -> list[int]:
        strength = {"user_id": STRONG, "anonymous_id": ANONYMOUS}
        person = next((one for one in self.people if name(one) == subject), ())
        return [strength.get(one.partition(":")[0], WEAK) for one in person]


def name(person: tuple[str, ...]) -> bytes:
    return "+".join(person).encode()


@dataclass
class World:
    """A keyring followed by one batch of calls."""

    known: Keyring
    max_linked: int = 5
    numbers: count = field(default_factory=count)

    def __post_init__(self) -> None:
        rules = Identifiers(max_linked=self.max_linked)
        self.names = Attribution(self.known, rules, lambda: b"new%d" % next(self.numbers))

    def sees(self, *calls: Call) -> list[bytes | Rejection | None]:
        """Whose each call is once the whole batch is known."""
        found = [self.names.subject_of(one, arrival) for arrival, one in enumerate(calls)]
        return [redirect(one, self.names.into) if isinstance(one, bytes) else one for one in found]

    @property
    def links(self) -> dict[str, bytes]:
        return {link.identifier: redirect(link.subject, self.names.into) for link in self.names.links}


def world(*people: tuple[str, ...], suppressed: str = "", fenced: str = "", max_linked: int = 5) -> World:
    return World(Keyring(people, frozenset(suppressed.split()), frozenset(fenced.split())), max_linked)


def seen(*identifiers: str, new: bool = False) -> Call:
    return call(1, *identifiers, context={"registration": "new"} if new else {})


def alias(target: str, previous: str) -> Call:
    return call(1, target, kind=ALIAS, previous=previous)


@pytest.mark.parametrize(
    ("people", "calls", "distinct"),
    [
        pytest.param((), [seen(A), seen(A)], 1, id="one device is one person"),
        pytest.param((), [seen(A), seen(B)], 2, id="two devices are two"),
        pytest.param((), [seen(A), seen(U1, A), seen(U1)], 1, id="a device logs in"),
        pytest.param((), [seen(U1, A), seen(U1, B), seen(B)], 1, id="one person has two devices"),
        pytest.param((), [seen(U1, A), seen(U2, A), seen(U1)], 2, id="two people share a device"),
        pytest.param((), [seen(U1, MAIL), seen(U2, MAIL)], 2, id="two people share a mailbox"),
        pytest.param((), [seen(A, MAIL), seen(B, MAIL)], 2, id="two devices name one mailbox"),
        pytest.param((), [seen(U1, MAIL), seen(MAIL)], 1, id="a mailbox alone finds its person"),
        pytest.param((), [seen(MAIL), seen(U1, MAIL)], 2, id="a mailbox seen first is not taken over"),
        pytest.param(((U1, A),), [seen(U1), seen(A)], 1, id="known from before"),
        pytest.param(((U1,), (A,)), [seen(U1, A), seen(U1), seen(A)], 1, id="joined in this batch"),
        pytest.param(((U1, A), (U2,)), [seen(U2, A), seen(U1)], 2, id="the device of somebody else"),
        pytest.param(((U1,), (U2,)), [alias(U1, U2), seen(U1), seen(U2)], 1, id="an alias joins two known people"),
    ],
)
def test_calls_belong_to_as_many_people_as_there_are(
    people: tuple[tuple[str, ...], ...], calls: list[Call], distinct: int
) -> None:
    assert len(set(world(*people).sees(*calls))) == distinct


def test_an_anonymous_subject_is_absorbed_by_the_known_one_and_never_the_other_way() -> None:
    for names in ((U1, A), (A, U1)):
        told = world((U1,), (A,))

        told.sees(seen(*names))

        assert told.names.merges == [Merge(A.encode(), U1.encode(), 0)]
        assert told.names.created == []


def test_a_login_on_a_device_that_nobody_claimed_adds_the_name_to_the_device() -> None:
    told = world((A,))

    assert told.sees(seen(U1, A)) == [A.encode()]
    assert told.links == {U1: A.encode()}
    assert told.names.merges == []


def test_a_shared_device_stays_with_whoever_had_it_first() -> None:
    told = world((U1, A))

    assert told.sees(seen(U2, A), seen(A), seen(U1, A)) == [b"new0", name((U1, A)), name((U1, A))]
    assert told.links == {U2: b"new0"}
    assert told.names.merges == []


@pytest.mark.parametrize("weak", [MAIL, PHONE, "loyalty_card:7"])
def test_a_weak_identifier_finds_a_person_and_never_joins_two(weak: str) -> None:
    for people in (((U1,), (U2, weak)), ((U1,), (A, weak)), ((U1,), (weak,))):
        told = world(*people)

        assert told.sees(seen(U1, weak)) == [U1.encode()]
        assert told.names.merges == []
        assert told.sees(seen(weak)) == [name(people[1])]


def test_an_alias_gives_a_person_another_name() -> None:
    told = world((U1,))

    assert told.sees(alias(U1, A), seen(A)) == [U1.encode()] * 2
    assert told.links == {A: U1.encode()}


def test_an_alias_of_two_unknown_names_makes_one_person() -> None:
    told = world()

    assert told.sees(alias(U1, A), seen(A), seen(U1)) == [b"new0"] * 3
    assert told.names.created == [b"new0"]


def test_an_alias_absorbs_the_previous_person() -> None:
    told = world((U1, A), (U2, B))

    told.sees(alias(U1, U2))

    assert told.names.merges == [Merge(name((U2, B)), name((U1, A)), 0)]


@pytest.mark.parametrize("previous", [U1, "previous_id:1"])
def test_an_alias_of_a_person_to_itself_says_nothing(previous: str) -> None:
    for told in (world((U1,)), world((U1,), ("anonymous_id:1",))):
        assert told.sees(alias(U1, previous)) == [U1.encode()]
        assert (told.names.links, told.names.merges, told.names.created) == ([], [], [])


@pytest.mark.parametrize(
    ("people", "joined"),
    [
        pytest.param((("user_id:9",),), "user_id:9", id="a user where only a user has it"),
        pytest.param((("anonymous_id:9",),), "anonymous_id:9", id="a device where only a device has it"),
        pytest.param((("user_id:9",), ("anonymous_id:9",)), "anonymous_id:9", id="the device where both have it"),
        pytest.param((), "anonymous_id:9", id="a device where nobody has it"),
    ],
)
def test_a_previous_id_of_no_kind_is_a_device_unless_only_a_user_has_it(
    people: tuple[tuple[str, ...], ...], joined: str
) -> None:
    told = world((U1,), *people)

    owner, both = told.sees(alias(U1, "previous_id:9"), seen(joined))

    assert owner == both == U1.encode()
    others = {one for person in people for one in person} - {joined}
    assert all(told.sees(seen(one)) != [owner] for one in others)


def test_a_merge_of_more_names_than_policy_allows_is_refused() -> None:
    told = world((U1, A, MAIL), (U2, B, PHONE))

    (answer,) = told.sees(alias(U1, U2))

    assert answer == Rejection(1, "previousId", "merge_too_large")
    assert told.names.merges == []
    assert world((U1, A), (U2, B, PHONE)).sees(alias(U1, U2)) == [name((U1, A))]


def test_merges_of_one_batch_count_towards_the_limit() -> None:
    told = world((U1, A), (U2, B), (U3, C))

    answers = told.sees(alias(U1, U2), alias(U1, U3))

    assert answers == [name((U1, A)), Rejection(1, "previousId", "merge_too_large")]


def test_a_device_is_not_absorbed_beyond_the_limit() -> None:
    told = world((U1, MAIL, PHONE), (A,), max_linked=3)

    assert told.sees(seen(U1, A)) == [name((U1, MAIL, PHONE))]
    assert told.names.merges == []


@pytest.mark.parametrize(
    "one", [seen(U1), seen(U1, A), alias(U1, A), alias(A, U1), alias(U2, U1), alias(U2, "previous_id:1")]
)
def test_a_suppressed_person_is_nobody(one: Call) -> None:
    told = world((U2,), suppressed=U1)

    assert told.sees(one) == [None]
    assert (told.names.links, told.names.merges, told.names.created) == ([], [], [])


@pytest.mark.parametrize(
    ("names", "answer"),
    [((U2, A, MAIL), b"new0"), ((MAIL, B), B.encode()), ((C, MAIL), None), ((B, A), None), ((U2, U1), None)],
)
def test_the_strongest_names_decide_and_an_unknown_device_is_nobody(names: tuple[str, ...], answer: Any) -> None:
    told = world((B,), suppressed=f"{U1} {A} {MAIL}")

    assert (told.sees(seen(*names)), list(told.links)) == ([answer], [U2] if answer == b"new0" else [])


def test_a_registration_lifts_the_suppression_of_the_names_it_gives() -> None:
    told = world(suppressed=f"{U1} {A} {B}")

    answers = told.sees(seen(U1), seen(U1, A, new=True), seen(U1), seen(A), seen(B))

    assert answers == [None, b"new0", b"new0", b"new0", None]
    assert sorted(told.names.lifted) == [A, U1]


def test_a_registration_lifts_nothing_while_the_erasure_is_under_way() -> None:
    told = world(fenced=U1)

    assert told.sees(seen(U1, new=True), seen(U1)) == [None, None]
    assert told.names.lifted == []
