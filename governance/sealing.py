"""How bytes are sealed: AES-256-GCM (NIST SP 800-38D), padded so that lengths say little."""

from __future__ import annotations

import hmac
from bisect import bisect_left
from functools import cache
from math import ceil
from typing import TYPE_CHECKING

import msgspec

from domain.bodies import Body
from domain.errors import Damaged

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
SIZES = [ceil(64 * 2 ** (n / 4)) for n in range(120)]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Body).decode


class DataKey(msgspec.Struct, frozen=True, gc=False):
    """An opened data key: its id and whose it is."""

    key_id: bytes
    subject: bytes
    klass: str
    epoch: int
    raw: bytes

    @property
    def cipher(self) -> AESGCM:
        """Made at each use, in 0.6 us: kept, it takes 2.4 KB, and a store keeps tens of thousands of opened keys."""
        return _aesgcm()(self.raw)


def data_key(key_id: bytes, subject: bytes, klass: str, epoch: int, raw: bytes) -> DataKey:
    """`raw` is 32 bytes."""
    return DataKey(key_id, subject, klass, epoch, raw)


@cache
def _aesgcm() -> type[AESGCM]:
    """Late, as most commands seal nothing; once, as the import statement costs half of what a key does."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM


def hkdf(key: bytes, info: bytes) -> bytes:
    """HKDF-SHA256 (RFC 5869) without salt, one block: 32 bytes."""
    prk = hmac.digest(bytes(32), key, "sha256")
    return hmac.digest(prk, info + b"\x01", "sha256")


def commitment(key: bytes, key_id: bytes) -> bytes:
    """What the log holds of a key, so that no other key can open its bodies to another story."""
    return hkdf(key, b"kc" + key_id)


def pad(plain: bytes) -> bytes:
    """ISO/IEC 7816-4 padding to the next of 64·2^(n/4) bytes."""
    room = SIZES[bisect_left(SIZES, len(plain) + 1)]
    return (plain + b"\x80").ljust(room, b"\x00")


def unpad(padded: bytes) -> bytes:
    """Raises Damaged for bytes that `pad` did not make."""
    plain = padded.rstrip(b"\x00")
    if not plain.endswith(b"\x80"):
        raise Damaged("a sealed text is not padded")
    return plain[:-1]


def associated(entry_id: bytes, key_id: bytes) -> bytes:
    """Binds a body to its entry and key: v, t, id, k."""
    return b"\x01d" + entry_id + key_id


def seal_body(key: DataKey, entry_id: bytes, body: Body, nonce: bytes) -> bytes:
    """nonce ‖ ciphertext ‖ tag; `nonce` is 12 random bytes."""
    return nonce + key.cipher.encrypt(nonce, pad(_encode(body)), associated(entry_id, key.key_id))


def open_body(key: DataKey, entry_id: bytes, sealed: bytes) -> Body:
    """Raises Damaged when the bytes are not what was sealed under this key for this entry."""
    from cryptography.exceptions import InvalidTag

    try:
        plain = key.cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], associated(entry_id, key.key_id))
    except InvalidTag as error:
        raise Damaged("a body does not open under its key") from error
    return _decode(unpad(plain))


def seal(key: DataKey, name: bytes, plain: bytes, nonce: bytes) -> bytes:
    """Seal derived data of a subject under a name of its own."""
    return nonce + key.cipher.encrypt(nonce, pad(plain), b"\x01s" + name)


def unseal(key: DataKey, name: bytes, sealed: bytes) -> bytes:
    """Raises Damaged when the bytes were sealed under another key or name."""
    from cryptography.exceptions import InvalidTag

    try:
        return unpad(key.cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], b"\x01s" + name))
    except InvalidTag as error:
        raise Damaged("derived data does not open under its key") from error
