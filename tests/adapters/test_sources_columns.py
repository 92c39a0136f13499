"""Columns take a quick way where they can, which must lead to the same place."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.sources import values
from adapters.sources.columns import Cells, convert
from adapters.sources.mapping import Property

FINITE = st.decimals(-(10**30), 10**30)  # as Arrow's are
ANY = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | FINITE | st.just([1])
ONE = {
    "int": values.integer,
    "number": values.number,
    "amount": values.amount,
    "bool": values.boolean,
    "string": values.text,
}


@given(st.lists(ANY, max_size=5) | st.lists(st.integers()) | st.lists(st.floats()), st.sampled_from(sorted(ONE)))
def test_a_whole_column_converts_as_its_values_do_one_by_one(cells: list[Any], kind: Any) -> None:
    column = convert(Cells(cells), Property(column="c", type=kind, optional=True))

    outcomes = [
        (None, column.faults[row]) if row in column.faults else (value, None) for row, value in enumerate(column.values)
    ]
    assert outcomes == [alone(kind, value) for value in cells]


def alone(kind: str, value: Any) -> tuple[Any, str | None]:
    try:
        return (None if value is None or value == "" else ONE[kind](value)), None
    except values.Refused as error:
        return None, error.reason
