"""Who vouches for the log: signing tree heads with Ed25519, and opening what a pinned key signed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from domain.note import (
    ED25519,
    ED25519_BYTES,
    BadKey,
    BadSignature,
    PrivateKey,
    Signature,
    VerifierKey,
    check_signed,
    is_key_name,
    parse_note,
    parse_private,
    parse_vkey,
    print_note,
    print_private,
)
from domain.proofs import verify_inclusion
from domain.tree import leaf_hash
from domain.treehead import TreeHead, parse_proof, parse_tree_head, print_tree_head


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signs notes; the secret itself may be anywhere, a hardware module included."""

    key: VerifierKey
    sign_bytes: Callable[[bytes], bytes] = field(repr=False)

    def sign(self, text: str) -> Signature:
        """This key's line of a note, so that a note can be signed by several."""
        return Signature(self.key.name, self.key.key_id, self.sign_bytes(text.encode()))

    def sign_tree_head(self, origin: str, size: int, root: bytes) -> str:
        """The signed note. Raises BadKey unless the key has the name of the log, BadNote for an impossible head."""
        return sign_tree_head(TreeHead(origin, size, root), [self])


@dataclass(frozen=True, slots=True)
class Proven:
    """An entry's place in a log, under a tree head that the log signed."""

    position: int
    head: TreeHead


def generate(name: str, seed: bytes) -> str:
    """The private form of a new key from 32 random bytes. Raises BadKey for fewer, or a name no key may have."""
    if not is_key_name(name) or len(seed) != ED25519_BYTES:
        raise BadKey("a key has a name without spaces and plus signs, and a seed of 32 bytes")
    return print_private(PrivateKey(name, VerifierKey(name, ED25519, _public(seed)).key_id, seed))


def signer(private: str) -> Signer:
    """The signer of a key in Go's private form. Raises BadKey, also when its key id is not its own."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    secret = parse_private(private)
    key = VerifierKey(secret.name, ED25519, _public(secret.seed))
    if key.key_id != secret.key_id:
        raise BadKey("the private key's id does not belong to its name and seed")
    return Signer(key, Ed25519PrivateKey.from_private_bytes(secret.seed).sign)


def sign_tree_head(head: TreeHead, signers: Sequence[Signer]) -> str:
    """The note with a line of each. Raises as `Signer.sign_tree_head`."""
    if any(one.key.name != head.origin for one in signers):
        raise BadKey("the signing key belongs to another log")
    text = print_tree_head(head)
    return print_note(text, [one.sign(text) for one in signers])


def open_tree_head(note: str, vkey: str) -> TreeHead:
    """The tree head that the pinned key signed, for its own log.

    Raises BadKey for the verifier key, BadNote for what is no signed tree head, BadSignature unless the key
    signed it and the log has the key's name.
    """
    return _opened(note, _pinned(vkey))


def verify_tlog_proof(text: str, entry: bytes, vkey: str) -> Proven:
    """Where this entry is in the log of the pinned key, by a `.tlog-proof` whose root that key signed.

    `entry` is the bytes of the leaf, recomputed by the caller. Raises what `open_tree_head` raises, and BadProof.
    """
    proof = parse_proof(text)
    head = _opened(proof.note, _pinned(vkey))
    verify_inclusion(leaf_hash(entry), proof.index, head.size, proof.siblings, head.root)
    return Proven(proof.index, head)


def verify_ed25519(public: bytes, signature: bytes, signed: bytes) -> bool:
    """RFC 8032 over the text of a note: what `check_signed` asks for."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def _pinned(vkey: str) -> VerifierKey:
    key = parse_vkey(vkey)
    if key.kind != ED25519:
        raise BadKey("only Ed25519 keys vouch for a log")
    return key


def _opened(note: str, key: VerifierKey) -> TreeHead:
    parsed = parse_note(note)
    check_signed(parsed, key, verify_ed25519)
    head = parse_tree_head(parsed.text)
    if head.origin != key.name:
        raise BadSignature("the key signed a tree head of another log")
    return head


def _public(seed: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
