"""The tree over the log: known roots, agreement with RFC 6962's own definition, tiles from any batching."""

import random
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Damaged
from domain.tree import EMPTY_ROOT, Frontier, Tile, grown, leaf_hash, leaf_hashes, node_hash
from tests.oracles.tree_oracle import StoredTiles, mth, tile_of

# From the certificate transparency reference tests: eight leaves, and the root after each.
ENTRIES = [
    bytes.fromhex(entry)
    for entry in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = leaf_hashes(entry.to_bytes(4, "big") for entry in range(70_000))

batchings = st.lists(st.integers(0, 300), max_size=12)


def append(frontier: Frontier, tiles: StoredTiles, count: int) -> Frontier:
    new = LEAVES[frontier.size : frontier.size + count]
    after, completed = grown(frontier, new, tiles)
    tiles.insert(new, completed)
    return after


@pytest.mark.parametrize("size", range(9))
def test_the_root_of_each_reference_tree_is_the_published_one(size: int) -> None:
    frontier = Frontier().extended(leaf_hashes(ENTRIES[:size]))

    assert frontier.root().hex() == ROOTS[size]


def test_a_leaf_and_a_node_hash_as_published() -> None:
    counting = bytes(range(0x40))

    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"
    assert node_hash(b"N123", b"N456").hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    assert leaf_hash(counting[16:32]).hex() == "3bfb960453ebaebf33727da7a1f4db38acc051d381b6da20d6d4e88f0eabfd7a"
    assert (
        node_hash(counting[:32], counting[32:]).hex()
        == "1a378704c17da31e2d05b6d121c2bb2c7d76f6ee6fa8f983e596c2d034963c57"
    )


def test_an_empty_tree_has_the_hash_of_nothing_as_its_root() -> None:
    assert Frontier().root() == EMPTY_ROOT == sha256(b"").digest()


def test_the_root_of_every_size_is_what_the_definition_gives() -> None:
    frontier = Frontier()

    for size in range(601):
        assert frontier.root() == mth(LEAVES[:size])
        assert frontier == Frontier().extended(LEAVES[:size])
        frontier = frontier.extended(LEAVES[size : size + 1])


@given(first=st.integers(0, 700), second=st.integers(0, 700))
def test_appending_in_two_batches_gives_the_frontier_of_one(first: int, second: int) -> None:
    before = Frontier().extended(LEAVES[:first])

    after = before.extended(LEAVES[first : first + second])

    assert after == Frontier().extended(LEAVES[: first + second])
    assert before.size == first  # an append that is rolled back leaves it as it was


@given(st.integers(0, 5_000))
def test_a_stored_frontier_comes_back_as_it_was(size: int) -> None:
    frontier = Frontier().extended(LEAVES[:size])

    assert Frontier.from_bytes(frontier.to_bytes()) == frontier


def test_the_stored_frontier_is_the_size_and_one_hash_for_each_subtree() -> None:
    frontier = Frontier().extended(leaf_hashes(ENTRIES[:3]))

    assert frontier.to_bytes().hex() == "0000000000000003" + ROOTS[2] + leaf_hash(ENTRIES[2]).hex()


@pytest.mark.parametrize(
    "stored",
    [b"", b"\0" * 7, b"\0" * 9, b"\0" * 40, (3).to_bytes(8, "big") + b"\1" * 32, (3).to_bytes(8, "big") + b"\1" * 65],
)
def test_a_stored_frontier_of_another_length_is_damaged(stored: bytes) -> None:
    with pytest.raises(Damaged):
        Frontier.from_bytes(stored)


@settings(deadline=None)
@given(batchings)
def test_any_batching_completes_the_tiles_and_the_frontier_of_one_append(batches: list[int]) -> None:
    tiles, frontier = StoredTiles(), Frontier()

    for count in batches:
        frontier = append(frontier, tiles, count)

    once, at_once = grown(Frontier(), LEAVES[: sum(batches)], StoredTiles())
    assert frontier == once
    assert tiles.tiles == {(tile.level, tile.number): tile for tile in at_once}


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 4_000))
def test_exactly_the_full_tiles_are_completed_and_hold_what_the_definition_says(size: int) -> None:
    _, completed = grown(Frontier(), LEAVES[:size], StoredTiles())

    assert [(tile.level, tile.number) for tile in completed] == [(0, index) for index in range(size // 256)]
    for tile in completed:
        assert tile.hashes == tile_of(0, tile.number, LEAVES[:size])
        assert tile.root == mth(LEAVES[tile.number * 256 : (tile.number + 1) * 256])


def test_a_tile_of_the_next_level_completes_with_its_last_tile_below_however_the_entries_came() -> None:
    rng, tiles, frontier = random.Random(7), StoredTiles(), Frontier()
    expected = tile_of(1, 0, LEAVES[:65_536])

    while frontier.size < 70_000:
        frontier = append(frontier, tiles, min(rng.choice([1, 255, 256, 257, 5_000]), 70_000 - frontier.size))

    assert [key for key in tiles.tiles if key[0] > 0] == [(1, 0)]
    assert tiles.tiles[1, 0] == Tile(1, 0, expected, mth(LEAVES[:65_536]))
    assert tiles.tile(1, 1) == tile_of(1, 1, LEAVES)  # 17 hashes at the edge
    assert len(tiles.tile(0, 273)) == 112 * 32
    assert frontier.root() == mth(LEAVES)


def test_a_level_that_completes_no_tile_is_not_read() -> None:
    tiles = StoredTiles()
    frontier = append(Frontier(), tiles, 300)
    tiles.reads = 0

    frontier = append(frontier, tiles, 10)
    assert tiles.reads == 0

    append(frontier, tiles, 300)
    assert tiles.reads == 1


def test_an_edge_shorter_than_the_frontier_says_is_damaged() -> None:
    tiles = StoredTiles()
    frontier = append(Frontier(), tiles, 300)
    del tiles.leaves[-1]

    with pytest.raises(Damaged):
        grown(frontier, LEAVES[300:600], tiles)
