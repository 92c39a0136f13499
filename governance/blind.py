"""Identifiers as the keyring may hold them: keyed hashes, one key per use."""

import hmac
from collections.abc import Collection, Mapping
from typing import Final

from governance.keyring import Keyring
from governance.keyrows import KeyRows
from governance.permutation import Permutation

CACHED = 200_000

TURN: Final = "turn"
"""The keyring's secret that turns blinds; a rotation replaces it. Its number says under which serial the rows lie."""


SUPPRESSION: Final = "suppression"
"""The keyring's secrets that make suppression marks: the newest makes them, every living one is tried."""

MARKING: Final = "marking"
"""The keyring's number: the serial of the newest of those; 0 until the first rotation."""


class Blinder:
    """HMAC-SHA256 of identifiers, cut to 128 bits; index and suppression use different keys.

    What the index holds is turned besides by a key that rotates: a rotation needs no identifier in clear, and a
    suppression mark, made of what lies below the turn, outlives every rotation. Serial 0 turns nothing.
    """

    def __init__(self, index_key: bytes, suppression_key: bytes) -> None:
        self._index_key = index_key
        self._suppression_keys = [suppression_key]  # the newest first
        self.marking = 0
        self._turn: Permutation | None = None
        self.serial = 0
        self._blinds: dict[str, bytes] = {}

    def blind(self, identifier: str) -> bytes:
        """The blind index value of `kind:value`."""
        found = self._blinds.get(identifier)
        if found is None:
            found = hmac.digest(self._index_key, folded(identifier).encode(), "sha256")[:16]
            if self._turn is not None:
                found = self._turn.forward(found)
            if len(self._blinds) >= CACHED:
                self._blinds.clear()
            self._blinds[identifier] = found
        return found

    def mark(self, blind: bytes) -> bytes:
        """The suppression mark of a blind index value: needs no identifier in clear."""
        return self.marks(blind)[0]

    def marks(self, blind: bytes) -> list[bytes]:
        """Its marks under every living secret, the newest first."""
        return self.names(blind if self._turn is None else self._turn.back(blind))

    def name(self, digest: bytes) -> bytes:
        """A keyed name for what a digest stands for, so that nobody confirms it by guessing."""
        return self.names(digest)[0]

    def names(self, digest: bytes) -> list[bytes]:
        """Its names under every living secret, the newest first."""
        return [hmac.digest(key, digest, "sha256")[:16] for key in self._suppression_keys]

    def derived(self, use: bytes) -> bytes:
        """A key of another use, the same in every copy of the keyring: no rotation changes it."""
        return hmac.digest(self._index_key, b"lethe/derived/1/" + use, "sha256")

    def mark_with(self, marking: int, keys: Mapping[int, bytes]) -> None:
        """Make marks as the rows do since a rotation."""
        self._suppression_keys = [key for _, key in sorted(keys.items(), reverse=True)]
        self.marking = marking

    def turn(self, serial: int, key: bytes) -> None:
        """Blind as the rows do since a rotation."""
        self._turn, self.serial = Permutation(key), serial
        self._blinds.clear()

    def turned(self, blinds: bytes, key: bytes) -> bytes:
        """Blinds of the present serial, one after the other, as they are under the next key."""
        return Permutation(key).forward(blinds if self._turn is None else self._turn.back(blinds))

    def forget(self) -> None:
        """Drop the identifiers that are held in clear."""
        self._blinds.clear()


def follow(blinder: Blinder, keyring: Keyring, rows: KeyRows) -> int:
    """Blind as these rows do: another process may have rotated the key. Returns the serial.

    Called before rows are looked up by blinds; without the append lock, asked again after.
    """
    serial = rows.number(TURN)
    if serial != blinder.serial:
        blinder.turn(serial, keyring.secret(rows, TURN))
    marking = rows.number(MARKING)
    if marking != blinder.marking:
        blinder.mark_with(marking, keyring.all_secrets(rows, SUPPRESSION))
    return serial


def marks_of(blinder: Blinder, keyring: Keyring, rows: KeyRows, subjects: Collection[bytes]) -> list[bytes]:
    """The suppression marks of all identifiers of these subjects under every secret, sorted; needs no append lock."""
    while True:
        serial = follow(blinder, keyring, rows)
        found = rows.identifiers_of(subjects)
        if rows.number(TURN) == serial:  # else the index was rotated between the two reads
            return sorted(mark for row in found for mark in blinder.marks(row.blind))


def folded(identifier: str) -> str:
    """An e-mail names the same mailbox in capitals, and with blanks around it; a trait's value often has them."""
    kind, _, value = identifier.partition(":")
    return f"email:{value.strip().lower()}" if kind == "email" else identifier
