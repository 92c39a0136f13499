"""What the interleavings have found once, each alone: holds on people who were joined, and what a restore must know."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.operating import back_up, restore
from adapters.settings import Settings
from adapters.wiring import open_store
from domain.clock import DAY
from governance.cleaning import ALIAS
from governance.consenting import object_to
from governance.erasure import complete_held, erase
from governance.holds import set_hold
from governance.projecting import catch_up_to_head, rebuild
from governance.store import Store
from governance.subjects import component, find
from governance.suppression import rotate as rotate_marks
from governance.unmerging import unmerge
from tests.conftest import NOW, call, make_store, take_in
from tests.laws.life import POLICY
from tests.laws.reading import digests

ANN, BEN = "user_id:ann", "user_id:ben"
JOINED = call(3, ANN, kind=ALIAS, name="", previous=BEN)


def classes(store: Store, who: list[bytes]) -> set[str]:
    with store.keyring.database.reading() as rows:
        return {row.klass for row in rows.keys_of(who, taken=True)}


def test_a_hold_keeps_what_somebody_brought_who_was_joined_with_the_held(sqlite_settings: Settings) -> None:
    """G1: the hold is on the person; the key is of another subject of the same person, before and after an erasure."""
    store = make_store(sqlite_settings, policy=POLICY)
    take_in(store, call(1, ANN, kind="identify/1", name=""), call(2, BEN), call(4, BEN, name="Order Completed"), JOINED)
    set_hold(store, ANN, ground="legal_claims", until=NOW + DAY, classes=["behaviour", "commerce"])
    who = component(store, find(store, ANN)).ids

    object_to(store, ANN, "personalization")
    assert "behaviour" in classes(store, who)
    assert erase(store, ANN).status == "held"
    assert complete_held(store) == []

    assert {"behaviour", "commerce"} <= classes(store, who)


def test_who_is_erased_under_a_hold_on_everything_is_counted_by_no_statistic(store: Store) -> None:
    """G1, L4: no key of his is destroyed, and he is forgotten all the same."""
    take_in(store, call(1, BEN, properties={"category": "tea"}))
    catch_up_to_head(store)
    unmet = digests(store)
    take_in(store, call(2, ANN, properties={"category": "tea"}))
    catch_up_to_head(store)
    set_hold(store, ANN, ground="legal_claims", until=NOW + DAY)

    assert erase(store, ANN).status == "held"
    assert (digests(store), rebuild(store, check=True).differences) == (unmet, [])

    [rest] = complete_held(replace(store, clock=lambda: NOW + 2 * DAY))
    assert (rest.status, digests(store), rebuild(store, check=True).differences) == ("completed", unmet, [])


@pytest.mark.slow
def test_a_restore_parts_again_and_marks_again_those_whom_the_backup_does_not_know_as_erased(
    sqlite_settings: Settings, tmp_path: Path
) -> None:
    """K1, I4, I8, R10: Ben was parted from Ann, and the secret of the marks replaced, before she was erased."""
    store = make_store(sqlite_settings)
    take_in(store, call(1, ANN), call(2, BEN), JOINED)
    back_up(sqlite_settings, store, tmp_path / "backup", keyring=True)
    unmerge(store, ANN, apart=BEN)
    rotate_marks(store)
    assert erase(store, ANN).status == "completed"
    shutil.rmtree(sqlite_settings.store)

    restore(sqlite_settings, tmp_path / "backup")

    store = open_store(sqlite_settings)
    assert take_in(store, call(5, ANN), call(6, BEN)).suppressed == 1
    find(store, BEN)
    catch_up_to_head(store)
    assert rebuild(store, check=True).differences == []
    assert erase(store, BEN).status == "completed"
