"""Which keys sign for a log whose signing key was replaced, for who pinned any one of them.

A hand-over is the `.tlog-proof` of the act `signing_key_changed`, the act's leaf as its extra, under the head that
ends with the act: both keys signed that head. So the old key vouches for the new one, and the other way round.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from domain.note import BadKey, BadNote, BadSignature, check_signed, parse_note, parse_vkey
from domain.proofs import BadProof
from domain.treehead import TreeHead, parse_proof, parse_tree_head
from governance.signing import verify_ed25519, verify_tlog_proof

SIGNING_KEY_CHANGED: Final = "signing_key_changed"


class Handover(NamedTuple):
    """From which key to which, by the act at this position."""

    old: str
    new: str
    position: int


class Tenure(NamedTuple):
    """A key, and the sizes of the trees whose heads it signs."""

    vkey: str
    first: int
    last: int | None  # None: until it is replaced


def open_handover(proof: str) -> Handover:
    """Raises BadProof, BadNote, BadKey or BadSignature unless both keys signed the head that the act ends."""
    entry = parse_proof(proof).extra
    said = _said(entry)
    if parse_vkey(said.old).name != parse_vkey(said.new).name:
        raise BadKey("a log's key keeps its name when it is replaced")
    for vkey in (said.old, said.new):
        proven = verify_tlog_proof(proof, entry, vkey)
    if not proven.position == said.position == proven.head.size - 1:
        raise BadProof("the act is not the end of the tree that both keys signed")
    return said


def tenures(pinned: str, handovers: Iterable[str], *, restored: Iterable[int] = ()) -> list[Tenure]:
    """The keys before and after the pinned one as far as hand-overs lead, oldest first.

    `restored`: to which sizes the log was brought back, declared; a newer key signs from there on again. Raises what
    `open_handover` raises, and BadSignature when a key was handed over to two, or comes back.
    """
    found = sorted(map(open_handover, handovers), key=lambda one: one.position)
    after, before = _by_key(found)
    chain = [pinned]
    while (one := before.get(chain[0])) is not None and one.old not in chain:
        chain.insert(0, one.old)
    while (one := after.get(chain[-1])) is not None and one.new not in chain:
        chain.append(one.new)
    if chain[0] in before or chain[-1] in after:
        raise BadSignature("a signing key that was replaced comes back")
    back = list(restored)
    firsts = [0, *(min([before[vkey].position + 1, *back]) for vkey in chain[1:])]
    lasts = [*(after[vkey].position + 1 for vkey in chain[:-1]), None]
    return [Tenure(*one) for one in zip(chain, firsts, lasts, strict=True)]


def open_signed_head(note: str, keys: Sequence[Tenure]) -> TreeHead:
    """The tree head that a key signed in its time; every known signature must fit.

    Raises BadNote, BadKey, and BadSignature for a key that is unknown, not yet or no longer the log's.
    """
    parsed = parse_note(note)
    head = parse_tree_head(parsed.text)
    lines = {(line.name, line.key_id) for line in parsed.signatures}
    is_legitimate = False
    for one in keys:
        key = parse_vkey(one.vkey)
        if (key.name, key.key_id) in lines:
            check_signed(parsed, key, verify_ed25519)
            in_time = one.first <= head.size and (one.last is None or head.size <= one.last)
            is_legitimate |= in_time and key.name == head.origin
    if not is_legitimate:
        raise BadSignature("no key that was the log's at this size signed the tree head")
    return head


def _said(entry: bytes) -> Handover:
    """What the leaf of the act says; by the standard library alone, as auditors elsewhere have no other."""
    try:
        fields = json.loads(entry)
        name, act, position = fields["act"], fields["b"], fields["seq"]
        old, new = (act[key] for key in ("old", "new"))
    except (ValueError, KeyError, TypeError):
        raise BadNote("the proof of a new signing key does not hold its act") from None
    if name != SIGNING_KEY_CHANGED or [*map(type, (old, new, position))] != [str, str, int]:
        raise BadProof("the proven act is not that of a new signing key")
    return Handover(old, new, position)


def _by_key(found: Sequence[Handover]) -> tuple[dict[str, Handover], dict[str, Handover]]:
    """By the old key and by the new one."""
    after: dict[str, Handover] = {}
    before: dict[str, Handover] = {}
    for one in found:
        known = (after.setdefault(one.old, one), before.setdefault(one.new, one))
        if any((other.old, other.new) != (one.old, one.new) for other in known):
            raise BadSignature("one signing key was handed over twice")
    return after, before
