"""The log's signing key is replaced by a new one that the old one vouches for.

Order: the new key is kept -> the act, under a head that both sign -> the hand-over is mirrored -> the new key takes the
old one's place, which is destroyed. While both are there, the log says who signs: from the act on, the new key alone.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple, Protocol

from domain.acts import SigningKeyChanged, parse
from domain.log import Entry, Log, leaf
from domain.note import print_vkey
from domain.proofs import frontier_at, inclusion_proof
from domain.treehead import ProofFile, TreeHead, print_proof
from governance.appending import SignHead
from governance.mirrored import keep
from governance.publishing import Mirror, publish, require_extends
from governance.roles import require
from governance.signing import Signer, generate, sign_tree_head, signer
from governance.signing_chain import SIGNING_KEY_CHANGED
from governance.store import Store, insert_acts, recover_orphans


class SigningKeys(Protocol):
    """Where a log's private keys lie: the current one, and while it is being replaced the coming one."""

    def current(self) -> str: ...

    def coming(self) -> str | None: ...

    def prepare(self, private: str) -> str:
        """Keep a coming key, durably; returns the one that was there before it, if there is one."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """Nobody else replaces the key meanwhile."""
        ...

    def take_over(self) -> None:
        """The coming key becomes the current one, whose secret is destroyed. Goes on where a crash interrupted it."""
        ...


class Changed(NamedTuple):
    """Verifier keys, and the position of the act."""

    old: str
    new: str
    position: int


def rotate_signing_key(store: Store, keys: SigningKeys) -> Changed:
    """Replace the signing key, or go on where an earlier try was interrupted. Raises NotPermitted.

    The store as it was opened keeps signing rightly, and still names the old verifier key.
    """
    require(store, "keys")
    with keys.alone():
        coming = keys.prepare(generate(store.origin, store.random(32)))
        both = (signer(keys.current()), signer(coming))
    old, new = (print_vkey(one.key) for one in both)
    with store.lock() as locked:
        recover_orphans(locked.keys, locked.log.head().size)
        if change_to(store.log, new) is None:
            insert_acts(
                replace(store, sign=lambda size, root: sign_tree_head(TreeHead(store.origin, size, root), both)),
                locked,
                [(SIGNING_KEY_CHANGED, SigningKeyChanged(old=old, new=new))],
            )
    hand_over(store.log, store.mirror, keys)
    publish(store.log, store.mirror)
    entry = change_to(store.log, new)
    assert entry is not None
    return Changed(old, new, entry.position)


def hand_over(log: Log, mirror: Mirror, keys: SigningKeys) -> None:
    """Once the act is on the log: keep its proof, and let the old key go. Nothing to do is no error.

    The head that both sign is made again from the log, to the byte: Ed25519 signs without chance. Raises Rollback.
    """
    with keys.alone():
        coming = keys.coming()
        if coming is not None:
            both = (signer(keys.current()), signer(coming))
            entry = change_to(log, print_vkey(both[1].key))
            if entry is None:
                return
            require_extends(log.head(), mirror.high_water(), log)  # First: nothing else is ever signed.
            mirror.add_handover(entry.position, _proof(log, entry, both))
            keep(mirror, [entry])
        keys.take_over()


def signing(keys: SigningKeys, log: Log) -> SignHead:
    """Signs the next head; called under the append lock, where the log says whose turn it is."""
    opened = lru_cache(maxsize=1)(signer)

    def sign(size: int, root: bytes) -> str:
        one = opened(signing_key(keys, log))
        return one.sign_tree_head(one.key.name, size, root)

    return sign


def signing_key(keys: SigningKeys, log: Log) -> str:
    """The private key whose turn it is."""
    coming = keys.coming()  # First: it is the current one as soon as it is not there any more.
    if coming is not None and change_to(log, print_vkey(signer(coming).key)) is not None:
        return coming
    return keys.current()


def changes(log: Log) -> list[tuple[Entry, SigningKeyChanged]]:
    """Every act of a new signing key, ascending."""
    found = [(entry, parse(SIGNING_KEY_CHANGED, entry.fields or "")) for entry in log.acts([SIGNING_KEY_CHANGED])]
    return [(entry, act) for entry, act in found if isinstance(act, SigningKeyChanged)]


def change_to(log: Log, vkey: str) -> Entry | None:
    """The act that made this the log's key."""
    return next((entry for entry, act in changes(log) if act.new == vkey), None)


def _proof(log: Log, entry: Entry, signers: Sequence[Signer]) -> str:
    size = entry.position + 1
    head = TreeHead(signers[0].key.name, size, frontier_at(size, log).root())
    siblings = inclusion_proof(entry.position, size, log)
    return print_proof(ProofFile(entry.position, tuple(siblings), sign_tree_head(head, signers), leaf(entry)))
