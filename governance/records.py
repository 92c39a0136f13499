"""The record of processing activities (GDPR Art. 30(1)): what is declared, what is observed, where they differ."""

from typing import Any

from domain.clock import day_name, day_of, first_day, month_of, rfc3339
from governance.drift import FEWEST, Observed, drift, observed
from governance.policy import Policy
from governance.policy_check import lies_in
from governance.policy_shape import Title
from governance.record_texts import BASES, DRIFT, SECURITY
from governance.roles import require
from governance.store import Store


def records(store: Store) -> dict[str, Any]:
    """The record, ready for JSON; texts in English and Chinese. Raises NotPermitted, MovedOn."""
    require(store, "records")
    seen, policy, now = observed(store), store.policy, store.clock()
    controller = policy.rules.controller
    return {
        "format": "lethe-records/1",
        "at": rfc3339(now),
        "policy_version": store.policy_version,
        "controller": controller and controller.model_dump(exclude={"subjects"}),
        "data_subjects": [_title(one) for one in controller.subjects] if controller else [],
        "purposes": [_purpose(policy, name, seen) for name in policy.purposes],
        "categories": _categories(policy),
        "recipients": _recipients(policy, seen),
        "transfers": [
            {"recipient": name, "location": one.location, "safeguard": one.safeguard or None}
            for name, one in policy.recipients.items()
            if one.location
        ],
        "time_limits": _time_limits(policy, seen),
        "security": [_text(code, SECURITY) for code in SECURITY],
        "observed": {
            "subjects": seen.subjects,
            "event_types": {name: people for name, people in sorted(seen.types.items()) if people >= FEWEST},
            "keys": [
                {"class": name, "month": day_name(first_day(epoch))[:7] if epoch else None, "keys": number}
                for name, epoch, number in seen.keys
                if number >= FEWEST
            ],
        },
        "drift": [{"what": what, **_text(code, DRIFT)} for code, what in drift(policy, seen, month_of(day_of(now)))],
    }


def _purpose(policy: Policy, name: str, seen: Observed) -> dict[str, Any]:
    rule, written = policy.purposes[name], policy.rules.purposes[name]
    return {
        "purpose": name,
        "title": _title(written.title),
        "basis": _text(rule.basis, BASES),
        "categories": sorted(policy.rules.categories.keys() - rule.unread) if rule.sections else [],
        "sections": list(written.sections),
        "human_review": rule.human_review,
        "aggregates_only": rule.aggregates_only,
        "recipients": sorted(one for one, given in policy.recipients.items() if name in given.purposes),
        "disclosures": sum(number for (_, purpose), number in seen.given.items() if purpose == name),
    }


def _categories(policy: Policy) -> list[dict[str, Any]]:
    return [
        {
            "category": name,
            "title": _title(rule.title),
            "special": rule.special,
            "class": rule.retention,
            "event_types": sorted(type_ for type_, event in policy.rules.events.items() if event.category == name),
            "with": sorted(one for one in policy.rules.categories if one != name and lies_in(one, name)),
        }
        for name, rule in policy.rules.categories.items()
    ]


def _recipients(policy: Policy, seen: Observed) -> list[dict[str, Any]]:
    """Those declared and those observed, each with what it was given for what."""
    names = sorted(policy.recipients.keys() | {recipient for recipient, _ in seen.given})
    return [
        {
            "recipient": name,
            "is_declared": name in policy.recipients,
            "is_inside": name in seen.inside,
            "purposes": list(policy.recipients[name].purposes) if name in policy.recipients else [],
            "disclosures": {purpose: number for (one, purpose), number in sorted(seen.given.items()) if one == name},
        }
        for name in names
    ]


def _time_limits(policy: Policy, seen: Observed) -> list[dict[str, Any]]:
    return [
        {
            "class": name,
            "months": rule.months or None,
            "statutory_months": rule.statutory_months or None,
            "statutory_ground": rule.statutory_ground or None,
            "requires_consent": rule.requires_consent,
            "purposes": list(rule.purposes),
            "oldest": next(
                (day_name(first_day(epoch))[:7] for one, epoch, _ in seen.keys if one == name and epoch), None
            ),
        }
        for name, rule in policy.rules.classes.items()
    ]


def _title(title: Title | None) -> dict[str, str] | None:
    return None if title is None else title.model_dump()


def _text(code: str, table: dict[str, tuple[str, str]]) -> dict[str, str]:
    en, zh = table[code]
    return {"code": code, "en": en, "zh": zh}
