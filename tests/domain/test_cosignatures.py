"""Cosignatures of witnesses: one that other tools accepted, to the byte, and everything that does not count."""

from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.cosignatures import cosignature, cosigned_at, cosigned_bytes
from domain.note import (
    COSIGNATURE,
    BadKey,
    BadSignature,
    Note,
    Signature,
    VerifierKey,
    parse_note,
    parse_vkey,
    print_note,
    print_vkey,
)
from domain.treehead import LARGEST_SIZE, parse_proof
from governance.signing import verify_ed25519

TIME = 1_700_000_000
VKEY = "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"
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
SECRET = Ed25519PrivateKey.from_private_bytes(b"\2" * 32)
KEY = VerifierKey("witness.example/w1", COSIGNATURE, SECRET.public_key().public_bytes_raw())
NOTE = parse_note(parse_proof(PROOF).note)


def cosigned(seconds: int, *, text: str = NOTE.text, signed: bytes | None = None) -> Signature:
    return cosignature(KEY, seconds, SECRET.sign(cosigned_bytes(text, seconds) if signed is None else signed))


def seen_at(*lines: Signature, key: VerifierKey = KEY) -> int | None:
    return cosigned_at(replace(NOTE, signatures=(NOTE.signatures[0], *lines)), key, verify_ed25519)


def test_the_cosigned_proof_file_is_the_one_that_other_tools_accepted() -> None:
    assert sha256(PROOF.encode()).hexdigest() == "35be1b494b69f5f7ba13a8cfcf1cb2dead73b587d58552a6abadfa2fedfb1bd7"

    assert cosigned_at(NOTE, parse_vkey(VKEY), verify_ed25519) == TIME


def test_the_witness_line_is_printed_to_the_byte() -> None:
    log = NOTE.signatures[0]

    assert print_vkey(KEY) == VKEY
    assert print_note(NOTE.text, [log, cosigned(TIME)]) == parse_proof(PROOF).note


def test_a_witness_that_says_nothing_is_no_error_and_lines_of_others_are_ignored() -> None:
    stranger = Signature("witness.example/w2", KEY.key_id, b"?")
    namesake = Signature(KEY.name, b"else", b"?")

    assert seen_at() is None
    assert seen_at(stranger, namesake) is None
    assert seen_at(stranger, cosigned(TIME), namesake) == TIME


def test_of_several_cosignatures_the_newest_tells_when_the_head_was_seen() -> None:
    assert seen_at(cosigned(TIME + 5), cosigned(TIME)) == TIME + 5


@pytest.mark.parametrize(
    "line",
    [
        replace(cosigned(TIME), signature=cosigned(TIME).signature[:-1]),
        replace(cosigned(TIME), signature=cosigned(TIME).signature + b"\0"),
        replace(cosigned(TIME), signature=b"short"),
        replace(cosigned(TIME), signature=(TIME + 1).to_bytes(8, "big") + cosigned(TIME).signature[8:]),
        cosigned(TIME, text="example.com/profile-log\n9\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"),
        cosigned(TIME, signed=NOTE.text.encode()),  # as a log signs
        cosigned(TIME, signed=f"cosignature/v1\ntime 0{TIME}\n{NOTE.text}".encode()),
        cosigned(LARGEST_SIZE + 1),
    ],
    ids=["cut", "longer", "no signature", "another time", "another head", "as a log", "padded time", "far future"],
)
def test_one_wrong_line_under_a_known_witness_condemns_the_note(line: Signature) -> None:
    with pytest.raises(BadSignature):
        seen_at(line)
    with pytest.raises(BadSignature):
        seen_at(cosigned(TIME), line)


def test_a_key_of_a_log_does_not_cosign() -> None:
    with pytest.raises(BadSignature):
        seen_at(cosigned(TIME), key=replace(KEY, kind=1))


def test_every_line_of_the_head_is_cosigned_extensions_too() -> None:
    extended = Note(NOTE.text + "extension\n", (cosigned(TIME),))

    with pytest.raises(BadSignature):
        cosigned_at(extended, KEY, verify_ed25519)


def test_the_verifier_key_of_a_witness_has_32_bytes() -> None:
    with pytest.raises(BadKey):
        parse_vkey(print_vkey(VerifierKey("w", COSIGNATURE, b"p" * 31)))
