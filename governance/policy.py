"""The policy: what events mean, how long which data is kept, and why profiles may be read."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from domain.errors import BadInput, Refused
from domain.events import (
    CASE,
    DISCLOSED,
    GRANTED,
    GROUP,
    HELD,
    IDENTIFY,
    KEYED,
    LINKED,
    MERGED,
    REGISTERED,
    REVOKED,
    TRACK,
    UNKEYED,
    UNMERGED,
)
from domain.meaning import Basis as Counting
from domain.meaning import FoldConfig, Meaning
from governance import toml_file
from governance.consent import SPEAKING
from governance.policy_check import faults_between, reads
from governance.policy_shape import (
    CONSENTS,
    OWN_CLASS,
    Basis,
    EventRule,
    Identifiers,
    PolicyFile,
    Purpose,
    Recipient,
    RetentionClass,
)

DEFAULT: Final = Path(__file__).parent / "policies" / "ecommerce.toml"

FIXED_CLASSES: Final = {
    **dict.fromkeys((IDENTIFY, GROUP, LINKED, MERGED, UNMERGED), "identity"),
    **dict.fromkeys((*SPEAKING, HELD, CASE), "evidence"),
    DISCLOSED: "disclosure",
    **dict.fromkeys((REGISTERED, GRANTED, REVOKED, KEYED, UNKEYED), OWN_CLASS),
}
"""By event kind: the classes that a policy gives a period, but does not choose."""


class UnknownPurpose(Refused):
    """The policy declares no such purpose: what is asked for serves none."""

    def __init__(self, known: Iterable[str]) -> None:
        super().__init__("no such purpose; the policy knows " + ", ".join(sorted(known)))


@dataclass(frozen=True, slots=True, kw_only=True)
class PurposeRule:
    """Why profiles may be read, on which basis, and how much of them."""

    name: str
    basis: Basis
    sections: frozenset[str]
    objectable: bool
    human_review: bool
    aggregates_only: bool
    notice: str | None = None
    categories: frozenset[str] = frozenset()  # that it is limited to; empty: every one that is not special
    unread: frozenset[str] = frozenset()  # categories of the policy that it does not read
    untold: frozenset[str] = frozenset()  # interests that tell of those
    unnamed: frozenset[str] = frozenset()  # attributes that tell of those


@dataclass(frozen=True, slots=True)
class Policy:
    """One checked policy and the text that it was read from, which is what the log commits to."""

    text: str
    rules: PolicyFile
    purposes: Mapping[str, PurposeRule]
    class_by_event: Mapping[str, str]  # by name of a track call, or `page`, `screen`

    def class_for(self, kind: str, name: str) -> str:
        """The retention class of an event; the default one where the policy does not know its type."""
        fixed = FIXED_CLASSES.get(kind)
        if fixed is not None:
            return fixed
        return self.class_by_event.get(name if kind == TRACK else kind.partition("/")[0], self.rules.default_class)

    def reads(self, rule: PurposeRule, type_: str) -> bool:
        """Whether a purpose reads events of a type; a type that the policy does not know is in no category."""
        event = self.rules.events.get(type_)
        return not rule.categories if event is None else event.category not in rule.unread

    def months(self, class_name: str) -> int:
        """How long a class is kept after the month of receipt; 0 is no end of its own. KeyError if unknown."""
        return self.rules.classes[class_name].months

    def fold_config(self, fold_key: bytes) -> FoldConfig:
        """All that projections may know of the policy. Spend of a segment is in whole units of the currency."""
        meanings = {name: _meaning(rule) for name, rule in self.rules.events.items() if rule.action is not None}
        segments = tuple((s.name, s.recency_days, s.purchases_365d, s.spend_365d) for s in self.rules.segments)
        return FoldConfig(
            meanings=meanings,
            currency=self.rules.currency,
            fold_key=fold_key,
            half_life_days=self.rules.half_life_days,
            segments=segments,
            bases={name: _counting(self.purposes[purpose]) for name, purpose in self.rules.statistics.items()},
        )

    def purpose(self, name: str) -> PurposeRule:
        """Raises UnknownPurpose, which names those that there are."""
        rule = self.purposes.get(name)
        if rule is None:
            raise UnknownPurpose(self.purposes)
        return rule

    def may(self, role: str, verb: str) -> bool:
        """Whether a role is given a verb; nothing is allowed that the policy does not say."""
        return any(name == role and verb in verbs for name, verbs in self.rules.roles.items())

    @property
    def identifiers(self) -> Identifiers:
        """Which kinds join profiles, and how many may be joined."""
        return self.rules.identifiers

    @property
    def recipients(self) -> Mapping[str, Recipient]:
        """By name: who is given data for which purposes."""
        return self.rules.recipients

    def digest(self) -> bytes:
        """SHA-256 of the text in UTF-8."""
        return hashlib.sha256(self.text.encode()).digest()


def load(text: str, where: str) -> Policy:
    """Raises BadInput for the first fault: `where` and line, the setting's path, and what it takes."""
    written = toml_file.read(text, where, PolicyFile, faults_between)
    rules = written.model_copy(update={"classes": {**written.classes, OWN_CLASS: RetentionClass(months=0)}})
    classes = {name: rule.retention or rules.categories[rule.category].retention for name, rule in rules.events.items()}
    return Policy(text, rules, {name: _purpose(name, rule, rules) for name, rule in rules.purposes.items()}, classes)


def check(text: str, where: str) -> list[BadInput]:
    """All faults of shape, or else all contradictions; empty for a good policy."""
    found = toml_file.model_or_faults(text, where, PolicyFile, faults_between)
    return found if isinstance(found, list) else []


def default_text() -> str:
    """The policy that comes with the store: common e-commerce events and cautious purposes."""
    return DEFAULT.read_text(encoding="utf-8")


def packs() -> list[str]:
    """The names of the policies that come with the store."""
    return sorted(path.stem for path in DEFAULT.parent.glob("*.toml"))


def pack_text(name: str) -> str:
    """The text of a policy that comes with the store. KeyError for a name that is none."""
    if name not in packs():
        raise KeyError(name)
    return (DEFAULT.parent / f"{name}.toml").read_text(encoding="utf-8")


def _purpose(name: str, rule: Purpose, file: PolicyFile) -> PurposeRule:
    unread = {one for one in file.categories if not reads(rule, one, file)}
    return PurposeRule(
        name=name,
        basis=rule.basis,
        sections=frozenset(rule.sections),
        objectable=rule.objectable,
        human_review=rule.human_review,
        aggregates_only=rule.aggregates_only,
        notice=rule.notice,
        categories=frozenset(rule.categories),
        unread=frozenset(unread),
        untold=frozenset(tag for one in unread for tag in file.categories[one].tags),
        unnamed=frozenset(trait for one in unread for trait in file.categories[one].traits),
    )


def _counting(rule: PurposeRule) -> Counting:
    return Counting(rule.name, rule.basis in CONSENTS, rule.objectable)


def _meaning(rule: EventRule) -> Meaning:
    assert rule.action is not None
    return Meaning(
        action=rule.action,
        item=rule.item,
        category=rule.category_property,
        amount=rule.amount,
        price=rule.price,
        quantity=rule.quantity,
        currency=rule.currency,
        text=rule.text,
        rating=rule.rating,
        products=rule.products,
    )
