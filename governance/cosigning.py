"""Asking witnesses to cosign the newest head, as a log does (C2SP tlog-witness, client side)."""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

from domain.cosignatures import cosigned_at
from domain.errors import BadInput, LetheError
from domain.log import Head, Log
from domain.note import BadNote, BadSignature, Note, Signature, encode64, parse_note, print_note, print_vkey
from domain.proofs import consistency_proof
from domain.tlog_policy import Witness, WitnessPolicy
from domain.treehead import LARGEST_SIZE, parse_tree_head
from governance.findings import Finding
from governance.publishing import publish
from governance.roles import require
from governance.signing import verify_ed25519
from governance.store import Store
from governance.witnessing import verify_quorum, with_cosignatures

SIZE_TYPE: Final = "text/x.tlog.size"
TRIES: Final = 4  # other processes may ask the same witness meanwhile

_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


class Answer(NamedTuple):
    """What a witness answered over HTTP."""

    status: int  # 0: nobody answered in time, or more than may be
    kind: str = ""  # media type
    body: bytes = b""


Ask = Callable[[str, bytes], Answer]
"""(address, body) -> the answer of a POST; never raises, follows no redirect."""


class Heard(NamedTuple):
    """How one witness answered, by a code of OUTCOMES; and its cosignature if it gave one."""

    witness: str
    outcome: str
    size: int | None = None  # that it says it has cosigned, where that is what stands against us
    line: Signature | None = None


OUTCOMES: Final = {
    "cosigned": "has cosigned",
    "no_address": "has no address in the policy",
    "unreachable": "did not answer",
    "unknown_log": "does not know this log",  # 404
    "refused_signature": "does not accept the log's signature",  # 403
    "refused_request": "does not accept the request",  # 400
    "bad_cosignature": "sent a cosignature that does not fit",
    "no_cosignature": "sent none by its key in the policy",
    "moved_on": "was asked by another process meanwhile",
    "unexpected": "answered what the protocol does not know",
    "longer": "has cosigned a longer log than this one",
    "other": "has cosigned another log than this one",
}
ROLLBACK: Final = {"longer", "other"}


class Collected(NamedTuple):
    """The newest head with all that witnesses said of it."""

    size: int
    note: str
    is_met: bool
    heard: list[Heard]
    findings: list[Finding]


def collect_cosignatures(store: Store, policy: WitnessPolicy, ask: Ask) -> Collected:
    """Have the newest head cosigned, keep what came in beside the mirror, and show it where the log is published.

    A head without a quorum does not take the place of one that has it. A witness that has seen a longer or another
    log is a finding, and then nothing is kept. Raises NotPermitted, Rollback, and BadInput for another log's policy.
    """
    require(store, "audit")
    if policy.logs and store.vkey not in map(print_vkey, policy.logs):
        raise BadInput("policy", "log", f"a line with this log's key {store.vkey}")
    head = publish(store.log, store.mirror)
    known = store.mirror.cosigned()
    heard = [_Request(one, store.log, head, ask).heard(_last_size(known, one)) for one in policy.witnesses.values()]
    text = parse_note(head.note)
    lines = [one.line for one in heard if one.line is not None]
    note = with_cosignatures(print_note(text.text, [*text.signatures, *lines]), known)
    quorum = verify_quorum(note, policy)
    findings = [
        Finding("rollback", one.size, f"witness {one.witness}", OUTCOMES[one.outcome])
        for one in heard
        if one.outcome in ROLLBACK
    ]
    newest = store.mirror.cosigned()  # another process may have collected meanwhile
    is_later = _size(newest) <= head.size and (quorum.is_met or not _is_met(newest, policy))
    if not findings and lines and is_later:
        store.mirror.write_cosigned(note)
        publish(store.log, store.mirror)
    return Collected(head.size, note, quorum.is_met and bool(quorum.cosigned), heard, findings)


class _Request:
    """One witness is asked for one head."""

    def __init__(self, witness: Witness, log: Log, head: Head, ask: Ask) -> None:
        self._witness = witness
        self._log = log
        self._head = head
        self._ask = ask

    def heard(self, old: int) -> Heard:
        name = self._witness.name
        if not self._witness.url:
            return Heard(name, "no_address")
        for _ in range(TRIES):
            answer = self._ask(f"{self._witness.url.rstrip('/')}/add-checkpoint", self._body(old))
            size = _conflict(answer)
            if size is None or size == old:
                return self._judged(answer, old, is_same_size=size == self._head.size)
            if size > self._head.size:
                is_ours = size <= self._log.head().size  # it grew meanwhile, and another process had that cosigned
                return Heard(name, "moved_on" if is_ours else "longer", size)
            old = size
        return Heard(name, "moved_on", old)

    def _body(self, old: int) -> bytes:
        proof = consistency_proof(old, self._head.size, self._log) if old else []
        return "".join([f"old {old}\n", *(f"{encode64(one)}\n" for one in proof), "\n", self._head.note]).encode()

    def _judged(self, answer: Answer, old: int, *, is_same_size: bool) -> Heard:
        name = self._witness.name
        match answer.status:
            case 200:
                return self._cosigned(answer.body)
            case 422:
                return Heard(name, "other", old)  # our proof is right: its tree of that size is not ours
            case 409 if is_same_size:
                return Heard(name, "other", old)
            case 404:
                return Heard(name, "unknown_log")
            case 403:
                return Heard(name, "refused_signature")
            case 400:
                return Heard(name, "refused_request")
            case 0:
                return Heard(name, "unreachable")
            case _:
                return Heard(name, "unexpected")

    def _cosigned(self, body: bytes) -> Heard:
        """Lines of other keys are ignored."""
        text, key = parse_note(self._head.note).text, self._witness.key
        try:
            lines = parse_note(f"{text}\n{body.decode()}").signatures
            mine = [line for line in lines if (line.name, line.key_id) == (key.name, key.key_id)]
            seen = cosigned_at(Note(text, tuple(mine)), key, verify_ed25519)
        except (BadNote, BadSignature, UnicodeDecodeError):
            return Heard(self._witness.name, "bad_cosignature")
        if seen is None:
            return Heard(self._witness.name, "no_cosignature")
        newest = max(mine, key=lambda line: line.signature[:8])
        return Heard(self._witness.name, "cosigned", None, newest)


def _conflict(answer: Answer) -> int | None:
    """The size that the witness has cosigned, when it says that ours is not it."""
    if answer.status != 409 or answer.kind != SIZE_TYPE:
        return None
    found = _SIZE.fullmatch(answer.body)
    return int(found[1]) if found and int(found[1]) <= LARGEST_SIZE else None


def _last_size(known: str | None, witness: Witness) -> int:
    """Of the head that this witness has cosigned for us; 0 when it is not known: then the witness says it."""
    try:
        is_cosigned = cosigned_at(parse_note(known or ""), witness.key, verify_ed25519) is not None
    except (BadNote, BadSignature):
        return 0
    return _size(known) if is_cosigned else 0


def _size(note: str | None) -> int:
    """Of the head that was cosigned; 0 for what is none: an audit names it."""
    try:
        return parse_tree_head(parse_note(note or "").text).size
    except BadNote:
        return 0


def _is_met(note: str | None, policy: WitnessPolicy) -> bool:
    try:
        found = verify_quorum(note, policy) if note is not None else None
    except LetheError:
        return False
    return found is not None and found.is_met and bool(found.cosigned)
