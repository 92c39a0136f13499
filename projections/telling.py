"""Folding a body into a state: the hot path of a replay.

One loop for all pieces, since a call for each piece costs as much as the piece; what depends on the shape of
an event alone (its type, its meaning, which value is the category) is planned once per shape.
"""

from typing import Any, NamedTuple

from domain.bodies import Body, Shape, spread
from domain.clock import DAY
from domain.events import BEHAVIOUR, IDENTIFY, LINKED, MERGED, TRACK
from domain.meaning import FoldConfig, Meaning
from projections import attributes, identity, sequence, series
from projections.amounts import amount_of, fixed
from projections.reading import MONEY, PURCHASE, WEIGHTS, categories, currency_of, text
from projections.series import Series
from projections.state import State

HOUR = DAY // 24
PLANS_KEPT = 10_000


class Plan(NamedTuple):
    """What to do with events of one shape; indexes are places in a row of values, -1 for none."""

    type_: str  # empty: no behaviour
    meaning: Meaning | None
    weight: int  # of an interest; 0: says nothing of interests
    category: int
    item: int
    pays: bool
    amount: int
    currency: int


def tell(state: State, body: Body, config: FoldConfig) -> list[bytes]:
    """Fold a body in. Returns the subjects that, by its events, this one merges into: usually none."""
    first, merges = body.first, []
    count = len(body.values)
    plans = [_plan(shape, config) for shape in body.shapes]
    activity, interests, steps = state.activity, state.interests, state.sequence
    hours, types, received, earliest = activity.hours, activity.types, state.ledger.events, activity.first
    columns = (spread(body.which, count), body.at, spread(body.recorded or body.at, count), body.arrival, body.values)
    for which, at, recorded, arrival, row in zip(*columns, strict=True):
        type_, meaning, weight, category_at, item_at, pays, amount_at, currency_at = plans[which]
        if not type_:
            merges += _tell_identity(state, body.shapes[which], row, (at, first, arrival))
            continue
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
        if weight and meaning is not None:
            category = row[category_at] if category_at >= 0 else None
            if type(category) is not str or not category:
                _tell_categories(interests, body.shapes[which], row, meaning, day, weight)
            elif (days := interests.get(category)) is None:
                interests[category] = {day: weight}
            else:
                days[day] = days.get(day, 0) + weight
        if pays and meaning is not None:
            amount = fixed(value) if amount_at >= 0 and (value := row[amount_at]) is not None else None
            currency = config.currency if currency_at >= 0 and row[currency_at] == config.currency else ""
            if amount is None or not currency:
                said = dict(zip(body.shapes[which][4], row, strict=True))
                amount, currency = amount_of(said, meaning), currency_of(said, meaning, config)
            _tell_payment(state, meaning, amount, currency, day, receipt_day, config)
        item = row[item_at] if item_at >= 0 else ""
        steps.append((at, first, arrival, type_, item if type(item) is str else text(item)))
    activity.first = earliest
    sequence.trim(steps)
    return merges


def _plan(shape: Shape, config: FoldConfig) -> Plan:
    plans: dict[Shape, Plan] = config.plans
    found = plans.get(shape)
    if found is None:
        if len(plans) >= PLANS_KEPT:  # event names are the clients' choice
            plans.clear()
        found = plans[shape] = _new_plan(shape, config)
    return found


def _new_plan(shape: Shape, config: FoldConfig) -> Plan:
    kind, name, _, _, names = shape
    if kind not in BEHAVIOUR:
        return Plan("", None, 0, -1, -1, False, -1, -1)
    type_ = name if kind == TRACK else kind.partition("/")[0]
    meaning = config.meanings.get(type_)
    if meaning is None:
        return Plan(type_ or "track", None, 0, -1, -1, False, -1, -1)

    def place(wanted: str | None) -> int:
        return names.index(wanted) if wanted in names else -1

    return Plan(
        type_,
        meaning,
        WEIGHTS.get(meaning.action, 0) if meaning.category is not None else 0,
        place(meaning.category),
        place(meaning.item),
        meaning.action in MONEY,
        place(meaning.amount),
        place(meaning.currency),
    )


def _tell_categories(interests: Series, shape: Shape, row: list[Any], meaning: Meaning, day: int, weight: int) -> None:
    for category in categories(dict(zip(shape[4], row, strict=True)), meaning):
        series.add_days(interests.setdefault(category, {}), {day: weight})


def _tell_payment(
    state: State, meaning: Meaning, amount: int, currency: str, day: int, receipt_day: int, config: FoldConfig
) -> None:
    activity, ledger = state.activity, state.ledger
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


def _tell_identity(state: State, shape: Shape, row: list[Any], order: tuple[int, int, int]) -> list[bytes]:
    kind, _, source, _, names = shape
    said = dict(zip(names, row, strict=True))
    if kind == IDENTIFY:
        attributes.state_traits(state.attributes, said, source, order)
    elif kind == LINKED:
        identity.link(state.identity, said["identifier"], order)
    elif kind == MERGED:
        return [bytes.fromhex(said["into"])]
    return []
