"""Pseudonyms: ids that a recipient shares with nobody, the way back from them, and the rotation of the blind index.

GDPR Art. 4(5): what leads from a pseudonym to the person is kept apart and guarded. Pairwise ids as in OpenID Connect
Core 1.0, section 8.1.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from domain.acts import Opened
from domain.errors import BadInput, NotFound
from domain.events import LINKED
from governance.blind import TURN
from governance.disclosures import disclose
from governance.keyring import IDENTITY
from governance.keyrows import LIVE
from governance.permutation import ID_BYTES, Permutation
from governance.roles import require, require_reason, role_for
from governance.sealing import hkdf
from governance.store import Store, append_acts, recover_orphans
from governance.subjects import component, name_of, own_entries

PAIRWISE: Final = "pairwise"
PREFIX: Final = "p_"
BLINDS_AT_ONCE: Final = 20_000
DOOR: Final = "re-identification"


class Pseudonyms(NamedTuple):
    """The ids of one recipient: useless to another, and back to the subject only with this store's key."""

    recipient: str
    permutation: Permutation

    def of(self, subject: bytes) -> str:
        """The id of a subject as this recipient knows it."""
        return PREFIX + self.permutation.forward(subject).hex()

    def subject(self, pairwise: str) -> bytes:
        """The subject that an id of this recipient stands for. Raises BadInput for what has not the form of one."""
        return self.permutation.back(_bytes(pairwise))


def pseudonyms(store: Store, recipient: str) -> Pseudonyms:
    """A permutation of the random subject ids under a key of the recipient's name.

    A person who comes back after an erasure has a new random id, and so a new pairwise one: nothing links the two.
    """
    with store.keyring.database.reading() as rows:
        secret = store.keyring.secret(rows, PAIRWISE)
    return Pseudonyms(recipient, Permutation(hkdf(secret, b"pairwise/1/" + recipient.encode())))


def reidentify(
    store: Store, pairwise: str, *, recipient: str, reason: str, case: bytes, by: str = "reveal"
) -> dict[str, Any]:
    """Whom a recipient's id stands for. That the door was opened is on the log before anything is looked up.

    `by` is who is told, as the disclosure names it.

    Raises NotPermitted without the role, BadInput for a reason, case or id that is none, and NotFound alike for ids of
    other recipients, the erased, and those who never were.
    """
    require(store, "reveal")
    ids = pseudonyms(store, recipient)
    subject = ids.subject(pairwise)
    require_reason(reason)
    with store.keyring.database.reading() as rows:
        if not rows.subjects([case]):
            raise BadInput("reveal", "case", "the id of a case that is known here")
    act = Opened(door=DOOR, role=role_for(store, "reveal"), reason=reason, case=case.hex())
    append_acts(store, [("opened", act)])
    with store.keyring.database.reading() as rows:
        root = rows.roots([subject]).get(subject, subject)
        found = rows.subjects([root]).get(root)
    if found is None or found.state != LIVE or disclose(store, [(root, DOOR, ["identifiers"])], by):
        raise NotFound
    return {"subject": name_of(root), "recipient": recipient, "identifiers": identifiers_of(store, root)}


def identifiers_of(store: Store, root: bytes) -> list[str]:
    """Every identifier of a component in clear, sorted, from the sealed facts that linked them."""
    bodies = own_entries(store, component(store, root), classes={IDENTITY}).bodies
    linked = [event for _, _, _, body in bodies for event in body.events if event.kind == LINKED]
    return sorted({str(event.properties["identifier"]) for event in linked})


def rotate_index(
    store: Store, *, wait_seconds: float = 10, step: Callable[[str], None] = lambda _: None
) -> dict[str, int]:
    """Turn the whole blind index under a new key and destroy the old one; old copies of its pages are overwritten.

    One transaction under the append lock: no moment has two keys, and a crash leaves the old or the new index. Other
    processes follow at their next look. Raises NotPermitted, and WaitingForReader when the index is turned but a
    reader keeps old pages.
    """
    require(store, "keys")
    key = store.random(32)
    with store.lock() as locked:
        rows = locked.keys
        recover_orphans(rows, locked.log.head().size)
        serial = store.keyring.new_secret(rows, TURN, key)
        blinds = sorted(rows.blinds())
        for start in range(0, len(blinds), BLINDS_AT_ONCE):
            some = blinds[start : start + BLINDS_AT_ONCE]
            found = rows.identifiers(some)
            turned = store.blinder.turned(b"".join(some), key)
            places = range(0, len(turned), ID_BYTES)
            new = [found[old]._replace(blind=turned[at : at + ID_BYTES]) for old, at in zip(some, places, strict=True)]
            rows.drop_identifiers(some)
            rows.add_identifiers(new)
            step(f"{start + len(some)} of {len(blinds)}")
        rows.set_number(TURN, serial)
        rows.drop_secrets(TURN, before=serial)
    store.blinder.turn(serial, key)
    store.storage.overwrite(wait_seconds=wait_seconds)
    return {"identifiers": len(blinds), "serial": serial}


def _bytes(pairwise: str) -> bytes:
    digits = pairwise.removeprefix(PREFIX)
    try:
        found = bytes.fromhex(digits)
    except ValueError:
        found = b""
    if len(found) != ID_BYTES or pairwise != PREFIX + found.hex():
        raise BadInput("reveal", "pairwise", "p_ and 32 lower-case hex digits")
    return found
