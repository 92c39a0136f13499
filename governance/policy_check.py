"""The shape of a policy file, and what must hold between its parts."""

from collections.abc import Iterable, Iterator
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from governance import toml_file

SHAPE: Final = ConfigDict(frozen=True, extra="forbid")

Basis = Literal[
    "contract",
    "legal_obligation",
    "vital_interests",
    "public_task",
    "legitimate_interest",
    "consent",
    "explicit_consent",
]
"""GDPR Art. 6(1) a to f, and explicit consent of Art. 9(2)(a)."""

CONSENTS: Final = ("consent", "explicit_consent")

Action = Literal["view", "cart", "purchase", "refund", "review", "search", "visit"]
Role = Literal["admin", "officer", "service", "auditor"]
Verb = Literal[
    "approve",
    "audit",
    "backup",
    "consent",
    "erase",
    "export",
    "history",
    "hold",
    "ingest",
    "keys",
    "models",
    "policy",
    "read",
    "rebuild",
    "records",
    "rejections",
    "request",
    "residue",
    "restore",
    "retention",
    "reveal",
    "statistics",
]

REQUIRED_CLASSES: Final = ("identity", "evidence", "disclosure", "profile")
SECTIONS: Final = ("identifiers", "attributes", "activity", "interests", "sequence", "sentiment", "scores")


def _section(name: str) -> str:
    if name.partition(".")[0] not in SECTIONS or name == "scores" or "" in name.split("."):
        raise ValueError(f"{', '.join(SECTIONS[:-1])} or scores.NAME; a dotted part of one is fine")
    return name


def _currency(code: str) -> str:
    if not (len(code) == 3 and code.isascii() and code.isupper()):
        raise ValueError("a currency code of three capital letters, such as USD")
    return code


class RetentionClass(BaseModel):
    """How long a kind of data is kept, and what for."""

    model_config = SHAPE

    months: int = Field(ge=0, le=1200)  # 0: no end of its own
    purposes: tuple[str, ...] = ()  # that justify keeping it; empty: the law or the store itself does
    requires_consent: str | None = None  # the purpose without whose consent nothing of the class is taken in


class Category(BaseModel):
    """A kind of personal data, named as fideslang does where it has a name."""

    model_config = SHAPE

    retention: str = Field(alias="class")


class EventRule(BaseModel):
    """What an event type means: properties that carry its parts. Without an action it takes part in no score."""

    model_config = SHAPE

    category: str
    retention: str | None = Field(default=None, alias="class")  # instead of the category's
    action: Action | None = None
    item: str | None = None
    category_property: str | None = None
    amount: str | None = None
    price: str | None = None
    quantity: str | None = None
    currency: str | None = None
    text: str | None = None
    rating: str | None = None
    products: str | None = None


class Purpose(BaseModel):
    """Why profiles may be read, on which basis, and how much of them."""

    model_config = SHAPE

    basis: Basis
    sections: tuple[Annotated[str, AfterValidator(_section)], ...] = ()
    objectable: bool = False  # GDPR Art. 21
    human_review: bool = False  # GDPR Art. 22
    aggregates_only: bool = False


class Segment(BaseModel):
    """A tier by fixed bounds; the first that a subject meets is his."""

    model_config = SHAPE

    name: str = Field(min_length=1)
    recency_days: int = Field(ge=0)  # at most
    purchases_365d: int = Field(ge=0)  # at least
    spend_365d: int = Field(ge=0)  # at least, in whole units of the policy's currency


class Identifiers(BaseModel):
    """Which kinds of identifiers join profiles. Kinds that are not named are weak."""

    model_config = SHAPE

    strong: tuple[str, ...] = ("user_id",)
    anonymous: tuple[str, ...] = ("anonymous_id",)
    weak: tuple[str, ...] = ("email", "phone")  # looked up by, but never a cause to merge
    max_linked: int = Field(default=50, ge=1)


class Recipient(BaseModel):
    """Who is given data, and must be told of erasures."""

    model_config = SHAPE

    purposes: tuple[str, ...] = Field(min_length=1)
    location: str = ""


class Requests(BaseModel):
    """How subject requests are decided."""

    model_config = SHAPE

    four_eyes: bool = False  # who approves is not who opened


class PolicyFile(BaseModel):
    """A policy as it is written."""

    model_config = SHAPE

    default_class: str = "behaviour"
    currency: Annotated[str, AfterValidator(_currency)] = "USD"
    half_life_days: int = Field(default=90, ge=1)
    classes: dict[str, RetentionClass]
    categories: dict[str, Category] = {}
    events: dict[str, EventRule] = {}
    purposes: dict[str, Purpose] = Field(min_length=1)
    segments: tuple[Segment, ...] = ()
    identifiers: Identifiers = Identifiers()
    recipients: dict[str, Recipient] = {}
    requests: Requests = Requests()
    roles: dict[Role, tuple[Verb, ...]] = {}


def faults_between(file: PolicyFile) -> Iterator[tuple[toml_file.Path, str]]:
    """(path, what would be right) for every name that nothing carries and every rule that contradicts another."""
    yield from _class_faults(file)
    yield from _purpose_faults(file)
    for name, rule in file.events.items():
        if rule.category not in file.categories:
            yield ("events", name, "category"), "a category of [categories]"
        if rule.retention is not None and rule.retention not in file.classes:
            yield ("events", name, "class"), _one_of(file.classes)
    names = [segment.name for segment in file.segments]
    for place, name in enumerate(names):
        if name in names[:place]:
            yield ("segments", place, "name"), "a name that no other segment has"
    kinds = [*file.identifiers.strong, *file.identifiers.anonymous, *file.identifiers.weak]
    if len(set(kinds)) != len(kinds):
        yield ("identifiers",), "each kind is strong, anonymous or weak, and named once"


def _class_faults(file: PolicyFile) -> Iterator[tuple[toml_file.Path, str]]:
    for name in REQUIRED_CLASSES:
        if name not in file.classes:
            yield ("classes", name), "is required"
    if file.default_class not in file.classes:
        yield ("default_class",), _one_of(file.classes)
    for name, category in file.categories.items():
        if category.retention not in file.classes:
            yield ("categories", name, "class"), _one_of(file.classes)
    for name, rule in file.classes.items():
        for purpose in rule.purposes:
            if purpose not in file.purposes:
                yield ("classes", name, "purposes"), _one_of(file.purposes)
        needed = rule.requires_consent
        if needed is not None and (needed not in file.purposes or file.purposes[needed].basis not in CONSENTS):
            yield ("classes", name, "requires_consent"), "a purpose whose basis is consent or explicit_consent"


def _purpose_faults(file: PolicyFile) -> Iterator[tuple[toml_file.Path, str]]:
    for name, rule in file.purposes.items():
        if rule.aggregates_only and rule.sections:
            yield ("purposes", name, "sections"), "none, since the purpose is aggregates only"
        if rule.basis in ("legitimate_interest", "public_task") and not rule.objectable:
            yield ("purposes", name, "objectable"), f"true, since subjects may object to {rule.basis}"
    for name, recipient in file.recipients.items():
        for purpose in recipient.purposes:
            if purpose not in file.purposes:
                yield ("recipients", name, "purposes"), _one_of(file.purposes)


def _one_of(names: Iterable[str]) -> str:
    return "one of " + ", ".join(sorted(names))
