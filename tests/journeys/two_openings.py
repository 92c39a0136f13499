"""One AES-GCM ciphertext that opens under two keys: the cipher commits to no key.

Dodis, Grubbs, Ristenpart, Woodage: Fast Message Franking (CRYPTO 2018), section 3; Albertini and others: How to Abuse
and Fix Authenticated Encryption Without Key Commitment (USENIX Security 2022). One block of the ciphertext is solved
for so that both keys give the same tag: GHASH is linear in it.
"""

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

BLOCK = 16
FIELD = 0xE1 << 120


def sealed_for_two(first: bytes, second: bytes, nonce: bytes, associated: bytes, blocks: int) -> bytes:
    """Nonce, ciphertext of so many blocks, tag: opens under either key."""
    data = [_number(associated[at : at + BLOCK].ljust(BLOCK, b"\0")) for at in range(0, len(associated), BLOCK)]
    lengths = (len(associated) * 8) << 64 | blocks * BLOCK * 8
    chosen = [0] * blocks
    hashes, masks = [], []
    for key in (first, second):
        one = _number(_block(key, bytes(BLOCK)))
        hashes.append(one)
        masks.append(_number(_block(key, nonce + b"\0\0\0\1")))
    # The last block of the ciphertext is multiplied by H^2: solve x (H1^2 + H2^2) = what the rest differs in.
    rest = [_ghash(one, [*data, *chosen, lengths]) ^ mask for one, mask in zip(hashes, masks, strict=True)]
    factor = _times(hashes[0], hashes[0]) ^ _times(hashes[1], hashes[1])
    chosen[-1] = _times(rest[0] ^ rest[1], _inverse(factor))
    tag = _ghash(hashes[0], [*data, *chosen, lengths]) ^ masks[0]
    return nonce + b"".join(one.to_bytes(BLOCK, "big") for one in chosen) + tag.to_bytes(BLOCK, "big")


def _block(key: bytes, plain: bytes) -> bytes:
    return Cipher(AES(key), ECB()).encryptor().update(plain)  # the block cipher itself, as GCM uses it


def _ghash(key: int, blocks: list[int]) -> int:
    state = 0
    for one in blocks:
        state = _times(state ^ one, key)
    return state


def _times(one: int, other: int) -> int:
    """NIST SP 800-38D, algorithm 1."""
    product = 0
    for bit in range(127, -1, -1):
        if one >> bit & 1:
            product ^= other
        other = other >> 1 ^ (FIELD if other & 1 else 0)
    return product


def _inverse(one: int) -> int:
    """By Fermat: to the power of 2^128 - 2."""
    result, square = 1 << 127, one
    for _ in range(127):
        square = _times(square, square)
        result = _times(result, square)
    return result


def _number(block: bytes) -> int:
    return int.from_bytes(block, "big")
