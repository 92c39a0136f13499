"""What a field of a profile came from: enough to make it again, and needed to make it."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from adapters.settings import Settings
from domain.clock import DAY
from domain.errors import BadInput, NoBasis, NotFound
from domain.events import CORRECTED, IDENTIFY, LINKED, TRACK, Event
from governance.access import Reader
from governance.consenting import grant
from governance.differing import differences
from governance.disclosures import recipients_of
from governance.erasure import erase
from governance.policy import default_text
from governance.projecting import catch_up_to_head
from governance.provenance import NotCovered, explain
from governance.store import Store
from governance.subjects import component, find
from projections.profile import view
from projections.provenance import concerned, fields, leaves, made, piece, together
from projections.scorers.cutoffs import FEATURES
from projections.scorers.model import Model
from projections.state import State
from tests.conftest import call, make_store, take_in
from tests.projections.fakes import CONFIG, happened, identified

ANN = "user_id:ann"
FOR = "personalization"
TODAY = 400 * DAY + DAY // 2
MODEL = Model(
    scorer="next_purchase_30d", version=1, model_id="m", cutoffs=[0], held_out=None, rows=1, baseline=0.1,
    terms=[[0.1 * place for place, _ in enumerate(feature.bins)] for feature in FEATURES],
    covariance=[[0.0] * 400 for _ in range(400)], inverse_penalty=1.0, base_rate=0.5, newcomers=(1, 1), metrics={},
    environment={},
)  # fmt: skip


SAID: list[tuple[str, str, dict[str, Any]]] = [
    (TRACK, "Product Viewed", {"product_id": "p", "category": "tea"}),
    (TRACK, "Product Viewed", {"product_id": "q", "category": "wine"}),
    (TRACK, "Order Completed", {"product_id": "p", "category": "tea", "revenue": 10}),
    (TRACK, "Order Completed", {"revenue": 0, "currency": "EUR"}),
    (TRACK, "Order Refunded", {"revenue": 10}),
    (TRACK, "Sung. Loudly", {}),
    (IDENTIFY, "", {"city": "Oslo"}),
    (IDENTIFY, "", {"city": "Bergen", "address.city": "Oslo"}),
    (CORRECTED, "", {"city": "Oslo"}),
    (CORRECTED, "", {"city": None}),
    (LINKED, "", {"identifier": "user_id:1"}),
    (LINKED, "", {"identifier": "email:a@b.example"}),
]


@st.composite
def lives(draw: st.DrawFn) -> list[State]:
    """What the fold makes of each event of a person: few values and moments, so that much is said twice."""
    return [piece(draw(events(number)), 0, CONFIG) for number in range(draw(st.integers(1, 30)))]


@st.composite
def events(draw: st.DrawFn, number: int) -> Event:
    at = TODAY - draw(st.sampled_from([-1, 0, 0, 1, 1, 6, 29, 30, 89, 300])) * DAY - draw(st.integers(0, 2)) * DAY // 7
    kind, name, said = draw(st.sampled_from(SAID))
    recorded = at + draw(st.sampled_from([0, 0, DAY]))
    return Event(kind, name, at, recorded, number, draw(st.sampled_from(["web", "shop"])), "", said, {})


def shown(pieces: Sequence[State]) -> dict[str, Any]:
    models = {"next_purchase_30d": MODEL}
    return fields(view(together(pieces), at=TODAY, config=CONFIG, population=None, models=models))


@examples(max_examples=60)
@given(lives())
def test_what_made_a_field_is_enough_for_it_and_without_it_the_field_is_another(pieces: list[State]) -> None:
    document = shown(pieces)
    for field, value in document.items():
        roles = made(field, pieces, TODAY, CONFIG)
        if roles is None:
            assert field.count(".") == 0, field  # a whole section: its fields are asked for one by one
            continue
        chosen = [one for place, one in enumerate(pieces) if place in roles]
        rest = [one for place, one in enumerate(pieces) if place not in roles]
        assert shown(chosen).get(field) == value, (field, roles)
        if roles and shown([]).get(field) != value:
            assert shown(rest).get(field) != value, (field, roles)
        for gone in roles if field.startswith("activity.spend.") else ():
            without = [one for place, one in enumerate(pieces) if place != gone]
            assert shown(without)[field] != value, (field, gone)  # what nets to nothing, too


@examples(max_examples=60)
@given(lives(), st.data())
def test_what_came_between_and_concerns_a_field_is_what_changed_it(pieces: list[State], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(pieces)))
    before, after = shown(pieces[:cut]), shown(pieces)
    for field in leaves({name: one for name, one in after.items() if "." not in name}):
        if before.get(field) == after[field]:
            continue
        roles = concerned(field, pieces, TODAY, CONFIG) or {}
        between = [one for place, one in enumerate(pieces) if place >= cut and place in roles]
        assert between, field
        assert shown([*pieces[:cut], *between]).get(field) == after[field], (field, roles)


def test_what_was_said_twice_of_one_moment_is_named_twice() -> None:
    """Or the field would be the same without what is named."""
    cities = [piece(identified(TODAY, arrival=number, city="Oslo"), 0, CONFIG) for number in range(2)]
    views = [piece(happened("Product Viewed", TODAY, arrival=number), 0, CONFIG) for number in range(11)]

    assert made("attributes.city", cities, TODAY, CONFIG) == {0: "repeated", 1: "latest"}
    assert made("sequence.last", views, TODAY, CONFIG) == {0: "repeated"} | dict.fromkeys(range(1, 11), "latest")


@pytest.fixture
def shop(store: Store) -> Store:
    bought = {"product_id": "p", "category": "tea", "revenue": "12.50"}
    take_in(store, call(1, ANN, kind=IDENTIFY, name="", properties={"city": "Oslo"}), source="web")
    take_in(store, call(2, ANN, name="Order Completed", properties=bought), call(3, "user_id:ben"), source="web")
    take_in(store, call(4, ANN, kind=IDENTIFY, name="", properties={"city": "Bergen"}), source="shop")
    take_in(store, call(5, ANN, properties={"product_id": "q", "category": "wine"}), source="shop")
    take_in(store, call(6, "anonymous_id:x", properties={"category": "jam"}), call(7, "anonymous_id:y"))
    take_in(store, call(8, ANN, "anonymous_id:x"))  # that of the device is hers from now on
    catch_up_to_head(store)
    return store


def test_every_field_of_a_profile_can_be_explained(shop: Store) -> None:
    document = Reader(shop, "desk").read(ANN, FOR)
    sections = {name: document[name] for name in ("identifiers", "attributes", "activity", "interests", "sequence")}
    for field, value in leaves({**sections, "scores": document["scores"]}).items():
        told = explain(shop, ANN, FOR, field, "desk")
        assert told["value"] == value
        assert told["entries"] or value in (None, 0, "0.00", [], {}) or field.startswith("scores."), field


def test_an_explanation_names_entries_and_their_part_and_no_value_of_theirs(shop: Store) -> None:
    told = explain(shop, ANN, FOR, "attributes.city", "desk")

    assert [(one["type"], one["role"], one["day"]) for one in told["entries"]] == [
        ("identify", "conflict", "2026-11-23"),
        ("identify", "latest", "2026-11-23"),
    ]
    assert {*told["entries"][0]} == {"position", "index", "day", "type", "role"}
    positions = shop.log.positions(component(shop, find(shop, ANN)).handles)
    assert {one["position"] for one in told["entries"]} <= {*positions}


def test_what_is_not_there_came_from_nothing_and_what_is_no_field_is_refused(shop: Store) -> None:
    assert explain(shop, ANN, FOR, "attributes.nothing", "desk")["entries"] == []
    for wrong in ("attributes", "activity", "activity.spend.31d", "subject", "nothing.at_all", ""):
        with pytest.raises(BadInput):
            explain(shop, ANN, FOR, wrong, "desk")


def test_a_field_that_a_purpose_does_not_cover_is_refused_whether_it_is_there_or_not(shop: Store) -> None:
    for field in ("attributes.city", "attributes.nothing"):
        with pytest.raises(NotCovered):
            explain(shop, ANN, "analytics", field, "desk")
    with pytest.raises(NoBasis):
        explain(shop, ANN, "marketing", "activity.events", "desk")
    with pytest.raises(NoBasis):
        differences(shop, ANN, "marketing", 1, 2, "desk")


def test_what_a_purpose_may_not_read_is_named_in_no_explanation(settings: Settings) -> None:
    """Of a special category neither the interest nor the entries that tell of it show, not even in a share's whole."""
    policy = default_text() + (
        '\n[events."Test Taken"]\ncategory = "user.health_and_medical"\naction = "view"\ncategory_property = "kind"\n'
    )
    store = make_store(settings, policy=policy)
    take_in(store, call(1, ANN, properties={"category": "tea"}))
    grant(store, ANN, "special_categories")
    take_in(store, call(2, ANN, name="Test Taken", properties={"kind": "blood"}))
    catch_up_to_head(store)

    told = explain(store, ANN, FOR, "interests.shares.tea", "desk")

    assert (told["value"], [one["type"] for one in told["entries"]]) == (1.0, ["Product Viewed"])
    assert [one["type"] for one in explain(store, ANN, FOR, "activity.events", "desk")["entries"]] == ["Product Viewed"]
    with pytest.raises(NotCovered):
        explain(store, ANN, FOR, "activity.by_type.Test Taken", "desk")
    changed = differences(store, ANN, FOR, 1, store.log.head().size - 1, "desk")["changes"]
    assert {one["type"] for change in changed for one in change["entries"]} == {"Product Viewed", "identifier.linked"}


def test_an_explanation_is_a_disclosure(shop: Store) -> None:
    explain(shop, ANN, FOR, "attributes.city", "auditor of the year")
    differences(shop, ANN, FOR, 1, 8, "auditor of the next")

    told = recipients_of(shop, component(shop, find(shop, ANN)))
    assert told == ["auditor of the next", "auditor of the year"]


def test_a_difference_names_what_changed_and_the_entries_between_that_changed_it(shop: Store) -> None:
    first = max(one["position"] for one in explain(shop, ANN, FOR, "activity.spend.30d", "desk")["entries"])
    last = shop.log.head().size - 2
    assert [one["field"] for one in differences(shop, ANN, FOR, first, first + 1, "desk")["changes"]] == []

    changes = {one["field"]: one for one in differences(shop, ANN, FOR, first, last, "desk")["changes"]}

    city = changes["attributes.city"]
    assert (city["before"]["value"], city["after"]["value"]) == ("Oslo", "Bergen")
    assert [one["role"] for one in city["entries"]] == ["latest"]
    assert "activity.spend.30d" not in changes
    assert "merged" in [one["role"] for one in changes["interests.shares.jam"]["entries"]]
    assert all(first < one["position"] <= last for change in changes.values() for one in change["entries"])
    for start, end in ((last, first), (first, first), (-1, 2), (0, 10_000)):
        with pytest.raises(BadInput):
            differences(shop, ANN, FOR, start, end, "desk")


def test_of_an_erased_person_nothing_is_explained_whatever_the_position(shop: Store) -> None:
    """R7."""
    last = shop.log.head().size - 1
    erase(shop, ANN)

    with pytest.raises(NotFound):
        explain(shop, ANN, FOR, "attributes.city", "desk")
    with pytest.raises(NotFound):
        differences(shop, ANN, FOR, 1, last, "desk")
