"""What a new policy changes for data that is stored already: what is due earlier, which purposes lose ground."""

from typing import Any

from domain.acts import PolicyPublished, parse
from domain.errors import BadInput
from governance.consent import UNKNOWN
from governance.policy import Policy
from governance.policy_shape import CONSENTS
from governance.purposes import unjustified
from governance.roles import require
from governance.store import Store


def due_after(old: Policy, new: Policy) -> dict[str, Any]:
    """The stricter part of a change; `lethe retention plan` then shows the keys that are due.

    `shortened`: classes whose period is shorter now, as [old, new] months. `purposes_lost`: those that are gone.
    `consent_needed`: those that rest on a consent now. `classes_due`: classes that no purpose justifies any more for
    a person who said nothing. `less_read`: purposes that see less, by what they lost.
    """
    before, after = old.rules.classes, new.rules.classes
    kept = old.purposes.keys() & new.purposes.keys()
    return {
        "shortened": {
            name: [before[name].months, after[name].months]
            for name in sorted(before.keys() & after.keys())
            if after[name].months and (after[name].months < before[name].months or not before[name].months)
        },
        "purposes_lost": sorted(old.purposes.keys() - new.purposes.keys()),
        "consent_needed": sorted(
            name for name in kept if new.purposes[name].basis in CONSENTS and old.purposes[name].basis not in CONSENTS
        ),
        "classes_due": sorted({*unjustified(new, UNKNOWN)} - {*unjustified(old, UNKNOWN)}),
        "less_read": {name: lost for name in sorted(kept) if (lost := _lost(old, new, name))},
    }


def _lost(old: Policy, new: Policy, name: str) -> list[str]:
    before, after = old.purposes[name], new.purposes[name]
    return sorted((before.sections - after.sections) | ((after.unread - before.unread) & old.rules.categories.keys()))


def require_publishable(store: Store, new: Policy) -> None:
    """Raises NotPermitted, and BadInput for a policy that says nothing of a class in which data is stored."""
    require(store, "policy")
    with store.keyring.database.reading() as rows:
        stored = {klass for klass, _, _ in rows.epochs()}
    for name in sorted(stored - new.rules.classes.keys()):
        raise BadInput("policy", f"classes.{name}", "is required, as data is stored in it; shorten its months instead")


def published(store: Store, version: int | None = None) -> tuple[int, str]:
    """A version that was published, or the one in force, and its text. Raises NotPermitted, BadInput."""
    require(store, "policy", "records", "audit")
    if version is None:
        return store.policy_version, store.policy.text
    acts = [parse("policy_published", entry.fields or "") for entry in store.log.acts(["policy_published"])]
    hashes = {act.version: act.hash for act in acts if isinstance(act, PolicyPublished)}
    text = store.log.document(hashes[version]) if version in hashes else None
    if text is None:
        raise BadInput("command", "--version", f"a version from 1 to {max(hashes)}")
    return version, text
