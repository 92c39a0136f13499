"""Acts as certificates hold them: the leaf and the `.tlog-proof` of its place in the log."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from domain.acts import Removal
from domain.errors import BadInput
from domain.proofs import BadProof
from domain.treehead import PROOF_MARK, parse_proof, print_proof
from governance.signing import verify_tlog_proof


class Act(NamedTuple):
    """What the leaf of an act says."""

    position: int
    name: str
    fields: Any
    by: str  # the actor's id
    day: str
    document: dict[str, Any]  # position, entry and proof


def act_of(document: dict[str, Any]) -> Act:
    """What the leaf says, unproven. Raises KeyError, TypeError or ValueError for the leaf of anything else."""
    leaf = msgspec.json.decode(document["entry"])
    return Act(leaf["seq"], leaf["act"], leaf["b"], leaf["by"], leaf["day"], document)


def proven_act(document: dict[str, Any], vkey: str) -> Act:
    """An act that the log of the pinned key holds. Raises what `verify_tlog_proof` and `act_of` raise."""
    entry: str = document["entry"]
    position = verify_tlog_proof(document["proof"], entry.encode(), vkey).position
    if not same(document, {"position": position, "entry": entry, "proof": document["proof"]}):
        raise BadProof("the certificate says of an act what its proof does not")
    act = act_of(document)
    if act.position != position:
        raise BadProof("the proven entry is of another position")
    return act


def proof_file(document: dict[str, Any]) -> str:
    """The act as a `.tlog-proof` of its own: the leaf is its extra data, so that nothing else is needed."""
    return print_proof(dataclasses.replace(parse_proof(document["proof"]), extra=document["entry"].encode()))


def is_proof(text: str) -> bool:
    """Whether a file claims to be a `.tlog-proof`."""
    return text.startswith(f"{PROOF_MARK}\n")


def from_proof_file(text: str, vkey: str) -> Act:
    """The act of a file that `proof_file` made. Raises BadInput without a leaf, and what `proven_act` raises."""
    proof = parse_proof(text)
    try:
        if not proof.extra:
            raise ValueError("no leaf")
        entry = proof.extra.decode()
        return proven_act({"position": proof.index, "entry": entry, "proof": text}, vkey)
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput("certificate", "extra", "the leaf of an act") from error


def removal_of(acts: Sequence[Act], names: Sequence[str]) -> Removal:
    """What the acts of one case say together: all of its keys. Raises BadProof unless these are all its acts.

    They have one of these names. Their `part` is how many there are.
    """
    parts = [msgspec.convert(act.fields, Removal) for act in acts if act.name in names]
    if len(parts) < len(acts) or len({act.name for act in acts}) > 1:
        raise BadProof("the proven entry is not the act of an erasure or of retention")
    if [(one.part, one.parts) for one in parts] != [(at + 1, len(parts)) for at in range(len(parts))] or not parts:
        raise BadProof("the certificate does not hold every act of its case")
    if any(replace(one, keys=[], part=1) != replace(parts[0], keys=[], part=1) for one in parts):
        raise BadProof("the acts are not of one case")
    return replace(parts[-1], keys=[key for one in parts for key in one.keys])


def canonical(document: Any) -> bytes:
    """JSON that is the same for the same content: sorted names, no spaces. Raises ValueError for lone surrogates."""
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def same(one: Any, other: Any) -> bool:
    """Whether two documents say the same: unlike `==`, true is not 1, nor 1 the same as 1.0."""
    return canonical(one) == canonical(other)
