"""Cosignatures: a witness says when it saw a tree head that extends all it saw before (C2SP tlog-cosignature v1)."""

from typing import Final

from domain.note import COSIGNATURE, BadSignature, Note, Signature, VerifierKey, Verify
from domain.treehead import LARGEST_SIZE

_TIME_BYTES: Final = 8


def cosigned_bytes(text: str, seconds: int) -> bytes:
    """What the witness's key signs: the whole text of the tree head, and the POSIX time."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def cosignature(key: VerifierKey, seconds: int, signature: bytes) -> Signature:
    """The line of a note: the time, then the signature of `cosigned_bytes`."""
    return Signature(key.name, key.key_id, seconds.to_bytes(_TIME_BYTES, "big") + signature)


def cosigned_at(note: Note, key: VerifierKey, verify: Verify) -> int | None:
    """The newest time at which the witness says it saw this text; None when it says nothing.

    Lines of others are ignored. Raises BadSignature for one under this key that does not fit, or for another kind of
    key: what an Ed25519 witness signs and what a log signs are kept apart by the kind.
    """
    if key.kind != COSIGNATURE:
        raise BadSignature("only keys of witnesses cosign")
    mine = [line.signature for line in note.signatures if (line.name, line.key_id) == (key.name, key.key_id)]
    return max((_time(note.text, signature, key, verify) for signature in mine), default=None)


def _time(text: str, signature: bytes, key: VerifierKey, verify: Verify) -> int:
    seconds = int.from_bytes(signature[:_TIME_BYTES], "big")
    is_right = seconds <= LARGEST_SIZE and verify(key.public, signature[_TIME_BYTES:], cosigned_bytes(text, seconds))
    if not is_right:
        raise BadSignature("a cosignature under a known key does not fit the tree head")
    return seconds
