"""Bytes at rest: padding, associated data, commitments and keyed digests, as they were when first written."""

import hmac
from hashlib import sha256

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from adapters.settings import Settings
from governance.blind import Blinder
from governance.keyring import context
from governance.people import dedupe_secret
from governance.sealing import SIZES, associated, commitment, data_key, hkdf, pad, seal, seal_body
from governance.subjects import component, find, own_entries
from tests.conftest import call, make_store, take_in

ENTRY, KEY_ID, RAW, NONCE = bytes(range(16)), bytes(range(16, 32)), bytes(range(32)), bytes(range(12))
SUBJECT = bytes(range(48, 64))
KEY = data_key(KEY_ID, SUBJECT, "behaviour", 682, RAW)


def test_texts_are_padded_to_these_sizes() -> None:
    assert SIZES[:12] == [64, 77, 91, 108, 128, 153, 182, 216, 256, 305, 363, 431]
    assert pad(b"text") == b"text\x80" + bytes(59)
    assert [len(pad(bytes(length))) for length in (0, 63, 64, 76, 77, 127, 128)] == [64, 64, 77, 77, 91, 128, 153]


def test_the_associated_data_of_a_body_is_version_type_entry_and_key() -> None:
    assert associated(ENTRY, KEY_ID).hex() == "0164" + ENTRY.hex() + KEY_ID.hex()


def test_derived_data_is_sealed_as_it_always_was() -> None:
    sealed = seal(KEY, b"state/a", b"text", NONCE)

    assert sealed == NONCE + AESGCM(RAW).encrypt(NONCE, b"text\x80" + bytes(59), b"\x01sstate/a")
    assert sealed.hex() == (
        "000102030405060708090a0b3367ae6f45e5c21b8d41978bb1e9786d83d68734f07b5f7c3867e5851d6900b20110aefcafc11298"
        "74a47fed88872838ee59608d5ad6a3da3f972a1918e3f5ee1dc9aeb9b0f0066137e055198e4e0451"
    )


def test_a_body_is_sealed_as_it_always_was(sqlite_settings: Settings) -> None:
    store = make_store(sqlite_settings)
    take_in(store, call(1))
    body = own_entries(store, component(store, find(store, "user_id:1"))).bodies[0][3]

    sealed = seal_body(KEY, ENTRY, body, NONCE)

    plain = AESGCM(RAW).decrypt(NONCE, sealed[12:], b"\x01d" + ENTRY + KEY_ID)
    text, mark, rest = plain.rpartition(b"\x80")
    assert (sealed[:12], mark, rest.strip(b"\x00")) == (NONCE, b"\x80", b"")
    assert text == msgspec.msgpack.encode(body)


def test_the_content_of_a_data_entry_is_the_digest_of_all_that_is_sealed(sqlite_settings: Settings) -> None:
    store = make_store(sqlite_settings)
    take_in(store, call(1))

    sealed = dict(store.log.bodies(after=-1, limit=100))

    for entry in store.log.contents(sealed):
        assert entry.content == sha256(sealed[entry.position]).digest()


def test_a_key_is_committed_to_as_it_always_was() -> None:
    expected = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"kc" + KEY_ID).derive(RAW)

    assert commitment(RAW, KEY_ID) == expected
    assert expected.hex() == "71c0be0cb2ae4600e1da8417fd12f7ef158d92a4a06fc959a27419db60f65bf4"


def test_keys_are_derived_as_rfc_5869_says() -> None:
    for raw in (RAW, b"\xff" * 32):
        for info in (b"", b"dedupe/1", bytes(100)):
            assert hkdf(raw, info) == HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(raw)


def test_the_secret_of_message_ids_is_derived_as_it_always_was() -> None:
    assert dedupe_secret(KEY).hex() == "c4b3bdda6598a666b801fb4a8f6cfb2fb7730f094833fdaaba72f7f2654d7a66"


def test_a_wrapped_key_is_bound_to_its_place_as_it_always_was() -> None:
    assert context(KEY_ID, SUBJECT, "behaviour", 682) == b"lethe/dk/1" + KEY_ID + SUBJECT + b"behaviour/682"


def test_a_wrapped_secret_is_bound_to_its_name_as_it_always_was(sqlite_settings: Settings) -> None:
    wrapped: list[bytes] = []

    class Recording:
        """A key store that keeps the contexts it is given."""

        def current(self) -> int:
            return 1

        def wrap(self, generation: int, items: list[tuple[bytes, bytes]]) -> list[bytes]:
            wrapped.extend(name for _, name in items)
            return [bytes(60) for _ in items]

    store = make_store(sqlite_settings)
    database, lease = store.keyring.database, store.keyring.lease
    keyring = type(store.keyring)(database, Recording(), store.log, lease)  # type: ignore[arg-type]
    with database.writing() as rows:
        keyring.new_secret(rows, "fold", bytes(32))

    assert wrapped == [b"lethe/secret/1/fold/2"]


def test_identifiers_are_blinded_as_they_always_were() -> None:
    blinder = Blinder(bytes(32), b"\x01" * 32)

    blind = blinder.blind("user_id:42")
    mark = blinder.mark(blind)

    assert blind == hmac.digest(bytes(32), b"user_id:42", "sha256")[:16]
    assert mark == hmac.digest(b"\x01" * 32, blind, "sha256")[:16]
    assert (blind.hex(), mark.hex()) == ("b4dd02f04f85c8e59671876b03e46928", "89c77772712e480ff7bf80fd653d6f18")
