"""What every keyring promises: random ids, one key a place, nothing after a fence."""

from pathlib import Path

import pytest

from adapters.settings import Settings
from adapters.wiring import open_store
from domain.clock import parse_rfc3339
from domain.errors import NotFound
from governance.erasure import erase, fence, open_case
from governance.keyring import EVIDENCE
from governance.keyrows import ERASED, FENCED, LIVE
from governance.store import Store
from governance.subjects import find
from tests.conftest import call, make_store, settings_for, take_in
from tests.contracts.raw import databases_of, execute, keys_of, who


def test_ids_are_random_and_tell_nothing_of_the_person(store: Store, tmp_path: Path) -> None:
    """K3, I1, G14: the same people in two stores under one directory of keys have nothing in common."""
    other = make_store(settings_for(str(tmp_path / "twin"), tmp_path))
    for one in (store, other):
        take_in(one, *(call(n, f"user_id:{n}") for n in range(20)))

    people = [who(one, f"user_id:{n}") for one in (store, other) for n in range(20)]

    ids = [one.root for one in people] + [row.key_id for one in people for row in one.keys]
    assert {len(one) for one in ids} == {16}
    assert len(set(ids)) == len(ids)
    assert len({handle for one in people for handle in one.handles}) == 40
    assert len({row.blind for one in people for row in one.identifiers}) == 40


def test_there_is_one_key_for_each_subject_class_and_epoch(store: Store) -> None:
    days = ("2026-09-01", "2026-09-30", "2026-10-01", "2026-11-20")
    moments = [parse_rfc3339(f"{day}T10:00:00Z") for day in days]
    for batch in range(2):  # the second finds every key there
        views = [call(n, recorded=at, message_id=f"v{batch}.{n}") for n, at in enumerate(moments)]
        order = call(9, name="Order Completed", recorded=moments[0], message_id=f"o{batch}")
        take_in(store, *views, order, backfill=True)

    places = sorted((row.klass, row.epoch) for row in keys_of(store, "user_id:1"))

    september = (2026 - 1970) * 12 + 8
    assert places == [
        ("behaviour", september), ("behaviour", september + 1), ("behaviour", september + 2),
        ("commerce", september), ("identity", 0), ("profile", 0),
    ]  # fmt: skip


def test_every_key_on_the_log_was_committed_before_its_use(store: Store) -> None:
    take_in(store, *(call(n, f"user_id:{n}") for n in range(3)))
    take_in(store, call(4, "user_id:9"))

    for n in (0, 1, 2, 9):
        for row in keys_of(store, f"user_id:{n}"):
            used = [one.position for one in store.log.entries(after=-1, limit=100) if one.key_id == row.key_id]
            assert all(position > row.committed_at >= row.born for position in used)
            assert store.log.contents([row.committed_at])[0].act == "keys_created"


@pytest.mark.slow
def test_a_subject_is_live_then_fenced_then_erased_and_its_row_stays(store: Store) -> None:
    take_in(store, call(1, "user_id:1"))
    person = who(store, "user_id:1")
    states = []

    def look() -> None:
        with store.keyring.database.reading() as rows:
            there = rows.keys_of([person.root], taken=True)
            states.append(
                (rows.subjects([person.root])[person.root].state, len(rows.keys_of([person.root])), len(there))
            )

    look()
    fence(store, person.root, open_case(store, person))
    look()
    with pytest.raises(NotFound):
        find(store, "user_id:1")
    erase(store, "user_id:1")
    look()

    count = len(person.keys)
    assert states == [(LIVE, count, count), (FENCED, 0, count), (ERASED, 0, 0)]


@pytest.mark.slow
def test_an_erasure_leaves_the_keys_of_evidence_and_of_everybody_else(store: Store) -> None:
    """K11: a key belongs to one person alone."""
    take_in(store, call(1, "user_id:1"), call(2, "user_id:2"))
    person, other = who(store, "user_id:1"), keys_of(store, "user_id:2")

    outcome = erase(store, "user_id:1")

    assert store.keyring.find([row.key_id for row in person.keys]) == {}
    assert keys_of(store, "user_id:2") == other
    with store.keyring.database.reading() as rows:
        assert {row.klass for row in rows.keys_of([bytes.fromhex(outcome.case)])} == {EVIDENCE}


@pytest.mark.slow
def test_a_fence_empties_the_cache_of_another_process(store: Store, settings: Settings) -> None:
    """K6."""
    take_in(store, call(1, "user_id:1"), call(2, "user_id:2"))
    second, databases = open_store(settings), databases_of(settings)
    one, two = ([row.key_id for row in keys_of(store, f"user_id:{n}")] for n in (1, 2))
    assert len(second.keyring.find([*one, *two])) == len(one) + len(two)
    for key_id in two:  # taken away behind everybody's back: only a cache still has them
        execute(databases, "keyring", "DELETE FROM {at}data_key WHERE key_id = :k", k=key_id)
    assert second.keyring.find(two).keys() == set(two)

    fence(store, find(store, "user_id:1"), open_case(store, who(store, "user_id:1")))
    assert second.keyring.find(two) == {}
    assert second.keyring.find(one) == {}, "what is taken opens to nobody"
    erase(store, "user_id:1")

    assert second.keyring.find(one) == {}


def test_a_merged_subject_is_found_through_any_of_its_identifiers(store: Store) -> None:
    take_in(store, call(1, "anonymous_id:a"), call(2, "user_id:1"))
    before = who(store, "user_id:1")

    take_in(store, call(3, "user_id:1", "anonymous_id:a"))

    after = who(store, "anonymous_id:a")
    assert after.root == before.root == find(store, "user_id:1")
    assert len(after.members) == 2
    assert len(after.identifiers) == 2


@pytest.mark.slow
def test_an_erased_id_is_never_live_again(store: Store) -> None:
    """K2: late calls mint no key for it, and a new registration is another subject."""
    take_in(store, call(1, "user_id:1"))
    person = who(store, "user_id:1")
    erase(store, "user_id:1")

    take_in(store, call(2, "user_id:1"), call(3, "user_id:1", context={"registration": "new"}))

    assert find(store, "user_id:1") != person.root
    with store.keyring.database.reading() as rows:
        assert rows.subjects([person.root])[person.root].state == ERASED
        assert rows.keys_of([person.root]) == []
