"""What a policy says of recipients and of aggregates."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from governance.callbacks import Forbidden, callback
from governance.masking import mask
from governance.toml_file import Path

SHAPE: Final = ConfigDict(frozen=True, extra="forbid")
MASKED: Final = ("identifiers", "attributes", "activity", "interests", "sequence", "sentiment", "scores")


def _mask(strategy: str) -> str:
    mask(strategy)
    return strategy


def _path(path: str) -> str:
    if path.partition(".")[0] not in MASKED or "" in path.split("."):
        raise ValueError(f"{', '.join(MASKED)}, or a dotted part of one; * stands for any one name")
    return path


class Recipient(BaseModel):
    """Who is given data, and must be told of erasures."""

    model_config = SHAPE

    purposes: tuple[str, ...] = Field(min_length=1)
    location: str = ""  # country code of ISO 3166-1, or a name
    safeguard: str = ""  # of a transfer out of the controller's jurisdiction: GDPR Art. 46, PIPL Art. 38
    url: str | None = None  # where it is told of erasures, corrections and restrictions; without one, by hand
    allow_private: bool = False  # whether that may be inside a network
    masks: dict[Annotated[str, AfterValidator(_path)], Annotated[str, AfterValidator(_mask)]] = {}


class Aggregates(BaseModel):
    """When counts of people are shown."""

    model_config = SHAPE

    k: int = Field(default=10, ge=2, le=10_000)  # the fewest people of a cell that is shown
    hysteresis: int = Field(default=3, ge=1, le=1000)  # how many have to come or go before what is shown changes


def url_faults(recipients: Mapping[str, Recipient]) -> Iterator[tuple[Path, str]]:
    """(path, what would be right) for every address that would not be called."""
    for name, recipient in recipients.items():
        if recipient.url is not None:
            try:
                callback(recipient.url, allow_private=recipient.allow_private)
            except Forbidden as fault:
                yield ("recipients", name, "url"), str(fault)
