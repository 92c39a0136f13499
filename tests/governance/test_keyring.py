"""How keys are made: random, wrapped at once, committed in acts of at most 500, each by its position."""

import os
from pathlib import Path

import pytest

from adapters.keys.files import FileKeyStore
from adapters.settings import Settings
from adapters.wiring import open_store
from domain.acts import KEYS_AN_ACT, KeysCreated, parse
from domain.errors import Damaged, Unavailable
from governance.appending import commitments
from governance.keyring import context
from governance.sealing import commitment
from governance.store import Store
from tests.conftest import call, make_store, take_in

PLACES = [(bytes([n]) * 16, klass, 7) for n in range(4) for klass in ("behaviour", "identity")]


@pytest.fixture
def store(sqlite_settings: Settings) -> Store:
    return make_store(sqlite_settings)


def test_minted_keys_are_random_and_for_the_places_that_were_asked_for(store: Store) -> None:
    """K3: no key is derived from anything, and none is another's."""
    minted = [one.key for _ in range(2) for one in store.keyring.mint(PLACES, os.urandom)]

    assert [(key.subject, key.klass, key.epoch) for key in minted] == PLACES * 2
    assert {(len(key.key_id), len(key.raw)) for key in minted} == {(16, 32)}
    assert len({key.key_id for key in minted}) == len({key.raw for key in minted}) == len(minted)


def test_a_minted_key_is_not_in_the_keyring_until_it_is_kept(store: Store) -> None:
    minted = store.keyring.mint(PLACES, os.urandom)

    assert store.keyring.find([one.key.key_id for one in minted]) == {}


def test_without_its_key_store_a_store_takes_nothing_in_and_loses_nothing(
    store: Store, sqlite_settings: Settings
) -> None:
    """K4: it fails closed; what was refused is new when it is sent again."""
    size = store.log.head().size
    [file] = sqlite_settings.keys_directory.rglob("generations.json")
    aside = file.rename(file.with_suffix(".aside"))

    with pytest.raises(Unavailable):
        take_in(store, call(1))

    assert store.log.head().size == size
    aside.rename(file)
    assert take_in(store, call(1)).accepted == 1


def test_commitments_name_every_key_once_sorted_and_few_an_act(store: Store) -> None:
    minted = store.keyring.mint([(n.to_bytes(16, "big"), "identity", 0) for n in range(1201)], os.urandom)

    acts = commitments(minted)

    assert [len(act.keys) for act in acts] == [KEYS_AN_ACT, KEYS_AN_ACT, 201]
    pairs = [pair for act in acts for pair in act.keys]
    assert pairs == sorted((one.key.key_id.hex(), commitment(one.key.raw, one.key.key_id).hex()) for one in minted)


def test_keys_of_an_append_with_several_acts_open_from_the_act_that_names_each(
    store: Store, sqlite_settings: Settings
) -> None:
    size = store.log.head().size
    take_in(store, *(call(n, f"user_id:{n}") for n in range(400)))  # 1200 keys
    acts = {entry.position: parse("keys_created", entry.fields or "") for entry in store.log.acts(["keys_created"])}
    assert list(acts) == [size, size + 1, size + 2]
    fresh = open_store(sqlite_settings)

    for position, act in acts.items():
        assert isinstance(act, KeysCreated)
        ids = [bytes.fromhex(key_id) for key_id, _ in act.keys]
        with fresh.keyring.database.reading() as rows:
            assert {row.committed_at for row in rows.keys(ids)} == {position}
        assert fresh.keyring.find(ids).keys() == set(ids)


def test_a_key_store_unwraps_what_it_wrapped_in_the_same_context_alone(tmp_path: Path) -> None:
    keys = FileKeyStore.create(tmp_path, os.urandom)
    items = [(bytes([n]) * 32, f"context {n}".encode()) for n in range(3)]
    wrapped = keys.wrap(1, items)

    again = FileKeyStore(tmp_path, os.urandom)

    assert again.unwrap(1, [(sealed, name) for sealed, (_, name) in zip(wrapped, items, strict=True)]) == [
        raw for raw, _ in items
    ]
    assert len(set(keys.wrap(1, items[:1] * 20))) == 20  # a fresh nonce each
    for sealed, name in ((wrapped[0], b"context 1"), (wrapped[0][:-1], b"context 0"), (bytes(60), b"context 0")):
        with pytest.raises(Damaged):
            again.unwrap(1, [(sealed, name)])
    with pytest.raises(Unavailable):
        again.unwrap(2, [(wrapped[0], b"context 0")])


def test_a_key_store_is_made_once_and_its_file_is_its_owners(tmp_path: Path) -> None:
    FileKeyStore.create(tmp_path / "keys", os.urandom)
    file = tmp_path / "keys" / "generations.json"
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Unavailable):
        FileKeyStore.create(tmp_path / "keys", os.urandom)

    file.chmod(0o640)

    with pytest.raises(Unavailable):
        FileKeyStore(tmp_path / "keys", os.urandom)


def test_the_context_of_a_key_tells_every_part_of_its_place() -> None:
    place = (bytes(16), bytes(16), "identity", 0)
    others = [
        (b"\x01" * 16, *place[1:]), (place[0], b"\x01" * 16, *place[2:]),
        (*place[:2], "evidence", 0), (*place[:3], 1), (*place[:2], "identity/1", 0),
    ]  # fmt: skip

    assert len({context(*one) for one in [place, *others]}) == 6
