"""What the store shows of its own use, and where that is not what the policy says."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from domain.events import DISCLOSED
from governance.actors import those_known
from governance.disclosures import CLASS
from governance.living import events_of, living
from governance.policy import Policy
from governance.policy_shape import OWN_CLASS, REQUIRED_CLASSES
from governance.store import Store

FEWEST: Final = 5
"""Names of event types are what clients sent: one that fewer people have might name one of them."""

TYPES_KEPT: Final = 10_000
NO_PERIOD_NEEDED: Final = frozenset({"identity", "profile", OWN_CLASS})
"""Classes that end with the person or with what they were derived from."""

DOORS: Final = frozenset({"history", "consent", "breach", "re-identification", "access", "portability"})
"""What a disclosure names in place of a purpose where the law or an officer's duty is one."""

Drift = tuple[str, str]


@dataclass(slots=True)
class Observed:
    """What the store shows of its own use."""

    subjects: int = 0
    types: Counter[str] = field(default_factory=Counter)  # people by event type
    given: Counter[tuple[str, str]] = field(default_factory=Counter)  # disclosures by (recipient, purpose)
    inside: set[str] = field(default_factory=set)  # recipients that are actors of the store
    keys: list[tuple[str, int, int]] = field(default_factory=list)  # (class, epoch, number)


def observed(store: Store) -> Observed:
    """A walk over everybody who lives, in bounded memory."""
    seen = Observed()
    for chunk in living(store):
        seen.subjects += sum(one.root == one.subject for one in chunk)
        for one in chunk:
            seen.types.update(one.state.activity.types.keys())
        if len(seen.types) > TYPES_KEPT:  # of names that clients make up, the rare ones are no types
            seen.types = Counter(dict(seen.types.most_common(TYPES_KEPT // 2)))
        disclosures = events_of(store, {one.subject for one in chunk}, lambda row: row.klass == CLASS)
        seen.given.update(
            (event.properties["recipient"], event.properties["purpose"])
            for _, event in disclosures
            if event.kind == DISCLOSED
        )
    seen.inside = those_known(store, {recipient for recipient, _ in seen.given})
    with store.keyring.database.reading() as rows:
        seen.keys = list(rows.epochs())
    return seen


def drift(policy: Policy, seen: Observed, month: int) -> Iterator[Drift]:
    """(code, what) wherever the store does what the policy does not say, or the policy says what nobody does."""
    controller = policy.rules.controller
    if controller is None:
        yield "no_controller", ""
    elif not controller.subjects:
        yield "no_data_subjects", ""
    yield from _drift_of_purposes(policy, seen)
    yield from _drift_of_recipients(policy, seen)
    yield from _drift_of_classes(policy, seen, month)
    for name, people in sorted(seen.types.items()):
        if name not in policy.rules.events and people >= FEWEST:
            yield "unknown_type", name


def _drift_of_purposes(policy: Policy, seen: Observed) -> Iterator[Drift]:
    used = {purpose for _, purpose in seen.given}
    for purpose in sorted(used - policy.purposes.keys() - DOORS):
        yield "purpose_not_declared", purpose
    for name, rule in policy.purposes.items():
        if rule.sections and name not in used:
            yield "purpose_never_used", name


def _drift_of_recipients(policy: Policy, seen: Observed) -> Iterator[Drift]:
    outside = {(recipient, purpose) for recipient, purpose in seen.given if recipient not in seen.inside}
    for recipient in sorted({recipient for recipient, purpose in outside if purpose not in DOORS}):
        if recipient not in policy.recipients:
            yield "recipient_not_declared", recipient
    for recipient, purpose in sorted(outside):
        if recipient in policy.recipients and purpose not in policy.recipients[recipient].purposes:
            yield "recipient_beyond_purpose", f"{recipient}: {purpose}"
    for name, rule in policy.recipients.items():
        if name not in {recipient for recipient, _ in outside}:
            yield "recipient_never_used", name
        if not rule.location:
            yield "no_location", name


def _drift_of_classes(policy: Policy, seen: Observed, month: int) -> Iterator[Drift]:
    stored = {name for name, _, _ in seen.keys}
    for name, rule in policy.rules.classes.items():
        if name in stored and not rule.months and name not in NO_PERIOD_NEEDED:
            yield "no_period", name
        if any(one == name and epoch and rule.months and month - epoch > rule.months for one, epoch, _ in seen.keys):
            yield "overdue", name
        if name not in stored and name not in REQUIRED_CLASSES and name != OWN_CLASS:
            yield "class_without_data", name
