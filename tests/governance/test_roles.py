"""Roles: who may do what, what is opened by exception, and that an unknown actor may do nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from adapters.settings import Settings
from adapters.wiring import open_store
from domain.acts import Opened, parse
from domain.errors import BadInput, NotFound, Refused
from domain.events import CASE
from governance.access import Reader
from governance.actors import LastAdmin, NotGranted, actors, grant, revoke, those_known
from governance.audit import verify_live
from governance.history import history_of
from governance.models import train
from governance.projecting import catch_up_to_head, rebuild
from governance.roles import GLASS, NotPermitted, breaking_glass, require
from governance.store import Store
from governance.subjects import component, own_entries
from governance.verbs import ROLES
from tests.conftest import call, make_store, take_in

ANN = "user_id:ann"


def as_actor(settings: Settings, name: str) -> Store:
    return open_store(replace(settings, actor=name))


def opened(store: Store) -> list[Opened]:
    acts = [parse("opened", entry.fields or "") for entry in store.log.acts(["opened"])]
    return [act for act in acts if isinstance(act, Opened)]


def test_roles_are_given_limited_and_taken_as_facts_of_the_actor(settings: Settings) -> None:
    store = make_store(settings)
    assert store.caller.roles == {"admin"}  # who made it
    assert as_actor(settings, "ada").caller.roles == frozenset()

    grant(store, "ada", "service", ["marketing"])
    grant(store, "ada", "service", ["analytics", "service"])
    grant(store, "ada", "auditor")
    ada = as_actor(settings, "ada").caller
    assert (set(ada.roles), set(ada.purposes or ())) == (
        {"service", "auditor"},
        {"analytics", "service"},
    )  # an auditor does not read
    grant(store, "ada", "officer")
    assert as_actor(settings, "ada").caller.purposes is None  # an officer reads for every purpose
    for role in ("officer", "service"):
        revoke(store, "ada", role)
    assert as_actor(settings, "ada").caller.roles == {"auditor"}
    with pytest.raises(NotGranted):
        revoke(store, "ada", "officer")
    with pytest.raises(NotFound):
        revoke(store, "nobody", "admin")

    told = {one["name"]: one for one in actors(store)}
    assert told["ada"]["roles"] == {"auditor": None}
    assert told[None]["is_maker"]
    assert those_known(store, ["ada", "tester", "mallory"]) == {"ada", "tester"}
    assert verify_live(store).findings == []
    assert rebuild(store, check=True).differences == []  # who may act is in no projection
    assert store.slots.scan(store.slots.active(), after=b"", limit=9) == []


def test_a_store_is_never_without_an_admin(sqlite_settings: Settings) -> None:
    store = make_store(sqlite_settings)
    with pytest.raises(LastAdmin):
        revoke(store, "tester", "admin")
    grant(store, "eve", "admin")
    eve = as_actor(sqlite_settings, "eve")

    revoke(eve, "tester", "admin")

    with pytest.raises(LastAdmin):
        revoke(eve, "eve", "admin")
    maker = open_store(sqlite_settings)
    assert maker.caller.roles == frozenset()
    with pytest.raises(NotPermitted):
        grant(maker, "tester", "admin")
    with pytest.raises(BadInput, match="ROLE"):
        grant(eve, "ada", "king")
    for name in ("", " ", "a\nb", "x" * 300):
        with pytest.raises(BadInput, match="NAME"):
            grant(eve, name, "admin")
    with pytest.raises(Refused, match="no such purpose"):
        grant(eve, "ada", "service", ["curiosity"])


def test_a_role_is_looked_at_before_anything_is_done(sqlite_settings: Settings) -> None:
    """M6: a refusal names the verb and nobody."""
    store = make_store(sqlite_settings)
    take_in(store, call(1, ANN))
    catch_up_to_head(store)
    grant(store, "nurse", "service", ["service"])
    nobody, nurse = as_actor(sqlite_settings, "nobody"), as_actor(sqlite_settings, "nurse")
    size = store.log.head().size

    refused: list[Callable[[], object]] = [
        lambda: Reader(nobody, "nobody").read(ANN, "service"),
        lambda: Reader(nurse, "nurse").read(ANN, "personalization"),  # limited to another purpose
        lambda: history_of(nurse, ANN, "nurse"),
        lambda: take_in(nobody, call(2, ANN)),
        lambda: rebuild(nurse, check=True),
        lambda: train(nurse, "requested"),
        lambda: verify_live(nurse),
        lambda: actors(nurse),
    ]
    for act in refused:
        with pytest.raises(NotPermitted) as raised:
            act()
        assert "ann" not in str(raised.value)
        assert "nobody" not in str(raised.value)

    assert store.log.head().size == size
    assert Reader(nurse, "nurse").read(ANN, "service")["basis"] == "contract"


def test_the_glass_is_broken_for_a_look_and_never_for_more(store: Store) -> None:
    """G13: an act with the reason comes before the look, and its case says who it was."""
    take_in(store, call(1, ANN))
    catch_up_to_head(store)
    auditor = replace(store, caller=replace(store.caller, roles=frozenset({"auditor"})))
    broken = breaking_glass(auditor, "incident")
    with pytest.raises(NotPermitted):
        Reader(auditor, "eve").read(ANN, "personalization")
    assert opened(store) == []

    assert Reader(broken, "eve").read(ANN, "personalization")["activity"]["events"] == 1

    [act] = opened(store)
    assert (act.door, act.role, act.reason) == ("break-glass", "auditor", "incident")
    [said] = [
        event.properties
        for _, _, _, body in own_entries(store, component(store, bytes.fromhex(act.case))).bodies
        for event in body.events
        if event.kind == CASE
    ]
    assert (said["verb"], said["actor"]) == ("read", store.actor.hex())
    for verb in sorted({*ROLES["admin"]} - {*ROLES["auditor"]} - GLASS):
        with pytest.raises(NotPermitted):
            require(broken, verb)
    stranger = replace(store, caller=replace(store.caller, roles=frozenset()))
    with pytest.raises(NotPermitted):
        Reader(breaking_glass(stranger, "incident"), "eve").read(ANN, "personalization")
    with pytest.raises(BadInput, match="incident"):
        breaking_glass(auditor, "because I want to know about ann")
    assert len(opened(store)) == 1


def test_values_are_shown_for_a_reason_on_the_record(store: Store) -> None:
    """G13: nobody reads values through the tools of support without a role, a reason and an act."""
    take_in(store, call(1, ANN, properties={"product_id": "p1"}))
    plain = history_of(store, ANN, "desk")
    assert "p1" not in str(plain)
    assert opened(store) == []
    auditor = replace(store, caller=replace(store.caller, roles=frozenset({"auditor"})))
    with pytest.raises(NotPermitted):
        history_of(auditor, ANN, "desk", reveal="incident")
    with pytest.raises(NotFound):
        history_of(store, "user_id:nobody", "desk", reveal="incident")
    with pytest.raises(BadInput):
        history_of(store, ANN, "desk", reveal="curiosity")
    assert opened(store) == []

    shown = history_of(store, ANN, "desk", reveal="request")

    assert {"product_id": "p1"} in [one["properties"] for entry in shown["entries"] for one in entry.get("values", ())]
    assert [(act.door, act.reason) for act in opened(store)] == [("reveal", "request")]
    told = history_of(store, ANN, "desk", reveal="request")
    fields = [one["properties"].get("fields") for entry in told["entries"] for one in entry.get("values", ())]
    assert ["values"] in fields  # the person's own record says that values were shown
