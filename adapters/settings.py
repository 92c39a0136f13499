"""Where the store and its keys are: options, else `LETHE_*` variables, read once."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path

from domain.clock import Clock, now, parse_rfc3339
from domain.errors import BadInput, Unavailable

SERVERS = ("postgresql://", "postgres://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a command needs to find its store."""

    store: str
    keys: str
    actor: str
    clock: Clock
    publish: str | None = None  # directory

    @property
    def directory(self) -> Path | None:
        """The embedded store's directory; None for a server."""
        return None if self.is_server else Path(self.store)

    @property
    def is_server(self) -> bool:
        return self.store.startswith(SERVERS)

    @property
    def shown_store(self) -> str:
        """The store as it may be printed: without the password of a server."""
        return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:…@", self.store) if self.is_server else self.store

    @property
    def keys_directory(self) -> Path:
        """Raises Unavailable for keys that would lie in the store, or a provider that is not here."""
        scheme, _, rest = self.keys.partition(":")
        if scheme != "file" or not rest:
            raise Unavailable("keys are named file:PATH")
        path = Path(rest).expanduser().resolve()
        if self.directory is not None and path.is_relative_to(self.directory.resolve()):
            raise Unavailable("keys may not lie inside the store's directory: a copy of it would open everything")
        return path

    def site_directory(self, named: str | None = None) -> Path | None:
        """Where the log is published: the named directory, else that of `LETHE_PUBLISH`, else None.

        Raises Unavailable for one that holds the store or its keys, or lies in them: whoever reads it may read all.
        """
        if named is None and self.publish is None:
            return None
        path = Path(named or self.publish or "").expanduser().resolve()
        private = [self.keys_directory, *([self.directory.resolve()] if self.directory is not None else [])]
        if any(path.is_relative_to(one) or one.is_relative_to(path) for one in private):
            raise Unavailable("the log may not be published where the store or its keys lie")
        return path


def read_settings(
    environment: Mapping[str, str] = os.environ,
    *,
    store: str | None = None,
    keys: str | None = None,
    actor: str | None = None,
) -> Settings:
    """Raises BadInput for a store that is neither directory nor PostgreSQL, and a `LETHE_NOW` that is no time."""
    named = store or environment.get("LETHE_STORE", "./lethe-data")
    if "://" in named and not named.startswith(SERVERS):
        raise BadInput("command", "--store", "a directory, or postgresql://…")
    return Settings(
        store=named,
        keys=keys or environment.get("LETHE_KEYS", "file:~/.lethe/keys"),
        actor=actor or environment.get("LETHE_ACTOR") or getuser(),
        clock=_clock(environment.get("LETHE_NOW")),
        publish=environment.get("LETHE_PUBLISH") or None,
    )


def _clock(fixed: str | None) -> Clock:
    """The system's clock, or the moment of `LETHE_NOW`, for demonstrations and replayed imports."""
    if fixed is None:
        return now
    try:
        moment = parse_rfc3339(fixed)
    except ValueError as error:
        raise BadInput("environment", "LETHE_NOW", "a time in RFC 3339") from error
    return lambda: moment
