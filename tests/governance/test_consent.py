"""Standing: what a subject agreed to, took back, objected to or restricted."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.events import CASE, CONSENTED, LIFTED, OBJECTED, REFUSED, RESTRICTED, UNOBJECTED, WITHDREW, Event
from governance.consent import UNKNOWN, Heard, Standing, Terms, current, evolve, standing


def said(kind: str, at: int, purpose: str | None = "ads", **more: Any) -> Event:
    return Event(kind, "", at, at, 0, "lethe", "", {"purpose": purpose, **more} if purpose else {}, {})


def test_a_person_who_said_nothing_agreed_to_nothing() -> None:
    assert standing([]) == UNKNOWN == Standing(given={}, withdrawn={}, objected={}, restricted=None)


def test_withdrawn_consent_is_no_longer_given() -> None:
    assert standing([said(CONSENTED, 1), said(WITHDREW, 2)]) == Standing(withdrawn={"ads": 2})


def test_consent_given_again_counts_from_then() -> None:
    history = [said(CONSENTED, 1), said(WITHDREW, 2), said(CONSENTED, 3), said(CONSENTED, 4)]

    assert standing(history) == Standing(given={"ads": 3})


def test_an_objection_ends_consent_and_consent_ends_an_objection() -> None:
    objected = standing([said(CONSENTED, 1), said(OBJECTED, 2)])

    assert objected == Standing(objected={"ads": 2})
    assert evolve(objected, said(CONSENTED, 3)) == Standing(given={"ads": 3})


def test_a_refusal_is_neither_consent_nor_its_withdrawal() -> None:
    assert standing([said(REFUSED, 1)]) == Standing(refused={"ads": 1})
    assert standing([said(REFUSED, 1), said(CONSENTED, 2)]) == Standing(given={"ads": 2})


def test_an_objection_taken_back_consents_to_nothing() -> None:
    assert standing([said(CONSENTED, 1), said(OBJECTED, 2), said(UNOBJECTED, 3)]) == UNKNOWN


def test_a_consent_ends_by_itself_when_its_time_is_over() -> None:
    now = standing([said(CONSENTED, 1, until=10), said(CONSENTED, 1, "news")])

    assert current(now, at=9, notices={}) == now
    assert current(now, at=10, notices={}).given == {"news": 1}
    assert current(now, at=10, notices={}).expired == {"ads": 10}
    assert current(evolve(now, said(CONSENTED, 11)), at=12, notices={}).given == {"ads": 1, "news": 1}


def test_a_newer_notice_asks_again() -> None:
    now = standing([said(CONSENTED, 1, notice=1), said(CONSENTED, 2, "news")])

    assert now.terms == {"ads": Terms(notice=1)}
    assert current(now, at=9, notices={"ads": 1, "other": 4}) == now
    assert current(now, at=9, notices={"ads": 2, "news": 1}).outdated == {"ads": 1, "news": 2}
    assert current(now, at=9, notices={"ads": 2, "news": 1}).given == {}
    assert current(evolve(now, said(CONSENTED, 3, notice=2)), at=9, notices={"ads": 2}).given == {"ads": 1, "news": 2}


def test_what_a_signal_said_is_remembered_beside_what_the_person_said() -> None:
    now = standing([said(CONSENTED, 1, method="tcf", stamp=7), said(WITHDREW, 2, method="officer")])

    assert now.withdrawn == {"ads": 2}
    assert now.signals == {("tcf", "ads"): Heard("given", 7, 1)}


def test_purposes_stand_apart() -> None:
    assert standing([said(CONSENTED, 1), said(WITHDREW, 2, "news")]) == Standing(
        given={"ads": 1}, withdrawn={"news": 2}
    )


def test_a_restriction_holds_until_it_is_lifted() -> None:
    restricted = standing([said(CONSENTED, 1), said(RESTRICTED, 0, None), said(RESTRICTED, 5, None)])

    assert restricted == Standing(given={"ads": 1}, restricted=0)
    assert evolve(restricted, said(LIFTED, 6, None)) == Standing(given={"ads": 1})


def test_other_events_change_nothing() -> None:
    assert standing([said(CONSENTED, 1), said(CASE, 2, None)]) == Standing(given={"ads": 1})


KINDS = st.sampled_from([CONSENTED, REFUSED, WITHDREW, OBJECTED])


@given(st.lists(st.tuples(KINDS, st.sampled_from(["ads", "news"])), max_size=12))
def test_the_last_word_on_a_purpose_is_the_only_one(words: list[tuple[str, str]]) -> None:
    now = standing(said(kind, at, purpose) for at, (kind, purpose) in enumerate(words))

    last = {purpose: kind for kind, purpose in words}
    sides = {CONSENTED: now.given, REFUSED: now.refused, WITHDREW: now.withdrawn, OBJECTED: now.objected}
    assert {kind: set(side) for kind, side in sides.items()} == {
        kind: {purpose for purpose, word in last.items() if word == kind} for kind in sides
    }


@given(st.lists(st.tuples(KINDS, st.integers(0, 99))), st.lists(st.tuples(KINDS, st.integers(0, 99))))
def test_a_history_folds_in_parts_as_it_folds_whole(
    first: list[tuple[str, int]], second: list[tuple[str, int]]
) -> None:
    before, after = ([said(kind, at) for kind, at in part] for part in (first, second))
    parts = standing(before)
    for event in after:
        parts = evolve(parts, event)

    assert parts == standing([*before, *after])
