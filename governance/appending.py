"""One append: acts and sealed bodies become entries, leaves, tiles and a signed tree head."""

from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple

from domain.acts import KEYS_AN_ACT, Act, KeysCreated, fields_text
from domain.bodies import pack
from domain.clock import day_of
from domain.events import Event
from domain.log import Append, Entry, Head, Log, leaf
from domain.tree import grown, leaf_hashes
from governance.keyring import Minted, Random
from governance.keyrows import KeyRow, KeyRows
from governance.sealing import NONCE_BYTES, DataKey, commitment, seal_body

SignHead = Callable[[int, bytes], str]
"""(size, root) -> signed note of the tree head."""


class Group(NamedTuple):
    """Events of one subject, class and epoch in one append, and the digests of their message ids."""

    key: DataKey
    stream: int
    events: list[Event]
    digests: bytes


class Draft(NamedTuple):
    """What an append will hold, in this order: commitments of new keys, acts, bodies."""

    minted: Sequence[Minted] = ()
    acts: Sequence[tuple[str, Act]] = ()
    groups: Sequence[Group] = ()


def compose(draft: Draft, *, head: Head, log: Log, now: int, actor: bytes, random: Random, sign: SignHead) -> Append:
    """Everything to insert; reads the tree's edge from the log, changes nothing."""
    day = day_of(now)
    acts = [*(("keys_created", act) for act in commitments(draft.minted)), *draft.acts]
    entries = [
        Entry(head.size + index, random(16), day, act=name, actor=actor, fields=fields_text(act))
        for index, (name, act) in enumerate(acts)
    ]
    bodies: list[tuple[int, bytes]] = []
    position = head.size + len(entries)
    noise = random((NONCE_BYTES + 16) * len(draft.groups))
    for index, group in enumerate(draft.groups):
        entry_id, nonce = noise[index * 28 : index * 28 + 16], noise[index * 28 + 16 : index * 28 + 28]
        sealed = seal_body(group.key, entry_id, pack(head.size, group.events), nonce)
        entries.append(Entry(position, entry_id, day, group.key.key_id, sha256(sealed).digest()))
        bodies.append((position, sealed))
        position += 1
    first = head.size + len(acts)
    streams = [(group.stream, first + index, group.digests) for index, group in enumerate(draft.groups)]
    hashes = leaf_hashes(map(leaf, entries))
    frontier, tiles = grown(head.frontier, hashes, log)
    entries = [entry._replace(hash=one) for entry, one in zip(entries, hashes, strict=True)]
    return Append(entries, bodies, streams, tiles, Head(frontier, sign(frontier.size, frontier.root())))


def commitments(minted: Sequence[Minted]) -> list[KeysCreated]:
    """The acts that commit to new keys, at most 500 keys each, sorted by key id."""
    pairs = sorted((one.key.key_id.hex(), commitment(one.key.raw, one.key.key_id).hex()) for one in minted)
    return [KeysCreated(keys=pairs[start : start + KEYS_AN_ACT]) for start in range(0, len(pairs), KEYS_AN_ACT)]


def keep_keys(minted: Sequence[Minted], *, size: int, rows: KeyRows) -> None:
    """Write the rows of new keys; each names the position its commitment will have."""
    ordered = sorted(minted, key=lambda one: one.key.key_id)
    rows.add_keys(
        [
            KeyRow(
                one.key.key_id,
                one.key.subject,
                one.key.klass,
                one.key.epoch,
                one.generation,
                one.wrapped,
                size + index // KEYS_AN_ACT,
                size,
            )
            for index, one in enumerate(ordered)
        ]
    )
