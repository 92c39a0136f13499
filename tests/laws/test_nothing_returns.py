"""Nothing returns: late calls, merges, other processes and rebuilds do not bring an erased person back."""

from typing import Any, cast

import pytest

from adapters.settings import Settings
from adapters.sql.keys import SqlKeyRows
from adapters.wiring import open_store
from domain.calls import Call
from domain.errors import NotFound
from domain.events import IDENTIFY
from governance.access import Reader
from governance.audit import verify_live
from governance.cleaning import ALIAS
from governance.erasure import erase, fence, open_case, resume
from governance.projecting import catch_up_to_head, rebuild
from governance.receipt import Receipt
from governance.store import Store
from governance.subjects import component, find, own_entries
from tests.conftest import call, make_store, take_in
from tests.laws.histories import Desk, Heard

ANN, PHONE, MAIL = "user_id:ann", "anonymous_id:phone", "email:ann@example.org"
ALL_OF_ANN = [ANN, PHONE, MAIL]


def known_before() -> list[Call]:
    return [
        call(1, PHONE),
        call(2, ANN, MAIL, PHONE, kind=IDENTIFY, name="", properties={"city": "Oslo"}),
        call(3, ANN, name="Order Completed", properties={"revenue": 10, "category": "tea"}),
        call(4, "user_id:ben"),
    ]


LATE: dict[str, Call] = {
    "an event": call(11, ANN),
    "an event that came before": call(3, ANN, name="Order Completed", properties={"revenue": 10, "category": "tea"}),
    "an event of the device": call(12, PHONE),
    "an event by address": call(13, MAIL),
    "traits": call(14, ANN, kind=IDENTIFY, name="", properties={"city": "Oslo"}),
    "a new device": call(15, ANN, "anonymous_id:tablet", kind=IDENTIFY, name=""),
    "an alias to a new name": call(16, "user_id:anna", kind=ALIAS, name="", previous=ANN),
    "an alias of unclear kind": call(17, "user_id:anna", kind=ALIAS, name="", previous="previous_id:ann"),
    "an alias of the device": call(18, "user_id:anna", kind=ALIAS, name="", previous="previous_id:phone"),
    "an alias from a new device": call(19, ANN, kind=ALIAS, name="", previous="anonymous_id:tablet"),
}


@pytest.fixture
def erased(store: Store) -> Store:
    """A store that knew Ann and Ben, and has erased Ann."""
    take_in(store, *known_before())
    catch_up_to_head(store)
    assert erase(store, ANN).status == "completed"
    return store


def test_what_comes_late_is_counted_and_leaves_no_trace(erased: Store) -> None:
    """I7, R5, R8: neither a late call nor a late alias nor a rebuild brings her back."""
    before = traces(erased)

    for _ in range(2):
        for what, late in LATE.items():
            receipt = take_in(erased, late)

            assert counts(receipt) == (1, 0, 0, 1, 0), what
            assert traces(erased) == before, what
        assert_gone(erased)
        rebuild(erased, check=False)
    assert_gone(erased)


def test_late_calls_do_not_hold_back_the_calls_of_others(erased: Store) -> None:
    receipt = take_in(erased, *LATE.values(), call(30, "user_id:ben"), call(31, "user_id:cleo"))

    assert (receipt.suppressed, receipt.accepted) == (len(LATE), 2)
    catch_up_to_head(erased)
    assert events_of(erased, "user_id:ben") == 2
    assert events_of(erased, "user_id:cleo") == 1
    assert verify_live(erased).findings == []


def test_another_person_may_keep_nothing_of_the_erased_address(erased: Store) -> None:
    take_in(erased, call(40, "user_id:cleo", MAIL, PHONE))
    catch_up_to_head(erased)

    assert profile(erased, "user_id:cleo")["identifiers"] == {"user_id": ["cleo"]}
    assert_gone(erased)


def test_a_new_device_that_gives_the_erased_address_is_not_let_in(store: Store) -> None:
    ann = {"email": "ann@example.org", "phone": "+4712345678", "name": "Ann Lee"}
    take_in(store, call(41, PHONE, kind=IDENTIFY, name="", properties=ann))
    erase(store, MAIL)
    before = traces(store)

    for given in (ann, {**ann, "email": "Ann@Example.org"}, {"phone": ann["phone"]}):
        late = call(42, "anonymous_id:tablet", kind=IDENTIFY, name="", properties=given)
        assert counts(take_in(store, late)) == (1, 0, 0, 1, 0)

    assert traces(store) == before
    assert_gone(store)


@pytest.mark.parametrize("names", [("user_id:ben",), ("anonymous_id:bens", MAIL), (MAIL, "anonymous_id:bens")])
def test_whoever_shared_the_address_is_heard_without_it(erased: Store, names: tuple[str, ...]) -> None:
    take_in(erased, call(43, "user_id:ben", "anonymous_id:bens"))
    said = {"email": "Ann@example.org", "city": "Bergen"}
    context = {"traits": {"email": "ann@example.org", "age": 40}}
    heard = call(44, *names, kind=IDENTIFY, name="", properties=said, context=context)

    assert counts(take_in(erased, heard)) == (1, 1, 0, 0, 0)

    catch_up_to_head(erased)
    seen = profile(erased, "user_id:ben")
    assert {name: one["value"] for name, one in seen["attributes"].items()} == {"city": "Bergen"}
    own = own_entries(erased, component(erased, find(erased, "user_id:ben")))
    [event] = [one for *_, body in own.bodies for one in body.events if one.message_id == "m44"]
    assert event.context == {"traits": {"age": 40}}
    assert_gone(erased)


@pytest.mark.parametrize("moment", ["erased", "fenced"])
def test_a_process_that_knew_the_person_suppresses_what_comes_late(settings: Settings, moment: str) -> None:
    """K2, R1: each append looks at the fence under its lock, whatever its process remembers."""
    first = make_store(settings)
    second = open_store(settings)
    desk = Desk(second)
    desk.take_in([Heard(one, "web") for one in known_before()])
    desk.take_in([Heard(call(20 + place, name), "web") for place, name in enumerate(ALL_OF_ANN)])  # from warm caches
    catch_up_to_head(second)
    assert profile(second, ANN)["activity"]["events"] == 5
    case = fence(first, find(first, ANN), open_case(first, component(first, find(first, ANN))))
    if moment == "erased":
        assert resume(first, case).status == "completed"
    before = traces(second)

    receipt = desk.take_in([Heard(one, "web") for one in LATE.values()])

    assert (receipt.accepted, receipt.duplicates, receipt.suppressed) == (0, 0, len(LATE))
    assert traces(second) == before
    assert_gone(second)


def test_who_registers_anew_is_somebody_new(erased: Store) -> None:
    again = call(50, ANN, PHONE, kind=IDENTIFY, name="", properties={"plan": "free"}, context={"registration": "new"})

    assert take_in(erased, again, call(51, ANN), call(3, ANN, name="Order Completed")).accepted == 3

    catch_up_to_head(erased)
    for _ in range(2):
        seen = profile(erased, ANN)
        assert seen["identifiers"] == {"anonymous_id": ["phone"], "user_id": ["ann"]}
        assert {name: said["value"] for name, said in seen["attributes"].items()} == {"plan": "free"}
        assert seen["activity"]["by_type"] == {"Order Completed": 1, "Product Viewed": 1}
        assert seen["activity"]["spend"]["365d"] == "0.00"
        rebuild(erased, check=False)
    assert take_in(erased, call(52, MAIL)).suppressed == 1  # an address that was not registered again stays forgotten
    assert verify_live(erased).findings == []


def test_who_registered_anew_can_be_erased_again(erased: Store) -> None:
    take_in(erased, call(60, ANN, PHONE, kind=IDENTIFY, name="", context={"registration": "new"}))

    assert erase(erased, PHONE).status == "completed"

    assert take_in(erased, call(61, ANN), call(62, PHONE)).suppressed == 2
    assert_gone(erased)
    assert verify_live(erased).findings == []


def test_a_registration_while_the_erasure_runs_is_suppressed_and_harms_nobody(store: Store) -> None:
    take_in(store, *known_before())
    case = fence(store, find(store, ANN), open_case(store, component(store, find(store, ANN))))
    again = call(70, ANN, PHONE, kind=IDENTIFY, name="", context={"registration": "new"})

    receipt = take_in(store, again, call(71, "user_id:ben"))

    assert (receipt.suppressed, receipt.accepted) == (1, 1)
    assert resume(store, case).status == "completed"
    assert_gone(store)
    assert take_in(store, call(72, ANN)).suppressed == 1


def traces(store: Store) -> dict[str, int]:
    """How much the store holds: entries, keys, subjects, identifiers."""
    with store.keyring.database.reading() as rows:
        held = cast(SqlKeyRows, rows).counts()
    held = {name: count for name, count in held.items() if name not in ("number", "lease")}
    return {**held, "entries": store.log.head().size, "bodies": store.log.counts()["body"]}


def assert_gone(store: Store) -> None:
    for identifier in [*ALL_OF_ANN, "user_id:anna", "anonymous_id:tablet", "anonymous_id:ann"]:
        with pytest.raises(NotFound):
            find(store, identifier)
        with pytest.raises(NotFound):
            profile(store, identifier)


def profile(store: Store, identifier: str) -> dict[str, Any]:
    return Reader(store, "tester").read(identifier, "personalization")


def events_of(store: Store, identifier: str) -> int:
    events: int = profile(store, identifier)["activity"]["events"]
    return events


def counts(receipt: Receipt) -> tuple[int, int, int, int, int]:
    return receipt.read, receipt.accepted, receipt.duplicates, receipt.suppressed, receipt.rejected
