"""A certificate that is checked says what the log proves, in known words, and nothing else."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from adapters.settings import Settings
from domain.errors import BadInput
from domain.proofs import BadProof
from governance.certificate import certificate, verify
from governance.erasure import erase
from tests.conftest import call, make_store, take_in

Document = dict[str, Any]
FORGERIES: dict[str, Callable[[Document], Any]] = {
    "format": lambda one: one.update(format="lethe-certificate/2"),
    "origin": lambda one: one.update(origin="another.example/log"),
    "key": lambda one: one.update(vkey="another.example/log+00000000+AAAA"),
    "statement": lambda one: one["statement"].update(en="All backups were destroyed too."),
    "another language": lambda one: one["statement"].update(fr="Tout est parti."),
    "not covered": lambda one: one["not_covered"][0].update(en="Nothing."),
    "covered": lambda one: one["not_covered"].pop(),
    "what was destroyed": lambda one: one["destroyed"].update(bodies=99),
    "residue in the old place": lambda one: one.update(residue={"found": 0}),
    "another promise": lambda one: one.update(promise="for ever"),
    "position": lambda one: one["acts"][0].update(position=0),
    "a word on an act": lambda one: one["acts"][0].update(at="noon"),
}


@pytest.fixture
def true(sqlite_settings: Settings) -> tuple[Document, str]:
    """A certificate, and the key that its verifier pinned."""
    store = make_store(sqlite_settings)
    take_in(store, call(1, "user_id:ann"))
    case = bytes.fromhex(erase(store, "user_id:ann").case)
    return certificate(store, case, residue={"found": 0}), store.vkey


def test_what_the_log_does_not_prove_stands_apart(true: tuple[Document, str]) -> None:
    document, vkey = true
    assert document["unproven"]["residue"] == {"found": 0}
    assert document["unproven"]["kept"]["classes"] == ["evidence"]

    other: Document = document | {"unproven": {"residue": {"found": 7}}}

    assert verify(document, vkey) == verify(other, vkey) == [document["acts"][0]["position"]]


@pytest.mark.parametrize("forgery", FORGERIES)
def test_no_claim_holds_that_the_log_does_not_prove(true: tuple[Document, str], forgery: str) -> None:
    document, vkey = true
    forged = copy.deepcopy(document)
    FORGERIES[forgery](forged)

    with pytest.raises(BadProof):
        verify(forged, vkey)


@pytest.mark.parametrize("name", ["acts", "not_covered"])
def test_what_lacks_its_parts_is_no_certificate(true: tuple[Document, str], name: str) -> None:
    document, vkey = true
    del document[name]

    with pytest.raises(BadInput):
        verify(document, vkey)
