import json
from dataclasses import replace

from hypothesis import given

from domain.bodies import Body
from domain.clock import DAY
from domain.events import Micros
from domain.meaning import FoldConfig
from projections import population, profile
from projections.state import State, decode, empty, encode
from projections.telling import tell
from tests.projections.fakes import CONFIG, body, bought, happened, identified, linked
from tests.projections.histories import FIRST_DAY, bodies

NOW = (FIRST_DAY + 100) * DAY
"""The start of a Monday."""


def state_of(*told: Body) -> State:
    state = empty()
    for one in told:
        tell(state, one, CONFIG)
    return state


def view(state: State, at: Micros = NOW, config: FoldConfig = CONFIG) -> dict:
    return profile.view(state, at=at, config=config, population=None, models={})


def test_a_profile_of_nobody_is_empty_and_has_prior_scores() -> None:
    shown = view(empty())

    assert shown["identifiers"] == shown["attributes"] == {}
    assert shown["activity"]["events"] == 0
    assert shown["activity"]["segment"] is None
    assert shown["interests"] == {"shares": {}, "tags": []}
    assert shown["sequence"] == {"last": [], "next": {}}
    assert shown["scores"]["next_purchase_30d"]["basis"] == "prior"


@given(bodies(0))
def test_any_profile_is_plain_json_and_the_same_from_its_row(told: Body) -> None:
    state = state_of(told)

    shown = view(state)

    assert json.loads(json.dumps(shown))["activity"] == shown["activity"]
    assert view(decode(encode(state))) == shown


def test_identifiers_are_grouped_by_kind() -> None:
    state = state_of(body(linked("user_id:42", 1), linked("email:a:b@c.example", 2, 1), linked("user_id:41", 3, 2)))

    assert view(state)["identifiers"] == {"user_id": ["41", "42"], "email": ["a:b@c.example"]}


def test_the_latest_statement_wins_and_other_sources_that_differ_are_shown() -> None:
    state = state_of(
        body(
            identified(2 * DAY, source="crm", city="Oslo", name="Kari"),
            identified(DAY, arrival=1, source="web", city="Bergen", name="Kari"),
            identified(0, arrival=2, source="crm", city="Moss"),
        )
    )

    shown = view(state)["attributes"]

    assert shown["city"] == {
        "value": "Oslo",
        "source": "crm",
        "at": "1970-01-03T00:00:00Z",
        "conflicts": [{"value": "Bergen", "source": "web", "at": "1970-01-02T00:00:00Z"}],
    }
    assert shown["name"] == {"value": "Kari", "source": "crm", "at": "1970-01-03T00:00:00Z"}


def test_windows_end_on_the_day_of_reading_and_later_events_do_not_count() -> None:
    days = [0, 10, 11, 70, 71, 93, 94, 100, 101]
    state = state_of(body(*(bought(FIRST_DAY + day, arrival=day, category=f"c{day}") for day in days)))

    activity = view(state)["activity"]

    assert activity["events"] == 8
    assert activity["windows"] == {"7d": 2, "30d": 4, "90d": 6}
    assert activity["spend"] == {"30d": "40.00", "90d": "60.00", "365d": "80.00"}
    assert activity["frequency"] == 6
    assert activity["recency_days"] == 0
    assert activity["by_type"] == {"Order Completed": 8}
    assert activity["last_at"] == "2022-04-18T12:00:00Z"
    assert activity["rhythm"] == {"hour_peak": 12, "weekday_peak": 0, "median_gap_days": 6}
    assert "c101" not in view(state)["interests"]["shares"]
    assert len(view(state)["sequence"]["last"]) == 8


def test_money_in_other_currencies_is_shown_beside_and_not_converted() -> None:
    state = state_of(body(bought(FIRST_DAY + 99), bought(FIRST_DAY + 99, currency="eur", revenue="2.5")))

    activity = view(state)["activity"]

    assert activity["spend"]["30d"] == "10.00"
    assert activity["spend_by_currency"]["EUR"] == {"30d": "2.50", "90d": "2.50", "365d": "2.50"}


def test_a_segment_is_the_first_tier_that_holds_and_says_since_when() -> None:
    days = [0, 20, 40]
    state = state_of(body(*(bought(FIRST_DAY + day, arrival=day) for day in days)))

    def segment(day: int) -> dict | None:
        return view(state, (FIRST_DAY + day) * DAY)["activity"]["segment"]

    assert segment(0) == {"name": "active", "since": "2022-01-08T00:00:00Z"}
    assert segment(39) == segment(0)
    assert segment(40) == {"name": "loyal", "since": "2022-02-17T00:00:00Z"}
    assert segment(100) == segment(40)
    assert segment(101) == {"name": "lapsed", "since": "2022-04-19T00:00:00Z"}
    assert segment(406) is None


def test_interests_fade_by_half_in_a_half_life() -> None:
    state = state_of(
        body(
            happened("Product Viewed", (FIRST_DAY + 10) * DAY, category="old"),
            happened("Product Viewed", (FIRST_DAY + 100) * DAY, category="new"),
        )
    )

    assert view(state)["interests"]["shares"] == {"new": 0.666667, "old": 0.333333}
    assert view(state, config=replace(CONFIG, half_life_days=45))["interests"]["shares"] == {"new": 0.8, "old": 0.2}


def test_tags_are_what_stands_out_against_everybody_and_has_support() -> None:
    statistics = population.fresh()
    mine = state_of(
        body(
            bought(FIRST_DAY, category="wine"),
            bought(FIRST_DAY, category="bread"),
            happened("Product Viewed", FIRST_DAY * DAY, category="rare"),
        )
    )
    others = [state_of(body(bought(FIRST_DAY, category="bread"))) for _ in range(5)]
    population.settle([mine, *others], statistics, CONFIG)

    shown = profile.view(mine, at=NOW, config=CONFIG, population=statistics[population.INTERESTS], models={})

    assert shown["interests"]["tags"] == ["wine"]
    assert view(mine)["interests"]["tags"] == ["bread", "wine"]


def test_the_sequence_shows_the_newest_ten_and_what_used_to_follow() -> None:
    names = ["a", "b", "a", "c", "a", "b", "a"]
    events = [happened(name, n * DAY, arrival=n) for n, name in enumerate(names)]
    state = state_of(body(*events, happened("Product Viewed", 50 * DAY, product_id="p1")))

    assert view(state, 10 * DAY)["sequence"]["next"] == {"b": 0.666667, "c": 0.333333}
    last = view(state)["sequence"]["last"]
    assert last[-1] == {"type": "Product Viewed", "item": "p1", "at": "1970-02-20T00:00:00Z"}
    assert last[0] == {"type": "a", "at": "1970-01-01T00:00:00Z"}
    assert len(last) == 8
