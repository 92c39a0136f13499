"""Denied by default: data leaves for a declared purpose under a basis that holds, and every time it is written down."""

from itertools import pairwise

import pytest

from domain.errors import NoBasis, NotFound, Refused
from domain.events import CASE, CONSENTED, WITHDREW
from governance.access import AsOf, Reader
from governance.disclosures import recipients_of
from governance.erasure import erase, preview
from governance.facts import Fact, record
from governance.keyring import EVIDENCE
from governance.projecting import catch_up_to_head, rebuild
from governance.store import Store
from governance.subjects import component, find, own_entries
from tests.conftest import NOW, call, take_in

ANN, BEN = "user_id:ann", "user_id:ben"


@pytest.fixture
def known(store: Store) -> Store:
    """A store that knows Ann and Ben."""
    take_in(store, call(1, ANN), call(2, BEN), call(3, "anonymous_id:tablet"), call(4, ANN, "anonymous_id:tablet"))
    catch_up_to_head(store)
    return store


def test_a_purpose_that_the_policy_does_not_know_is_refused(known: Store) -> None:
    before = known.log.head().size

    for purpose in ["", "curiosity", "Service", "personalization "]:
        with pytest.raises(Refused):
            Reader(known, "shop").read(ANN, purpose)

    assert known.log.head().size == before
    assert told_to(known, ANN) == []


def test_what_needs_consent_or_is_for_aggregates_is_refused(known: Store) -> None:
    before = known.log.head().size

    for purpose in ["marketing", "advertising", "special_categories", "research"]:
        with pytest.raises(NoBasis):
            Reader(known, "shop").read(ANN, purpose)

    assert known.log.head().size == before
    assert told_to(known, ANN) == []


def test_consent_is_looked_at_when_it_is_read(known: Store) -> None:
    reader = Reader(known, "shop")
    say(known, ANN, CONSENTED, "marketing")
    assert reader.read(ANN, "marketing")["basis"] == "consent"
    with pytest.raises(NoBasis):
        reader.read(ANN, "advertising")
    with pytest.raises(NoBasis):
        reader.read(BEN, "marketing")

    say(known, ANN, WITHDREW, "marketing")

    with pytest.raises(NoBasis):
        reader.read(ANN, "marketing")


def test_consent_holds_for_whoever_absorbs_the_person(store: Store) -> None:
    take_in(store, call(1, "anonymous_id:tablet"))
    say(store, "anonymous_id:tablet", CONSENTED, "marketing")
    take_in(store, call(2, ANN, "anonymous_id:tablet"))
    catch_up_to_head(store)

    assert Reader(store, "shop").read(ANN, "marketing")["basis"] == "consent"


def test_every_read_is_a_fact_of_the_person_that_was_read(known: Store) -> None:
    sizes = [known.log.head().size]
    for recipient, purpose, as_of in [
        ("shop", "personalization", None),
        ("desk", "service", AsOf(position=sizes[0])),
        ("desk", "service", AsOf(time=NOW)),
        ("auditor", "analytics", None),
    ]:
        Reader(known, recipient).read("anonymous_id:tablet", purpose, as_of)
        sizes.append(known.log.head().size)

    assert all(before < after for before, after in pairwise(sizes))
    assert told_to(known, ANN) == ["auditor", "desk", "shop"]
    assert told_to(known, BEN) == []
    assert told(known, ANN) == [
        ("shop", "personalization"), ("desk", "service"), ("desk", "service"), ("auditor", "analytics"),
    ]  # fmt: skip


def test_of_many_read_at_once_each_is_told_of_and_the_refused_are_not(known: Store) -> None:
    say(known, ANN, CONSENTED, "marketing")

    Reader(known, "shop").read_many([ANN, BEN, "user_id:nobody"], "marketing")

    assert (told_to(known, ANN), told_to(known, BEN)) == (["shop"], [])


def test_disclosures_outlive_a_rebuild_and_count_as_no_behaviour(known: Store) -> None:
    before = Reader(known, "shop").read(ANN, "personalization")["activity"]

    catch_up_to_head(known)
    rebuild(known, check=False)

    assert Reader(known, "desk").read(ANN, "personalization")["activity"] == before
    assert told_to(known, ANN) == ["desk", "shop"]


def test_the_case_of_an_erasure_keeps_who_was_told(known: Store) -> None:
    for recipient in ("shop", "desk"):
        Reader(known, recipient).read(ANN, "personalization")
    assert preview(known, ANN)["recipients"] == ["desk", "shop"]

    outcome = erase(known, ANN)

    assert outcome.recipients == ["desk", "shop"]
    case = component(known, bytes.fromhex(outcome.case))
    [opened] = [event for _, _, _, body in own_entries(known, case).bodies for event in body.events]
    assert (opened.kind, [one["recipient"] for one in opened.properties["recipients"]]) == (CASE, ["desk", "shop"])
    with pytest.raises(NotFound):
        Reader(known, "shop").read(ANN, "personalization")


def say(store: Store, identifier: str, kind: str, purpose: str) -> None:
    record(store, [Fact(find(store, identifier), EVIDENCE, kind, {"purpose": purpose})])


def told_to(store: Store, identifier: str) -> list[str]:
    return recipients_of(store, component(store, find(store, identifier)))


def told(store: Store, identifier: str) -> list[tuple[str, str]]:
    own = own_entries(store, component(store, find(store, identifier)), classes={"disclosure"})
    events = [event for _, _, _, body in own.bodies for event in body.events]
    return [(event.properties["recipient"], event.properties["purpose"]) for event in events]
