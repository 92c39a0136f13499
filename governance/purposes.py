"""Lawful basis: whether a purpose may see a subject now, and how much of the profile it covers."""

from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any, Final

from domain.errors import NoBasis
from governance.consent import Standing
from governance.policy import Policy, PurposeRule
from governance.policy_shape import CONSENTS, REQUIRED_CLASSES

ABOUT: Final = frozenset(
    {"subject", "position", "as_of", "entries_withheld", "periods_withheld", "purpose", "basis", "withheld"}
)
"""Fields of a profile document that say what it is, not what the subject is like."""

GOVERNED: Final = {
    "activity.spend": "activity.spend",
    "activity.spend_by_currency": "activity.spend",
    "activity.segment": "activity.segment",
}
"""Parts that the section around them does not cover, and the section that a purpose must name for each."""

NAMELESS: Final = frozenset({"identifiers", "attributes"})
"""Sections whose field names tell something of the subject: a withheld field of theirs is named `*`."""

HIDDEN: Final = object()


def basis_for(rule: PurposeRule, standing: Standing) -> str:
    """The basis on which this purpose may read the subject now. Raises NoBasis.

    None for a restricted subject, for a purpose of aggregates only, for a consent that was not given, was taken back,
    has expired or is to an older notice, and for an interest that the subject refused, objected to or withdrew from.
    """
    if rule.aggregates_only or standing.restricted is not None or not holds(rule, standing):
        raise NoBasis(rule.name)
    return rule.basis


def holds(rule: PurposeRule, standing: Standing) -> bool:
    """Whether the subject's word leaves the purpose its basis; a restriction does not count here."""
    if rule.basis in CONSENTS:
        return rule.name in standing.given
    said_no = rule.name in standing.objected or rule.name in standing.withdrawn or rule.name in standing.refused
    return not (rule.objectable and said_no)


def refusal(policy: Policy, class_name: str, standing: Standing) -> str | None:
    """Why data of a class may not be taken in, as a code of `domain.calls.REASONS`; None when it may.

    Some classes (special categories, GDPR Art. 9) need consent before; of the others one purpose must have a basis.
    """
    needed = policy.rules.classes[class_name].requires_consent
    if needed is not None and needed not in standing.given:
        return "no_consent"
    return None if _is_justified(policy, class_name, standing) else "no_basis"


def conditional(policy: Policy, class_name: str) -> bool:
    """Whether `refusal` depends on what the subject said: for every other class nobody need look."""
    rules = [policy.purpose(purpose) for purpose in _purposes(policy, class_name)]
    is_firm = not rules or any(one.basis not in CONSENTS and not one.objectable for one in rules)
    return policy.rules.classes[class_name].requires_consent is not None or not is_firm


def unjustified(policy: Policy, standing: Standing) -> list[str]:
    """Classes whose every purpose has lost its basis, sorted: their data is due for erasure (GDPR Art. 17(1)(b), (c)).

    None while the subject is restricted, which keeps what it restricts; nor for a newer notice, which asks first.
    """
    if standing.restricted is not None:
        return []
    kept = replace(standing, given={**standing.given, **standing.outdated})
    return sorted(name for name in policy.rules.classes if not _is_justified(policy, name, kept))


def _is_justified(policy: Policy, class_name: str, standing: Standing) -> bool:
    purposes = _purposes(policy, class_name)
    return not purposes or any(holds(policy.purpose(purpose), standing) for purpose in purposes)


def _purposes(policy: Policy, class_name: str) -> tuple[str, ...]:
    """That justify keeping a class; none for the store's own classes, which go with the person."""
    return () if class_name in REQUIRED_CLASSES else policy.rules.classes[class_name].purposes


def covered(document: dict[str, Any], rule: PurposeRule) -> tuple[dict[str, Any], list[str]]:
    """The document with only what the purpose covers, and the dotted names of what it does not, sorted."""
    withheld: set[str] = set()
    kept: dict[str, Any] = {}
    for name, value in document.items():
        seen = value if name in ABOUT else _seen(name, value, rule.sections, False, withheld)
        if seen is not HIDDEN:
            kept[name] = seen
    return kept, sorted(withheld)


def _seen(path: str, value: Any, sections: AbstractSet[str], is_inside: bool, withheld: set[str]) -> Any:
    """The part of `value` that the sections cover, or HIDDEN; `is_inside`: the part around it is covered."""
    governing = GOVERNED.get(path, path)
    is_covered = governing in sections or (is_inside and path not in GOVERNED)
    if not isinstance(value, dict) or not _is_divided(path, sections, is_covered):
        if not is_covered:
            withheld.add(path)
        return value if is_covered else HIDDEN
    below: set[str] = set()
    parts = {name: _seen(f"{path}.{name}", part, sections, is_covered, below) for name, part in value.items()}
    withheld |= {f"{path}.*"} if below and path in NAMELESS else below
    kept = {name: part for name, part in parts.items() if part is not HIDDEN}
    return kept if kept or is_covered else HIDDEN


def _is_divided(path: str, sections: AbstractSet[str], is_covered: bool) -> bool:
    """Whether the parts of a section have to be looked at one by one."""
    if path == "scores" or (is_covered and path == "activity"):
        return True
    return not is_covered and any(name.startswith(f"{path}.") for name in sections)
