"""What is known of one subject, as pieces that merge: any chunking, order or process gives the same bytes."""

from typing import Any

import msgspec
from msgspec import Struct, field

from domain.errors import Damaged
from projections import activity, attributes, identity, ledger, sequence, series, standing, statistic
from projections.activity import Activity
from projections.attributes import Attributes
from projections.identity import Identity
from projections.ledger import Ledger
from projections.sequence import Step
from projections.series import Series
from projections.standing import Standing
from projections.statistic import Cells

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
    standing: Standing = field(default_factory=dict)
    contributed: dict[str, Cells] = field(default_factory=dict)  # by statistic: what it holds of this state


def empty() -> State:
    """The state of a subject of whom nothing was told: the neutral element of `merge`."""
    return State()


def merge(into: State, other: State) -> None:
    """Add the pieces of `other`, which stays as it is. Contributions do not merge: `into` must be settled again."""
    identity.merge(into.identity, other.identity)
    attributes.merge(into.attributes, other.attributes)
    activity.merge(into.activity, other.activity)
    series.add(into.interests, other.interests)
    ledger.merge(into.ledger, other.ledger)
    into.sequence += other.sequence
    sequence.trim(into.sequence)
    standing.merge(into.standing, other.standing)


def encode(state: State) -> bytes:
    """Canonical MessagePack, version first: the same content gives the same bytes. A stub is [1, into]."""
    if state.into:
        return _encoder.encode([_VERSION, state.into])
    texts = sorted(_texts(state))
    index = {text: number for number, text in enumerate(texts)}
    said = attributes.pack(state.attributes)
    row = [
        _VERSION,
        texts,
        identity.pack(state.identity),
        said,
        activity.pack(state.activity, index),
        series.pack(state.interests, index),
        sequence.pack(state.sequence, index),
        ledger.pack(state.ledger),
        [[index[name], *statistic.pack(cells, index)] for name, cells in sorted(state.contributed.items())],
    ]
    if state.standing:  # of few
        row.append(standing.pack(state.standing))
    try:
        return _encoder.encode(row)
    except OverflowError:  # a sum's: what sources say fits, and is a number or a text as it was said
        return _encoder.encode([series.within_words(part) if part is not said else said for part in row])


def decode(row: bytes) -> State:
    """The inverse of `encode`. Raises Damaged for what is not a state of this format."""
    try:
        version, *rest = _decoder.decode(row)
        if version != _VERSION:
            raise Damaged(f"a state has unknown format {version}")
        return State(into=rest[0]) if len(rest) == 1 else _unpack(*rest)
    except (msgspec.DecodeError, ValueError, TypeError, IndexError) as error:
        raise Damaged("a state cannot be read") from error


def _unpack(
    texts: list[str], who: Any, said: Any, acts: Any, drawn: Any, steps: Any, days: Any, cells: Any, words: Any = ()
) -> State:
    return State(
        standing=standing.unpack(words),
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
