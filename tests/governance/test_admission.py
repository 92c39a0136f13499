"""What comes in is weighed against what the person said, and signals in it become his word."""

from typing import Any

import pytest

from adapters.settings import Settings
from domain.clock import SECOND
from domain.errors import NotFound
from domain.events import CONSENTED, REFUSED
from governance.consenting import grant, object_to, withdraw
from governance.door import recorder
from governance.intake import Recorder
from governance.keyring import EVIDENCE
from governance.keyrows import LIVE
from governance.policy import default_text
from governance.receipt import Receipt
from governance.standing import evidence, standing_of
from governance.store import Store
from governance.subjects import component, find
from tests.conftest import NOW, call, make_store

ANN, BEN, TABLET, PHONE = "user_id:ann", "user_id:ben", "anonymous_id:tablet", "anonymous_id:phone"
SPECIAL = "special_categories"
POLICY = (
    default_text()
    .replace("[signals.categories]\n", f'[signals.categories]\nHealth = "{SPECIAL}"\n')
    .replace("[classes.content]", '[classes.taste]\nmonths = 25\npurposes = ["analytics"]\n\n[classes.content]')
    .replace('"user.content" =', '"user.taste" = { class = "taste" }\n"user.content" =')
    + '\n[events."Test Taken"]\ncategory = "user.health_and_medical"\n\n[events."Tea Liked"]\ncategory = "user.taste"\n'
)


@pytest.fixture
def door(settings: Settings) -> Recorder:
    """One door that stays open, as that of a server does."""
    return recorder(make_store(settings, policy=POLICY), source="test")


def test_special_data_waits_for_consent_and_goes_with_it(door: Recorder) -> None:
    """G6: intake and reads follow what was said last, through whichever door."""
    store = door.store
    before = store.log.head().size
    assert told(door, test(1, ANN)) == (0, ["no_consent"])
    assert (store.log.head().size, known(store, ANN)) == (before, False)  # nobody was made for it

    assert told(door, call(2, ANN), test(3, ANN)) == (1, ["no_consent"])
    grant(store, ANN, SPECIAL)
    assert told(door, test(4, ANN), test(5, BEN)) == (1, ["no_consent"])
    assert "special" in classes(store, ANN)

    assert withdraw(store, ANN, SPECIAL)["classes_removed"] == ["special"]
    assert told(door, test(6, ANN)) == (0, ["no_consent"])
    assert "special" not in classes(store, ANN)


def test_a_signal_becomes_consent_once_and_what_it_takes_back_goes(door: Recorder) -> None:
    store = door.store
    yes, no = ({"consent": {"categoryPreferences": {"Health": word, "Other": True}}} for word in (True, False))

    assert told(door, test(1, ANN, context=yes), test(2, ANN, context=yes), test(3, ANN)) == (3, [])
    assert told(door, test(4, ANN, context=yes)) == (1, [])
    assert said(store, ANN) == [(CONSENTED, SPECIAL)]
    assert told(door, test(4, ANN, context=no)).duplicates == 1  # a message that is here already says nothing
    assert said(store, ANN) == [(CONSENTED, SPECIAL)]

    assert told(door, call(5, ANN, context=no), test(6, ANN)) == (1, ["no_consent"])

    assert said(store, ANN) == [(CONSENTED, SPECIAL), (REFUSED, SPECIAL)]
    assert "special" not in classes(store, ANN)
    assert told(door, test(7, BEN, context={"gpc": True})) == (0, ["no_consent"])
    assert (said(store, BEN), "special" in classes(store, BEN)) == ([(REFUSED, "advertising")], False)


def test_global_privacy_control_refuses_and_its_absence_does_not_flip_it_back(door: Recorder) -> None:
    store = door.store
    told(door, call(1, TABLET, context={"gpc": True}), call(2, TABLET))
    told(door, call(3, ANN, TABLET), call(4, ANN, context={"headers": {"sec-gpc": "1"}}))

    told(door, call(5, ANN, context={"gpc": False}), call(6, ANN))

    assert said(store, ANN) == [(REFUSED, "advertising")]  # said as the tablet, and still so
    assert standing_of(store, find(store, ANN)).refused == {"advertising": NOW}


def test_data_whose_last_purpose_was_objected_to_is_not_taken_in(door: Recorder) -> None:
    assert told(door, call(1, ANN, name="Tea Liked"), call(2, BEN, name="Tea Liked")) == (2, [])
    assert object_to(door.store, ANN, "analytics")["classes_removed"] == ["taste"]

    assert told(door, call(3, ANN, name="Tea Liked"), call(4, BEN, name="Tea Liked")) == (1, ["no_basis"])


def test_a_consent_goes_with_the_person_who_said_it(door: Recorder) -> None:
    yes = {"consent": {"categoryPreferences": {"Health": True}}}
    told(door, call(1, TABLET, context=yes), call(2, PHONE, context=yes), call(3, ANN, context={"gpc": True}))
    told(door, call(4, BEN), call(5, ANN, TABLET))

    assert told(door, test(6, ANN), call(7, BEN, PHONE), test(8, BEN, context={"gpc": True})) == (3, [])


def test_a_word_of_the_past_is_kept_in_its_place(door: Recorder) -> None:
    store = door.store
    told(door, call(1, ANN))
    withdrawn = withdraw(store, ANN, "marketing")
    assert withdrawn["state"] == "withdrawn"

    yes = {"consent": {"categoryPreferences": {"Marketing": True, "Analytics": False}}}
    told(door, call(2, ANN, context=yes, timestamp=NOW - 9 * SECOND))

    ann = find(store, ANN)
    now = standing_of(store, ann)
    assert (now.withdrawn, now.refused) == ({"marketing": NOW}, {"analytics": NOW - 9 * SECOND})
    assert [row.klass for row in component(store, ann).keys].count(EVIDENCE) == 1  # whichever door it came through


class Answer(tuple):  # (accepted, reasons of refusal)
    duplicates = 0


def told(door: Recorder, *calls: Any) -> Answer:
    """What became of a batch of calls."""
    receipt: Receipt = door.record(list(calls))
    reasons = [row[3] for row in reversed(door.store.log.rejections(receipt.rejected))] if receipt.rejected else []
    answer = Answer((receipt.accepted, reasons))
    answer.duplicates = receipt.duplicates
    return answer


def test(record: int, *identifiers: str, **more: Any) -> Any:
    """A call whose class needs explicit consent."""
    return call(record, *identifiers, name="Test Taken", **more)


test.__test__ = False  # type: ignore[attr-defined]


def said(store: Store, identifier: str) -> list[tuple[str, str]]:
    root = find(store, identifier)
    with store.keyring.database.reading() as rows:
        return [(one.event.kind, one.event.properties["purpose"]) for one in evidence(store, [root], rows)[root]]


def classes(store: Store, identifier: str) -> set[str]:
    return {row.klass for row in component(store, find(store, identifier)).keys}


def known(store: Store, identifier: str) -> bool:
    with store.keyring.database.reading() as rows:
        people = rows.subjects_in([LIVE])
    try:
        return bool(find(store, identifier))
    except NotFound:
        return bool(people)
