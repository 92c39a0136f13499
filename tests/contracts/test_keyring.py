"""What every keyring promises: random ids, one key a place, no key but the committed one, nothing after a fence."""

import os
from collections.abc import Sequence
from contextlib import suppress

import pytest

from adapters.keys.files import FileKeyStore
from adapters.settings import Settings
from adapters.wiring import open_store
from domain.clock import parse_rfc3339
from domain.errors import Damaged, KeyMismatch, NotFound, Unavailable
from governance.audit import verify_live
from governance.erasure import erase, fence, open_case
from governance.keyring import EVIDENCE, Keyring, context
from governance.keyrows import ERASED, FENCED, LIVE, KeyRow
from governance.projecting import catch_up_to_head
from governance.store import Store
from governance.subjects import Component, component, find
from tests.contracts.raw import databases_of, execute, thaw
from tests.conftest import call, make_store, settings_for, take_in


class CountingKeys:
    """A key store that counts what it is asked to unwrap."""

    def __init__(self, keys: FileKeyStore) -> None:
        self._keys = keys
        self.unwrapped = 0

    def current(self) -> int:
        return self._keys.current()

    def wrap(self, generation: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        return self._keys.wrap(generation, items)

    def unwrap(self, generation: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        self.unwrapped += len(items)
        return self._keys.unwrap(generation, items)


def key_store(store: Store, settings: Settings) -> FileKeyStore:
    with store.keyring.database.reading() as rows:
        return FileKeyStore(settings.keys_directory / f"{rows.number('store'):016x}", os.urandom)


def who(store: Store, identifier: str) -> Component:
    return component(store, find(store, identifier))


def keys_of(store: Store, identifier: str) -> list[KeyRow]:
    return sorted(who(store, identifier).keys)


def replace_wrapped(settings: Settings, row: KeyRow, wrapped: bytes) -> None:
    statement = "UPDATE {at}data_key SET wrapped = :w WHERE key_id = :k"
    execute(databases_of(settings), "keyring", statement, w=wrapped, k=row.key_id)


def test_ids_are_random_and_tell_nothing_of_the_person(store: Store, settings: Settings, request, tmp_path) -> None:
    other = make_store(settings_for(str(tmp_path / "twin"), tmp_path / "twin-keys"))
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
        orders = [one.__class__(**{**_fields(one), "name": "Order Completed", "message_id": f"o{batch}"}) for one in views[:1]]
        take_in(store, *views, *orders, backfill=True)

    places = sorted((row.klass, row.epoch) for row in keys_of(store, "user_id:1"))

    september = (2026 - 1970) * 12 + 8
    assert places == [
        ("behaviour", september), ("behaviour", september + 1), ("behaviour", september + 2),
        ("commerce", september), ("identity", 0), ("profile", 0),
    ]  # fmt: skip


def _fields(one):
    return {name: getattr(one, name) for name in one.__struct_fields__}


def test_every_key_on_the_log_was_committed_before_its_use(store: Store) -> None:
    take_in(store, *(call(n, f"user_id:{n}") for n in range(3)))
    take_in(store, call(4, "user_id:9"))

    for n in (0, 1, 2, 9):
        for row in keys_of(store, f"user_id:{n}"):
            used = [one.position for one in store.log.entries(after=-1, limit=100) if one.key_id == row.key_id]
            assert all(position > row.committed_at >= row.born for position in used)
            assert store.log.contents([row.committed_at])[0].act == "keys_created"


def test_wrapped_keys_cannot_change_places(store: Store, settings: Settings) -> None:
    take_in(store, call(1, "user_id:1"), call(2, "user_id:2"))
    one, two = keys_of(store, "user_id:1")[0], keys_of(store, "user_id:2")[0]
    replace_wrapped(settings, one, two.wrapped)
    replace_wrapped(settings, two, one.wrapped)

    for row in (one, two):
        with pytest.raises(Damaged):
            open_store(settings).keyring.find([row.key_id])

    assert {finding.name for finding in verify_live(store).findings} == {"commitment"}
    assert verify_live(store).exit_status == 16


def test_another_key_wrapped_for_the_same_place_is_not_the_one_committed(store: Store, settings: Settings) -> None:
    take_in(store, call(1, "user_id:1"))
    row = keys_of(store, "user_id:1")[0]
    place = context(row.key_id, row.subject, row.klass, row.epoch)
    replace_wrapped(settings, row, key_store(store, settings).wrap(1, [(bytes(32), place)])[0])

    with pytest.raises(KeyMismatch) as caught:
        open_store(settings).keyring.find([row.key_id])

    assert caught.value.position == row.committed_at
    assert [finding.name for finding in verify_live(store).findings] == ["commitment"]


@pytest.mark.parametrize("fields", ['{"keys":[]}', '{"keys":[["KEY","' + "00" * 32 + '"]]}'])
def test_a_key_whose_commitment_was_replaced_does_not_open(store: Store, settings: Settings, fields: str) -> None:
    take_in(store, call(1, "user_id:1"))
    row, databases = keys_of(store, "user_id:1")[0], databases_of(settings)
    thaw(databases, "entry")
    statement = "UPDATE {at}entry SET fields = :f WHERE position = :p"
    execute(databases, "log", statement, f=fields.replace("KEY", row.key_id.hex()), p=row.committed_at)

    with pytest.raises(KeyMismatch):
        open_store(settings).keyring.find([row.key_id])


def test_a_key_that_names_another_act_as_its_commitment_does_not_open(store: Store, settings: Settings) -> None:
    take_in(store, call(1, "user_id:1"))
    row = keys_of(store, "user_id:1")[0]
    for position in (0, 10_000):
        statement = "UPDATE {at}data_key SET committed_at = :p WHERE key_id = :k"
        execute(databases_of(settings), "keyring", statement, p=position, k=row.key_id)

        with pytest.raises(KeyMismatch):
            open_store(settings).keyring.find([row.key_id])


def test_a_subject_is_live_then_fenced_then_erased_and_its_row_stays(store: Store) -> None:
    take_in(store, call(1, "user_id:1"))
    person = who(store, "user_id:1")
    states = []

    def look() -> None:
        with store.keyring.database.reading() as rows:
            states.append((rows.subjects([person.root])[person.root].state, len(rows.keys_of([person.root]))))

    look()
    fence(store, person.root, open_case(store, person))
    look()
    with pytest.raises(NotFound):
        find(store, "user_id:1")
    erase(store, "user_id:1")
    look()

    assert states == [(LIVE, len(person.keys)), (FENCED, len(person.keys)), (ERASED, 0)]


def test_an_erasure_leaves_the_keys_of_evidence_and_of_everybody_else(store: Store) -> None:
    take_in(store, call(1, "user_id:1"), call(2, "user_id:2"))
    person, other = who(store, "user_id:1"), keys_of(store, "user_id:2")

    outcome = erase(store, "user_id:1")

    assert store.keyring.find([row.key_id for row in person.keys]) == {}
    assert keys_of(store, "user_id:2") == other
    with store.keyring.database.reading() as rows:
        assert {row.klass for row in rows.keys_of([bytes.fromhex(outcome.case)])} == {EVIDENCE}


def test_a_fence_empties_the_cache_of_another_process(store: Store, settings: Settings) -> None:
    take_in(store, call(1, "user_id:1"), call(2, "user_id:2"))
    second, databases = open_store(settings), databases_of(settings)
    one, two = ([row.key_id for row in keys_of(store, f"user_id:{n}")] for n in (1, 2))
    assert len(second.keyring.find([*one, *two])) == len(one) + len(two)
    for key_id in two:  # taken away behind everybody's back: only a cache still has them
        execute(databases, "keyring", "DELETE FROM {at}data_key WHERE key_id = :k", k=key_id)
    assert second.keyring.find(two).keys() == set(two)

    fence(store, find(store, "user_id:1"), open_case(store, who(store, "user_id:1")))
    assert second.keyring.find(two) == {}
    assert second.keyring.find(one).keys() == set(one)
    erase(store, "user_id:1")

    assert second.keyring.find(one) == {}


def test_the_cache_holds_no_more_keys_than_its_bound(store: Store, settings: Settings) -> None:
    take_in(store, *(call(n, f"user_id:{n}") for n in range(20)))
    counting = CountingKeys(key_store(store, settings))
    keyring = Keyring(store.keyring.database, counting, store.log, cache_keys=10)
    ids = [row.key_id for n in range(20) for row in keys_of(store, f"user_id:{n}")]

    assert keyring.find(ids).keys() == set(ids)
    assert counting.unwrapped == len(ids) == 60
    assert keyring.find(ids).keys() == set(ids)

    assert counting.unwrapped == 60 + 50


def test_secrets_are_numbered_and_the_newest_counts(store: Store) -> None:
    keyring = store.keyring
    with keyring.database.writing() as rows:
        serials = [keyring.new_secret(rows, "test", bytes([n]) * 32) for n in range(3)]
    with keyring.database.reading() as rows:
        assert keyring.secret(rows, "test") == b"\x02" * 32
        assert keyring.all_secrets(rows, "test") == {n + 1: bytes([n]) * 32 for n in range(3)}

    with keyring.database.writing() as rows:
        rows.drop_secrets("test", before=3)
        serials.append(keyring.new_secret(rows, "test", b"\x09" * 32))

    assert serials == [1, 2, 3, 4]
    with keyring.database.reading() as rows:
        assert keyring.all_secrets(rows, "test") == {3: b"\x02" * 32, 4: b"\x09" * 32}
        with pytest.raises(Unavailable):
            keyring.secret(rows, "nobody knows")


def test_a_secret_is_bound_to_its_name_and_number(store: Store, settings: Settings) -> None:
    statement = "UPDATE {at}secret SET wrapped = (SELECT wrapped FROM {at}secret WHERE name = 'fold') WHERE name = 'index'"
    execute(databases_of(settings), "keyring", statement)

    with pytest.raises(Damaged):
        open_store(settings)


def test_keys_of_a_generation_that_is_gone_do_not_open(store: Store, settings: Settings) -> None:
    take_in(store, call(1, "user_id:1"))
    execute(databases_of(settings), "keyring", "UPDATE {at}data_key SET generation = 7")

    with pytest.raises(Unavailable):
        open_store(settings).keyring.find([row.key_id for row in keys_of(store, "user_id:1")])


def test_a_merged_subject_is_found_through_any_of_its_identifiers(store: Store) -> None:
    take_in(store, call(1, "anonymous_id:a"), call(2, "user_id:1"))
    before = who(store, "user_id:1")

    take_in(store, call(3, "user_id:1", "anonymous_id:a"))

    after = who(store, "anonymous_id:a")
    assert after.root == before.root == find(store, "user_id:1")
    assert len(after.members) == 2
    assert len(after.identifiers) == 2


def test_an_erased_id_is_never_live_again(store: Store) -> None:
    take_in(store, call(1, "user_id:1"))
    person = who(store, "user_id:1")
    erase(store, "user_id:1")

    take_in(store, call(2, "user_id:1"), call(3, "user_id:1", context={"registration": "new"}))
    catch_up_to_head(store)

    assert find(store, "user_id:1") != person.root
    with store.keyring.database.reading() as rows:
        assert rows.subjects([person.root])[person.root].state == ERASED
        assert rows.keys_of([person.root]) == []
    with suppress(NotFound):
        assert who(store, "user_id:1").root != person.root
