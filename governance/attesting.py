"""Attested states: acts that carry keyed digests of what projections were, for whoever replays the log later.

Every removal replaces the key of the digests (`spec`: an old digest would let a guess of what was removed be
confirmed), so an attestation can be checked until the next removal; then it is superseded.
"""

import hmac
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final, NamedTuple

from domain.acts import Attested, parse
from domain.errors import MovedOn
from domain.log import Entry
from governance.projecting import TRIES, catch_up_to_head, serving, states_in
from governance.publishing import publish
from governance.removals import REMOVALS
from governance.roles import require
from governance.sealing import hkdf
from governance.store import Locked, Store, insert_acts
from projections.population import CONTRIBUTIONS
from projections.scorers import model as models
from projections.scorers.catalogue import SCORERS

ATTEST: Final = "attest"
"""The keyring's secret under which states are attested."""

PROJECTIONS: Final = "projections"
"""The name of an attestation of everything: every state, every statistic, which models score."""

FOLDS: Final = 1
"""Raised when a program folds the same log to other states: what was attested before cannot be checked then."""

_CHECK_BYTES = 8


class Attestation(NamedTuple):
    """An act that attests, and the entry that holds it."""

    entry: Entry
    act: Attested


def attest(store: Store) -> list[Attestation]:
    """Put on the log what the projections are: each statistic, and everything together. Raises NotPermitted.

    Nothing is attested under a key that a removal has replaced meanwhile.
    """
    require(store, "rebuild")
    for _ in range(TRIES):
        catch_up_to_head(store)
        with store.keyring.database.reading() as rows:
            secret, removals = store.keyring.secret(rows, ATTEST), rows.number(REMOVALS)
        states = serving(store)
        mark = store.slots.mark(states.name)
        found = digests(secret, mark.checkpoint, states_in(states), states.shared())
        if store.slots.mark(states.name) != mark:
            continue  # somebody folded more while this was read
        acts = [Attested(name=name, through=mark.checkpoint, digest=one) for name, one in sorted(found.items())]
        with store.lock() as locked:
            if locked.keys.number(REMOVALS) != removals:
                continue
            first = insert_acts(store, locked, [("attested", act) for act in acts])
        publish(store.log, store.mirror)
        return [one for one in attestations(store) if one.entry.position >= first][: len(acts)]
    raise MovedOn("the projections are moved by others faster than this process can follow")


def attestations(store: Store) -> list[Attestation]:
    """Every attestation, ascending."""
    found = [(entry, parse("attested", entry.fields or "")) for entry in store.log.acts(["attested"])]
    return [Attestation(entry, act) for entry, act in found if isinstance(act, Attested)]


def is_under(secret: bytes, act: Attested) -> bool:
    """Whether the digest was made with this key, of what this program folds: both are told by how it begins."""
    return act.digest.partition(":")[0] == _check(secret)


def digests(
    secret: bytes, through: int, states: Iterable[tuple[bytes, bytes]], shared: Mapping[str, bytes]
) -> dict[str, str]:
    """By name, of content alone: the same on every database and machine. States come ascending.

    A model counts by its id and what it learned from, not by its weights: these differ between machines.
    """
    statistics = {name.partition("/")[2]: row for name, row in shared.items() if name.startswith("statistic/")}
    live = [models.decode(row) for name, row in sorted(shared.items()) if name.startswith("model/")]
    everything = hmac.new(secret, _head(PROJECTIONS, through), sha256)
    for subject, row in states:
        everything.update(_part(subject) + _part(row))
    for name, row in sorted(statistics.items()):
        everything.update(_part(name.encode()) + _part(row))
    for one in live:
        everything.update(_part(f"{one.scorer}/{one.version}/{one.model_id}/{one.trained_through}".encode()))
    found = {
        name: hmac.digest(secret, _head(name, through) + _part(row), "sha256").hex() for name, row in statistics.items()
    }
    return {name: f"{_check(secret)}:{one}" for name, one in {**found, PROJECTIONS: everything.hexdigest()}.items()}


def keys_destroyed(store: Store, locked: Locked) -> None:
    """After data keys went: replays begin again, and the key of older attestations goes with what it could confirm."""
    for counted in ("changes", REMOVALS):
        locked.keys.set_number(counted, locked.keys.number(counted) + 1)
    serial = store.keyring.new_secret(locked.keys, ATTEST, store.random(32))
    locked.keys.drop_secrets(ATTEST, before=serial)


def _head(name: str, through: int) -> bytes:
    return b"lethe/attested/1" + _part(name.encode()) + through.to_bytes(8, "big", signed=True)


def _part(content: bytes) -> bytes:
    return len(content).to_bytes(8, "big") + content


def _check(secret: bytes) -> str:
    kept = ",".join([*sorted(CONTRIBUTIONS), *sorted(SCORERS)])
    return hkdf(secret, f"lethe/attest/{FOLDS}/{kept}".encode())[:_CHECK_BYTES].hex()
