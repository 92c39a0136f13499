"""Folding a body into a state: the hot path of a replay.

One loop for all pieces, since a call for each piece costs as much as the piece; what depends on the shape of
an event alone (its type, its meaning, which value is the category) is planned once per shape.
"""

from typing import Any, NamedTuple

from domain.bodies import Body, Shape, spread
from domain.clock import DAY
from domain.events import BEHAVIOUR, CORRECTED, IDENTIFY, LINKED, MERGED, TRACK
from domain.meaning import FoldConfig, Meaning
from projections import attributes, identity, sequence, series, standing
from projections.amounts import amount_of, fixed, times
from projections.reading import MONEY, PURCHASE, WEIGHTS, categories, currency_of, text
from projections.series import Days, Series
from projections.state import State

HOUR = DAY // 24
PLANS_KEPT = 10_000


class Payment(NamedTuple):
    """What an event of money means; indexes are places in a row of values, -1 for none."""

    meaning: Meaning
    amount: int
    price: int
    quantity: int
    currency: int


class Plan(NamedTuple):
    """What to do with events of one shape."""

    type_: str  # empty: no behaviour
    weight: int = 0  # of an interest; 0: says nothing of interests
    category: int = -1
    item: int = -1
    payment: Payment | None = None


def tell(state: State, body: Body, config: FoldConfig) -> list[bytes]:
    """Fold a body in. Returns the subjects that, by its events, this one merges into: usually none."""
    first, count, merges = body.first, len(body.values), list[bytes]()
    activity, interests, steps = state.activity, state.interests, state.sequence
    hours, received, earliest, step = activity.hours, state.ledger.events, activity.first, steps.append
    plans = [_bound(activity.types, shape, config) for shape in body.shapes]
    hour = day = receipt_day = same = 0
    columns = (spread(body.which, count), body.at, spread(body.recorded or body.at, count), body.arrival, body.values)
    for which, at, recorded, arrival, row in zip(*columns, strict=True):
        seen, type_, weight, category_at, item_at, payment = plans[which]
        if not type_:
            merges += _tell_identity(state, body.shapes[which], row, (at, first, arrival))
            continue
        # Events come in sessions: most are of the hour of the one before, and received when they happened.
        if at // HOUR != hour or recorded != at or receipt_day != day:
            hours[hour % 24] += same
            if same:
                received[receipt_day] = received.get(receipt_day, 0) + same
            hour, same = at // HOUR, 0
            day = hour // 24
            receipt_day = day if recorded == at else recorded // DAY
        same += 1
        if at < earliest:
            earliest = at
        seen[day] = seen.get(day, 0) + 1
        if weight:
            category = row[category_at] if category_at >= 0 else None
            if type(category) is not str or not category:
                _tell_categories(interests, body.shapes[which], row, config.meanings[type_], day, weight)
            elif (days := interests.get(category)) is None:
                interests[category] = {day: weight}
            else:
                days[day] = days.get(day, 0) + weight
        if payment is not None:
            _tell_payment(state, payment, body.shapes[which], row, day, receipt_day, config)
        item = row[item_at] if item_at >= 0 else ""
        step((at, first, arrival, type_, item if type(item) is str else text(item)))
    if same:
        hours[hour % 24] += same
        received[receipt_day] = received.get(receipt_day, 0) + same
    activity.first = earliest
    sequence.trim(steps)
    return merges


def _bound(types: Series, shape: Shape, config: FoldConfig) -> tuple[Days, str, int, int, int, Payment | None]:
    """The plan of a shape, and before it the days of its type in one state."""
    plan: Plan = config.plans.get(shape) or _new_plan(shape, config)
    type_ = plan[0]
    days = types.get(type_)
    if days is None:
        days = {}
        if type_:
            types[type_] = days
    return days, *plan


def _new_plan(shape: Shape, config: FoldConfig) -> Plan:
    if len(config.plans) >= PLANS_KEPT:  # event names are the clients' choice
        config.plans.clear()
    made = config.plans[shape] = _planned(shape, config)
    return made


def _planned(shape: Shape, config: FoldConfig) -> Plan:
    kind, name, _, _, names = shape
    if kind not in BEHAVIOUR:
        return Plan("")
    type_ = name if kind == TRACK else kind.partition("/")[0]
    meaning = config.meanings.get(type_)
    if meaning is None:
        return Plan(type_ or "track")

    def place(wanted: str | None) -> int:
        return names.index(wanted) if wanted in names else -1

    places = map(place, (meaning.amount, meaning.price, meaning.quantity, meaning.currency))
    return Plan(
        type_,
        WEIGHTS.get(meaning.action, 0) if meaning.category is not None else 0,
        place(meaning.category),
        place(meaning.item),
        Payment(meaning, *places) if meaning.action in MONEY else None,
    )


def _tell_categories(interests: Series, shape: Shape, row: list[Any], meaning: Meaning, day: int, weight: int) -> None:
    for category in categories(dict(zip(shape[4], row, strict=True)), meaning):
        series.add_days(interests.setdefault(category, {}), {day: weight})


def _tell_payment(
    state: State, payment: Payment, shape: Shape, row: list[Any], day: int, receipt_day: int, config: FoldConfig
) -> None:
    activity, ledger = state.activity, state.ledger
    meaning, amount_at, price_at, quantity_at, currency_at = payment
    if amount_at >= 0 and (said := row[amount_at]) is not None:
        amount = fixed(said)
    elif price_at >= 0 and (said := row[price_at]) is not None:
        amount = times(said, row[quantity_at] if quantity_at >= 0 else None)
    else:
        amount = amount_of(dict(zip(shape[4], row, strict=True)), meaning)
    currency = currency_of(row[currency_at] if currency_at >= 0 else None, config)
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
    elif kind == CORRECTED:
        attributes.correct(state.attributes, said, order)
    elif kind == LINKED:
        identity.link(state.identity, said["identifier"], order)
    elif kind in standing.KINDS:
        standing.tell(state.standing, kind, said, order)
    elif kind == MERGED:
        return [bytes.fromhex(said["into"])]
    return []
