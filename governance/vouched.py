"""What vouches for a live log: signatures, the succession of its keys, cosignatures; and what is wrong there."""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from domain.acts import Restored, parse
from domain.errors import LetheError
from domain.log import Head, Log
from domain.note import BadNote, BadSignature
from domain.proofs import consistency_proof, verify_consistency
from domain.tree import Frontier
from domain.treehead import TreeHead
from governance.findings import Finding
from governance.heads import Kept
from governance.mirrored import RESTORED
from governance.publishing import HighWater, Rollback, publish
from governance.signing import open_tree_head
from governance.signing_chain import Handover, Tenure, open_handover, open_signed_head, tenures
from governance.signing_rotation import changes
from governance.store import Store


def keys_of(store: Store, pinned: str) -> list[Tenure] | None:
    """The log's keys for who pinned one of them. None where a hand-over does not hold, or two contradict."""
    try:
        restored = [act.size_to for act in _restores(store.log)]
        return tenures(pinned, store.mirror.handovers(), restored=restored)
    except LetheError:
        return None


def vouched(store: Store, head: Head, cosigned: str | None, pinned: str) -> Iterator[Finding]:
    """What is wrong as far as signatures tell; whether the trees are one is another question."""
    keys = keys_of(store, pinned)
    if keys is None:
        yield Finding("signature", None, "mirror.handovers", "a change of the signing key is not signed by both keys")
        keys = [Tenure(pinned, 0, None)]
    yield from _succession(store, head.size)
    try:
        if store.vkey not in [one.vkey for one in keys]:
            raise BadSignature("the key that signs is not the pinned one, nor led to from there")
        signed = open_signed_head(head.note, keys)
    except LetheError:
        yield Finding("signature", None, "log.head.note", "the tree head is not signed by the log's key")
    else:
        if (signed.size, signed.root) != (head.size, head.frontier.root()):
            yield Finding("altered", None, "log.head.frontier", "the signed tree head is not the stored one")
    if cosigned is not None and _opened(cosigned, keys) is None:
        yield Finding("signature", None, "mirror.cosigned", "the cosigned tree head is not signed by the log's key")


def cosigned_head(store: Store, cosigned: str | None, keys: Sequence[Tenure]) -> list[Kept]:
    """What witnesses cosigned last, if the log signed it and no declared restore lost it."""
    seen = None if cosigned is None else _opened(cosigned, keys)
    if seen is None or any(act.size_to < seen.size <= act.size_from for act in _restores(store.log)):
        return []
    return [Kept(seen.size, seen.root, "cosigned")]


def vouching_head(store: Store, positions: Sequence[int]) -> HighWater:
    """The head to prove entries under: the cosigned one where it covers them all, else the newest. Raises Rollback."""
    head = publish(store.log, store.mirror)
    cosigned = store.mirror.cosigned()
    seen = None if cosigned is None else _own(store, cosigned)
    if cosigned is None or seen is None or seen.size <= max(positions):
        return HighWater(head.size, head.frontier.root(), head.note)
    if not is_beginning(seen, store.log, head.frontier):
        raise Rollback("the log is not the one that was cosigned", seen.size)
    return HighWater(seen.size, seen.root, cosigned)


def is_beginning(seen: TreeHead | HighWater, log: Log, tree: Frontier) -> bool:
    """Whether the log's tree begins with one that was seen, by the log's own tiles."""
    try:
        proof = consistency_proof(seen.size, tree.size, log)
        verify_consistency(seen.size, tree.size, proof, seen.root, tree.root())
    except LetheError:
        return False
    return True


def _own(store: Store, note: str) -> TreeHead | None:
    """None under a key that is no longer the log's: who verifies pinned the one of today."""
    try:
        return open_tree_head(note, store.vkey)
    except (BadNote, BadSignature):
        return None


def _succession(store: Store, size: int) -> Iterator[Finding]:
    """Every act of a new key on the log has its proof outside, and leads from the key before it."""
    proven: set[Handover] = set()
    for proof in store.mirror.handovers():
        with suppress(LetheError):  # it is not among the proven then
            proven.add(open_handover(proof))
    known: list[str] = []
    for entry, act in changes(store.log):
        if entry.position >= size:
            break  # it came while the audit runs
        if Handover(act.old, act.new, entry.position) not in proven or known[-1:] not in ([], [act.old]):
            reason = "both keys have not signed for the new signing key"
            yield Finding("signature", entry.position, "mirror.handovers", reason)
        known += [act.old, act.new]
    if known and store.vkey not in known:
        yield Finding("signature", None, "log.entry", "the key that signs is none that the log names")


def _restores(log: Log) -> Iterator[Restored]:
    for entry in log.acts([RESTORED]):
        act = parse(RESTORED, entry.fields or "")
        assert isinstance(act, Restored)
        yield act


def _opened(note: str, keys: Sequence[Tenure]) -> TreeHead | None:
    try:
        return open_signed_head(note, keys)
    except LetheError:
        return None
