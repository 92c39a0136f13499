"""What is sealed opens under its own key, entry and name, and under nothing else."""

import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.settings import Settings
from adapters.wiring import open_store
from domain.bodies import Body
from domain.errors import Damaged
from governance.sealing import SIZES, DataKey, data_key, open_body, pad, seal, seal_body, unpad, unseal
from governance.store import Store
from governance.subjects import component, find, own_entries
from tests.conftest import call, make_store, settings_for, take_in

ENTRY, NONCE = bytes(range(16)), bytes(12)


def key(number: int) -> DataKey:
    return data_key(bytes([number]) * 16, bytes(16), "behaviour", 1, bytes([number]) * 32)


@pytest.fixture
def body(store: Store) -> Body:
    """One that intake has made."""
    take_in(store, call(1, properties={"product_id": "p1", "price": 3}), call(2, name="Order Completed"))
    return own_entries(store, component(store, find(store, "user_id:1"))).bodies[0][3]


@given(st.binary(max_size=3000))
def test_padding_is_undone_whatever_the_text_ends_with(plain: bytes) -> None:
    for text in (plain, plain + b"\x80", plain + b"\x00", plain + b"\x80\x00\x00"):
        assert unpad(pad(text)) == text


@given(st.integers(min_value=0, max_value=5000))
def test_a_padded_length_is_the_next_size_that_leaves_room_for_the_mark(length: int) -> None:
    padded = len(pad(bytes(length)))

    assert padded > length
    assert padded in SIZES
    assert all(size <= length for size in SIZES if size < padded)


def test_sizes_grow_by_no_more_than_a_fifth() -> None:
    assert SIZES[0] == 64
    assert all(0 < after - before <= before * 0.2 + 1 for before, after in pairwise(SIZES))
    assert SIZES[-1] > 2**34  # more than any body


@pytest.mark.parametrize("damaged", [b"", b"\x00" * 64, b"text", b"text\x80\x01"])
def test_bytes_that_were_never_padded_are_refused(damaged: bytes) -> None:
    with pytest.raises(Damaged):
        unpad(damaged)


def test_a_body_opens_under_its_key_and_entry(body: Body) -> None:
    sealed = seal_body(key(1), ENTRY, body, NONCE)

    assert open_body(key(1), ENTRY, sealed) == body
    assert sealed.startswith(NONCE)
    assert len(sealed) - 12 - 16 in SIZES


def test_a_body_opens_nowhere_else(body: Body) -> None:
    """K7: a body that was put in the place of another does not open."""
    sealed = seal_body(key(1), ENTRY, body, NONCE)
    renamed = data_key(bytes(16), bytes(16), "behaviour", 1, key(1).raw)

    for other, entry in ((key(2), ENTRY), (renamed, ENTRY), (key(1), bytes(16))):
        with pytest.raises(Damaged):
            open_body(other, entry, sealed)


def test_two_copies_of_a_store_never_seal_under_the_same_nonce(sqlite_settings: Settings, tmp_path: Path) -> None:
    """K8: nonces are random, so that a store that was restored or forked repeats none."""
    store = make_store(sqlite_settings)
    take_in(store, call(1), call(2, name="Order Completed"))
    store.storage.overwrite(wait_seconds=5)
    shutil.copytree(sqlite_settings.store, tmp_path / "copy")
    copy = open_store(settings_for(str(tmp_path / "copy"), tmp_path))
    size = store.log.head().size

    for one in (store, copy):
        take_in(one, call(3), call(4, name="Order Completed"))

    bodies = [entry.sealed for one in (store, copy) for entry in one.log.at(range(size, size + 2)) if entry.sealed]
    assert len({sealed[:12] for sealed in bodies}) == len(bodies) == 4


def test_no_single_bit_of_a_body_can_change(body: Body) -> None:
    sealed = seal_body(key(1), ENTRY, body, NONCE)

    for place in range(len(sealed)):
        changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(Damaged):
            open_body(key(1), ENTRY, changed)
    for shorter in (sealed[:-1], sealed[:28], sealed + b"\x00"):
        with pytest.raises(Damaged):
            open_body(key(1), ENTRY, shorter)


def test_derived_data_opens_under_its_key_and_name_alone() -> None:
    sealed = seal(key(1), b"state/a", b"text", NONCE)

    assert unseal(key(1), b"state/a", sealed) == b"text"
    for other, name in ((key(2), b"state/a"), (key(1), b"state/b"), (key(1), b"")):
        with pytest.raises(Damaged):
            unseal(other, name, sealed)


def test_derived_data_is_never_taken_for_a_body() -> None:
    name = ENTRY + key(1).key_id
    sealed = seal(key(1), name, b"text", NONCE)

    with pytest.raises(Damaged):
        open_body(key(1), ENTRY, sealed)
