"""Signing and opening tree heads: published keys and notes, a whole proof checked by other tools, and impostors."""

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import LetheError
from domain.note import BadKey, BadNote, BadSignature, Signature, check_signed, parse_note, parse_vkey, print_note
from domain.note import print_vkey as vkey_text
from domain.proofs import BadProof
from domain.tree import Frontier, leaf_hashes
from domain.treehead import TreeHead, parse_proof, print_proof
from governance.signing import Signer, generate, open_tree_head, signer, verify_ed25519, verify_tlog_proof

VECTORS = Path(__file__).parents[3] / "shared" / "vectors"

# From Go's x/mod.
PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
QUOTE = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
QUOTED = (
    f"{QUOTE}\n"
    "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# From C2SP signed-note.
EXAMPLE_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n"
    "\n"
    "\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Z"
    "tg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# Accepted by the transparency-dev tools: entry 5 of the eight reference entries, cosigned by a witness.
LOG = "example.com/profile-log"
VKEY = "example.com/profile-log+1f90000a+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
ENTRY = bytes.fromhex("40414243")
PROOF = """\
c2sp.org/tlog-proof@v1
index 5
vBoGQ7EuTS18d5GPROD095qDi2z57FtcKD4fTYhZnms=
yoVOoSjtBQtBs1/8G4e46yveRh6eO1WW7Oa51ZdaCuA=
037kGJdt2VdTwcc4Yrk5j6Kiz5tP8P3+izDNlSCWFLc=

example.com/profile-log
8
XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=

\u2014 example.com/profile-log H5AACjFdfqTEsCEGjdeNzdDG4s7xM2agl7h2cCJwQohryxPueQpRG4KHucH\
FcaSXBZD+8mVBNNUJenihjird+ONx7wU=
\u2014 witness.example/w1 3xwKNQAAAABlU/EA1dd1OslGc4OORcSdbw5wQIJiQq4AoH0eQz+08BjjDHLK4o36\
Lbh0V/MlNHx2nQBzPEa5pRm+trwOgoy1azwZCw==
"""
REFERENCE = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOT = Frontier().extended(leaf_hashes(bytes.fromhex(entry) for entry in REFERENCE)).root()


def log_signer() -> Signer:
    return signer(generate(LOG, b"\1" * 32))


def test_a_published_private_key_signs_the_published_note() -> None:
    peter = signer(PRIVATE)

    assert vkey_text(peter.key) == PUBLIC
    assert print_note(QUOTE, [peter.sign(QUOTE)]) == QUOTED


@pytest.mark.parametrize(("note", "vkey"), [(QUOTED, PUBLIC), (EXAMPLE, EXAMPLE_VKEY)])
def test_published_notes_verify_and_stop_verifying_when_changed(note: str, vkey: str) -> None:
    check_signed(parse_note(note), parse_vkey(vkey), verify_ed25519)

    with pytest.raises(BadSignature):
        check_signed(parse_note("X" + note[1:]), parse_vkey(vkey), verify_ed25519)


def test_a_key_made_from_a_seed_is_the_one_other_tools_made() -> None:
    made = generate(LOG, b"\1" * 32)

    assert made.startswith(f"PRIVATE+KEY+{LOG}+1f90000a+")
    assert vkey_text(signer(made).key) == VKEY


def test_a_tree_head_is_signed_as_other_tools_expect_and_opens() -> None:
    note = log_signer().sign_tree_head(LOG, 8, ROOT)

    assert parse_proof(PROOF).note.startswith(note)  # the witness signed below
    assert open_tree_head(note, VKEY) == TreeHead(LOG, 8, ROOT)


def test_the_proof_file_of_an_entry_is_written_to_the_byte_and_verifies() -> None:
    assert sha256(PROOF.encode()).hexdigest() == "35be1b494b69f5f7ba13a8cfcf1cb2dead73b587d58552a6abadfa2fedfb1bd7"

    proven = verify_tlog_proof(PROOF, ENTRY, VKEY)

    assert print_proof(parse_proof(PROOF)) == PROOF
    assert (proven.position, proven.head) == (5, TreeHead(LOG, 8, ROOT))


def test_a_proof_is_of_one_entry_at_one_place() -> None:
    with pytest.raises(BadProof):
        verify_tlog_proof(PROOF, ENTRY + b"\0", VKEY)
    with pytest.raises(BadProof):
        verify_tlog_proof(PROOF.replace("index 5", "index 4"), ENTRY, VKEY)
    with pytest.raises(BadProof):
        verify_tlog_proof(PROOF.replace("index 5", "index 13"), ENTRY, VKEY)


@settings(deadline=None)
@given(st.integers(0, PROOF.index("\u2014 witness") - 1), st.characters(min_codepoint=10, max_codepoint=126))
def test_no_character_above_the_cosignatures_can_be_changed(place: int, char: str) -> None:
    changed = PROOF[:place] + char + PROOF[place + 1 :]
    if changed == PROOF:
        return

    with pytest.raises(LetheError):
        verify_tlog_proof(changed, ENTRY, VKEY)


def test_a_root_that_the_log_did_not_sign_proves_nothing() -> None:
    own = signer(generate("example.com/other", b"\3" * 32))
    note = own.sign_tree_head("example.com/other", 8, ROOT)
    forged = PROOF.partition("\n\n")[0] + "\n\n" + note

    with pytest.raises(BadSignature):
        verify_tlog_proof(forged, ENTRY, VKEY)


def test_another_key_of_the_same_name_is_not_the_pinned_one() -> None:
    impostor = signer(generate(LOG, b"\4" * 32))

    with pytest.raises(BadSignature):
        open_tree_head(impostor.sign_tree_head(LOG, 8, ROOT), VKEY)


def test_a_borrowed_key_id_does_not_help_an_impostor() -> None:
    note = parse_note(signer(generate(LOG, b"\4" * 32)).sign_tree_head(LOG, 8, ROOT))
    borrowed = Signature(LOG, log_signer().key.key_id, note.signatures[0].signature)

    with pytest.raises(BadSignature):
        open_tree_head(print_note(note.text, [borrowed]), VKEY)


@pytest.mark.parametrize("length", [1, 63, 65])
def test_a_signature_of_another_length_does_not_verify(length: int) -> None:
    text = f"{LOG}\n8\n"
    line = Signature(LOG, log_signer().key.key_id, b"s" * length)

    with pytest.raises(BadSignature):
        open_tree_head(print_note(text, [line]), VKEY)


def test_what_the_key_signed_for_another_log_or_purpose_is_no_tree_head_of_this_one() -> None:
    key = log_signer()
    elsewhere = "example.com/elsewhere\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"

    with pytest.raises(BadSignature):
        open_tree_head(print_note(elsewhere, [key.sign(elsewhere)]), VKEY)
    with pytest.raises(BadNote):
        open_tree_head(print_note("hello\n", [key.sign("hello\n")]), VKEY)
    with pytest.raises(BadKey):
        key.sign_tree_head("example.com/elsewhere", 8, ROOT)


def test_two_keys_can_sign_one_note() -> None:
    old, new = signer(generate("old", b"\5" * 32)), signer(generate("new", b"\6" * 32))

    note = parse_note(print_note("hand over\n", [old.sign("hand over\n"), new.sign("hand over\n")]))

    for key in (old.key, new.key):
        check_signed(note, key, verify_ed25519)


def test_a_witness_key_does_not_vouch_for_a_log() -> None:
    with pytest.raises(BadKey):
        open_tree_head(EXAMPLE, "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU")


@pytest.mark.parametrize(
    "private", [PRIVATE.replace("c74f20a3", "c74f20a4"), PRIVATE.replace("PeterNeumann", "Peter"), "", PUBLIC]
)
def test_a_private_key_under_another_name_or_id_is_refused(private: str) -> None:
    with pytest.raises(BadKey):
        signer(private)


@pytest.mark.parametrize(("name", "seed"), [("", b"\1" * 32), ("a b", b"\1" * 32), ("a+b", b"\1" * 32), ("log", b"\1")])
def test_no_key_is_made_with_a_name_or_seed_that_it_cannot_have(name: str, seed: bytes) -> None:
    with pytest.raises(BadKey):
        generate(name, seed)


def test_a_signer_does_not_show_its_secret_when_it_is_displayed() -> None:
    assert "sign_bytes" not in repr(signer(PRIVATE))


@pytest.mark.skipif(not VECTORS.exists(), reason="the shared vectors are not here")
def test_every_tree_head_of_a_log_by_others_is_accepted_with_its_tiles() -> None:
    log = VECTORS / "foreign-log"
    vkey = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
    heads = [open_tree_head((log / f"checkpoint.{size}").read_bytes().decode(), vkey) for size in range(16)]

    assert [head.size for head in heads] == list(range(16))
    for head in heads[1:]:
        tile = (log / "tile" / "0" / "000.p" / str(head.size)).read_bytes()
        leaves = [tile[start : start + 32] for start in range(0, len(tile), 32)]
        assert Frontier().extended(leaves).root() == head.root
    assert open_tree_head((log / "checkpoint").read_bytes().decode(), vkey) == heads[-1]
