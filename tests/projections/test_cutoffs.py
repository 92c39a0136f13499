from hypothesis import given
from hypothesis import strategies as st

from domain.clock import first_day, month_of
from projections import population
from projections.scorers import next_purchase
from projections.scorers.cutoffs import FEATURES, WINDOW_DAYS, code_of, contribute, fold_of, parts_of
from projections.state import State, empty
from projections.statistic import Statistic
from projections.telling import tell
from tests.projections.fakes import CONFIG, body, bought, happened, linked

MONTH = month_of(19_000)
DAY_ZERO = first_day(MONTH)

receipts = st.lists(
    st.tuples(st.integers(0, 500), st.booleans(), st.integers(0, 400)).map(lambda one: (DAY_ZERO + one[0], *one[1:])),
    min_size=1,
    max_size=12,
)


def received(*rows: tuple[int, bool, int]) -> State:
    state = empty()
    for day, is_purchase, revenue in rows:
        tell(
            state, body(bought(day, revenue=revenue) if is_purchase else happened("Seen", day * 86_400_000_000)), CONFIG
        )
    return state


def rows_at(state: State, month: int) -> dict[int, int]:
    return next_purchase.rows_between(Statistic(contribute(state, CONFIG), 1), month, month)


def binned(name: str, value: int | None) -> int:
    feature = next(feature for feature in FEATURES if feature.name == name)
    if value is None:
        return len(feature.bins) - 1
    return sum(value > edge for edge in feature.edges)


@given(receipts, st.integers(0, 60))
def test_the_cells_up_to_a_cut_off_are_the_row_that_counting_by_hand_gives(
    rows: list[tuple[int, bool, int]], months: int
) -> None:
    state = received(*rows)
    cut = first_day(MONTH + months)
    before = [row for row in rows if row[0] < cut]
    if not before:
        assert rows_at(state, MONTH + months) == {}
        return
    purchases = [day for day, is_purchase, _ in before if is_purchase]
    quarter = [row for row in before if row[0] >= cut - 90 and row[1]]
    bins = (
        binned("recency_days", cut - max(purchases) if purchases else None),
        binned("purchases_90d", len(quarter)),
        binned("spend_90d", 10_000 * sum(row[2] for row in quarter)),
        binned("tenure_days", cut - min(row[0] for row in before)),
        binned("events_30d", sum(row[0] >= cut - 30 for row in before)),
    )
    label = int(any(is_purchase and cut <= day < cut + WINDOW_DAYS for day, is_purchase, _ in rows))

    code = code_of(fold_of(state, CONFIG.fold_key), bins, label)

    assert rows_at(state, MONTH + months) == {code: 1}


@given(receipts, receipts)
def test_what_is_received_later_changes_no_row_at_a_cut_off_whose_window_had_passed(
    rows: list[tuple[int, bool, int]], more: list[tuple[int, bool, int]]
) -> None:
    now = max(row[0] for row in rows)
    later = [(now + day - DAY_ZERO, is_purchase, revenue) for day, is_purchase, revenue in more]

    earlier, since = received(*rows), received(*rows, *later)

    for month in range(MONTH, month_of(now) + 1):
        if first_day(month) + WINDOW_DAYS <= now:
            assert rows_at(earlier, month) == rows_at(since, month)


@given(st.lists(receipts, min_size=1, max_size=4), st.integers(0, 30), st.integers(0, 12))
def test_rows_between_two_cut_offs_are_the_sum_of_the_rows_at_each(
    people: list[list[tuple[int, bool, int]]], first: int, more: int
) -> None:
    statistic = Statistic()
    for rows in people:
        statistic.add(contribute(received(*rows), CONFIG))
    expected: dict[int, int] = {}
    for month in range(MONTH + first, MONTH + first + more + 1):
        for code, count in next_purchase.rows_between(statistic, month, month).items():
            assert count > 0
            expected[code] = expected.get(code, 0) + count

    assert next_purchase.rows_between(statistic, MONTH + first, MONTH + first + more) == expected


def test_a_late_receipt_counts_on_the_day_it_came_in() -> None:
    state = empty()
    tell(state, body(bought(DAY_ZERO, recorded_day=DAY_ZERO + 70)), CONFIG)

    assert rows_at(state, MONTH + 2) == {}
    assert sum(rows_at(state, MONTH + 3).values()) == 1


def test_closed_cut_offs_end_thirty_days_before_the_last_receipt_of_anybody() -> None:
    def closed(last: int) -> list[int]:
        statistic = Statistic()
        statistic.add(contribute(received((DAY_ZERO + 1, True, 1)), CONFIG))
        statistic.add(contribute(received((DAY_ZERO + 3, True, 1), (last, False, 0)), CONFIG))
        return next_purchase.closed_months(statistic)

    third = first_day(MONTH + 3)
    assert closed(third + WINDOW_DAYS - 1) == [MONTH + 1, MONTH + 2]
    assert closed(third + WINDOW_DAYS) == [MONTH + 1, MONTH + 2, MONTH + 3]
    assert next_purchase.closed_months(Statistic()) == []


@given(st.integers(0, 4), st.tuples(*(st.integers(0, len(f.bins) - 1) for f in FEATURES)), st.integers(0, 1))
def test_a_code_is_its_parts(fold: int, bins: tuple[int, ...], label: int) -> None:
    assert parts_of(code_of(fold, bins, label)) == (fold, bins, label)


def test_every_feature_has_a_name_for_every_bin() -> None:
    for feature in FEATURES:
        never = feature.name == "recency_days"
        assert len(feature.bins) == len(feature.edges) + 1 + never
        assert list(feature.edges) == sorted(set(feature.edges))


def test_the_fold_follows_the_earliest_identifier_and_the_key() -> None:
    state = empty()
    tell(state, body(linked("user_id:2", 20), linked("email:a", 10, 1), linked("user_id:1", 10, 1)), CONFIG)
    alone = empty()
    tell(alone, body(linked("email:a", 99)), CONFIG)

    assert {fold_of(state, bytes([key])) for key in range(40)} == set(range(5))
    assert all(fold_of(state, bytes([key])) == fold_of(alone, bytes([key])) for key in range(40))


def test_a_subject_without_behaviour_contributes_nothing() -> None:
    state = empty()
    tell(state, body(linked("user_id:2", 20)), CONFIG)

    assert all(contribute(state, CONFIG) == {} for contribute in population.CONTRIBUTIONS.values())
