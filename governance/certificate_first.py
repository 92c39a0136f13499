"""Certificates as they were made first (lethe-certificate/1): proofs alone. They are still accepted."""

from typing import Any, Final

import msgspec

from domain.acts import GenerationRotated, Removal
from domain.note import parse_vkey
from domain.proofs import BadProof
from governance.certificate_texts import BEYOND_STATEMENT, FIRST_STATEMENT, NOT_COVERED
from governance.proven import Act, proven_act, removal_of, same

FORMAT: Final = "lethe-certificate/1"
EXECUTED: Final = ("erasure_executed", "retention_applied")
ROTATED: Final = "generation_rotated"
UNPROVEN: Final = "unproven"
BEYOND: Final = "beyond_backups"


def verify_first(document: dict[str, Any], vkey: str) -> tuple[list[Act], Removal]:
    """The proven acts, and what they say. Nothing speaks for what stands under `unproven`.

    Raises KeyError, TypeError or ValueError for what is no certificate, and what `proven_act` and `removal_of` raise.
    """
    acts = [proven_act(act, vkey) for act in document["acts"]]
    removal = removal_of(acts, EXECUTED)
    if BEYOND in document:
        rotation = proven_act(document[BEYOND]["act"], vkey)
        require_after(rotation, acts)
        if not same(document[BEYOND], _beyond(rotation)):
            raise BadProof("no rotation of the key generation after the erasure is proven")
    claims = {name: claim for name, claim in document.items() if name not in {"acts", UNPROVEN, BEYOND}}
    if not same(claims, _claims(removal, vkey)):
        raise BadProof("the certificate claims what its acts do not say")
    return acts, removal


def require_after(rotation: Act, acts: list[Act]) -> None:
    """The act says since when the new generation wrapped keys: later than these were destroyed. Raises BadProof."""
    if rotation.name != ROTATED or msgspec.convert(rotation.fields, GenerationRotated).since <= acts[-1].position:
        raise BadProof("no rotation of the key generation after the erasure is proven")


def uncovered(removal: Removal) -> list[dict[str, str]]:
    """What the acts do not reach, in words. Raises BadProof for a code without any."""
    if not NOT_COVERED.keys() >= set(removal.uncovered):
        raise BadProof("the acts name something not covered that has no words here")
    return [{"code": one, "en": NOT_COVERED[one][0], "zh": NOT_COVERED[one][1]} for one in removal.uncovered]


def destroyed(removal: Removal) -> dict[str, Any]:
    """What the acts took away."""
    return {
        "keys": len(removal.keys),
        "entries": removal.entries,
        "bodies": removal.bodies,
        "root": removal.root,
        "technique": removal.technique,
    }


def _beyond(rotation: Act) -> dict[str, Any]:
    statement = {"en": BEYOND_STATEMENT[0], "zh": BEYOND_STATEMENT[1]}
    return {"generation": rotation.fields["new"], "statement": statement, "act": rotation.document}


def _claims(removal: Removal, vkey: str) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "origin": parse_vkey(vkey).name,
        "vkey": vkey,
        "case": removal.case,
        "destroyed": destroyed(removal),
        "not_covered": uncovered(removal),
        "statement": {"en": FIRST_STATEMENT[0], "zh": FIRST_STATEMENT[1]},
    }
