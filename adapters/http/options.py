"""How the service runs: `LETHE_*` variables beside those that name the store."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from domain.errors import BadInput

RATE = "1000/second"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the defaults are, is right for one machine."""

    threads: int = 4  # that work on requests; each has the store opened for itself
    waiting: int = 256  # requests that may wait for one; more are asked to come again
    rate: str = RATE  # of each API key, in each process
    body_bytes: int = 1 << 20  # of any request, as sent
    pause_seconds: float = 5.0  # between looks for duties


def read_options(environment: Mapping[str, str] = os.environ) -> Options:
    """Raises BadInput for a rate that is none, such as 100/second."""
    from limits import parse

    rate = environment.get("LETHE_RATE", RATE)
    try:
        parse(rate)
    except ValueError as error:
        raise BadInput("environment", "LETHE_RATE", "a rate such as 100/second") from error
    return Options(rate=rate)
