"""States that are attested can be recomputed by whoever replays the log, until something is removed."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from adapters.settings import Settings
from adapters.wiring import open_store, publish_policy
from domain.acts import Attested
from domain.clock import DAY
from domain.errors import Unavailable
from governance.attesting import ATTEST, PROJECTIONS, attest, attestations, digests
from governance.audit import verify_live
from governance.consenting import object_to
from governance.erasure import erase, fence, open_case
from governance.moments import Point, at_position
from governance.policy import default_text
from governance.projecting import catch_up_to_head, rebuild, serving, states_in
from governance.replaying import replay_as_of, states_at
from governance.retention import apply
from governance.roles import NotPermitted
from governance.rotation import rotate
from governance.store import Locked, Store, append_acts
from governance.subjects import component, find
from tests.conftest import BACKENDS, NOW, call, make_store, new_database, settings_for, take_in

TEA = {"product_id": "p", "category": "tea"}


def verdicts(store: Store, position: int | None = None) -> list[str]:
    at = store.log.head().size - 1 if position is None else position
    return [one["verdict"] for one in replay_as_of(store, at_position(store, at)).attested]


def test_what_is_attested_names_every_statistic_and_everything_and_says_nothing_else(store: Store) -> None:
    take_in(store, call(1, properties=TEA))

    made = attest(store)

    assert [one.act.name for one in made] == ["interests", "next_purchase_30d", PROJECTIONS]
    assert {one.act.through for one in made} == {made[0].entry.position - 1}
    assert len({one.act.digest for one in made}) == 3
    assert verify_live(store).findings == []


def test_an_attestation_matches_at_and_past_its_position_whatever_came_after(store: Store) -> None:
    take_in(store, call(1, properties=TEA))
    through = attest(store)[0].act.through
    take_in(store, call(2, "user_id:2", properties=TEA))
    attest(store)
    rotate(store)

    assert verdicts(store, through - 1) == []
    assert verdicts(store, through) == ["matches"] * 3
    assert verdicts(store) == ["matches"] * 6


def test_an_attestation_is_checked_under_the_policy_that_was_in_force(settings: Settings) -> None:
    store = make_store(settings)
    take_in(store, call(1, name="Gift Sent", properties={"kind": "tea", "gift": "g"}))
    first = attest(store)[0].act.through
    was = states_at(store, first).shared()
    meaning = '[events."Gift Sent"]\ncategory = "user.behavior"\naction = "purchase"\ncategory_property = "kind"\n'
    publish_policy(settings, store, default_text() + meaning)
    store = open_store(settings)
    catch_up_to_head(store)
    attest(store)

    assert verdicts(store) == ["matches"] * 6
    assert states_at(store, first).shared() == was != states_at(store, store.log.head().size - 1).shared()
    assert replay_as_of(store, at_position(store, first)).policy_version == 1


def erased(store: Store) -> None:
    erase(store, "user_id:1")


def expired(store: Store) -> None:
    assert apply(replace(store, clock=lambda: NOW + 900 * DAY))


def objected(store: Store) -> None:
    assert object_to(store, "user_id:1", "personalization")["classes_removed"] == ["behaviour"]


@pytest.mark.parametrize("removal", [erased, expired, objected])
def test_whatever_is_removed_supersedes_what_was_attested_and_destroys_its_key(
    settings: Settings, removal: Callable[[Store], None]
) -> None:
    """D5: an old digest would confirm a guess of what was removed."""
    several = '["personalization", "analytics", "marketing", "advertising", "risk"]'
    store = make_store(settings, policy=default_text().replace(several, '["personalization"]'))
    take_in(store, call(1, properties=TEA), call(2, "user_id:2", properties=TEA))
    through = attest(store)[0].act.through
    with store.keyring.database.reading() as rows:
        [before] = rows.secrets(ATTEST)

    removal(store)

    with store.keyring.database.reading() as rows:
        [after] = rows.secrets(ATTEST)
    assert (after.serial, after.wrapped) != (before.serial, before.wrapped)
    assert verdicts(store) == verdicts(store, through) == ["superseded"] * 3
    attest(store)
    assert verdicts(store) == ["superseded"] * 3 + ["matches"] * 3


def test_a_state_that_was_not_the_log_s_differs_by_name_and_position(store: Store) -> None:
    """Law L7: the finding is `replay`, of exit 15."""
    take_in(store, call(1, properties=TEA))
    catch_up_to_head(store)
    slot = serving(store)
    rows: dict[bytes, bytes | None] = dict.fromkeys(subject for subject, _ in states_in(slot))
    slot.save(expected=slot.checkpoint(), checkpoint=slot.checkpoint(), states=rows, shared={})
    forged = attest(store)[-1]

    found = replay_as_of(store, at_position(store, store.log.head().size - 1))

    assert [(one.name, one.position, one.where) for one in found.findings] == [
        ("replay", forged.entry.position, PROJECTIONS)
    ]
    assert found.exit_status == 15
    assert [one["verdict"] for one in found.attested] == ["matches", "matches", "differs"]


def test_a_digest_that_somebody_made_up_is_under_no_key(store: Store) -> None:
    take_in(store, call(1, properties=TEA))
    through = catch_up_to_head(store)
    append_acts(store, [("attested", Attested(name="interests", through=through, digest="00" * 8 + ":" + "00" * 32))])

    assert verdicts(store) == ["superseded"]


def test_an_attestation_changes_nothing_that_serves(store: Store) -> None:
    take_in(store, call(1, properties=TEA))
    catch_up_to_head(store)
    mark = store.slots.mark("a"), store.slots.mark("b")

    attest(store)
    replay_as_of(store, at_position(store, store.log.head().size - 1))

    assert (store.slots.mark("a"), store.slots.mark("b")) == mark
    assert rebuild(store, check=True).differences == []


def test_a_replay_that_is_interrupted_leaves_nothing(store: Store) -> None:
    take_in(store, call(1, properties=TEA))
    size = store.log.head().size

    def interrupt(at: int, last: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replay_as_of(store, Point(size - 1, ""), progress=interrupt)

    assert store.log.head().size == size
    assert replay_as_of(store, Point(size - 1, "")).subjects == 1


def test_a_removal_that_crosses_a_replay_starts_it_again(store: Store) -> None:
    take_in(store, call(1, properties=TEA), call(2, "user_id:2", properties=TEA))
    point, crossed = at_position(store, store.log.head().size - 1), iter([True])

    def cross(at: int, last: int) -> None:
        if next(crossed, False):
            erase(store, "user_id:1")

    assert replay_as_of(store, point, progress=cross).subjects == 1


def test_nothing_is_attested_under_a_key_that_a_removal_replaces_meanwhile(store: Store) -> None:
    take_in(store, call(1, properties=TEA), call(2, "user_id:2", properties=TEA))
    crossed = iter([True])

    def lock() -> AbstractContextManager[Locked]:
        if next(crossed, False):
            erase(store, "user_id:1")
        return store.lock()

    attest(replace(store, lock=lock))

    assert verdicts(store) == ["matches"] * 3


def test_a_removal_that_is_under_way_supersedes_already(store: Store) -> None:
    """Its key is there until the person's are destroyed, but nothing of the person is folded any more."""
    take_in(store, call(1, properties=TEA), call(2, "user_id:2", properties=TEA))
    attest(store)
    who = component(store, find(store, "user_id:1"))

    fence(store, who.root, open_case(store, who))

    assert verdicts(store) == ["superseded"] * 3


def test_a_store_without_the_secret_says_so(store: Store) -> None:
    with store.keyring.database.writing() as rows:
        rows.drop_secrets(ATTEST, before=9)

    with pytest.raises(Unavailable):
        attest(store)


def test_one_who_may_not_rebuild_attests_nothing(store: Store) -> None:
    stranger = replace(store, caller=replace(store.caller, roles=frozenset({"service"})))

    for act in (attest, lambda one: replay_as_of(one, Point(0, ""))):
        with pytest.raises(NotPermitted):
            act(stranger)
    assert attestations(store) == []


def test_two_databases_that_hold_the_same_attest_the_same(postgres: str, tmp_path: Path) -> None:
    """No nonce, ciphertext or order of rows is in a digest."""
    found = []
    for backend in BACKENDS:
        directory = tmp_path / backend
        directory.mkdir()
        address = str(directory / "store") if backend == "sqlite" else new_database(postgres)
        settings = settings_for(address, directory)
        make_store(settings)
        store = open_store(settings, random=Drawn())
        take_in(store, call(1, properties=TEA), call(2, "user_id:2", properties=TEA))
        take_in(store, call(3, "anonymous_id:x", "user_id:2", properties=TEA))
        through, slot = catch_up_to_head(store), serving(store)
        found.append(digests(bytes(32), through, states_in(slot), slot.shared()))

    assert found[0] == found[1]


class Drawn:
    """The same numbers for every store, for subjects alone: what a lease draws comes between."""

    def __init__(self) -> None:
        self._drawn: dict[int, Iterator[bytes]] = {}

    def __call__(self, size: int) -> bytes:
        drawn = self._drawn.setdefault(size, _numbers(size))
        return next(drawn)


def _numbers(size: int) -> Iterator[bytes]:
    count = 0
    while True:
        blocks = range(0, size, 32)
        yield b"".join(sha256(f"{size}/{count}/{block}".encode()).digest() for block in blocks)[:size]
        count += 1
