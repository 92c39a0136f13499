"""Pseudonyms: an id for each recipient, a way back that is written down, and an index whose key rotates."""

import hmac
import os
from dataclasses import replace

import pytest

from adapters.settings import Settings
from adapters.wiring import open_store
from domain.acts import Opened, parse
from domain.errors import BadInput, NotFound
from governance.audit import verify_live
from governance.erasure import erase, fence, open_case, resume
from governance.pseudonyms import identifiers_of, pseudonyms, reidentify, rotate_index
from governance.recipients import tell
from governance.roles import NotPermitted
from governance.store import Store
from governance.subjects import component, find, find_all
from tests.conftest import call, make_store, take_in

ANN, BEN, EVE, MAIL = "user_id:ann", "user_id:ben", "user_id:eve", "email:Eve@b.example"


def test_ids_of_a_recipient_are_of_no_use_to_another_and_die_with_the_person(store: Store) -> None:
    """I1 I11: a pairwise id is a permutation of a random id, so whoever comes back has another."""
    take_in(store, call(1, ANN), call(2, BEN))
    ann, ben = find(store, ANN), find(store, BEN)
    shop, bank = pseudonyms(store, "shop"), pseudonyms(store, "bank")

    assert len({shop.of(ann), shop.of(ben), bank.of(ann), bank.of(ben), f"p_{ann.hex()}"}) == 5
    assert (shop.of(ann), len(shop.of(ann))) == (pseudonyms(store, "shop").of(ann), 34)
    assert shop.subject(shop.of(ann)) == ann
    assert bank.subject(shop.of(ann)) not in (ann, ben)
    for bad in ("", "p_", shop.of(ann)[:-1], shop.of(ann).upper(), ann.hex(), "p_" + "é" * 32):
        with pytest.raises(BadInput):
            shop.subject(bad)

    erase(store, ANN)
    take_in(store, call(3, ANN, context={"registration": "new"}))
    assert shop.of(find(store, ANN)) != shop.of(ann)


def test_the_way_back_is_written_down_before_it_is_gone(store: Store) -> None:
    """G13: a role, a reason, a case; the log says so even where nobody is found."""
    take_in(store, call(1, ANN, "anonymous_id:tablet"), call(2, BEN))
    root, shop = find(store, ANN), pseudonyms(store, "shop")
    case = open_case(store, component(store, find(store, BEN)))
    asked = {"recipient": "shop", "reason": "incident", "case": case}

    found = reidentify(store, shop.of(root), **asked)  # type: ignore[arg-type]

    assert found["identifiers"] == ["anonymous_id:tablet", ANN]
    [entry] = store.log.acts(["opened"])
    act = parse("opened", entry.fields or "")
    assert act == Opened(door="re-identification", role="admin", reason="incident", case=case.hex())
    with pytest.raises(NotFound):
        reidentify(store, pseudonyms(store, "bank").of(root), **asked)  # type: ignore[arg-type]
    assert len(store.log.acts(["opened"])) == 2
    nobody = replace(store, caller=replace(store.caller, roles=frozenset({"service"})))
    for refused, changed, error in (
        (nobody, {}, NotPermitted), (store, {"reason": "about Ann"}, BadInput), (store, {"case": bytes(16)}, BadInput),
    ):  # fmt: skip
        with pytest.raises(error):
            reidentify(refused, shop.of(root), **{**asked, **changed})  # type: ignore[arg-type]
    assert len(store.log.acts(["opened"])) == 2
    erase(store, ANN)
    with pytest.raises(NotFound):
        reidentify(store, shop.of(root), **asked)  # type: ignore[arg-type]
    assert tell(store, find(store, BEN), "restriction") is None


def test_the_index_turns_under_a_new_key_and_nobody_is_lost_or_comes_back(settings: Settings) -> None:
    """I1 I2 I3: lookups and suppression outlive every rotation; old index values lead nowhere."""
    store = make_store(settings)
    other = open_store(settings)
    take_in(store, call(1, ANN), call(2, BEN), call(3, EVE, MAIL))
    erase(store, ANN)
    ben, eve = find(other, BEN), find(other, EVE)
    before = set(blinds(store))
    with store.keyring.database.reading() as rows:
        index = store.keyring.secret(rows, "index")
    assert hmac.digest(index, BEN.encode(), "sha256")[:16] in before
    case = fence(store, eve, open_case(store, component(store, eve)))

    assert [rotate_index(store)["identifiers"] for _ in range(2)] == [3, 3]

    assert not before & set(blinds(store))
    if settings.directory is not None:
        left = b"".join(path.read_bytes() for path in settings.directory.glob("keyring.db*"))
        assert not [blind for blind in before if blind in left]
    assert len(blinds(store)) == 3
    for looking in (store, other, open_store(settings)):
        assert find_all(looking, [ANN, BEN, EVE, MAIL]) == {BEN: ben}
    resume(other, case)  # an erasure that began before the rotation ends after it
    late = [call(4, ANN), call(5, EVE), call(6, "anonymous_id:new", MAIL.lower()), call(7, BEN)]
    receipts = [take_in(one, *late) for one in (other, store)]
    assert [(one.accepted, one.suppressed, one.duplicates) for one in receipts] == [(1, 3, 0), (0, 3, 1)]
    erase(other, BEN)
    assert take_in(store, call(8, BEN)).suppressed == 1
    assert len(set(store.mirror.marks())) == 4
    assert len({mark for mark, _ in store.mirror.marks()}) == 4
    with store.keyring.database.reading() as rows:
        assert len(rows.secrets("turn")) == 1, "the older key is destroyed"
    assert verify_live(store).findings == []


class Crash(Exception):
    pass


def test_a_rotation_that_crashes_has_not_happened(store: Store) -> None:
    take_in(store, call(1, ANN, "anonymous_id:tablet"))
    before = blinds(store)

    def crash(_: str) -> None:
        raise Crash

    with pytest.raises(Crash):
        rotate_index(store, step=crash)

    assert (blinds(store), identifiers_of(store, find(store, ANN))) == (before, ["anonymous_id:tablet", ANN])
    rotate_index(replace(store, random=os.urandom))
    assert identifiers_of(store, find(store, ANN)) == ["anonymous_id:tablet", ANN]
    with pytest.raises(NotPermitted):
        rotate_index(replace(store, caller=replace(store.caller, roles=frozenset({"officer"}))))


def blinds(store: Store) -> list[bytes]:
    with store.keyring.database.reading() as rows:
        return sorted(rows.blinds())
