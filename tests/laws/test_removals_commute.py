"""What retention, a withdrawal or a hold removes or keeps: the store is the one that only ever received the rest."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.settings import Settings
from domain.clock import DAY, day_of, month_of
from domain.errors import NotFound
from domain.events import CONSENTED, LIFTED, OBJECTED, RESTRICTED, UNOBJECTED, WITHDREW
from governance.audit import verify_live
from governance.erasure import complete_held, erase, fence, open_case, resume
from governance.facts import Fact, record
from governance.holds import TooLate, release, set_hold
from governance.keyring import EVIDENCE
from governance.lost_basis import Removed, remove_unjustified
from governance.policy import default_text
from governance.projecting import catch_up_to_head, rebuild
from governance.replay import Replay
from governance.retention import apply, plan
from governance.store import Store
from governance.subjects import component, find, own_entries
from projections.runner import Passed, Step, Told, catch_up
from tests.conftest import NOW, call, make_store, take_in
from tests.laws.conftest import Blank
from tests.laws.histories import CROWD, Desk, Heard, histories, splits
from tests.laws.reading import digests, live
from tests.laws.test_erasure_commutes import ids_of, slow_to_draw
from tests.projections.fakes import MemoryStates

MONTHS = 25  # of behaviour and content in the default policy; commerce stays 120


@dataclass
class WithoutKeys:
    """The log as a replay reads it, less the bodies under some keys."""

    store: Store
    doomed: Collection[bytes]

    def head(self) -> int:
        return self.store.log.head().size

    def read(self, *, after: int, limit: int) -> Iterator[Step]:
        keys = {one.position: one.key_id for one in self.store.log.read(after=after, limit=limit)}
        for step in Replay(self.store.log, self.store.keyring).read(after=after, limit=limit):
            yield Passed(step.position) if isinstance(step, Told) and keys[step.position] in self.doomed else step

    def own(self, subjects: Collection[bytes], *, before: int) -> Sequence[Told]:
        raise AssertionError("nothing is removed in this log")


@pytest.mark.slow
def test_retention_leaves_the_store_that_only_received_the_surviving_epochs(blank: Blank) -> None:
    """L4 for retention, with a hold on one person: G1, G3, R6."""

    @settings(max_examples=blank.examples(20, 3), deadline=None, suppress_health_check=slow_to_draw)
    @given(histories(CROWD).flatmap(splits), st.booleans(), st.integers(12, 26), st.data())
    def holds(appends: Sequence[Sequence[Heard]], is_followed: bool, later: int, data: st.DataObject) -> None:
        with blank.copy() as store:
            desk = Desk(store)
            for append in appends:
                desk.take_in(append)
                if is_followed:
                    catch_up_to_head(store)
            held = data.draw(st.sampled_from([None, *(name for name in CROWD.all if ids_of(store, name))]))
            store = replace(store, clock=lambda: NOW + later * 30 * DAY)
            if held is not None:
                set_hold(store, held, ground="legal_claims", until=store.clock() + DAY)
            kept = ids_of(store, held) if held is not None else []
            without = MemoryStates()
            catch_up(WithoutKeys(store, expired_keys(store, kept)), without, store.fold)

            assert {one.status for one in apply(store)} <= {"completed"}
            catch_up_to_head(store)

            assert live(store) == (without.rows, without.parts)
            assert rebuild(store, check=True).differences == []
            assert plan(store)["due"] == [one for one in plan(store)["due"] if one["kept"] and not one["keys"]]

    holds()


def test_what_no_purpose_justifies_any_more_goes_and_the_person_stays(settings: Settings) -> None:
    """G6: a class that only consent justified goes with it; the statistics are those of the rest."""
    alone = default_text().replace(
        'purposes = ["personalization", "analytics", "marketing", "advertising", "risk"]', 'purposes = ["marketing"]'
    )
    store = make_store(settings, policy=alone)
    ann = "user_id:ann"

    def say(kind: str) -> None:
        record(store, [Fact(find(store, ann), EVIDENCE, kind, {"purpose": "marketing"})])

    take_in(store, call(1, "user_id:bob", name="Order Completed"))
    take_in(store, call(2, ann, name="Order Completed", properties={"revenue": 5}))
    say(CONSENTED)
    take_in(store, call(3, ann), call(4, ann, message_id="other"))
    catch_up_to_head(store)
    doomed = [row.key_id for row in component(store, find(store, ann)).keys if row.klass == "behaviour"]
    say(WITHDREW)
    without = MemoryStates()
    catch_up(WithoutKeys(store, doomed), without, store.fold)

    assert remove_unjustified(store, find(store, ann)).classes == ["behaviour"]

    assert live(store) == (without.rows, without.parts)
    assert rebuild(store, check=True).differences == []
    assert remove_unjustified(store, find(store, ann)) == Removed()
    assert verify_live(store).findings == []


def test_an_erasure_under_a_hold_forgets_the_rest_and_completes_when_released(store: Store) -> None:
    """G1: scoped, restricted, and gone by itself when it ends."""
    ann = "user_id:ann"
    take_in(store, call(1, ann), call(2, ann, name="Order Completed", message_id="n"), call(3, "user_id:bob"))
    catch_up_to_head(store)
    hold = set_hold(store, ann, ground="legal_claims", until=NOW + DAY, classes=["commerce"])
    who = component(store, find(store, ann))

    outcome = erase(store, ann)

    assert (outcome.status, outcome.holds) == ("held", [hold.hex()])
    with store.keyring.database.reading() as rows:
        assert {row.klass for row in rows.keys_of(who.ids, taken=True)} == {"commerce", EVIDENCE}
        assert rows.keys_of(who.ids) == []
    with pytest.raises(NotFound):
        find(store, ann)
    assert rebuild(store, check=True).differences == []
    assert verify_live(store).findings == []
    assert complete_held(store) == []

    release(store, hold)
    [rest] = complete_held(store)

    assert (rest.status, rest.keys_destroyed) == ("completed", 1)
    with store.keyring.database.reading() as rows:
        assert {row.klass for row in rows.keys_of(who.ids, taken=True)} == {EVIDENCE}
    assert rebuild(store, check=True).differences == []
    assert verify_live(store).findings == []


def test_a_hold_after_the_fence_comes_too_late(store: Store) -> None:
    """G2: the fence wins, and the case keeps that it was asked for."""
    take_in(store, call(1, "user_id:ann"))
    root = find(store, "user_id:ann")
    case = fence(store, root, open_case(store, component(store, root)))

    with pytest.raises(TooLate):
        set_hold(store, "user_id:ann", ground="legal_claims", until=NOW + DAY)

    steps = [
        event.properties["step"]
        for *_, body in own_entries(store, component(store, case)).bodies
        for event in body.events
    ]
    assert "hold_too_late" in steps
    assert resume(store, case).status == "completed"


def expired_keys(store: Store, kept: Collection[bytes]) -> set[bytes]:
    """By the words of DESIGN: behaviour and content whose months after the month of receipt are over."""
    month = month_of(day_of(store.clock()))
    with store.keyring.database.reading() as rows:
        keys = rows.keys_after(None, limit=100_000)
    classes = ("behaviour", "content")
    return {
        one.key_id for one in keys if one.klass in classes and month - one.epoch > MONTHS and one.subject not in kept
    }


@pytest.mark.parametrize(("said", "unsaid", "purpose"), [(OBJECTED, UNOBJECTED, "analytics"), (RESTRICTED, LIFTED, "")])
def test_who_objects_or_is_restricted_is_counted_by_no_statistic_until_he_takes_it_back(
    store: Store, said: str, unsaid: str, purpose: str
) -> None:
    """G5, G6: the statistics are those of a store that never met him."""
    ann, told = "user_id:ann", {"category": "tea", "product_id": "t"}
    take_in(store, call(1, "user_id:bob", properties=told))
    catch_up_to_head(store)
    never = digests(store)
    take_in(store, call(2, ann, properties=told))
    catch_up_to_head(store)
    met = digests(store)

    record(store, [Fact(find(store, ann), EVIDENCE, said, {"purpose": purpose} if purpose else {})])
    take_in(store, call(3, ann, properties=told))
    catch_up_to_head(store)

    assert digests(store)["interests"] == never["interests"] != met["interests"]
    assert rebuild(store, check=True).differences == []

    record(store, [Fact(find(store, ann), EVIDENCE, unsaid, {"purpose": purpose} if purpose else {})])
    catch_up_to_head(store)

    assert digests(store)["interests"][1] == met["interests"][1]
    assert digests(store)["interests"] != never["interests"]
    assert rebuild(store, check=True).differences == []
