"""What every log promises: positions in commit order, whole appends or none, reads in order."""

from threading import Event as Signal
from threading import Thread

import pytest

from adapters.settings import Settings
from adapters.wiring import open_store
from domain.acts import Act, Attested, BodiesLost, ModelRetired, parse
from domain.log import Log, Stored
from governance.keyrows import LIVE, SubjectRow
from governance.signing import open_tree_head
from governance.store import Store, append_acts, insert_acts
from governance.subjects import component, find
from tests.conftest import call, take_in
from tests.contracts.raw import attested, databases_of, grow, stored


class Halt(Exception):
    """Raised by a test in the middle of an append."""


def handles(store: Store, identifier: str) -> list[int]:
    return component(store, find(store, identifier)).handles


def test_positions_have_no_gaps_and_follow_the_order_of_commits(store: Store) -> None:
    ends = [(0, store.log.head().size - 1)]
    for count in (1, 3, 12):
        receipt = take_in(store, *(call(n, f"user_id:{n}", message_id=f"{count}.{n}") for n in range(count)))
        assert receipt.first_position is not None
        assert receipt.last_position is not None
        ends.append((receipt.first_position, receipt.last_position))
        position = append_acts(store, attested(2))
        assert position is not None
        ends.append((position, position + 1))

    entries = store.log.entries(after=-1, limit=10_000)

    assert [entry.position for entry in entries] == list(range(store.log.head().size))
    assert [first for first, _ in ends] == [0, *(last + 1 for _, last in ends[:-1])]
    assert len({entry.entry_id for entry in entries}) == len(entries)


def test_each_entry_is_data_or_an_act_and_only_data_has_a_body(store: Store) -> None:
    take_in(store, *(call(n, f"user_id:{n}") for n in range(5)))

    bodies = dict(store.log.bodies(after=-1, limit=1000))

    for entry in store.log.entries(after=-1, limit=1000):
        is_data = entry.key_id is not None and entry.content is not None
        assert is_data == (entry.act is None)
        assert is_data == (entry.actor is None)
        assert is_data == (entry.fields is None)
        assert is_data == (entry.position in bodies)


def test_an_exception_under_the_lock_leaves_nothing_in_log_or_keyring(store: Store, settings: Settings) -> None:
    take_in(store, call(1, "user_id:1"))
    databases = databases_of(settings)
    before = stored(databases)

    with pytest.raises(Halt), store.lock() as locked:  # noqa: PT012  all of it is what raises
        insert_acts(store, locked, attested(3))
        locked.log.note_rejections([("test", 1, "event", "missing")])
        locked.log.note_progress(b"source", 7)
        locked.log.purge(handles(store, "user_id:1"), range(100))
        locked.keys.add_subjects([SubjectRow(bytes(16), 1, LIVE, None, 3)])
        locked.keys.set_number("changes", 99)
        raise Halt

    assert stored(databases) == before


def test_what_is_appended_is_invisible_to_others_until_the_append_ends(store: Store, settings: Settings) -> None:
    other = open_store(settings)
    size = store.log.head().size

    with store.lock() as locked:
        insert_acts(store, locked, attested(3))
        assert locked.log.head().size == size + 3
        assert other.log.head().size == size
        assert len(other.log.entries(after=-1, limit=100)) == size

    assert other.log.head().size == size + 3
    assert len(other.log.entries(after=-1, limit=100)) == size + 3


def test_a_second_writer_waits_and_then_sees_what_the_first_wrote(store: Store, settings: Settings) -> None:
    other, inside, sizes = open_store(settings), Signal(), []

    def write() -> None:
        inside.set()
        with other.lock() as locked:
            sizes.append(locked.log.head().size)
            insert_acts(other, locked, attested(1))

    thread = Thread(target=write)
    with store.lock() as locked:
        size = locked.log.head().size
        thread.start()
        inside.wait()
        thread.join(0.3)
        assert sizes == []
        insert_acts(store, locked, attested(4))
    thread.join(30)

    assert sizes == [size + 4]
    assert store.log.head().size == size + 5


def test_an_act_that_expects_another_size_is_not_appended(store: Store) -> None:
    size = store.log.head().size

    assert append_acts(store, attested(1), expected=size + 1) is None
    assert store.log.head().size == size
    assert append_acts(store, attested(1), expected=size) == size


@pytest.mark.parametrize("limit", [1, 2, 7, 1000])
def test_reading_on_from_the_last_position_gives_every_entry_once(store: Store, limit: int) -> None:
    take_in(store, *(call(n, f"user_id:{n}") for n in range(8)))
    log, whole = store.log, store.log.read(after=-1, limit=1000)

    pages: list[Stored] = []
    after = -1
    while page := log.read(after=after, limit=limit):
        assert len(page) <= limit
        pages += page
        after = page[-1].position

    assert pages == whole
    assert [one.position for one in whole] == list(range(log.head().size))
    assert all((one.sealed is None) == (one.act is not None) for one in whole)


def test_entries_are_given_in_log_order_however_they_are_asked_for(store: Store) -> None:
    take_in(store, *(call(n, f"user_id:{n % 3}", message_id=f"a{n}") for n in range(6)))
    grow(store, 1200)
    log, asked = store.log, [1199, 3, 700, 701, 0, 5, 10_000]

    assert [one.position for one in log.at(asked)] == [0, 3, 5, 700, 701, 1199]
    assert [one.position for one in log.contents(asked)] == [0, 3, 5, 700, 701, 1199]
    assert log.at(asked) == [one for one in log.read(after=-1, limit=2000) if one.position in asked]
    assert [one.position for one in log.contents(range(1199, -1, -1))] == list(range(1200))
    assert log.at([]) == []
    assert log.contents([]) == []


def test_a_stream_is_where_its_subject_is_in_log_order(store: Store) -> None:
    for n in range(6):
        take_in(store, call(n, f"user_id:{n % 2}", message_id=f"a{n}"))
    even, odd = handles(store, "user_id:0"), handles(store, "user_id:1")
    keys = {row.key_id for row in component(store, find(store, "user_id:0")).keys}

    positions = store.log.positions(even)

    assert positions == [one.position for one in store.log.entries(after=-1, limit=100) if one.key_id in keys]
    assert store.log.positions([*odd, *even]) == sorted([*positions, *store.log.positions(odd)])
    assert store.log.positions([1, 2, 3]) == []


def test_message_ids_are_seen_by_stream(store: Store) -> None:
    take_in(store, call(1, "user_id:1"), call(2, "user_id:2"), call(3, "user_id:2"))
    (one,), (two,) = handles(store, "user_id:1"), handles(store, "user_id:2")

    with store.lock() as locked:
        seen = locked.log.seen([one, two, 5])

    assert {handle: len(digests) for handle, digests in seen.items()} == {one: 16, two: 32}


def test_acts_parse_back_to_what_was_appended(store: Store) -> None:
    acts: list[tuple[str, Act]] = [
        ("attested", Attested(name="profile", through=3, digest="ab" * 32)),
        ("bodies_lost", BodiesLost(positions=[4, 5], cause="disk")),
        ("model_retired", ModelRetired(model="01" * 16, cause="erasure")),
    ]
    first = append_acts(store, acts)
    assert first is not None

    found = store.log.acts([name for name, _ in acts])

    assert [entry.position for entry in found] == [first, first + 1, first + 2]
    assert [(entry.act, parse(entry.act or "", entry.fields or "")) for entry in found] == acts
    assert {entry.actor for entry in found} == {store.actor}
    assert store.log.acts([]) == []


def test_the_head_is_signed_over_size_and_root(store: Store) -> None:
    take_in(store, call(1))
    head = store.log.head()

    signed = open_tree_head(head.note, store.vkey)

    assert (signed.origin, signed.size, signed.root) == (store.origin, head.size, head.frontier.root())


def test_a_purged_body_is_gone_and_its_entry_stays(store: Store) -> None:
    take_in(store, call(1, "user_id:1"), call(2, "user_id:2"))
    gone, kept = handles(store, "user_id:1"), handles(store, "user_id:2")
    positions = store.log.positions(gone)
    entries = store.log.entries(after=-1, limit=100)

    counts = []
    for _ in range(2):
        with store.lock() as locked:
            counts.append(locked.log.purge(gone, positions))

    assert counts == [len(positions), 0]
    assert [one.sealed for one in store.log.at(positions)] == [None] * len(positions)
    assert all(one.sealed for one in store.log.at(store.log.positions(kept)))
    assert store.log.entries(after=-1, limit=100) == entries
    assert store.log.positions(gone) == []


def test_rows_are_counted_by_table(store: Store) -> None:
    take_in(store, call(1))
    log: Log = store.log

    counts = log.counts()

    assert counts["entry"] == log.head().size
    assert counts["body"] == len(log.bodies(after=-1, limit=100))
