"""Certificates, checked without the store: the log holds their acts, and they claim nothing that these do not say.

A certificate is a predicate (readable), and a DSSE envelope of an in-toto statement v1 with the same predicate; its
subjects are the commitments of the destroyed keys. The fields follow the certificate of NIST SP 800-88.
"""

import json
import re
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final, NamedTuple

import msgspec

from domain.acts import Removal
from domain.errors import BadInput
from domain.note import BadNote, decode64, parse_vkey
from domain.proofs import BadProof
from domain.treehead import PROOF_MARK
from governance import certificate_texts as texts
from governance.certificate_first import (
    BEYOND,
    EXECUTED,
    UNPROVEN,
    destroyed,
    require_after,
    uncovered,
    verify_first,
)
from governance.certificate_first import FORMAT as FIRST
from governance.dsse import opened
from governance.proven import Act, canonical, from_proof_file, is_proof, proven_act, removal_of, same

FORMAT: Final = "lethe-certificate/2"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "urn:lethe:certificate:v2"
COMMITMENT: Final = "hkdf-sha256-kc"
"""HKDF-SHA256 of the key, with `kc` and the key's id as info: what the log holds of each key since it was made."""

ENVELOPE: Final = "envelope"
POSITION: Final = "position"

_HASH = re.compile(r"[0-9a-f]{64}")


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A destroyed key by its id, with the place of its commitment in the log."""

    name: str
    digest: dict[str, str]
    annotations: dict[str, int]


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code with its texts."""

    code: str
    en: str
    zh: str


class Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the removal left on purpose."""

    classes: list[str]
    months: int


class Residue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the search for traces came to; of a copy that was made later it is not known."""

    found: int
    files: int = 0
    bytes: int = 0
    needles: int = 0


class Unproven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the store says and its key signed, and the log does not show."""

    ground: Words | None
    kept: Kept
    method: dict[str, str | int]
    residue: Residue | None
    tool: dict[str, str]  # name, version


class Checked(NamedTuple):
    """What was proven, and all that the certificate says."""

    format: str
    kind: str  # erasure, retention; of a proof alone the act's name
    reach: str  # live, beyond_backups
    case: str | None
    receipt: str | None  # digest
    positions: list[int]
    document: dict[str, Any]


def verify_text(text: str, vkey: str) -> Checked:
    """A certificate as a file, the envelope of one alone, or the `.tlog-proof` of one act; raises as `verify`."""
    return _verify_proof(text, vkey) if is_proof(text) else verify(read(text), vkey)


def read(text: str) -> Any:
    """A certificate, or the envelope of one alone, which says as much. Raises BadInput for what is neither."""
    try:
        document = json.loads(text, object_pairs_hook=_once)
        if "payloadType" in document:
            statement = json.loads(decode64(document["payload"]), object_pairs_hook=_once)
            return statement["predicate"] | {ENVELOPE: document}
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, BadNote) as error:
        raise BadInput("certificate", "document", f"a certificate of the format {FORMAT}, which is JSON") from error
    return document


def verify(document: Any, vkey: str) -> Checked:
    """All acts of one case are in the log, and nothing is claimed that they do not say.

    What stands under `unproven` is the word of the store alone. Raises BadInput for what is no certificate, and
    BadProof, BadNote or BadSignature for what does not hold. `vkey` is pinned by the verifier: the one inside the
    document proves nothing.
    """
    try:
        if document["format"] == FIRST:
            acts, removal = verify_first(document, vkey)
        elif document["format"] == FORMAT:
            acts, removal = _verify(document, vkey)
        else:
            raise ValueError(document["format"])
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BadInput("certificate", "document", f"a certificate of the format {FORMAT}") from error
    kind, reach = _kind(acts), "beyond_backups" if BEYOND in document else "live"
    positions = [act.position for act in acts]
    return Checked(document["format"], kind, reach, removal.case, removal.receipt, positions, document)


def predicate(acts: Sequence[Act], vkey: str, *, beyond: Act | None, unproven: Any) -> dict[str, Any]:
    """All that a certificate says: what its acts do, the known words for it, and what is unproven. Raises BadProof."""
    removal = removal_of(acts, EXECUTED)
    is_erasure = _kind(acts) == "erasure"
    said = texts.STATEMENT if is_erasure else texts.RETENTION_STATEMENT
    period = {"class": removal.klass, "month": _month(removal.epoch or 0)}
    return {
        "format": FORMAT,
        "kind": _kind(acts),
        "reach": "live" if beyond is None else "beyond_backups",
        "origin": parse_vkey(vkey).name,
        "vkey": vkey,
        "case": removal.case,
        "receipt": removal.receipt,
        "day": acts[-1].day,
        "executor": acts[-1].by,
        **({} if is_erasure else {"period": period}),
        "destroyed": {**destroyed(removal), "level": "data_key"},
        "not_covered": uncovered(removal),
        "statement": {"en": said[0], "zh": said[1]},
        "acts": [act.document for act in acts],
        **({} if beyond is None else {BEYOND: _beyond(beyond, is_erasure=is_erasure)}),
        UNPROVEN: unproven,
    }


def statement(subjects: Sequence[Subject], told: dict[str, Any]) -> bytes:
    """The in-toto statement, as it is signed."""
    found = [msgspec.to_builtins(one) for one in subjects]
    return canonical({"_type": STATEMENT_TYPE, "subject": found, "predicateType": PREDICATE_TYPE, "predicate": told})


def act_subjects(acts: Sequence[Act]) -> list[Subject]:
    """In place of keys, where an erasure found every one kept by a hold: a statement is about something."""
    return [
        Subject(f"entry {act.position}", {"sha256": sha256(act.document["entry"].encode()).hexdigest()}, {})
        for act in acts
    ]


def _verify(document: dict[str, Any], vkey: str) -> tuple[list[Act], Removal]:
    acts = [proven_act(act, vkey) for act in document["acts"]]
    removal = removal_of(acts, EXECUTED)
    beyond = proven_act(document[BEYOND]["act"], vkey) if BEYOND in document else None
    if beyond is not None:
        require_after(beyond, acts)
    msgspec.convert(document[UNPROVEN], Unproven)
    told = predicate(acts, vkey, beyond=beyond, unproven=document[UNPROVEN])
    if not same(document, told | {ENVELOPE: document[ENVELOPE]}):
        raise BadProof("the certificate claims what its acts do not say")
    signed = opened(document[ENVELOPE], vkey)
    subjects = msgspec.convert(json.loads(signed)["subject"], list[Subject])
    if statement(subjects, told) != signed or not _are_of(subjects, removal, acts):
        raise BadProof("the signed statement says what the acts do not")
    return acts, removal


def _verify_proof(text: str, vkey: str) -> Checked:
    """One act, which may be a part of its case only."""
    act, case, receipt = from_proof_file(text, vkey), None, None
    if act.name in EXECUTED:
        removal = msgspec.convert(act.fields, Removal)
        case, receipt = removal.case, removal.receipt
    return Checked(PROOF_MARK, act.name, "live", case, receipt, [act.position], {})


def _are_of(subjects: Sequence[Subject], removal: Removal, acts: Sequence[Act]) -> bool:
    """Whether these are the keys of the acts, each with a commitment that came first."""
    if not removal.keys:
        return list(subjects) == act_subjects(acts)
    return [one.name for one in subjects] == removal.keys and all(
        one.digest.keys() == {COMMITMENT}
        and _HASH.fullmatch(one.digest[COMMITMENT])
        and one.annotations.keys() == {POSITION}
        and 0 <= one.annotations[POSITION] < acts[0].position
        for one in subjects
    )


def _kind(acts: Sequence[Act]) -> str:
    return {"erasure_executed": "erasure", "retention_applied": "retention"}[acts[0].name]


def _beyond(rotation: Act, *, is_erasure: bool) -> dict[str, Any]:
    said = texts.BEYOND_STATEMENT if is_erasure else texts.RETENTION_BEYOND_STATEMENT
    return {
        "generation": rotation.fields["new"],
        "day": rotation.day,
        "level": "key_generation",
        "statement": {"en": said[0], "zh": said[1]},
        "act": rotation.document,
    }


def _month(epoch: int) -> str:
    return f"{1970 + epoch // 12:04d}-{epoch % 12 + 1:02d}"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which no name stands twice: readers would not agree on which one counts."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found
