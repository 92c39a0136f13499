"""Signed notes and the names of keys (C2SP signed-note): parsed strictly, printed so that they parse back the same.

Nothing is signed or verified by itself here: whoever calls brings the algorithm.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from domain.errors import LetheError

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04  # Ed25519 with a time, by a witness
ED25519_BYTES: Final = 32  # of a public key and of a seed
KEY_ID_BYTES: Final = 4
LONGEST_TEXT: Final = 1_000_000  # characters; as generous as Go's x/mod
MOST_SIGNATURES: Final = 100

_SIGNATURE_MARK = "\u2014 "
_PRIVATE_MARK = "PRIVATE+KEY+"
_UNFIT = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")  # control characters but newline; what UTF-8 cannot say
_KEY_ID = re.compile(r"[0-9a-f]{8}")


class BadNote(LetheError):
    """A note, or a text that a note carries, is not in its format."""


class BadSignature(LetheError):
    """A note is not signed by the key that should have signed it."""


class BadKey(LetheError):
    """A verifier key or private key is not in its format, or not the one that is called for."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line of a note."""

    name: str
    key_id: bytes  # 4 bytes: a hint, not proof
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text and who claims to have signed it."""

    text: str  # its last newline is signed with it
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under the name it signs with."""

    name: str
    kind: int  # ED25519, COSIGNATURE, or one that is not known here
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The first 4 bytes of SHA-256 over name, newline, kind and public key."""
        return sha256(f"{self.name}\n".encode() + bytes([self.kind]) + self.public).digest()[:KEY_ID_BYTES]


@dataclass(frozen=True, slots=True)
class PrivateKey:
    """An Ed25519 key under the name it signs with; the key id is that of its public key."""

    name: str
    key_id: bytes
    seed: bytes = field(repr=False)  # 32 bytes


Verify = Callable[[bytes, bytes, bytes], bool]
"""(public key, signature, signed bytes): whether the signature is right."""


def is_key_name(name: str) -> bool:
    """Whether keys may have this name: not empty, no space of any script, no plus, no control character."""
    return bool(name) and "+" not in name and not _UNFIT.search(name) and not any(map(str.isspace, name))


def print_note(text: str, signatures: Iterable[Signature]) -> str:
    """The note as it is stored and sent. Raises BadNote for what would not parse back the same."""
    signed = Note(text, tuple(signatures))
    lines = [f"{_SIGNATURE_MARK}{line.name} {encode64(line.key_id + line.signature)}\n" for line in signed.signatures]
    note = f"{text}\n{''.join(lines)}"
    if parse_note(note) != signed:
        raise BadNote("the text or a signature cannot be part of a note")
    return note


def parse_note(note: str) -> Note:
    """The signatures are what follows the last blank line. Raises BadNote."""
    check_text(note)
    blank = note.rfind("\n\n")
    if blank < 0 or not note.endswith("\n"):
        raise BadNote("the note has no signatures after a blank line")
    lines = note[blank + 2 : -1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise BadNote(f"the note has more than {MOST_SIGNATURES} signatures")
    return Note(note[: blank + 1], tuple(_signature(line) for line in lines))


def check_signed(note: Note, key: VerifierKey, verify: Verify) -> None:
    """Returns if the key signed the note; signatures under other keys are ignored.

    Raises BadSignature when none is under this key, or one that is does not fit.
    """
    mine = [line for line in note.signatures if (line.name, line.key_id) == (key.name, key.key_id)]
    if not mine:
        raise BadSignature("the note is not signed by the expected key")
    if not all(verify(key.public, line.signature, note.text.encode()) for line in mine):
        raise BadSignature("a signature under the expected key does not fit the note")


def print_vkey(key: VerifierKey) -> str:
    """What auditors pin: `name+id+base64(kind, public key)`."""
    return f"{key.name}+{key.key_id.hex()}+{encode64(bytes([key.kind]) + key.public)}"


def parse_vkey(text: str) -> VerifierKey:
    """Raises BadKey, also for an id that is not that of name and key."""
    name, key_id, material = _key_parts(text)
    key = VerifierKey(name, material[0], material[1:])
    if key.key_id != key_id:
        raise BadKey("the verifier key's id does not belong to its name and key")
    if key.kind in (ED25519, COSIGNATURE) and len(key.public) != ED25519_BYTES:
        raise BadKey("an Ed25519 verifier key is 32 bytes long")
    return key


def print_private(key: PrivateKey) -> str:
    """The secret in the form of Go's x/mod, as a key file holds it."""
    return f"{_PRIVATE_MARK}{key.name}+{key.key_id.hex()}+{encode64(bytes([ED25519]) + key.seed)}"


def parse_private(text: str) -> PrivateKey:
    """Raises BadKey. Takes the key id as it stands: only who derives the public key can check it."""
    if not text.startswith(_PRIVATE_MARK):
        raise BadKey("a private key begins with PRIVATE+KEY+")
    name, key_id, material = _key_parts(text.removeprefix(_PRIVATE_MARK))
    if material[0] != ED25519 or len(material) != 1 + ED25519_BYTES:
        raise BadKey("a private key is an Ed25519 seed of 32 bytes")
    return PrivateKey(name, key_id, material[1:])


def check_text(text: str) -> None:
    """Raises BadNote for control characters but newline, for what UTF-8 cannot say, and for too much."""
    if len(text) > LONGEST_TEXT or _UNFIT.search(text):
        raise BadNote("the text is too long, holds control characters or is not UTF-8")


def encode64(value: bytes) -> str:
    """Standard base64 with padding."""
    return b64encode(value).decode("ascii")


def decode64(text: str) -> bytes:
    """At least one byte. Raises BadNote unless the text is exactly what `encode64` gives for the result."""
    try:
        decoded = b64decode(text, validate=True)
    except ValueError:
        decoded = b""
    if not decoded or encode64(decoded) != text:
        raise BadNote("a value is not canonical base64")
    return decoded


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_SIGNATURE_MARK).partition(" ")
    if not line.startswith(_SIGNATURE_MARK) or not is_key_name(name):
        raise BadNote("a signature line is a dash, a key name and a signature")
    decoded = decode64(encoded)
    if len(decoded) <= KEY_ID_BYTES:
        raise BadNote("a signature is no longer than its key id")
    return Signature(name, decoded[:KEY_ID_BYTES], decoded[KEY_ID_BYTES:])


def _key_parts(text: str) -> tuple[str, bytes, bytes]:
    name, _, rest = text.partition("+")
    key_id, _, encoded = rest.partition("+")
    if not is_key_name(name) or not _KEY_ID.fullmatch(key_id):
        raise BadKey("a key is a name, an id of 8 hex digits and key material, joined by plus signs")
    try:
        return name, bytes.fromhex(key_id), decode64(encoded)
    except BadNote:
        raise BadKey("the key material is not canonical base64") from None
