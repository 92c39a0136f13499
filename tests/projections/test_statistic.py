import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Damaged
from domain.meaning import FoldConfig
from projections import population
from projections.scorers import cutoffs
from projections.state import State, empty
from projections.statistic import Cells, Statistic, decode, encode
from projections.telling import tell
from tests.projections.fakes import CONFIG, body, bought
from tests.projections.histories import bodies

contributions = st.lists(
    st.dictionaries(
        st.one_of(
            st.tuples(st.just("weight"), st.sampled_from(["wine", "beer"])),
            st.tuples(st.just("row"), st.integers(-5, 5), st.integers(0, 9)),
        ),
        st.integers(-3, 3).filter(bool),
        min_size=1,
        max_size=5,
    ),
    max_size=6,
)


@given(contributions, st.data())
def test_what_was_added_and_subtracted_was_never_there(parts: list[Cells], data: st.DataObject) -> None:
    gone = data.draw(st.sets(st.integers(0, len(parts) - 1))) if parts else set()
    lived, never = Statistic(), Statistic()
    for part in data.draw(st.permutations(parts)):
        lived.add(part)
    for place in gone:
        lived.subtract(parts[place])
    for place, part in enumerate(parts):
        if place not in gone:
            never.add(part)

    assert lived == never
    assert encode(lived) == encode(never)
    assert lived.digest(b"key") == never.digest(b"key") != lived.digest(b"other key")
    assert decode(encode(lived)) == lived


def test_cells_that_sum_to_nothing_are_no_cells() -> None:
    statistic = Statistic()

    statistic.add({("row", 1): 2})
    statistic.add({("row", 1): -2})

    assert statistic.canonical() == ()
    assert statistic.subjects == 2


def test_subtracting_from_nobody_is_damage() -> None:
    with pytest.raises(Damaged):
        Statistic().subtract({("row", 1): 1})


def test_the_digest_is_a_function_of_content_and_key_alone() -> None:
    statistic = Statistic({("weight", "wine"): 3, ("row", 1): -1}, 2)

    assert statistic.digest(b"key") == "ebe6d5ad93dbb3c3aedc0faab7e267399635f4553e6b7aca973be9b8e75b63ae"


@pytest.mark.parametrize("row", [b"", b"\x90", b"\x93\x02\x00\x90"])
def test_what_is_no_statistic_of_this_format_is_damaged(row: bytes) -> None:
    with pytest.raises(Damaged):
        decode(row)


@pytest.mark.parametrize("name", list(population.CONTRIBUTIONS))
def test_a_contribution_takes_one_state_and_the_configuration_and_nothing_else(name: str) -> None:
    contribute = population.CONTRIBUTIONS[name]

    assert len(inspect.signature(contribute).parameters) == 2
    if contribute is cutoffs.contribute:
        assert list(inspect.get_annotations(contribute, eval_str=True).values())[:2] == [State, FoldConfig]


@pytest.mark.parametrize("module", [cutoffs], ids=["cutoffs"])
def test_a_module_of_contributions_holds_nothing_that_could_remember_others(module: object) -> None:
    held = [value for name, value in vars(module).items() if not name.startswith("__")]

    assert not [value for value in held if isinstance(value, dict | list | set | Statistic | State)]
    assert not {"time", "datetime", "random", "now"} & set(vars(module))


@given(st.lists(bodies(0), min_size=1, max_size=4))
def test_settling_again_changes_nothing_and_withdrawing_leaves_nothing(told: list) -> None:
    states = [empty() for _ in told]
    statistics = population.fresh()
    for state, one in zip(states, told, strict=True):
        tell(state, one, CONFIG)
    population.settle(states, statistics, CONFIG)
    once = {name: encode(statistic) for name, statistic in statistics.items()}

    assert population.settle(states, statistics, CONFIG) == set()
    assert {name: encode(statistic) for name, statistic in statistics.items()} == once
    for state in states:
        population.withdraw(state, statistics)
    assert statistics == population.fresh()


def test_a_statistic_counts_the_subjects_that_contribute() -> None:
    states = [empty(), empty(), empty()]
    tell(states[0], body(bought(9, category="wine")), CONFIG)
    tell(states[1], body(bought(9)), CONFIG)
    statistics = population.fresh()

    population.settle(states, statistics, CONFIG)

    assert {name: statistic.subjects for name, statistic in statistics.items()} == {
        population.INTERESTS: 1,
        population.NEXT_PURCHASE: 2,
    }
    assert statistics[population.INTERESTS].cells == {("weight",): 4, ("weight", "wine"): 4, ("subjects", "wine"): 1}
