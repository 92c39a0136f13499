"""What is known of one subject, as pieces that merge: any chunking, order or process gives the same bytes."""

from typing import Any

import msgspec
from msgspec import Struct, field

from domain.clock import DAY
from domain.errors import Damaged
from domain.events import BEHAVIOUR, IDENTIFY, LINKED, MERGED, TRACK, Body, Event, type_of
from domain.meaning import FoldConfig, Meaning
from projections import activity, attributes, identity, ledger, sequence, series, statistic
from projections.activity import Activity
from projections.amounts import amount_of
from projections.attributes import Attributes
from projections.identity import Identity
from projections.ledger import Ledger
from projections.reading import MONEY, PURCHASE, WEIGHTS, Properties, categories, currency_of, text
from projections.sequence import Step
from projections.series import Series
from projections.statistic import Cells

HOUR = DAY // 24

_VERSION = 1
_encoder = msgspec.msgpack.Encoder(order="deterministic")
_decoder = msgspec.msgpack.Decoder()


class State(Struct, gc=False):
    """The pieces of one subject, or a stub that names the subject it was absorbed into."""

    into: bytes = b""  # of a stub; such a state has no pieces
    identity: Identity = field(default_factory=Identity)
    attributes: Attributes = field(default_factory=dict)
    activity: Activity = field(default_factory=Activity)
    interests: Series = field(default_factory=dict)  # category -> event day -> weight
    sequence: list[Step] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    contributed: dict[str, Cells] = field(default_factory=dict)  # by statistic: what it holds of this state


def empty() -> State:
    """The state of a subject of whom nothing was told: the neutral element of `merge`."""
    return State()


def tell(state: State, body: Body, config: FoldConfig) -> list[bytes]:
    """Fold a body in. Returns the subjects that, by its events, this one merges into: usually none.

    One loop for all pieces: this is the hot path of a replay, where a call for each piece costs as much as the piece.
    """
    first, merges = body.first, []
    activity, interests, steps = state.activity, state.interests, state.sequence
    hours, types, received, earliest = activity.hours, activity.types, state.ledger.events, activity.first
    meanings = config.meanings
    for event in body.events:
        kind = event.kind
        if kind == TRACK:
            type_ = event.name
        elif kind in BEHAVIOUR:
            type_ = type_of(event)
        else:
            merges += _tell_identity(state, event, first)
            continue
        at = event.at
        recorded = event.recorded
        hour = at // HOUR
        day = hour // 24
        receipt_day = day if recorded == at else recorded // DAY
        hours[hour % 24] += 1
        days = types.get(type_)
        if days is None:
            types[type_] = {day: 1}
        else:
            days[day] = days.get(day, 0) + 1
        received[receipt_day] = received.get(receipt_day, 0) + 1
        if at < earliest:
            earliest = at
        meaning = meanings.get(type_)
        if meaning is None:
            steps.append((at, first, event.arrival, type_, ""))
            continue
        properties = event.properties
        action = meaning.action
        weight = WEIGHTS.get(action)
        if weight is not None and meaning.category is not None:
            category = properties.get(meaning.category)
            if type(category) is not str or not category:
                _tell_categories(interests, properties, meaning, day, weight)
            elif (days := interests.get(category)) is None:
                interests[category] = {day: weight}
            else:
                days[day] = days.get(day, 0) + weight
        if action in MONEY:
            _tell_payment(state, properties, meaning, day, receipt_day, config)
        item = properties.get(meaning.item, "") if meaning.item is not None else ""
        steps.append((at, first, event.arrival, type_, item if type(item) is str else text(item)))
    activity.first = earliest
    sequence.trim(steps)
    return merges


def merge(into: State, other: State) -> None:
    """Add the pieces of `other`, which stays as it is. Contributions do not merge: `into` must be settled again."""
    identity.merge(into.identity, other.identity)
    attributes.merge(into.attributes, other.attributes)
    activity.merge(into.activity, other.activity)
    series.add(into.interests, other.interests)
    ledger.merge(into.ledger, other.ledger)
    into.sequence += other.sequence
    sequence.trim(into.sequence)


def _tell_categories(interests: Series, properties: Properties, meaning: Meaning, day: int, weight: int) -> None:
    for category in categories(properties, meaning):
        series.add_days(interests.setdefault(category, {}), {day: weight})


def _tell_payment(
    state: State, properties: Properties, meaning: Meaning, day: int, receipt_day: int, config: FoldConfig
) -> None:
    activity, ledger = state.activity, state.ledger
    currency = currency_of(properties, meaning, config)
    amount = amount_of(properties, meaning)
    if meaning.action == PURCHASE:
        activity.purchases[day] = activity.purchases.get(day, 0) + 1
        ledger.purchases[receipt_day] = ledger.purchases.get(receipt_day, 0) + 1
    else:
        amount = -abs(amount)
    days = activity.spend.get(currency)
    if days is None:
        days = activity.spend[currency] = {}
    days[day] = days.get(day, 0) + amount
    if currency == config.currency:
        ledger.spend[receipt_day] = ledger.spend.get(receipt_day, 0) + amount


def _tell_identity(state: State, event: Event, first: int) -> list[bytes]:
    order = (event.at, first, event.arrival)
    if event.kind == IDENTIFY:
        attributes.state_traits(state.attributes, event.properties, event.source, order)
    elif event.kind == LINKED:
        identity.link(state.identity, event.properties["identifier"], order)
    elif event.kind == MERGED:
        return [bytes.fromhex(event.properties["into"])]
    return []


def encode(state: State) -> bytes:
    """Canonical MessagePack, version first: the same content gives the same bytes. A stub is [1, into]."""
    if state.into:
        return _encoder.encode([_VERSION, state.into])
    texts = sorted(_texts(state))
    index = {text: number for number, text in enumerate(texts)}
    return _encoder.encode([
        _VERSION,
        texts,
        identity.pack(state.identity),
        attributes.pack(state.attributes),
        activity.pack(state.activity, index),
        series.pack(state.interests, index),
        sequence.pack(state.sequence, index),
        ledger.pack(state.ledger),
        [[index[name], *statistic.pack(cells, index)] for name, cells in sorted(state.contributed.items())],
    ])  # fmt: skip


def decode(row: bytes) -> State:
    """The inverse of `encode`. Raises Damaged for what is not a state of this format."""
    try:
        version, *rest = _decoder.decode(row)
        if version != _VERSION:
            raise Damaged(f"a state has unknown format {version}")
        return State(into=rest[0]) if len(rest) == 1 else _unpack(*rest)
    except (msgspec.DecodeError, ValueError, TypeError, IndexError) as error:
        raise Damaged("a state cannot be read") from error


def _unpack(texts: list[str], who: Any, said: Any, acts: Any, drawn: Any, steps: Any, days: Any, cells: Any) -> State:
    return State(
        identity=identity.unpack(who),
        attributes=attributes.unpack(said),
        activity=activity.unpack(acts, texts),
        interests=series.unpack(drawn, texts),
        sequence=sequence.unpack(steps, texts),
        ledger=ledger.unpack(days),
        contributed={texts[flat[0]]: statistic.unpack(flat[1:], texts) for flat in cells},
    )


def _texts(state: State) -> set[str]:
    found = sequence.texts(state.sequence)
    found.update(state.activity.types, state.interests, state.contributed)
    found.update(currency for currency, days in state.activity.spend.items() if any(days.values()))
    for cells in state.contributed.values():
        found.update(statistic.texts(cells))
    return found
