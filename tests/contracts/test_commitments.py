"""No key opens but the one that the log committed to, in the place it was made for; and no more are kept than asked."""

import os
from collections.abc import Sequence

import pytest

from adapters.keys.files import FileKeyStore
from adapters.settings import Settings
from adapters.wiring import open_store
from domain.errors import Damaged, KeyMismatch, Unavailable
from governance.audit import verify_live
from governance.keyring import Keyring, context
from governance.keyrows import KeyRow
from governance.store import Store
from tests.conftest import call, take_in
from tests.contracts.raw import databases_of, execute, keys_of, thaw


class CountingKeys(FileKeyStore):
    """A key store that counts what it is asked to unwrap."""

    unwrapped = 0

    def unwrap(self, generation: int, items: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        self.unwrapped += len(items)
        return super().unwrap(generation, items)


def key_store(store: Store, settings: Settings) -> CountingKeys:
    with store.keyring.database.reading() as rows:
        return CountingKeys(settings.keys_directory / f"{rows.number('store'):016x}", os.urandom)


def replace_wrapped(settings: Settings, row: KeyRow, wrapped: bytes) -> None:
    statement = "UPDATE {at}data_key SET wrapped = :w WHERE key_id = :k"
    execute(databases_of(settings), "keyring", statement, w=wrapped, k=row.key_id)


def test_wrapped_keys_cannot_change_places(store: Store, settings: Settings) -> None:
    """K7."""
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


def test_the_cache_holds_no_more_keys_than_its_bound(store: Store, settings: Settings) -> None:
    take_in(store, *(call(n, f"user_id:{n}") for n in range(20)))
    counting = key_store(store, settings)
    keyring = Keyring(store.keyring.database, counting, store.log, store.keyring.lease, cache_keys=10)
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
    statement = (
        "UPDATE {at}secret SET wrapped = (SELECT wrapped FROM {at}secret WHERE name = 'fold') WHERE name = 'index'"
    )
    execute(databases_of(settings), "keyring", statement)

    with pytest.raises(Damaged):
        open_store(settings)


def test_keys_of_a_generation_that_is_gone_do_not_open(store: Store, settings: Settings) -> None:
    take_in(store, call(1, "user_id:1"))
    execute(databases_of(settings), "keyring", "UPDATE {at}data_key SET generation = 7")

    with pytest.raises(Unavailable):
        open_store(settings).keyring.find([row.key_id for row in keys_of(store, "user_id:1")])
