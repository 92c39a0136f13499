"""Acts: the closed vocabulary of what governance did. No free text, nothing about one person."""

from typing import Final

import msgspec
from msgspec import Struct, field

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


class Removal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an erasure, or the end of a retention period, takes away: the same evidence on intent and execution."""

    case: str
    keys: list[str]
    entries: int
    bodies: int
    root: str  # RFC 6962 root over the sorted contents of the removed bodies
    part: int  # an erasure of more than 500 keys takes several acts
    parts: int
    technique: list[str]
    uncovered: list[str]  # what the act does not reach, by code
    klass: str | None = field(name="class", default=None)  # of retention alone
    epoch: int | None = None  # of retention alone: months since 1970-01
    receipt: str | None = None  # SHA-256 of the 128 random bits that the person was given; of who asked alone


class ErasureRefused(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    case: str
    ground: str


class HoldSet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    hold: str
    classes: list[str]  # empty: every class
    first: int  # epochs, months since 1970-01; 0 and 0: every epoch
    last: int
    ground: str  # code
    until: int  # microseconds; a hold without an end is not set


class HoldReleased(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    hold: str
    cause: str  # code: released, expired


class NoticePublished(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    notice: str
    version: int
    language: str
    hash: str


class BodiesLost(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    positions: list[int]
    cause: str


class GenerationRotated(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    old: int
    new: int
    since: int = 0  # size of the log before the new generation was made: what it wrapped may be in copies made since


class SigningKeyChanged(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The tree head that ends with this act is signed by both, later ones by the new key alone."""

    old: str  # verifier keys
    new: str


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


class Restored(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    size_from: int
    root_from: str
    size_to: int
    cases: list[str]  # re-applied


class Opened(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    door: str
    role: str
    reason: str
    case: str


Act = (
    Genesis
    | KeysCreated
    | PolicyPublished
    | NoticePublished
    | Removal
    | ErasureRefused
    | HoldSet
    | HoldReleased
    | BodiesLost
    | GenerationRotated
    | SigningKeyChanged
    | ModelTrained
    | ModelRetired
    | Attested
    | Restored
    | Opened
)

ACTS: Final[dict[str, type[Act]]] = {
    "genesis": Genesis,
    "keys_created": KeysCreated,
    "policy_published": PolicyPublished,
    "erasure_intended": Removal,
    "erasure_executed": Removal,
    "erasure_refused": ErasureRefused,
    "notice_published": NoticePublished,
    "retention_intended": Removal,
    "retention_applied": Removal,
    "hold_set": HoldSet,
    "hold_released": HoldReleased,
    "restored": Restored,
    "bodies_lost": BodiesLost,
    "generation_rotated": GenerationRotated,
    "signing_key_changed": SigningKeyChanged,
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
