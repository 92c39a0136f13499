"""Where a field of a profile comes from: the entries that made it, for who may read the field itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from domain.clock import day_name
from domain.errors import BadInput, NotFound, Refused
from domain.events import Event, type_of
from governance.access import Reader
from governance.disclosures import disclose
from governance.policy import Policy, PurposeRule
from governance.projecting import serving
from governance.purposes import basis_for, covered
from governance.replay import UNFOLDED
from governance.roles import require
from governance.standing import standing_of
from governance.store import Store, require_policy
from governance.subjects import Component, component, find, name_of, own_entries
from projections.acting import Roles
from projections.provenance import fields, made, piece, together
from projections.state import State

SAME_OF_ALL: Final = ("interests.", "scores.")
"""Fields that may be what they would be of somebody who did nothing: then nothing made them."""


class NotCovered(Refused):
    """The purpose does not cover this field: where it comes from is withheld with it."""

    def __init__(self, purpose: str) -> None:
        super().__init__(f"purpose {purpose} does not cover this field")


class Line(NamedTuple):
    """An event of the subject, its place on the log, and what the fold makes of it alone."""

    position: int
    place: int  # within its body
    subject: bytes
    event: Event
    piece: State


@dataclass(frozen=True, slots=True)
class Admitted:
    """A reader who may see this person for this purpose, whatever he is shown then."""

    reader: Reader
    who: Component
    rule: PurposeRule
    basis: str

    def told(self, section_names: Sequence[str]) -> None:
        """Record what will be answered. Raises NotFound where a fence hides the person now."""
        told = [(self.who.root, self.rule.name, sorted(section_names))]
        if disclose(self.reader.store, told, self.reader.recipient):
            raise NotFound


def admitted(store: Store, identifier: str, purpose: str, recipient: str) -> Admitted:
    """Role, purpose and basis, as for a profile. Raises NotPermitted, UnknownPurpose, NotFound, NoBasis."""
    require(store, "read", purpose=purpose)
    rule = store.policy.purpose(purpose)
    with store.keyring.database.reading() as rows:
        require_policy(store, rows)
    root = find(store, identifier)
    basis = basis_for(rule, standing_of(store, root))
    return Admitted(Reader(store, recipient), component(store, root), rule, basis)


def explain(store: Store, identifier: str, purpose: str, field: str, recipient: str) -> dict[str, Any]:
    """The entries that made a field as it is now, each by position, index in its body, and part in the field.

    Itself a disclosure of the section. Raises what `admitted` raises, BadInput for what is no field, and NotCovered.
    """
    given = admitted(store, identifier, purpose, recipient)
    require_field(store, field)
    if not covers(store.policy, given.rule, field):
        raise NotCovered(purpose)
    position, now = serving(store).checkpoint(), store.clock()
    lines, withheld = lines_of(given, position)
    document = document_of(given, lines, position, now)
    value = fields(document).get(field)
    of_anybody = fields(document_of(given, [], position, now)).get(field) if field.startswith(SAME_OF_ALL) else None
    pieces = [line.piece for line in lines]
    roles = {} if value in (None, of_anybody) else made(field, pieces, now, store.fold) or {}
    given.told([field.partition(".")[0]])
    return {
        "subject": name_of(given.who.root),
        "position": position,
        "purpose": given.rule.name,
        "basis": given.basis,
        "field": field,
        "value": value,
        "entries": entries(store, lines, roles),
        "depends_on": depends_on(field, document),
        "entries_withheld": withheld,
    }


def require_field(store: Store, field: str) -> None:
    """Raises BadInput for what is no field of a profile."""
    if made(field, [], store.clock(), store.fold) is None:
        raise BadInput("command", "FIELD", "a field of a profile, such as attributes.city or activity.spend.30d")


def covers(policy: Policy, rule: PurposeRule, field: str) -> bool:
    """Whether a purpose would be shown this field, were it there: what is withheld tells not even that."""
    section, _, rest = field.partition(".")
    name = rest if section == "attributes" else rest.partition(".")[0]
    if section == "attributes" and name in rule.unnamed:
        return False
    kind, _, of = rest.partition(".")
    if (section, kind) == ("interests", "shares") and of in rule.untold:
        return False
    if (section, kind) == ("activity", "by_type") and of and not policy.reads(rule, of):
        return False
    return name in covered({section: {name: True}}, rule)[0].get(section, {})


def lines_of(given: Admitted, through: int) -> tuple[list[Line], int]:
    """The events up to a position that the purpose reads, in log order; and how many entries stay shut."""
    store, keep = given.reader.store, given.reader.keep(given.rule)
    own = own_entries(store, given.who, through=through)
    found = [
        Line(position, place, subject, event, _untold(piece(event, body.first, store.fold), given.rule))
        for position, subject, klass, body in own.bodies
        if klass not in UNFOLDED
        for place, event in enumerate(body.events)
        if keep(event)
    ]
    return found, own.withheld


def document_of(given: Admitted, lines: Sequence[Line], position: int, at: int) -> dict[str, Any]:
    """What the purpose covers of the profile that these events make."""
    state = together([line.piece for line in lines])
    whole = given.reader.document(given.who.root, state, position, None, at, given.rule, {})
    return covered(whole, given.rule)[0]


def entries(store: Store, lines: Sequence[Line], roles: Roles) -> list[dict[str, Any]]:
    """Events as an answer names them, by place."""
    positions = {lines[index].position for index in roles}
    days = {one.position: one.day for one in store.log.contents(positions)}
    named = sorted((lines[index].position, lines[index].place, index) for index in roles)
    return [
        {
            "position": position,
            "index": place,
            "day": day_name(days[position]),
            "type": type_of(lines[index].event),
            "role": roles[index],
        }
        for position, place, index in named
    ]


def depends_on(field: str, document: dict[str, Any]) -> list[str]:
    """What of others takes part in a field besides the person's own entries."""
    section, _, name = field.partition(".")
    if field == "interests.tags":
        return ["statistic/interests"]
    model = document.get("scores", {}).get(name.partition(".")[0], {}).get("model_id") if section == "scores" else None
    return [f"model/{model}"] if model else []


def _untold(one: State, rule: PurposeRule) -> State:
    """Without the interests that tell of what the purpose does not read."""
    one.interests = {name: days for name, days in one.interests.items() if name not in rule.untold}
    return one
