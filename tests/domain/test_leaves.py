"""Entries read back from their leaves: each in its one form, many at once as one by one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.acts import ACTS
from domain.leaves import BadLeaf, read_leaf, read_leaves, stretch_of
from domain.log import Entry, leaf
from domain.packs import pack_path, parse_pack, print_pack
from domain.tlog_tiles import ENTRIES, BadTile, TileName
from domain.vocabulary import EXECUTED, FORMS, INTENDED, OPTIONAL, NotAnAct, read_act
from governance import removals

ID = "0123456789abcdef" * 2
FIELDS: dict[str, dict[str, Any]] = {
    "genesis": {"schema": 1, "origin": "example.com/log", "policy": ID * 2},
    "keys_created": {"keys": [[ID, ID * 2]]},
    "hold_set": {"hold": ID, "classes": ["commerce"], "first": 0, "last": 0, "ground": "audit", "until": 5},
    "generation_rotated": {"old": 1, "new": 2},
    "bodies_lost": {"positions": [4, 5], "cause": "disk"},
}


def made(day: int, noise: bytes) -> Entry:
    return Entry(0, noise[:16], day, noise[16:32], noise[32:])


entries = st.builds(made, st.integers(-100_000, 100_000), st.binary(min_size=64, max_size=64))


def text(fields: Any) -> str:
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def act(position: int, name: str = "genesis", fields: str | None = None) -> Entry:
    return Entry(position, bytes(16), 20_000, act=name, actor=bytes(16), fields=fields or text(FIELDS[name]))


def data(position: int) -> Entry:
    return Entry(position, bytes(range(16)), 20_000 + position % 2, bytes([position % 7]) * 16, bytes([9]) * 32)


@given(st.lists(st.one_of(entries, st.just(act(0))), min_size=1, max_size=20), st.integers(0, 10**12))
def test_neighbours_come_back_as_they_were(some: list[Entry], first: int) -> None:
    some = [one._replace(position=first + at) for at, one in enumerate(some)]

    read = read_leaves([leaf(one) for one in some], first)

    assert read == stretch_of(some)._replace(unread=read.unread)
    assert not read.unread
    assert [read_leaf(leaf(one), one.position) for one in some] == some


@pytest.mark.parametrize("first", [0, 95, 9_990, 10**15])
def test_many_data_entries_are_read_at_once_as_one_by_one(first: int) -> None:
    some = [data(first + at) for at in range(256)]

    assert read_leaves([leaf(one) for one in some], first)._replace(unread=()) == stretch_of(some)


DATA, ACT = leaf(data(7)), leaf(act(7))


@pytest.mark.parametrize(
    "spoiled",
    [
        b"", DATA + b" ", b" " + DATA, DATA.replace(b'"c":', b'"x":'), DATA.replace(b'"v":1', b'"v":2'),
        DATA.replace(b'"t":"d"', b'"t":"e"'), DATA.replace(b":7,", b":8,"), DATA.replace(b":7,", b":07,"),
        DATA.replace(b'"c":"09', b'"c":"0A'), DATA.replace(b'"c":"09', b'"c":"0g'), DATA.replace(b"-10-", b"-13-"),
        DATA.replace(b'"v":1', b'"v":1,"x":1'), DATA.replace(b'"day":', b'"dby":'), DATA.replace(b'"seq"', b'"sfq"'),
        ACT.replace(b'"by":"00', b'"by":"'), ACT.replace(b'"t":"g"', b'"t":"d"'), ACT.replace(b"{}", b"{"),
        ACT.replace(b'"act":"genesis"', b'"act":"gene sis"'), ACT.replace(b"example", b"ex\xffmple"),
        ACT.replace(b"1970", b"197"), json.dumps(json.loads(DATA)).encode(),
    ],
)  # fmt: skip
def test_another_form_is_named_among_its_neighbours(spoiled: bytes) -> None:
    leaves = [leaf(data(at)) for at in range(10)]
    leaves[7] = spoiled if spoiled not in (DATA, ACT) else b"unchanged"

    read = read_leaves(leaves, 0)

    assert [position for position, _ in read.unread] == [7]
    assert [at for at, key in enumerate(read.keys) if key is None] == [7]
    with pytest.raises(BadLeaf):
        read_leaf(leaves[7], 7)


def test_an_auditor_knows_every_act_that_the_store_writes_and_no_other_field() -> None:
    assert FORMS.keys() == ACTS.keys()
    expiry = {"class", "epoch"}
    for name, kind in ACTS.items():
        fields = {"class" if field == "klass" else field for field in kind.__struct_fields__}
        assert FORMS[name].keys() == (fields if name.startswith("retention") else fields - expiry), name
    assert (INTENDED, EXECUTED) == (removals.INTENDED, removals.EXECUTED)
    assert all(any(field in form for form in FORMS.values()) for field in OPTIONAL)


@pytest.mark.parametrize("name", FIELDS)
def test_an_act_is_read(name: str) -> None:
    assert read_act(name, text(FIELDS[name])) == FIELDS[name]


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("unheard_of", "{}"),
        ("genesis", "{"),
        ("genesis", "[]"),
        ("genesis", "[" * 60_000),
        ("genesis", text({**FIELDS["genesis"], "note": "free text"})),
        ("genesis", text({**FIELDS["genesis"], "schema": True})),
        ("genesis", text({**FIELDS["genesis"], "schema": 1.0})),
        ("genesis", text({**FIELDS["genesis"], "policy": "AB" * 32})),
        ("genesis", json.dumps(FIELDS["genesis"])),
        ("genesis", text(FIELDS["genesis"]).replace('"schema":1', '"schema":1,"schema":1')),
        ("keys_created", text({"keys": [[ID, ID * 2, ID]]})),
        ("keys_created", text({"keys": [["ff" * 16, ID * 2], [ID, ID * 2]]})),
        ("keys_created", text({"keys": []})),
        ("hold_set", text({**FIELDS["hold_set"], "ground": "because she asked"})),
        ("generation_rotated", text({**FIELDS["generation_rotated"], "since": 0})),
        ("bodies_lost", text({"positions": [-1], "cause": "disk"})),
        ("hold_released", text({"hold": ID, "cause": "٣"})),
    ],
)
def test_what_is_no_act_is_refused(name: str, fields: str) -> None:
    with pytest.raises(NotAnAct):
        read_act(name, fields)


@given(st.lists(st.one_of(st.none(), st.binary(min_size=1, max_size=50)), min_size=1, max_size=30))
def test_bodies_lie_beside_their_entries(bodies: list[bytes | None]) -> None:
    pack = print_pack(bodies)

    assert parse_pack(pack, len(bodies)) == bodies
    for other in (pack + b"\0", pack[:-1], pack[: 4 * len(bodies) - 1]):
        with pytest.raises(BadTile):
            parse_pack(other, len(bodies))


def test_a_pack_has_the_number_and_width_of_its_entries() -> None:
    assert pack_path(TileName(ENTRIES, 1234)) == "bodies/x001/234"
    assert pack_path(TileName(ENTRIES, 3, 7)) == "bodies/003.p/7"
