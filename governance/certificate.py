"""Certificates of what was destroyed: made from the log, signed by its key, checked without the store.

Three kinds: of an erasure, of the end of a retention period, and of either again as *beyond backups* once the key
generation is gone. `governance.certificate_check` says what is in them.
"""

from collections.abc import Collection, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from domain.acts import KeysCreated, parse
from domain.errors import Damaged, NotFound
from domain.log import Entry, leaf
from domain.proofs import inclusion_proof
from domain.treehead import ProofFile, print_proof
from governance import casebook
from governance.certificate_check import (
    COMMITMENT,
    ENVELOPE,
    POSITION,
    Subject,
    act_subjects,
    predicate,
    statement,
)
from governance.certificate_first import BEYOND as BEYOND
from governance.certificate_texts import GROUNDS
from governance.dsse import enveloped
from governance.proven import act_of
from governance.removals import EXECUTED, INTENDED, RETENTION, all_removals, removals
from governance.request_texts import pair
from governance.requests import LISTED
from governance.roles import require
from governance.rotation import beyond_backups
from governance.store import Store
from governance.subject_receipt import digest_of
from governance.vouched import vouching_head

METHOD: Final[dict[str, str | int]] = {
    "cipher": "AES-256-GCM",
    "key_bits": 256,
    "commitment": "HKDF-SHA256",
    "key_store": "keyring",
}
"""What the code does, in the words of NIST SP 800-88's statement on cryptographic erase; nothing proves it."""

Commitments = Mapping[str, Subject]
"""By key id: what the log holds of a key since it was made."""


class NoSuchReceipt(NotFound):
    """No case on the log, and no request, is of this receipt."""

    def __init__(self) -> None:
        super(NotFound, self).__init__("nothing is of this receipt")


def certificate(
    store: Store, case: bytes, *, residue: dict[str, Any] | None = None, known: Commitments | None = None
) -> dict[str, Any]:
    """The certificate of a removal that was carried out. `known` spares many of them a look at the whole log.

    Raises NotPermitted, and NotFound for a case that is not carried out.
    """
    require(store, "audit", "erase", "retention")
    found = removals(store, EXECUTED, case)
    if not found:
        raise NotFound
    rotated = beyond_backups(store, found[-1][0].position)
    head = vouching_head(store, [entry.position for entry, _ in found] + ([rotated.position] if rotated else []))
    acts = [act_of(_proven(store, entry, head.size, head.note)) for entry, _ in found]
    beyond = act_of(_proven(store, rotated, head.size, head.note)) if rotated else None
    unproven = {
        "ground": _ground(store, found[0][0].act, case),
        "kept": {"classes": ["evidence"], "months": store.policy.months("evidence")},
        "method": METHOD,
        "residue": residue,
        "tool": {"name": "lethe", "version": _version()},
    }
    told = predicate(acts, store.vkey, beyond=beyond, unproven=unproven)
    known = commitments(store, [case]) if known is None else known
    try:
        subjects = [known[key] for _, act in found for key in act.keys] or act_subjects(acts)
    except KeyError:
        raise Damaged("a destroyed key was never committed to", found[0][0].position) from None
    return told | {ENVELOPE: enveloped(statement(subjects, told), store.vkey, store.sign_bytes)}


def commitments(store: Store, cases: Collection[bytes]) -> Commitments:
    """Of every key that these cases destroyed."""
    wanted = {key for case in cases for _, act in removals(store, EXECUTED, case) for key in act.keys}
    found: dict[str, Subject] = {}
    for entry in store.log.acts(["keys_created"]) if wanted else ():
        act = parse("keys_created", entry.fields or "")
        assert isinstance(act, KeysCreated)
        for key, commitment in act.keys:
            if key in wanted:  # the first one counts
                found.setdefault(key, Subject(key, {COMMITMENT: commitment}, {POSITION: entry.position}))
    return found


def find_by_receipt(store: Store, receipt: str) -> list[dict[str, Any]]:
    """The cases of a data subject's receipt: more than one where a hold kept a part, which went later.

    `status` is completed, begun, or that of the request where no act is on the log. A request that found its person
    in another one's erasure leads to that. Raises NotPermitted, NoSuchReceipt, and BadInput for no receipt.
    """
    require(store, "request", "erase", "audit")
    digest = digest_of(receipt)
    every = all_removals(store, (*INTENDED, *EXECUTED), mentioning=f'"receipt":"{digest}"')
    cases = list(dict.fromkeys(bytes.fromhex(act.case) for _, act in every)) or _requested(store, digest)
    if not cases:
        raise NoSuchReceipt
    return [_standing(store, case) for case in cases]


def prove_entry(store: Store, position: int) -> dict[str, Any]:
    """An entry's leaf and the proof of its place. Raises NotPermitted, and NotFound past the end of the log."""
    require(store, "audit")
    head = vouching_head(store, [position])
    found = store.log.contents([position])
    if not found or position >= head.size:
        raise NotFound
    return _proven(store, found[0], head.size, head.note)


def _proven(store: Store, entry: Entry, size: int, note: str) -> dict[str, Any]:
    siblings = inclusion_proof(entry.position, size, store.log)
    return {
        "position": entry.position,
        "entry": leaf(entry).decode(),
        "proof": print_proof(ProofFile(entry.position, tuple(siblings), note)),
    }


def _ground(store: Store, name: str | None, case: bytes) -> dict[str, str] | None:
    """By which law the person asked; None for what nobody asked for, and for a case whose evidence has expired."""
    if name == RETENTION.executed:
        return pair(GROUNDS, "retention")
    try:
        return pair(GROUNDS, casebook.read(store, case).case.jurisdiction)
    except NotFound:
        return None


def _requested(store: Store, digest: str) -> list[bytes]:
    with store.keyring.database.reading() as rows:
        found = rows.requests(open_only=False, limit=LISTED)
    cases = [case for case in found if casebook.receipt_of(store, case) == digest]
    outcomes = [casebook.read(store, case).case.outcome for case in cases]
    return [bytes.fromhex(done.get("case", case.hex())) for case, done in zip(cases, outcomes, strict=True)]


def _standing(store: Store, case: bytes) -> dict[str, Any]:
    executed = removals(store, EXECUTED, case)
    if executed or removals(store, INTENDED, case):
        status = "completed" if executed else "begun"
    else:
        status = casebook.read(store, case).case.state
    return {"request": case.hex(), "status": status, "positions": [entry.position for entry, _ in executed]}


def _version() -> str:
    try:
        return version("lethe-profiles")
    except PackageNotFoundError:
        return "unknown"
