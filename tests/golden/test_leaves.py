"""Bytes that auditors hash: the leaf of every kind of entry, as they were when first written."""

import json
from typing import Final

import pytest

from domain.acts import ACTS, Act, Removal, fields_text, parse
from domain.clock import day_of, parse_rfc3339
from domain.log import Entry, leaf
from domain.tree import Frontier, leaf_hash

ID, KEY, CONTENT = bytes(range(16)), bytes(range(16, 32)), bytes(range(32, 64))
DAY = day_of(parse_rfc3339("2026-11-23T12:00:00Z"))

REMOVAL: Final = (
    '{"bodies":2,"case":"0a","entries":3,"keys":["01","02"],"part":1,"parts":1,"root":"ff",'
    '"technique":["key_destroyed"],"uncovered":["backups"]}'
)
EXPIRY: Final = (
    '{"bodies":2,"case":"0a","class":"behaviour","entries":3,"epoch":0,"keys":["01","02"],"part":1,"parts":1,'
    '"root":"ff","technique":["key_destroyed"],"uncovered":["backups"]}'
)
FIELDS: Final = {
    "genesis": '{"origin":"example.com/log","policy":"ab","schema":1}',
    "keys_created": '{"keys":[["01","aa"],["02","bb"]]}',
    "policy_published": '{"hash":"ab","version":2}',
    "erasure_intended": REMOVAL,
    "erasure_executed": REMOVAL,
    "erasure_refused": '{"case":"0a","ground":"hold"}',
    "retention_intended": EXPIRY,
    "retention_applied": EXPIRY,
    "hold_set": '{"classes":["commerce"],"first":0,"ground":"litigation","hold":"0c","last":0,"until":5}',
    "hold_released": '{"cause":"released","hold":"0c"}',
    "notice_published": '{"hash":"ab","language":"zh","notice":"shop","version":1}',
    "bodies_lost": '{"cause":"disk","positions":[4,5]}',
    "generation_rotated": '{"new":2,"old":1}',
    "signing_key_changed": '{"new":"example.com/log+01020304+AQ/=","old":"example.com/log+05060708+AQ+="}',
    "model_trained": '{"cause":"schedule","model":"0b","scorer":"next_purchase_30d","through":9,"version":3}',
    "model_retired": '{"cause":"erasure","model":"0b"}',
    "attested": '{"digest":"cc","name":"profile","through":9}',
    "restored": '{"cases":["0a"],"root_from":"aa","size_from":1,"size_to":2}',
    "opened": '{"case":"0a","door":"reveal","reason":"complaint","role":"officer"}',
}
"""One of each act of the vocabulary, as the log holds it. A line may be added and never changed."""

DATA_LEAF: Final = (
    b'{"c":"202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f","day":"2026-11-23",'
    b'"id":"000102030405060708090a0b0c0d0e0f","k":"101112131415161718191a1b1c1d1e1f","seq":7,"t":"d","v":1}'
)


def canonical(text: bytes) -> bytes:
    """RFC 8785 for what leaves hold: ASCII names, integers, lists of them."""
    return json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def test_the_leaf_of_a_data_entry_is_what_it_always_was() -> None:
    found = leaf(Entry(7, ID, DAY, key_id=KEY, content=CONTENT))

    assert found == DATA_LEAF == canonical(DATA_LEAF)
    assert leaf_hash(found).hex() == "59d5dcdfed3c3d37f41a7e6d46f7d40fc3c80374597b5e21ab3885d685a13e1f"


def test_nothing_else_of_a_row_is_in_its_leaf() -> None:
    assert leaf(Entry(7, ID, DAY, key_id=KEY, content=CONTENT, hash=bytes(32))) == DATA_LEAF


@pytest.mark.parametrize("name", ACTS)
def test_the_leaf_of_an_act_is_what_it_always_was(name: str) -> None:
    found = leaf(Entry(8, ID, DAY, act=name, actor=KEY, fields=FIELDS[name]))

    assert found == canonical(found)
    assert found.decode() == (
        f'{{"act":"{name}","b":{FIELDS[name]},"by":"101112131415161718191a1b1c1d1e1f","day":"2026-11-23",'
        '"id":"000102030405060708090a0b0c0d0e0f","seq":8,"t":"g","v":1}'
    )


@pytest.mark.parametrize("name", ACTS)
def test_an_act_is_read_and_written_as_it_always_was(name: str) -> None:
    act: Act = parse(name, FIELDS[name])

    assert type(act) is ACTS[name]
    assert fields_text(act) == FIELDS[name]


def test_a_removal_that_somebody_asked_for_carries_the_digest_of_a_receipt() -> None:
    text = REMOVAL.replace('"root"', '"receipt":"dd","root"')

    act = parse("erasure_executed", text)

    assert isinstance(act, Removal)
    assert (act.receipt, fields_text(act)) == ("dd", text)


@pytest.mark.parametrize("name", ACTS)
def test_an_act_with_a_field_of_its_own_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        parse(name, FIELDS[name].replace("{", '{"note":"free text",', 1))


def test_every_act_of_the_vocabulary_is_here() -> None:
    assert FIELDS.keys() == ACTS.keys()


def test_the_compact_range_is_stored_as_it_always_was() -> None:
    seven = Frontier().extended([leaf_hash(bytes([number])) for number in range(7)])

    stored = seven.to_bytes()

    assert stored.hex() == (
        "0000000000000007"
        "9bcd51240af4005168f033121ba85be5a6ed4f0e6a5fac262066729b8fbfdecb"
        "4b8c129ed14cce2c08cfc6766db7f8cdb133b5f698b8de3d5890ea7ff7f0a8d1"
        "40d88127d4d31a3891f41598eeed41174e5bc89b1eb9bbd66a8cbfc09956a3fd"
    )
    assert Frontier.from_bytes(stored) == seven
    assert Frontier().to_bytes() == bytes(8)
