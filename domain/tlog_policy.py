"""Which witnesses a tree head needs: the file format of C2SP tlog-policy, parsed strictly."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from domain.errors import BadInput
from domain.note import COSIGNATURE, ED25519, BadKey, VerifierKey, parse_vkey

NONE: Final = "none"
"""The quorum that nobody is needed for."""

MOST_LINES: Final = 1000
LONGEST_FILE: Final = 1 << 20

_UNFIT = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_BLANKS = re.compile(r"[ \t]+")
_THRESHOLD = re.compile(r"[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class Witness:
    """Somebody who cosigns, and where he is asked to."""

    name: str  # within the policy
    key: VerifierKey
    url: str  # empty: he is not asked by who uses this policy


@dataclass(frozen=True, slots=True)
class Group:
    """Has witnessed what `threshold` of its members have witnessed."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WitnessPolicy:
    """The logs that are known, the witnesses, and which of them are enough."""

    logs: tuple[VerifierKey, ...]
    witnesses: Mapping[str, Witness]
    groups: Mapping[str, Group]  # each after those that it names
    quorum: str  # a witness, a group or NONE

    def is_met(self, cosigned: Iterable[str]) -> bool:
        """Whether these witnesses, by their names in the policy, are a quorum."""
        if self.quorum == NONE:
            return True
        met = set(cosigned) & self.witnesses.keys()
        for name, group in self.groups.items():
            if len(met.intersection(group.members)) >= group.threshold:
                met.add(name)
        return self.quorum in met


def parse_witness_policy(content: bytes, file: str) -> WitnessPolicy:
    """Raises BadInput naming file and line. Names are compared by their bytes, whatever script they are in."""
    if len(content) > LONGEST_FILE or content.count(b"\n") > MOST_LINES:
        raise BadInput(file, "file", f"at most {MOST_LINES} lines")
    if content and not content.endswith(b"\n"):
        raise BadInput(file, "file", "a newline after its last line: it may be cut short")
    draft = _Draft()
    for number, line in enumerate(content.split(b"\n")[:-1], 1):
        try:
            draft.read(line)
        except _Wrong as wrong:
            raise BadInput(f"{file}:{number}", wrong.field, wrong.expected) from None
    if draft.quorum is None:
        raise BadInput(file, "quorum", "one line that says which witnesses are enough")
    return WitnessPolicy(tuple(draft.logs), draft.witnesses, draft.groups, draft.quorum)


class _Wrong(Exception):
    def __init__(self, field: str, expected: str) -> None:
        super().__init__(field)
        self.field = field
        self.expected = expected


@dataclass(slots=True)
class _Draft:
    logs: list[VerifierKey] = field(default_factory=list)
    witnesses: dict[str, Witness] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)  # of any group
    quorum: str | None = None

    def read(self, line: bytes) -> None:
        if _UNFIT.search(line):
            raise _Wrong("line", "no control characters but tabs")
        words = [word for word in _BLANKS.split(line.decode("utf-8", "surrogateescape")) if word]
        if not words or words[0].startswith("#"):
            return
        keyword, *rest = words
        match keyword, len(rest):
            case "log", 1 | 2:
                self._log(rest[0])
            case "witness", 2 | 3:
                self._witness(*rest)
            case "group", count if count > 2:
                self._group(rest[0], rest[1], rest[2:])
            case "quorum", 1:
                self._quorum(rest[0])
            case (("log" | "witness" | "group" | "quorum"), _):
                raise _Wrong(keyword, "as many words as its form has")
            case _:
                raise _Wrong("line", "log, witness, group, quorum or a comment")

    def _log(self, vkey: str) -> None:
        key = _key(vkey, ED25519, "log")
        if any(one.public == key.public for one in self.logs):
            raise _Wrong("log", "each key once")
        self.logs.append(key)

    def _witness(self, name: str, vkey: str, url: str = "") -> None:
        self._require_new(name, "witness")
        key = _key(vkey, COSIGNATURE, "witness")
        if any(one.key.public == key.public for one in self.witnesses.values()):
            raise _Wrong("witness", "each key once")
        self.witnesses[name] = Witness(name, key, url)

    def _group(self, name: str, threshold: str, members: list[str]) -> None:
        self._require_new(name, "group")
        for place, member in enumerate(members):
            self._require_known(member, "group")
            if member in self.members or member in members[:place]:
                raise _Wrong("group", "each witness or group in one group, once")
        needed = {"any": 1, "all": len(members)}.get(threshold)
        if needed is None and _THRESHOLD.fullmatch(threshold):
            needed = int(threshold)
        if needed is None or needed > len(members):
            raise _Wrong("group", "any, all, or a number from 1 to that of its members")
        self.members.update(members)
        self.groups[name] = Group(needed, tuple(members))

    def _quorum(self, name: str) -> None:
        if self.quorum is not None:
            raise _Wrong("quorum", "one line")
        if name != NONE:
            self._require_known(name, "quorum")
        self.quorum = name

    def _require_new(self, name: str, field: str) -> None:
        if name == NONE or name in self.witnesses or name in self.groups:
            raise _Wrong(field, "a name of its own")

    def _require_known(self, name: str, field: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise _Wrong(field, "witnesses and groups of the lines above")


def _key(vkey: str, kind: int, field: str) -> VerifierKey:
    try:
        key = parse_vkey(vkey)
    except BadKey as bad:
        raise _Wrong(field, f"a verifier key ({bad})") from None
    if key.kind != kind:
        raise _Wrong(field, f"a verifier key of kind {kind}: " + ("a log's" if kind == ED25519 else "a witness's"))
    return key
