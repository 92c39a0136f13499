"""Standing from the log: of many at once, across merges, as it was, and between the batches of one door."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.clock import DAY
from domain.events import CONSENTED, LIFTED, OBJECTED, REFUSED, RESTRICTED, UNOBJECTED, WITHDREW, Event
from domain.meaning import Basis
from governance.consent import UNKNOWN, standing
from governance.facts import Fact, record
from governance.keyring import EVIDENCE
from governance.policy import default_text, load
from governance.policy_shape import CONSENTS
from governance.purposes import holds
from governance.standing import Standings, evidence, standing_of, standing_then, standings
from governance.store import Store
from governance.subjects import find
from projections import standing as projected
from tests.conftest import NOW, call, take_in

ANN, BEN, TABLET = "user_id:ann", "user_id:ben", "anonymous_id:tablet"


def test_a_standing_is_what_the_log_says_of_the_whole_person(store: Store) -> None:
    take_in(store, call(1, ANN), call(2, BEN), call(3, TABLET))
    say(store, TABLET, CONSENTED, "marketing", until=NOW + DAY)
    say(store, BEN, OBJECTED, "analytics")
    before = store.log.head().size - 1
    take_in(store, call(4, ANN, TABLET))
    say(store, ANN, WITHDREW, "marketing")
    ann, ben = find(store, ANN), find(store, BEN)

    now = standings(store, [ann, ben])

    assert (now[ann].withdrawn, now[ann].given) == ({"marketing": NOW}, {})
    assert now[ben].objected == {"analytics": NOW}
    facts = facts_of(store, ann)
    assert standing_then(store, facts, position=before).given == {"marketing": NOW}
    assert standing_then(store, facts[:1], time=NOW + DAY).expired == {"marketing": NOW + DAY}
    assert standing_then(store, facts, time=NOW - 1) == UNKNOWN


def test_a_door_sees_what_came_in_through_another_between_its_batches(store: Store) -> None:
    take_in(store, call(1, ANN), call(2, BEN))
    ann, ben = find(store, ANN), find(store, BEN)
    door = Standings(store)
    look(store, door, ann)
    assert door.of(ann) == UNKNOWN

    say(store, ANN, CONSENTED, "marketing")
    look(store, door, ann, ben)

    assert door.of(ann) == standing_of(store, ann)
    assert door.of(ann).given == {"marketing": NOW}
    door.tell(ann, Event(WITHDREW, "", NOW, NOW, 0, "web", "", {"purpose": "marketing"}, {}), first=10**6)
    assert door.of(ann).withdrawn == {"marketing": NOW}
    door.merge(ann, ben)
    assert door.of(ben).withdrawn == {"marketing": NOW}
    door.forget()
    look(store, door, ann, ben)
    assert (door.of(ann).given, door.of(ben)) == ({"marketing": NOW}, UNKNOWN)  # nothing of that was stored


WORDS = st.sampled_from([CONSENTED, REFUSED, WITHDREW, OBJECTED, UNOBJECTED, RESTRICTED, LIFTED])
RULES = [one for one in load(default_text(), "policy").purposes.values() if not one.aggregates_only]


@given(
    st.lists(st.tuples(WORDS, st.sampled_from(["marketing", "analytics", "service"]), st.integers(0, 3)), max_size=9)
)
def test_projections_count_whom_a_read_would_be_allowed(words: list[tuple[str, str, int]]) -> None:
    """G5 G6: what a restriction, an objection or a withdrawal closes to reads, it takes out of the statistics."""
    events = [
        Event(kind, "", at, at, arrival, "web", "", {"purpose": purpose}, {})
        for arrival, (kind, purpose, at) in enumerate(words)
    ]
    folded: projected.Standing = {}
    for one in events:
        projected.tell(folded, one.kind, one.properties, (one.at, 0, one.arrival))
    now = standing(sorted(events, key=lambda one: (one.at, one.arrival)))

    for rule in RULES:
        basis = Basis(rule.name, rule.basis in CONSENTS, rule.objectable)
        assert projected.counts(folded, basis) == (now.restricted is None and holds(rule, now))


def say(store: Store, identifier: str, kind: str, purpose: str, **more: Any) -> None:
    record(store, [Fact(find(store, identifier), EVIDENCE, kind, {"purpose": purpose, **more})])


def facts_of(store: Store, root: bytes) -> list[Any]:
    with store.keyring.database.reading() as rows:
        return evidence(store, [root], rows)[root]


def look(store: Store, door: Standings, *roots: bytes) -> None:
    with store.lock() as locked:
        door.begin(locked.keys, locked.log.head().size, roots)
