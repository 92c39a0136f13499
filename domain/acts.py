"""Acts: the closed vocabulary of what governance did. No free text, nothing about one person."""

from typing import Final

import msgspec
from msgspec import Struct

KEYS_AN_ACT: Final = 500


class Genesis(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema: int
    origin: str
    policy: str  # SHA-256 of the first policy's text


class KeysCreated(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    keys: list[tuple[str, str]]  # (key id, commitment), sorted


class PolicyPublished(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    version: int
    hash: str


class Removal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an erasure takes away: the same evidence is on the intent and on its execution."""

    case: str
    keys: list[str]
    entries: int
    bodies: int
    root: str  # RFC 6962 root over the sorted contents of the removed bodies
    part: int  # an erasure of more than 500 keys takes several acts
    parts: int
    technique: list[str]
    uncovered: list[str]  # what the act does not reach, by code


class ErasureRefused(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    case: str
    ground: str


class BodiesLost(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    positions: list[int]
    cause: str


class GenerationRotated(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    old: int
    new: int


class ModelTrained(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    model: str
    scorer: str
    version: int
    through: int
    cause: str


class ModelRetired(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    model: str
    cause: str


class Attested(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    through: int
    digest: str


class Opened(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    door: str
    role: str
    reason: str
    case: str


Act = (
    Genesis
    | KeysCreated
    | PolicyPublished
    | Removal
    | ErasureRefused
    | BodiesLost
    | GenerationRotated
    | ModelTrained
    | ModelRetired
    | Attested
    | Opened
)

ACTS: Final[dict[str, type[Act]]] = {
    "genesis": Genesis,
    "keys_created": KeysCreated,
    "policy_published": PolicyPublished,
    "erasure_intended": Removal,
    "erasure_executed": Removal,
    "erasure_refused": ErasureRefused,
    "bodies_lost": BodiesLost,
    "generation_rotated": GenerationRotated,
    "model_trained": ModelTrained,
    "model_retired": ModelRetired,
    "attested": Attested,
    "opened": Opened,
}

_encode = msgspec.json.Encoder(order="sorted").encode


def fields_text(act: Act) -> str:
    """Canonical JSON (RFC 8785; acts hold only ASCII names, integers and lists of them)."""
    return _encode(act).decode()


def parse(name: str, text: str) -> Act:
    """Raises msgspec.ValidationError for a field that the act does not have."""
    act: Act = msgspec.json.decode(text, type=ACTS[name])
    return act
