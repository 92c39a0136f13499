"""Who pinned one signing key follows to the others, by hand-overs that both keys signed; and every false one."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from domain.errors import LetheError
from domain.note import BadKey, BadNote, BadSignature, print_vkey
from domain.proofs import BadProof
from domain.tree import leaf_hashes
from domain.treehead import ProofFile, TreeHead, print_proof
from governance.signing import Signer, generate, sign_tree_head, signer, verify_tlog_proof
from governance.signing_chain import Handover, Tenure, open_handover, open_signed_head, tenures
from tests.oracles import tree_oracle

LOG = "example.com/log"
FIRST, SECOND, THIRD, THIEF = (signer(generate(LOG, bytes([seed]) * 32)) for seed in range(1, 5))
A, B, C, X = (print_vkey(one.key) for one in (FIRST, SECOND, THIRD, THIEF))


def act(old: str, new: str, position: int, **more: Any) -> bytes:
    entry = {"act": "signing_key_changed", "b": {"new": new, "old": old}, "by": "", "day": "2026-11-23", "id": ""}
    return json.dumps({**entry, "seq": position, "t": "g", "v": 1, **more}).encode()


def handover(old: Signer, new: Signer, position: int, *, by: Sequence[Signer] | None = None, more: int = 0,
             **fields: Any) -> str:  # fmt: skip
    """The proof of the act at this position, under a head that ends with it, or with `more` entries after it."""
    entry = act(print_vkey(old.key), print_vkey(new.key), position, **fields)
    leaves = leaf_hashes([*(b"%d" % number for number in range(position)), entry, *[b"later"] * more])
    head = TreeHead(LOG, len(leaves), tree_oracle.mth(leaves))
    note = sign_tree_head(head, (old, new) if by is None else by)
    return print_proof(ProofFile(position, tuple(tree_oracle.path(position, leaves)), note, entry))


def head(size: int, *by: Signer) -> str:
    return sign_tree_head(TreeHead(LOG, size, bytes(32)), by)


CHAIN = [handover(FIRST, SECOND, 4), handover(SECOND, THIRD, 9)]


def test_a_hand_over_is_also_a_proof_that_other_tools_check() -> None:
    for vkey in (A, B):
        assert verify_tlog_proof(CHAIN[0], act(A, B, 4), vkey).position == 4
    assert open_handover(CHAIN[0]) == Handover(A, B, 4)


@pytest.mark.parametrize("pinned", [A, B, C])
def test_whichever_key_was_pinned_the_others_are_known_with_their_time(pinned: str) -> None:
    assert tenures(pinned, CHAIN[::-1]) == [Tenure(A, 0, 5), Tenure(B, 5, 10), Tenure(C, 10, None)]


def test_a_key_that_nobody_handed_over_leads_nowhere() -> None:
    assert tenures(X, CHAIN) == [Tenure(X, 0, None)]
    assert tenures(A, []) == [Tenure(A, 0, None)]


def test_each_key_signs_in_its_time_alone() -> None:
    keys = tenures(A, CHAIN)

    for note in (head(4, FIRST), head(5, FIRST, SECOND), head(6, SECOND), head(10, SECOND, THIRD), head(99, THIRD)):
        assert open_signed_head(note, keys).origin == LOG
    for note in (head(4, SECOND), head(6, FIRST), head(11, SECOND), head(9, THIRD), head(6, THIEF)):
        with pytest.raises(BadSignature):
            open_signed_head(note, keys)


def test_a_known_signature_that_does_not_fit_condemns_a_head_that_is_signed_rightly_too() -> None:
    right, wrong = head(11, THIRD), head(12, SECOND)

    with pytest.raises(BadSignature):
        open_signed_head(right + wrong.rpartition("\n\n")[2], tenures(A, CHAIN))


def test_on_a_log_that_was_brought_back_from_before_its_newer_key_signs_from_there() -> None:
    keys = tenures(A, CHAIN, restored=[7])

    assert keys == [Tenure(A, 0, 5), Tenure(B, 5, 10), Tenure(C, 7, None)]
    assert open_signed_head(head(8, THIRD), keys).size == 8
    with pytest.raises(BadSignature):
        open_signed_head(head(6, THIRD), keys)


FALSE = {
    "only the old key": (handover(FIRST, SECOND, 4, by=[FIRST]), BadSignature),
    "only the new key": (handover(FIRST, SECOND, 4, by=[SECOND]), BadSignature),
    "a thief in the old one's place": (handover(FIRST, SECOND, 4, by=[THIEF, SECOND]), BadSignature),
    "another act": (handover(FIRST, SECOND, 4, act="generation_rotated"), BadProof),
    "another position": (handover(FIRST, SECOND, 4, seq=5), BadProof),
    "a head that goes on": (handover(FIRST, SECOND, 4, more=1), BadProof),
    "no act": (handover(FIRST, SECOND, 4, b=7), BadNote),
    "an act of numbers": (handover(FIRST, SECOND, 4, b={"old": 1, "new": 2}), BadProof),
    "another leaf": (CHAIN[0].replace("extra eyJ", "extra eyA"), LetheError),
    "no leaf": ("\n".join(line for line in CHAIN[0].split("\n") if not line.startswith("extra ")), BadNote),
}


@pytest.mark.parametrize("proof", FALSE)
def test_a_hand_over_that_both_keys_did_not_sign_is_none(proof: str) -> None:
    with pytest.raises(FALSE[proof][1]):
        tenures(A, [FALSE[proof][0]])


def test_a_key_keeps_the_name_of_the_log() -> None:
    entry = act(A, print_vkey(signer(generate("example.com/other", b"\7" * 32)).key), 0)
    note = sign_tree_head(TreeHead(LOG, 1, leaf_hashes([entry])[0]), [FIRST])

    with pytest.raises(BadKey):
        open_handover(print_proof(ProofFile(0, (), note, entry)))


@pytest.mark.parametrize(
    "proofs",
    [
        [*CHAIN, handover(FIRST, THIEF, 6)],  # who stole the old key hands over too
        [*CHAIN, handover(THIEF, THIRD, 6)],
        [*CHAIN, handover(THIRD, FIRST, 12)],
        [handover(FIRST, FIRST, 4)],
    ],
    ids=["to two", "from two", "in a ring", "to itself"],
)
def test_hand_overs_that_contradict_each_other_are_trusted_in_nothing(proofs: list[str]) -> None:
    with pytest.raises(BadSignature):
        tenures(A, proofs)
