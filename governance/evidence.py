"""What an audit reads from the log beforehand: the acts of removal, by case and by key."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from domain.log import Entry
from domain.vocabulary import Fields, NotAnAct, read_act


class Told(NamedTuple):
    """An act of removal, or of another kind, and where it is."""

    position: int
    fields: Fields


Removals = Mapping[str, Sequence[Told]]
"""By case: its acts, ascending."""


class Evidence(Protocol):
    """What the rule asks for beyond the entries that are shown to it."""

    def acts(self, names: Collection[str], /) -> Sequence[Entry]:
        """Every act of these names, ascending."""
        ...

    def contents(self, positions: Collection[int], /) -> Sequence[Entry]:
        """The entries of these positions, ascending."""
        ...

    def document(self, digest: str, /) -> str | None:
        """The text of a policy or notice, by the hash that an act names."""
        ...


def removals(evidence: Evidence, names: Sequence[str], size: int | None = None) -> Removals:
    """The removals of these names by case. What does not parse is left out: the walk finds it."""
    found: dict[str, list[Told]] = {}
    for entry in evidence.acts(names):
        fields = fields_of(entry)
        if fields is not None and (size is None or entry.position < size):
            found.setdefault(fields["case"], []).append(Told(entry.position, fields))
    return found


def first_named(*found: Removals) -> dict[bytes, int]:
    """By key: the first position of an act that takes it away."""
    named: dict[bytes, int] = {}
    for position, fields in sorted((one for some in found for acts in some.values() for one in acts), key=_position):
        for key in fields["keys"]:
            named.setdefault(bytes.fromhex(key), position)
    return named


def _position(told: Told) -> int:
    return told.position


def evidence_of(acts: Sequence[Told]) -> list[tuple[Any, ...]]:
    names = ("keys", "entries", "bodies", "root")
    return [(*(fields[name] for name in names), (fields["part"], fields["parts"])) for _, fields in acts]


def fields_of(entry: Entry) -> Fields | None:
    """None for what is not an act of the vocabulary."""
    try:
        return read_act(entry.act or "", entry.fields or "")
    except NotAnAct:
        return None
