"""What a recipient of the policy is given of a profile: under its own ids, and as coarse as the policy says."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from domain.errors import Refused
from governance.masking import masked
from governance.pseudonyms import Pseudonyms, pseudonyms
from governance.purposes import ABOUT, NAMELESS
from governance.store import Store


class NoRecipient(Refused):
    """The policy declares no such recipient for this purpose."""

    def __init__(self, known: Iterable[str]) -> None:
        super().__init__("no such recipient for this purpose; the policy has: " + (", ".join(sorted(known)) or "none"))


class Given(NamedTuple):
    """A recipient's ids and masks, by dotted path."""

    ids: Pseudonyms
    masks: Mapping[str, str]

    def view(self, subject: bytes, document: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """The document as this recipient may have it, with the masks in force, and the names of what they hide."""
        pairwise = self.ids.of(subject)
        about = {name: value for name, value in document.items() if name in ABOUT}
        rest = {name: value for name, value in document.items() if name not in ABOUT}
        shown, hidden = masked(rest, self.masks, pairwise)
        told = {"subject": pairwise, "recipient": self.ids.recipient, "masks": dict(self.masks)}
        return {**about, **shown, **told}, [_named(path) for path in hidden]


def recipient_for(store: Store, name: str, purpose: str) -> Given:
    """Raises NoRecipient unless the policy has the recipient, and for this purpose."""
    rule = store.policy.recipients.get(name)
    if rule is None or purpose not in rule.purposes:
        raise NoRecipient(known for known, one in store.policy.recipients.items() if purpose in one.purposes)
    return Given(pseudonyms(store, name), rule.masks)


def _named(path: str) -> str:
    """A hidden path, without what its name would tell of the person."""
    section, dot, _ = path.partition(".")
    return f"{section}.*" if dot and section in NAMELESS else path
