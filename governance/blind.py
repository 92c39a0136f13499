"""Identifiers as the keyring may hold them: keyed hashes, one key per use."""

import hmac

CACHED = 200_000


class Blinder:
    """HMAC-SHA256 of identifiers, cut to 128 bits; index and suppression use different keys."""

    def __init__(self, index_key: bytes, suppression_key: bytes) -> None:
        self._index_key = index_key
        self._suppression_key = suppression_key
        self._blinds: dict[str, bytes] = {}

    def blind(self, identifier: str) -> bytes:
        """The blind index value of `kind:value`."""
        found = self._blinds.get(identifier)
        if found is None:
            found = hmac.digest(self._index_key, folded(identifier).encode(), "sha256")[:16]
            if len(self._blinds) >= CACHED:
                self._blinds.clear()
            self._blinds[identifier] = found
        return found

    def mark(self, blind: bytes) -> bytes:
        """The suppression mark of a blind index value: needs no identifier in clear."""
        return hmac.digest(self._suppression_key, blind, "sha256")[:16]

    def forget(self) -> None:
        """Drop the identifiers that are held in clear."""
        self._blinds.clear()


def folded(identifier: str) -> str:
    """An e-mail names the same mailbox in capitals."""
    return identifier.lower() if identifier.startswith("email:") else identifier
