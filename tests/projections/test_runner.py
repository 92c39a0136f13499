from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import DAY
from domain.errors import MovedOn
from projections import population, statistic
from projections import state as states
from projections.runner import Forgot, Passed, Retired, Step, Told, Trained, catch_up
from projections.scorers import model as models
from tests.projections.fakes import CONFIG, MemoryHistory, MemoryStates, body, bought, linked, merged
from tests.projections.histories import FIRST_DAY, SUBJECTS, told

A, B, C, D, E = SUBJECTS
SCORER = population.NEXT_PURCHASE


def rebuilt(steps: Sequence[Step], *, chunk_entries: int = 2000, working_bytes: int = 1 << 30) -> MemoryStates:
    fresh = MemoryStates()
    catch_up(MemoryHistory(steps), fresh, CONFIG, chunk_entries=chunk_entries, working_bytes=working_bytes)
    return fresh


def content(found: MemoryStates) -> tuple[dict[bytes, bytes], dict[str, bytes]]:
    return found.rows, found.parts


def component(steps: Sequence[Step], subject: bytes) -> set[bytes]:
    """The subjects that merges link to this one, by brute force."""
    linked_to = {subject}
    for _ in SUBJECTS:
        for step in steps:
            if isinstance(step, Told):
                for event in step.body.events:
                    pair = {step.subject, bytes.fromhex(event.properties.get("into", ""))}
                    if "into" in event.properties and pair & linked_to:
                        linked_to |= pair
    return linked_to


@given(told(), st.integers(1, 5), st.sampled_from([0, 2_000, 1 << 30]), st.data())
def test_catching_up_in_any_steps_gives_what_a_rebuild_gives(
    steps: list[Step], chunk_entries: int, working_bytes: int, data: st.DataObject
) -> None:
    expected = rebuilt(steps)
    found = MemoryStates()

    for through in [*sorted(data.draw(st.lists(st.integers(-1, len(steps)), max_size=3))), None]:
        catch_up(
            MemoryHistory(steps),
            found,
            CONFIG,
            through=through,
            chunk_entries=chunk_entries,
            working_bytes=working_bytes,
        )

    assert content(found) == content(expected)
    assert found.checkpoint() == len(steps) - 1


@given(told(), st.integers(1, 5), st.data())
def test_forgetting_a_subject_is_never_having_met_it(
    steps: list[Step], chunk_entries: int, data: st.DataObject
) -> None:
    gone = component(steps, data.draw(st.sampled_from(SUBJECTS)))
    fence = len(steps)
    rest: list[Step] = [
        Told(fence + 1 + place, step.subject, step.body)
        for place, step in enumerate(data.draw(told(subjects=5)))
        if isinstance(step, Told) and not component([step], step.subject) & gone
    ]
    rest = [step._replace(position=fence + 1 + place) for place, step in enumerate(rest)]
    forgot = Forgot(fence, tuple(data.draw(st.permutations(sorted(gone)))))

    def without(step: Step) -> Step:
        return Passed(step.position) if isinstance(step, Told) and step.subject in gone else step

    live = rebuilt([*steps, forgot, *rest], chunk_entries=chunk_entries, working_bytes=0)
    replayed = rebuilt([*map(without, steps), forgot, *rest])
    never = rebuilt([*map(without, steps), Passed(fence), *rest])

    assert content(live) == content(replayed) == content(never)
    assert not gone & set(live.rows)


def test_merges_in_any_order_lead_to_one_root() -> None:
    said = [
        Told(0, A, body(bought(FIRST_DAY), linked("user_id:1", 1, 1))),
        Told(1, B, body(bought(FIRST_DAY + 1), first=1)),
    ]
    first = [*said, Told(2, A, body(merged(B, 2), first=2)), Told(3, B, body(merged(C, 3), first=3))]
    second = [*said, Told(2, B, body(merged(C, 3), first=3)), Told(3, A, body(merged(B, 2), first=2))]
    late = Told(4, A, body(bought(FIRST_DAY + 2), first=4))

    one, other = rebuilt([*first, late], chunk_entries=1, working_bytes=0), rebuilt([*second, late])

    assert content(one) == content(other)
    root = states.decode(one.rows[C])
    assert root.identity.members == {A, B}
    assert root.ledger.purchases == {FIRST_DAY: 1, FIRST_DAY + 1: 1, FIRST_DAY + 2: 1}
    assert states.decode(one.rows[A]).into == B
    assert states.decode(one.rows[B]).into == C
    assert statistic.decode(one.parts[f"statistic/{SCORER}"]).subjects == 1


def test_a_merge_into_itself_or_back_again_changes_nothing() -> None:
    steps = [
        Told(0, A, body(bought(FIRST_DAY), merged(A, 1, 1))),
        Told(1, A, body(merged(B, 2), first=1)),
        Told(2, B, body(merged(A, 3), first=2)),
    ]

    found = rebuilt(steps)

    assert states.decode(found.rows[A]).into == B
    assert states.decode(found.rows[B]).identity.members == {A}


def test_states_are_loaded_once_a_chunk_and_saved_once_when_they_fit() -> None:
    steps = [Told(n, SUBJECTS[n % 5], body(bought(FIRST_DAY + n), first=n)) for n in range(20)]
    found = rebuilt(steps, chunk_entries=5)

    assert (found.loads, found.saves) == (1, 1)
    assert rebuilt(steps, chunk_entries=5, working_bytes=0).saves == 4


def test_progress_is_told_after_each_chunk() -> None:
    seen: list[tuple[int, int]] = []
    steps = [Passed(n) for n in range(5)]

    reached = catch_up(
        MemoryHistory(steps), MemoryStates(), CONFIG, chunk_entries=2, progress=lambda *at: seen.append(at)
    )

    assert (reached, seen) == (4, [(1, 4), (3, 4), (4, 4)])
    assert catch_up(MemoryHistory([]), MemoryStates(), CONFIG) == -1


def test_a_runner_that_was_overtaken_saves_nothing() -> None:
    class Overtaken(MemoryStates):
        def load(self, subjects: object) -> dict[bytes, bytes]:
            self.at = 7
            return {}

    found = Overtaken()

    with pytest.raises(MovedOn):
        catch_up(MemoryHistory([Told(0, A, body(bought(FIRST_DAY)))]), found, CONFIG)

    assert content(found) == ({}, {})


def test_a_checkpoint_beyond_the_limit_stays_where_it_is() -> None:
    found = MemoryStates(at=4)

    assert catch_up(MemoryHistory([Passed(n) for n in range(9)]), found, CONFIG, through=2) == 4
    assert found.saves == 0


def shoppers(count: int, *, gone: Sequence[int] = ()) -> list[Step]:
    """People who buy now and then over eight months; enough of them to fit a model."""
    steps: list[Step] = []
    for person in range(count):
        every = 9 + person % 7 * 11
        days = range(FIRST_DAY + person % 40, FIRST_DAY + 240, every)
        said = body(
            linked(f"user_id:{person}", DAY), *(bought(day, arrival=day, revenue=person) for day in days), first=person
        )
        steps.append(Passed(person) if person in gone else Told(person, person.to_bytes(16, "big"), said))
    return steps


def trained(position: int, model_id: str = "m1") -> Trained:
    return Trained(position, model_id, SCORER, 1, position - 1)


def test_a_model_refitted_after_forgetting_is_the_model_that_never_knew() -> None:
    gone = [3, 8, 59]
    ids = tuple(person.to_bytes(16, "big") for person in gone)
    acts: list[Step] = [Forgot(61, ids), Retired(62, "m1"), trained(63, "m2")]

    live = rebuilt([*shoppers(60), trained(60), *acts], chunk_entries=7, working_bytes=0)
    never = rebuilt([*shoppers(60, gone=gone), trained(60), *acts])
    before = rebuilt([*shoppers(60), trained(60)])

    assert content(live) == content(never)
    model = models.decode(live.parts[f"model/{SCORER}"])
    assert (model.model_id, model.trained_through) == ("m2", 62)
    assert replace_ids(models.decode(before.parts[f"model/{SCORER}"])) != replace_ids(model)


def replace_ids(model: models.Model) -> models.Model:
    return models.named(model, "", -1)


def test_forgetting_anybody_drops_every_live_model_at_once() -> None:
    found = rebuilt([*shoppers(60), trained(60), Forgot(61, ())])

    assert f"model/{SCORER}" not in found.parts


def test_a_retired_model_is_gone_and_another_stays() -> None:
    steps = [*shoppers(60), trained(60)]

    assert f"model/{SCORER}" in rebuilt([*steps, Retired(61, "another")]).parts
    assert f"model/{SCORER}" not in rebuilt([*steps, Retired(61, "m1")]).parts


def test_a_model_dropped_after_a_save_is_dropped_from_the_row_too() -> None:
    steps = [*shoppers(60), trained(60), Retired(61, "m1")]

    assert content(rebuilt(steps, chunk_entries=1, working_bytes=-1)) == content(rebuilt(steps))


def test_a_scorer_that_this_software_does_not_know_leaves_no_model() -> None:
    other = trained(60)._replace(version=2)

    assert f"model/{SCORER}" not in rebuilt([*shoppers(60), trained(60)._replace(scorer="astrology"), other]).parts


def test_the_fold_key_moves_people_between_folds_and_nothing_else() -> None:
    one, other = rebuilt(shoppers(20)), MemoryStates()
    catch_up(MemoryHistory(shoppers(20)), other, replace(CONFIG, fold_key=b"other"))

    assert one.parts["statistic/interests"] == other.parts["statistic/interests"]
    assert one.parts[f"statistic/{SCORER}"] != other.parts[f"statistic/{SCORER}"]
