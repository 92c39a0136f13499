"""Proofs: equal to RFC 6962's definition, accepted when true, refused when anything at all is changed."""

import json
from base64 import b64decode
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Damaged
from domain.proofs import (
    BadProof,
    NotInTree,
    consistency_proof,
    frontier_at,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from domain.tree import EMPTY_ROOT, Frontier, grown, leaf_hash, leaf_hashes
from tests.oracles.tree_oracle import StoredTiles, mth, path, proof

VECTORS = Path(__file__).parents[3] / "shared" / "vectors"
PLACEHOLDER_ROOTS = "sizes-are-equal-one-and-proof-is-empty.json"  # its roots are 12 bytes long

# From the certificate transparency reference tests.
A = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
AB = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
CD = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
ABCD = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
E = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
EF = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
GH = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
EFGH = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
B = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
C = "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7"
D = "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7"
EFG = "837dbb152e9b079010717e84e865da4ebc0fa198a806d59d31bf15accef22d0e"


def source(leaves: list[bytes]) -> StoredTiles:
    tiles = StoredTiles()
    tiles.insert(leaves, grown(Frontier(), leaves, tiles)[1])
    return tiles


ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
REFERENCE = source(leaf_hashes(bytes.fromhex(entry) for entry in ENTRIES))
LEAVES = leaf_hashes(entry.to_bytes(4, "big") for entry in range(70_000))
LARGE = source(LEAVES)

sizes = st.one_of(st.integers(1, 700), st.sampled_from([255, 256, 257, 512, 65_535, 65_536, 65_537, 69_888, 70_000]))


@st.composite
def positions(draw: st.DrawFn) -> tuple[int, int]:
    size = draw(sizes)
    return draw(st.integers(0, size - 1)), size


@pytest.mark.parametrize(
    ("index", "size", "siblings"),
    [(0, 1, []), (0, 8, [B, CD, EFGH]), (5, 8, [E, GH, ABCD]), (2, 3, [AB]), (1, 5, [A, CD, E])],
)
def test_the_published_inclusion_proofs_are_made_and_verify(index: int, size: int, siblings: list[str]) -> None:
    made = inclusion_proof(index, size, REFERENCE)

    assert [sibling.hex() for sibling in made] == siblings
    verify_inclusion(REFERENCE.leaves[index], index, size, made, mth(REFERENCE.leaves[:size]))


@pytest.mark.parametrize(
    ("old", "size", "nodes"),
    [
        (1, 1, []),
        (1, 8, [B, CD, EFGH]),
        (6, 8, [EF, GH, ABCD]),
        (2, 5, [CD, E]),
        (4, 8, [EFGH]),
        (3, 7, [C, D, AB, EFG]),
    ],
)
def test_the_published_consistency_proofs_are_made_and_verify(old: int, size: int, nodes: list[str]) -> None:
    made = consistency_proof(old, size, REFERENCE)

    assert [node.hex() for node in made] == nodes
    verify_consistency(old, size, made, mth(REFERENCE.leaves[:old]), mth(REFERENCE.leaves[:size]))


def test_every_proof_in_every_small_tree_is_what_the_definition_gives() -> None:
    for size in range(1, 34):
        leaves = LEAVES[:size]
        for place in range(size):
            assert inclusion_proof(place, size, LARGE) == path(place, leaves)
            assert consistency_proof(place + 1, size, LARGE) == proof(place + 1, leaves)


@settings(deadline=None)
@given(positions())
def test_a_proof_at_any_earlier_size_is_the_definition_and_verifies(place: tuple[int, int]) -> None:
    index, size = place
    leaves, old = LEAVES[: min(size, 700)], index + 1
    root, old_root = frontier_at(size, LARGE).root(), frontier_at(old, LARGE).root()

    included, consistent = inclusion_proof(index, size, LARGE), consistency_proof(old, size, LARGE)

    verify_inclusion(LEAVES[index], index, size, included, root)
    verify_consistency(old, size, consistent, old_root, root)
    if size <= 700:
        assert (included, consistent, root) == (path(index, leaves), proof(old, leaves), mth(leaves))


@settings(deadline=None)
@given(positions(), st.data())
def test_an_inclusion_proof_with_any_bit_flipped_is_refused(place: tuple[int, int], data: st.DataObject) -> None:
    index, size = place
    root = frontier_at(size, LARGE).root()
    parts = [LEAVES[index], root, *inclusion_proof(index, size, LARGE)]
    flipped = flip(parts, data)

    with pytest.raises(BadProof):
        verify_inclusion(flipped[0], index, size, flipped[2:], flipped[1])


@settings(deadline=None)
@given(positions(), st.data())
def test_a_consistency_proof_with_any_bit_flipped_is_refused(place: tuple[int, int], data: st.DataObject) -> None:
    old, size = place[0] + 1, place[1]
    roots = [frontier_at(old, LARGE).root(), frontier_at(size, LARGE).root()]
    flipped = flip([*roots, *consistency_proof(old, size, LARGE)], data)

    with pytest.raises(BadProof):
        verify_consistency(old, size, flipped[2:], flipped[0], flipped[1])


def flip(parts: list[bytes], data: st.DataObject) -> list[bytes]:
    bit = data.draw(st.integers(0, 256 * len(parts) - 1))
    changed = (int.from_bytes(b"".join(parts), "big") ^ (1 << bit)).to_bytes(32 * len(parts), "big")
    return [changed[start : start + 32] for start in range(0, len(changed), 32)]


@settings(deadline=None)
@given(positions(), st.integers(0, 70_001))
def test_a_proof_moved_to_another_position_is_refused(place: tuple[int, int], other: int) -> None:
    index, size = place
    if other == index:
        other += 1
    made, root = inclusion_proof(index, size, LARGE), frontier_at(size, LARGE).root()

    with pytest.raises(BadProof):
        verify_inclusion(LEAVES[index], other, size, made, root)


@settings(deadline=None)
@given(positions(), st.booleans())
def test_a_proof_with_a_node_too_many_or_too_few_is_refused(place: tuple[int, int], front: bool) -> None:
    index, size = place
    root, made = frontier_at(size, LARGE).root(), inclusion_proof(index, size, LARGE)
    consistent, old_root = consistency_proof(index + 1, size, LARGE), frontier_at(index + 1, LARGE).root()

    for wrong in variants(made, root, front=front):
        with pytest.raises(BadProof):
            verify_inclusion(LEAVES[index], index, size, wrong, root)
    for wrong in variants(consistent, root, front=front):
        with pytest.raises(BadProof):
            verify_consistency(index + 1, size, wrong, old_root, root)


def variants(made: list[bytes], extra: bytes, *, front: bool) -> list[list[bytes]]:
    longer = [extra, *made] if front else [*made, extra]
    return [longer, made[1:] if front else made[:-1]] if made else [longer]


def test_a_proof_in_a_taller_tree_does_not_pass_for_one_in_a_shorter_tree() -> None:
    with pytest.raises(BadProof):
        verify_inclusion(LEAVES[1], 0, 1, inclusion_proof(1, 2, LARGE), mth(LEAVES[:2]))
    with pytest.raises(BadProof):
        verify_consistency(3, 4, consistency_proof(7, 8, LARGE), mth(LEAVES[:7]), mth(LEAVES[:8]))


def test_reading_for_a_proof_takes_each_tile_once() -> None:
    LARGE.reads = 0
    inclusion_proof(12_345, 70_000, LARGE)

    assert LARGE.reads <= 5  # its own tile at each of two levels, the level above, the right edge at two levels


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5), (6, 5)])
def test_no_inclusion_proof_exists_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(NotInTree):
        inclusion_proof(index, size, LARGE)
    with pytest.raises(BadProof):
        verify_inclusion(LEAVES[0], index, size, [], LEAVES[0])


@pytest.mark.parametrize(("old", "size"), [(0, 0), (0, 5), (-1, 5), (6, 5)])
def test_no_consistency_proof_exists_from_nothing_or_backwards(old: int, size: int) -> None:
    with pytest.raises(NotInTree):
        consistency_proof(old, size, LARGE)
    with pytest.raises(BadProof):
        verify_consistency(old, size, [], EMPTY_ROOT, EMPTY_ROOT)


def test_a_tree_larger_than_its_source_cannot_be_proven() -> None:
    with pytest.raises(Damaged):
        inclusion_proof(0, 70_001, LARGE)


@pytest.mark.parametrize("leaf", [b"", b"\0" * 31, b"\0" * 33])
def test_hashes_of_any_other_length_are_refused(leaf: bytes) -> None:
    with pytest.raises(BadProof):
        verify_inclusion(leaf, 0, 1, [], leaf)
    with pytest.raises(BadProof):
        verify_consistency(1, 1, [], leaf, leaf)


@pytest.mark.skipif(not VECTORS.exists(), reason="the shared vectors are not here")
def test_every_shared_inclusion_vector_is_judged_as_it_should_be() -> None:
    files = sorted((VECTORS / "rfc6962" / "inclusion").rglob("*.json"))
    assert len(files) == 98

    for file in files:
        vector = json.loads(file.read_text())
        leaf, root, siblings = decoded(vector["leafHash"]), decoded(vector["root"]), hashes(vector)
        refused = is_refused(verify_inclusion, leaf, vector["leafIdx"], vector["treeSize"], siblings, root)
        assert refused == vector["wantErr"], file.name


@pytest.mark.skipif(not VECTORS.exists(), reason="the shared vectors are not here")
def test_every_shared_consistency_vector_is_judged_as_it_should_be() -> None:
    files = sorted((VECTORS / "rfc6962" / "consistency").rglob("*.json"))
    assert len(files) == 98

    for file in files:
        vector = json.loads(file.read_text())
        roots = decoded(vector["root1"]), decoded(vector["root2"])
        refused = is_refused(verify_consistency, vector["size1"], vector["size2"], hashes(vector), *roots)
        assert refused == (vector["wantErr"] or file.name == PLACEHOLDER_ROOTS), file.name


def decoded(text: str | None) -> bytes:
    return b64decode(text or "")


def hashes(vector: dict[str, Any]) -> list[bytes]:
    return [b64decode(sibling) for sibling in vector["proof"] or []]


def is_refused(verify: Any, *arguments: Any) -> bool:
    try:
        verify(*arguments)
    except BadProof:
        return True
    return False


@pytest.mark.skipif(not VECTORS.exists(), reason="the shared vectors are not here")
def test_a_log_by_others_is_consistent_from_each_tree_to_the_next() -> None:
    bundle = (VECTORS / "foreign-log" / "tile" / "entries" / "000.p" / "15").read_bytes()
    entries = []
    while bundle:
        length = int.from_bytes(bundle[:2], "big")
        entries.append(bundle[2 : 2 + length])
        bundle = bundle[2 + length :]
    tile = (VECTORS / "foreign-log" / "tile" / "0" / "000.p" / "15").read_bytes()
    foreign = source(leaf_hashes(entries))

    assert foreign.tile(0, 0) == tile
    assert leaf_hash(entries[0]) == tile[:32]
    for old, size in pairwise(range(1, 16)):
        roots = frontier_at(old, foreign).root(), frontier_at(size, foreign).root()
        verify_consistency(old, size, consistency_proof(old, size, foreign), *roots)
