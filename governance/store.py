"""An opened store: the ports that governance works through, gathered once by the wiring."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from domain.acts import Act
from domain.clock import Clock
from domain.errors import PolicyChanged
from domain.log import LockedLog, Log
from domain.meaning import FoldConfig
from governance.appending import Draft, SignHead, compose
from governance.blind import Blinder
from governance.caller import Caller
from governance.keyring import Keyring, Random
from governance.keyrows import KeyRows
from governance.policy import Policy
from governance.publishing import Mirror, publish
from governance.states import Slots


class Locked(Protocol):
    """The log and the keyring under the append lock; the keyring is committed first."""

    @property
    def log(self) -> LockedLog: ...

    @property
    def keys(self) -> KeyRows: ...


AppendLock = Callable[[], AbstractContextManager[Locked]]


class Storage(Protocol):
    """What lies under the tables."""

    @property
    def technique(self) -> list[str]: ...

    @property
    def uncovered(self) -> list[str]: ...

    def overwrite(self, *, wait_seconds: float) -> None:
        """Make freed pages unreadable. Raises WaitingForReader when a reader prevents it for that long."""
        ...

    def rewrite(self, *, wait_seconds: float) -> None:
        """Write the keyring's file anew, without the gaps of its pages. Raises WaitingForReader as `overwrite`."""
        ...

    def paths(self) -> Sequence[Path]:
        """Every file of the store that this process may read."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """What every door needs; nothing here is global."""

    origin: str
    vkey: str
    log: Log
    lock: AppendLock
    keyring: Keyring
    blinder: Blinder
    slots: Slots
    storage: Storage
    mirror: Mirror
    policy: Policy
    policy_version: int
    fold: FoldConfig
    actor: bytes
    actor_id: Callable[[str], bytes]  # of a name
    caller: Caller
    clock: Clock
    random: Random
    sign: SignHead
    sign_bytes: Callable[[bytes], bytes]  # with the log's key: statements, never what could be a note


POLICY = "policy"
"""The keyring's number: the version of the policy in force."""


def require_policy(store: Store, rows: KeyRows) -> None:
    """Raises PolicyChanged when the store was opened under a policy that is not in force any more."""
    if rows.number(POLICY) != store.policy_version:
        raise PolicyChanged


def recover_orphans(rows: KeyRows, size: int) -> None:
    """Forget what a crashed append left in the keyring: its entries never reached the log.

    Called under the append lock, before anything is written at `size`.
    """
    if rows.number("born") >= size and size:
        rows.drop_born_since(size)
        rows.set_number("born", -1)


def append_acts(store: Store, acts: Sequence[tuple[str, Act]], *, expected: int | None = None) -> int | None:
    """Append acts alone, and publish; returns the position of the first.

    With `expected`, None and nothing appended unless the log has exactly that size.
    """
    with store.lock() as locked:
        head = locked.log.head()
        if expected is not None and head.size != expected:
            return None
        insert_acts(store, locked, acts)
    publish(store.log, store.mirror)
    return head.size


def insert_acts(store: Store, locked: Locked, acts: Sequence[tuple[str, Act]]) -> int:
    """Insert acts under a lock that is held already; returns the position of the first."""
    head = locked.log.head()
    recover_orphans(locked.keys, head.size)  # or the log would grow past them, and they would count as committed
    draft = Draft(acts=acts)
    append = compose(
        draft, head=head, log=store.log, now=store.clock(), actor=store.actor, random=store.random, sign=store.sign
    )
    locked.log.insert(append)
    return head.size
