"""Lawful basis: whether a purpose may see a subject now, and how much of the profile it covers."""

from collections.abc import Set as AbstractSet
from typing import Any, Final

from domain.errors import NoBasis
from governance.consent import Standing
from governance.policy import Policy, PurposeRule
from governance.policy_check import CONSENTS

ABOUT: Final = frozenset({"subject", "position", "as_of", "entries_withheld", "purpose", "basis", "withheld"})
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

    None for a restricted subject, for a purpose of aggregates only, for a consent that was not given or was taken back,
    and for an interest that the subject objected to or withdrew from.
    """
    if rule.aggregates_only or standing.restricted is not None:
        raise NoBasis(rule.name)
    if rule.basis in CONSENTS:
        if rule.name not in standing.given:
            raise NoBasis(rule.name)
    elif rule.objectable and (rule.name in standing.objected or rule.name in standing.withdrawn):
        raise NoBasis(rule.name)
    return rule.basis


def may_take_in(policy: Policy, class_name: str, standing: Standing) -> bool:
    """Whether data of a class may be stored: some (special categories, GDPR Art. 9) need consent before."""
    needed = policy.rules.classes[class_name].requires_consent
    return needed is None or needed in standing.given


def unjustified(policy: Policy, standing: Standing) -> list[str]:
    """Classes whose every purpose has lost its basis, sorted: their data is due for erasure (GDPR Art. 17(1)(b), (c)).

    A restriction does not count here, since it keeps what it restricts.
    """
    return sorted(
        name
        for name, rule in policy.rules.classes.items()
        if rule.purposes and not any(_holds(policy.purpose(purpose), standing) for purpose in rule.purposes)
    )


def covered(document: dict[str, Any], rule: PurposeRule) -> tuple[dict[str, Any], list[str]]:
    """The document with only what the purpose covers, and the dotted names of what it does not, sorted."""
    withheld: set[str] = set()
    kept: dict[str, Any] = {}
    for name, value in document.items():
        seen = value if name in ABOUT else _seen(name, value, rule.sections, False, withheld)
        if seen is not HIDDEN:
            kept[name] = seen
    return kept, sorted(withheld)


def _holds(rule: PurposeRule, standing: Standing) -> bool:
    try:
        basis_for(rule, Standing(given=standing.given, withdrawn=standing.withdrawn, objected=standing.objected))
    except NoBasis:
        return rule.aggregates_only and rule.name not in standing.objected
    return True


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
