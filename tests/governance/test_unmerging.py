"""A merge undone: each side has its own again, in every projection, and erasing one leaves the other alone."""

from typing import Any

import pytest

from adapters.settings import Settings
from domain.errors import NotFound
from domain.events import IDENTIFY
from governance.access import Reader
from governance.audit import verify_live
from governance.cleaning import ALIAS
from governance.erasure import erase, preview
from governance.projecting import catch_up_to_head, rebuild
from governance.store import Store
from governance.subjects import find
from governance.unmerging import NotMerged, unmerge
from tests.conftest import call, make_store, take_in

ANN, BEN, PHONE, OLD = "user_id:ann", "user_id:ben", "anonymous_id:phone", "anonymous_id:old"


def known_as_one(settings: Settings) -> Store:
    """Ben's two devices were joined to him, and he, by a wrong alias, to Ann."""
    store = make_store(settings)
    bens = [call(1, OLD), call(2, PHONE), call(3, BEN, PHONE, kind=IDENTIFY, name="", properties={"city": "Bergen"})]
    anns = [call(5, ANN, kind=IDENTIFY, name="", properties={"city": "Oslo"}), call(6, ANN)]
    take_in(store, *bens, call(4, BEN, kind=ALIAS, name="", previous=OLD), *anns)
    take_in(store, call(7, ANN, kind=ALIAS, name="", previous=BEN))
    take_in(store, call(8, PHONE))
    return store


def activity(store: Store, identifier: str) -> tuple[int, str, list[str]]:
    seen: dict[str, Any] = Reader(store, "tester").read(identifier, "personalization")
    names = [f"{kind}:{value}" for kind, values in seen["identifiers"].items() for value in values]
    return seen["activity"]["events"], seen["attributes"]["city"]["value"], names


@pytest.mark.parametrize("follows", [True, False], ids=["folded as it came", "folded at once"])
def test_each_side_has_again_what_was_its_own_before(sqlite_settings: Settings, follows: bool) -> None:
    """I8: what came in since the merge stays with whom it was recorded for; nothing is handed over."""
    store = known_as_one(sqlite_settings)
    if follows:
        catch_up_to_head(store)
        assert activity(store, BEN)[0] == 4
    done = unmerge(store, ANN, apart=BEN)

    assert (find(store, ANN), find(store, PHONE)) == (done.root, done.absorbed)
    assert activity(store, ANN) == (2, "Oslo", ["user_id:ann"])  # her own view, and what came after the merge
    assert activity(store, OLD) == (2, "Bergen", ["anonymous_id:old", "anonymous_id:phone", "user_id:ben"])
    assert rebuild(store, check=True).differences == []
    take_in(store, call(9, ANN, PHONE), call(10, PHONE))  # one device, two people: joined by chance no more
    catch_up_to_head(store)
    assert (activity(store, ANN)[0], activity(store, BEN)[0]) == (3, 3)
    with pytest.raises(NotMerged):
        unmerge(store, ANN, apart=ANN)
    with pytest.raises(NotFound):
        unmerge(store, ANN, apart=BEN)
    take_in(store, call(11, ANN, kind=ALIAS, name="", previous=BEN))
    catch_up_to_head(store)
    assert activity(store, PHONE)[0] == 6  # an alias says so
    assert rebuild(store, check=True).differences == []
    assert verify_live(store).findings == []


def test_a_part_goes_with_all_that_had_become_part_of_it_and_no_more(sqlite_settings: Settings) -> None:
    store = known_as_one(sqlite_settings)

    unmerge(store, ANN, apart=OLD)

    assert activity(store, ANN)[2] == ["anonymous_id:phone", "user_id:ann", "user_id:ben"]
    assert find(store, OLD) != find(store, ANN)
    assert rebuild(store, check=True).differences == []


def test_a_device_that_was_taken_from_a_person_is_nobodys_by_chance(sqlite_settings: Settings) -> None:
    """I8: the next login on it, the same person's or another's, does not join them again."""
    store = make_store(sqlite_settings)
    take_in(store, call(1, PHONE), call(6, ANN))
    take_in(store, call(2, ANN, PHONE))
    assert find(store, PHONE) == find(store, ANN)

    unmerge(store, ANN, apart=PHONE)
    take_in(store, call(3, ANN, PHONE), call(4, BEN, PHONE), call(5, PHONE))
    catch_up_to_head(store)

    assert len({find(store, one) for one in (ANN, BEN, PHONE)}) == 3
    counts = [Reader(store, "tester").read(one, "personalization")["activity"]["events"] for one in (ANN, BEN, PHONE)]
    assert counts == [3, 1, 2]
    assert rebuild(store, check=True).differences == []


@pytest.mark.parametrize(("first", "second", "left"), [(ANN, BEN, 2), (BEN, ANN, 2)])
def test_erasing_one_side_leaves_the_other_as_it_was(
    sqlite_settings: Settings, first: str, second: str, left: int
) -> None:
    """I8, L4: the two are two; also for a replay that reads the merge and can no more read who undid it."""
    store = known_as_one(sqlite_settings)
    catch_up_to_head(store)
    unmerge(store, ANN, apart=BEN)
    before = activity(store, second)
    assert preview(store, BEN)["members"] == 2

    assert erase(store, first).status == "completed"

    assert activity(store, second) == before
    assert before[0] == left
    assert rebuild(store, check=True).differences == []
    rebuild(store, check=False)
    assert activity(store, second) == before
    assert verify_live(store).findings == []
    assert erase(store, second).status == "completed"
    assert rebuild(store, check=True).differences == []


def test_an_interrupted_unmerge_is_completed_by_repeating_it(
    sqlite_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = known_as_one(sqlite_settings)
    with monkeypatch.context() as patch:
        patch.setattr("adapters.sql.governing.GoverningRows.drop_merge", _die)
        with pytest.raises(KeyboardInterrupt):
            unmerge(store, ANN, apart=BEN)
    catch_up_to_head(store)
    assert find(store, BEN) == find(store, ANN)
    assert preview(store, BEN)["members"] == 3  # an erasure would still reach them all

    unmerge(store, ANN, apart=BEN)

    assert activity(store, BEN)[0] == 2
    assert rebuild(store, check=True).differences == []
    assert verify_live(store).findings == []


def _die(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("at_once", [1, 2, 4])
def test_what_somebody_told_before_the_merge_is_his_again_however_it_came_in(store: Store, at_once: int) -> None:
    """I8: nobody's history depends on which calls came in one batch; an erasure takes it with its person."""
    take_in(store, call(1, ANN), call(2, BEN))
    calls = [call(3, BEN), call(4, ANN, kind=ALIAS, name="", previous=BEN), call(5, BEN), call(6, ANN)]
    for start in range(0, 4, at_once):
        take_in(store, *calls[start : start + at_once])
    unmerge(store, ANN, apart=BEN)
    catch_up_to_head(store)

    counts = {who: Reader(store, "tester").read(who, "personalization")["activity"]["events"] for who in (ANN, BEN)}
    assert counts == {ANN: 3, BEN: 2}
    assert erase(store, BEN).status == "completed"
    assert rebuild(store, check=True).differences == []
