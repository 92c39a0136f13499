"""API keys: narrower than their actor, ended at once in every process, and nowhere in clear."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from adapters.settings import Settings
from adapters.wiring import open_store
from domain.clock import DAY
from domain.errors import BadInput
from governance.actors import grant
from governance.actors import revoke as revoke_role
from governance.api_keys import Keys, NoSuchKey, NotAuthenticated, create, listed, revoke, rotate
from governance.policy import UnknownPurpose
from governance.roles import NotPermitted
from governance.store import Store
from tests.conftest import NOW, make_store


def at(store: Store, moment: int) -> Store:
    return replace(store, clock=lambda: moment)


def test_a_key_is_its_actor_in_one_role_for_the_purposes_that_both_allow(store: Store) -> None:
    grant(store, "shop", "service", ["personalization", "service"])

    made = create(store, "shop", "service", purposes=["personalization", "marketing"], source="web")
    known = Keys(store).admit(made["secret"])

    assert (known.key.name, known.key.source, known.caller.actor) == ("shop", "web", store.actor_id("shop"))
    assert known.caller.roles == {"service"}
    assert known.caller.purposes == frozenset({"personalization"})


def test_a_key_of_who_made_the_store_has_his_name(sqlite_settings: Settings) -> None:
    """His name is on record nowhere else; it is the recipient of what he reads."""
    store = make_store(sqlite_settings)

    known = Keys(store).admit(create(store, "tester", "admin")["secret"])

    assert (known.key.name, known.caller) == ("tester", replace(store.caller, roles=frozenset({"admin"})))


@pytest.mark.parametrize("change", ["", "x", "_", "wrong id"])
def test_a_key_that_is_not_the_one_is_refused_alike(sqlite_settings: Settings, change: str) -> None:
    store = make_store(sqlite_settings)
    secret = create(store, "shop", "service")["secret"]
    shown = secret.replace(secret.split("_")[1], "000000000000") if change == "wrong id" else change and secret + change

    with pytest.raises(NotAuthenticated):
        Keys(store).admit(shown)


def test_what_ends_a_key_ends_it_in_every_process(settings: Settings) -> None:
    store = make_store(settings)
    keys = Keys(open_store(settings))
    one, two, three = (create(store, name, "service")["secret"] for name in ("a", "b", "c"))
    for secret in (one, two, three):
        keys.admit(secret)

    revoke(store, one.split("_")[1])
    revoke_role(store, "b", "service")
    fresh = rotate(store, three.split("_")[1], overlap_hours=24)["secret"]

    for secret in (one, two):
        with pytest.raises(NotAuthenticated):
            keys.admit(secret)
    assert keys.admit(three).key.source == keys.admit(fresh).key.source
    assert Keys(at(store, NOW + DAY - 1)).admit(three)
    with pytest.raises(NotAuthenticated):
        Keys(at(store, NOW + DAY)).admit(three)
    assert sorted(one["valid"] for one in listed(store)) == [False, False, True, True]


def test_a_key_ends_by_itself(sqlite_settings: Settings) -> None:
    store = make_store(sqlite_settings)
    secret = create(store, "shop", "auditor", days=30)["secret"]

    assert Keys(at(store, NOW + 29 * DAY)).admit(secret).caller.roles == {"auditor"}
    with pytest.raises(NotAuthenticated):
        Keys(at(store, NOW + 30 * DAY)).admit(secret)


def test_neither_secret_nor_digest_is_in_any_file(sqlite_settings: Settings) -> None:
    store = make_store(sqlite_settings)

    secret = create(store, "shop", "service")["secret"]

    last = secret.split("_", 2)[2].encode()
    tokens = [last, sha256(last).digest(), sha256(last).hexdigest().encode()]
    files = [path for path in Path(sqlite_settings.store).rglob("*") if path.is_file()]
    assert files
    assert [path.name for path in files for token in tokens if token in path.read_bytes()] == []


def test_what_cannot_be_a_key_is_refused_and_who_may_not_make_one_too(sqlite_settings: Settings) -> None:
    store = make_store(sqlite_settings)
    grant(store, "shop", "service")
    shop = replace(store, actor=store.actor_id("shop"))

    with pytest.raises(BadInput):
        create(store, "shop", "owner")
    with pytest.raises(BadInput):
        create(store, "shop", "service", source="a\nb")
    with pytest.raises(UnknownPurpose):
        create(store, "shop", "service", purposes=["nonsense"])
    with pytest.raises(NoSuchKey):
        revoke(store, "000000000000")
    with pytest.raises(NotPermitted):
        create(replace(shop, caller=replace(store.caller, roles=frozenset({"service"}))), "x", "admin")
