"""Which events made a field of activity: counts, times, spend, rhythm, tier."""

from collections.abc import Callable, Iterable, Sequence

from domain.clock import day_of
from domain.meaning import FoldConfig
from projections.activity import NEVER
from projections.profile import EVENT_WINDOWS, FREQUENCY_DAYS, SPEND_WINDOWS
from projections.sequence import NEWEST, Step
from projections.state import State

Roles = dict[int, str]
"""Index of an event among those given -> its part in the field."""

_Test = Callable[[State], bool]


def made(name: str, pieces: Sequence[State], today: int, config: FoldConfig) -> Roles | None:
    """As `provenance.made`, of a field of the section `activity`."""
    head, _, rest = name.partition(".")
    match head:
        case "events" | "segment":
            return those(pieces, _acted(today))
        case "by_type":
            return those(pieces, _acted(today, type_=rest))
        case "windows" if not rest or rest in {f"{days}d" for days in EVENT_WINDOWS}:
            return those(pieces, _acted(today, _width(rest, EVENT_WINDOWS)))
        case "spend":
            return _spent(config.currency, rest, pieces, today)
        case "spend_by_currency":
            currency, _, width = rest.partition(".")
            return _spent(currency, width, pieces, today)
        case "frequency":
            return those(pieces, lambda one: within(one.activity.purchases, today, FREQUENCY_DAYS))
        case "recency_days":
            days = [day for one in pieces for day in one.activity.purchases if day <= today]
            return those(pieces, lambda one: max(days) in one.activity.purchases, "latest") if days else {}
        case "first_at":
            first = min((one.activity.first for one in pieces), default=NEVER)
            return those(pieces, lambda one: one.activity.first == first != NEVER, "earliest")
        case "last_at":
            latest = max((step[0] for step, _ in newest(pieces, today)), default=None)
            return those(pieces, lambda one: any(step[0] == latest for step in one.sequence), "latest")
        case "rhythm":
            return _rhythm(rest, pieces, today)
        case _:
            return None


def those(pieces: Sequence[State], test: _Test, role: str = "counted") -> Roles:
    """The events of a kind, all in one part."""
    return {index: role for index, one in enumerate(pieces) if test(one)}


def is_behaviour(one: State) -> bool:
    """Whether an event counts as activity."""
    return bool(one.activity.types)


def newest(pieces: Sequence[State], today: int) -> list[tuple[Step, int]]:
    """The steps that a state keeps, as far as they lie before tomorrow, each with the index of its event."""
    steps = sorted((step, index) for index, one in enumerate(pieces) for step in one.sequence)
    return [one for one in steps[-NEWEST:] if day_of(one[0][0]) <= today]


def within(days: Iterable[int], today: int, width: int | None = None) -> bool:
    """Whether one of the days is in a window of so many that ends today, or in any."""
    return any(day <= today and (width is None or today - width < day) for day in days)


def _spent(currency: str, width: str, pieces: Sequence[State], today: int) -> Roles | None:
    if width and width not in {f"{days}d" for days in SPEND_WINDOWS}:
        return None
    days = _width(width, SPEND_WINDOWS)

    def paid(one: State) -> bool:
        series = (one.activity.spend.get(currency, {}),) if currency else one.activity.spend.values()
        return any(amount and within([day], today, days) for some in series for day, amount in some.items())

    return those(pieces, paid)


def _rhythm(name: str, pieces: Sequence[State], today: int) -> Roles | None:
    acted = _acted(today)
    match name:
        case "":
            return those(pieces, is_behaviour)
        case "median_gap_days":
            return those(pieces, acted)
        case "hour_peak":
            hours = [sum(column) for column in zip(*(one.activity.hours for one in pieces), strict=True)] or [0]
            peak = hours.index(max(hours))
            then = those(pieces, lambda one: bool(one.activity.hours[peak]))
            # Hours count tomorrow's events too, which are received today; but nothing shows of who has no others.
            return then if any(acted(pieces[index]) for index in then) else then | those(pieces, acted)
        case "weekday_peak":
            weekdays = [0] * 7
            for one in filter(acted, pieces):
                weekdays[_weekday(one)] += 1
            peak = weekdays.index(max(weekdays))
            return those(pieces, lambda one: acted(one) and _weekday(one) == peak)
        case _:
            return None


def _acted(today: int, width: int | None = None, *, type_: str = "") -> _Test:
    return lambda one: any(
        within(days, today, width) for name, days in one.activity.types.items() if not type_ or name == type_
    )


def _weekday(one: State) -> int:
    """Monday is 0; 1970-01-01 was a Thursday. Of an event that counts as activity."""
    return (next(day for days in one.activity.types.values() for day in days) + 3) % 7


def _width(named: str, widths: Sequence[int]) -> int:
    return int(named[:-1]) if named else max(widths)
