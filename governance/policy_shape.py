"""The shape of a policy file."""

import re
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from governance.recipient_rules import Aggregates as Aggregates
from governance.recipient_rules import Recipient as Recipient
from governance.verbs import ROLES, Role, Verb

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
NOTICE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
REQUIRED_CLASSES: Final = ("identity", "evidence", "disclosure", "profile")
OWN_CLASS: Final = "actor"
"""Who may do what: the store's own class, in no policy; it ends with the actor."""

SECTIONS: Final = ("identifiers", "attributes", "activity", "interests", "sequence", "sentiment", "scores")


def _section(name: str) -> str:
    if name.partition(".")[0] not in SECTIONS or name == "scores" or "" in name.split("."):
        raise ValueError(f"{', '.join(SECTIONS[:-1])} or scores.NAME; a dotted part of one is fine")
    return name


def _currency(code: str) -> str:
    if not (len(code) == 3 and code.isascii() and code.isupper()):
        raise ValueError("a currency code of three capital letters, such as USD")
    return code


def notice_name(name: str) -> str:
    """Raises ValueError for a name that an act may not carry."""
    if not NOTICE.fullmatch(name):
        raise ValueError("a name of a notice: at most 64 of a-z, 0-9 and -")
    return name


class Title(BaseModel):
    """What officers and data subjects are told, in both languages."""

    model_config = SHAPE

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)


class Controller(BaseModel):
    """Who answers for the processing: GDPR Art. 30(1)(a) and (c)."""

    model_config = SHAPE

    name: str = Field(min_length=1)
    contact: str = Field(min_length=1)
    joint: tuple[str, ...] = ()  # joint controllers
    representative: str = ""  # GDPR Art. 27
    protection_officer: str = ""  # GDPR Art. 37
    subjects: tuple[Title, ...] = ()  # categories of data subjects


def _place(code: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", code):
        raise ValueError("a country whose holidays count, such as DE or US-CA")
    return code


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("a time zone, such as Europe/Oslo") from error
    return name


class RetentionClass(BaseModel):
    """How long a kind of data is kept, and what for."""

    model_config = SHAPE

    months: int = Field(ge=0, le=1200)  # 0: no end of its own
    purposes: tuple[str, ...] = ()  # that justify keeping it; empty: the law or the store itself does
    requires_consent: str | None = None  # the purpose without whose consent nothing of the class is taken in
    statutory_months: int = Field(default=0, ge=0, le=1200)  # kept so long by law, even against an erasure
    statutory_ground: str = ""  # code of the law


class Category(BaseModel):
    """A kind of personal data, named as fideslang does where it has a name."""

    model_config = SHAPE

    retention: str = Field(alias="class")
    special: bool = False  # GDPR Art. 9, PIPL Art. 28: read by purposes of explicit consent that name it, and no other
    tags: tuple[str, ...] = ()  # interests that tell of it: inferred data is as special (CJEU C-184/20)
    traits: tuple[str, ...] = ()  # attributes that tell of it
    scores: tuple[str, ...] = ()  # that tell of it
    title: Title | None = None


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
    categories: tuple[str, ...] = ()  # that it reads, with those below them; none named: all that are not special
    title: Title | None = None
    notice: Annotated[str, AfterValidator(notice_name)] | None = None  # what a consent is given to


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


class Signals(BaseModel):
    """Which automatic signals inside events speak for which purposes."""

    model_config = SHAPE

    gpc: tuple[str, ...] = ()  # purposes that Global Privacy Control refuses
    categories: dict[str, str] = {}  # category of `context.consent.categoryPreferences` -> purpose
    tcf: dict[str, tuple[Annotated[int, Field(ge=1, le=24)], ...]] = {}  # purpose -> the TCF purposes that it needs


class Requests(BaseModel):
    """How subject requests are decided."""

    model_config = SHAPE

    four_eyes: bool = False  # who approves neither opened nor verified
    max_identifiers: int = Field(default=50, ge=1)  # of one person: a request that reaches more needs a second approval
    max_entries: int | None = Field(default=None, ge=1)  # and so does one that reaches more entries
    jurisdiction: Literal["gdpr", "ccpa", "pipl"] = "gdpr"  # of requests that name none
    days: int | None = Field(default=None, ge=1)  # the controller's own promise, where it is shorter than the law
    holidays: dict[Literal["gdpr", "ccpa", "pipl"], Annotated[str, AfterValidator(_place)]] = {
        "ccpa": "US-CA",
        "pipl": "CN",
    }
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"  # in which the days of deadlines begin and end
    package_days: int = Field(default=30, ge=1)  # how long a sealed package opens


def _calling_code(code: str) -> str:
    if code and not (code.isascii() and code.isdecimal() and len(code) <= 3 and code[0] != "0"):
        raise ValueError("a country's calling code of one to three digits, such as 1 or 47")
    return code


class Suppression(BaseModel):
    """How long the erased, and whom a list names, are kept out."""

    model_config = SHAPE

    months: int = Field(default=0, ge=0, le=1200)  # after the month of the erasure; 0: no end
    country_code: Annotated[str, AfterValidator(_calling_code)] = ""  # of phone numbers that name none


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
    aggregates: Aggregates = Aggregates()
    signals: Signals = Signals()
    suppression: Suppression = Suppression()
    statistics: dict[str, str] = {}  # statistic -> the purpose for which it counts people
    roles: dict[Role, tuple[Verb, ...]] = ROLES
    controller: Controller | None = None
