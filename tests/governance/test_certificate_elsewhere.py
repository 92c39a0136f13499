"""Certificates in the hands of others: tools that are not ours accept them, and so do files that are old."""

import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]

from adapters.settings import Settings
from domain.clock import DAY
from domain.log import leaf
from governance.certificate import certificate
from governance.certificate_check import verify_text
from governance.erasure import erase
from governance.proven import proof_file
from governance.retention import apply
from governance.rotation import rotate
from governance.store import Store
from tests.conftest import NOW, call, make_store, take_in
from tests.golden.certificates import PINNED, golden
from tests.oracles.tree_oracle import mth, path

Make = Callable[[Store], dict[str, Any]]


@pytest.fixture
def store(sqlite_settings: Settings) -> Store:
    store = make_store(sqlite_settings)
    take_in(store, *(call(number, f"user_id:{number}") for number in range(1, 12)))
    return store


def erased(store: Store) -> dict[str, Any]:
    return certificate(store, bytes.fromhex(erase(store, "user_id:7").case))


def expired(store: Store) -> dict[str, Any]:
    [outcome] = apply(replace(store, clock=lambda: NOW + 800 * DAY))
    return certificate(store, bytes.fromhex(outcome.case))


def rotated(store: Store) -> dict[str, Any]:
    before = erased(store)
    rotate(store)
    return certificate(store, bytes.fromhex(before["case"]))


EACH_KIND = pytest.mark.parametrize("make", [erased, expired, rotated])


@EACH_KIND
def test_a_tlog_proof_is_what_rfc_6962_says_of_all_entries(store: Store, make: Make) -> None:
    document = make(store)
    entries = store.log.contents(range(store.log.head().size))
    leaves = [sha256(b"\x00" + leaf(entry)).digest() for entry in entries]

    act = document["beyond_backups"]["act"] if make is rotated else document["acts"][0]
    top, _, note = proof_file(act).partition("\n\n")

    mark, extra, index, *siblings = top.split("\n")
    text, _, signatures = note.rpartition("\n\n")
    origin, size, root = text.split("\n")
    position = int(index.removeprefix("index "))
    assert mark == "c2sp.org/tlog-proof@v1"
    assert sha256(b"\x00" + b64decode(extra.removeprefix("extra "))).digest() == leaves[position]
    assert [b64decode(one) for one in siblings] == path(position, leaves[: int(size)])
    assert b64decode(root) == mth(leaves[: int(size)])
    name, signature = signatures.removeprefix("\u2014 ").split()
    public = b64decode(store.vkey.split("+", 2)[2])[1:]
    Ed25519PublicKey.from_public_bytes(public).verify(b64decode(signature)[4:], f"{text}\n".encode())
    assert name == origin == store.origin


def key_of(vkey: str) -> SSlibKey:
    name, key_id, material = vkey.split("+", 2)
    return SSlibKey(f"{name}+{key_id}", "ed25519", "ed25519", {"public": b64decode(material)[1:].hex()})


@EACH_KIND
def test_another_program_verifies_the_envelope(store: Store, make: Make) -> None:
    document = make(store)
    envelope = Envelope.from_dict(json.loads(json.dumps(document["envelope"])))

    assert list(envelope.verify([key_of(store.vkey)], 1)) == [key_of(store.vkey).keyid]

    assert envelope.payload_type == "application/vnd.in-toto+json"
    said = json.loads(envelope.payload)
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == "urn:lethe:certificate:v2"
    assert said["predicate"] == {name: value for name, value in document.items() if name != "envelope"}
    keys = json.loads(document["acts"][0]["entry"])["b"]["keys"]
    assert [one["name"] for one in said["subject"]] == keys
    envelope.payload = envelope.payload.replace(b'"bodies":', b'"bodies":1')
    with pytest.raises(VerificationError):
        envelope.verify([key_of(store.vkey)], 1)


@pytest.mark.parametrize("name", PINNED)
def test_a_certificate_that_was_made_once_holds_for_ever(name: str) -> None:
    checked = verify_text(golden(name), PINNED[name])

    assert checked.format == f"lethe-certificate/{name[12]}"
    assert checked.reach == ("beyond_backups" if "beyond" in name else "live")
    assert checked.kind == "erasure"
