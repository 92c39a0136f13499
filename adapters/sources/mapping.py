"""The mapping file: how the rows of a table become calls."""

import codecs
import re
from collections.abc import Iterator
from datetime import UTC, date, tzinfo
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from adapters.sources.checks import KIND
from domain.clock import parse_rfc3339
from domain.errors import BadInput
from governance import toml_file

SHIPPED: Final = Path(__file__).parent / "mappings"
COLUMN: Final = re.compile(r"\{([^{}]+)\}")
FORMATS: Final = ("rfc3339", "epoch_s", "epoch_ms")


def _template(text: str) -> str:
    if re.search(r"[{}]", COLUMN.sub("", text)):
        raise ValueError("a text in which {column} stands for a column's value")
    return text


def _of_columns(text: str) -> str:
    if not COLUMN.search(text):
        raise ValueError("a text with at least one {column}")
    return _template(text)


def _encoding(name: str) -> str:
    try:
        codecs.lookup(name)
    except LookupError:
        raise ValueError("a character encoding that Python knows, such as utf-8 or latin-1") from None
    return name


def _time_format(text: str) -> str:
    if text not in FORMATS and "%" not in text:
        raise ValueError("rfc3339, epoch_s, epoch_ms or a strptime format")
    return text


def zone(name: str) -> tzinfo:
    """Raises ValueError for a name that the time zone database does not hold."""
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (OSError, LookupError, ValueError):  # ZoneInfoNotFoundError is a LookupError
        raise ValueError("a time zone such as UTC or Europe/Oslo") from None


def _zone_name(name: str) -> str:
    zone(name)
    return name


def _moment(value: Any) -> int:
    """A TOML date-time, a date (its midnight), or the text of one, as microseconds."""
    try:
        return parse_rfc3339(value.isoformat() if isinstance(value, date) else value)
    except (TypeError, ValueError):
        raise ValueError("an RFC 3339 time") from None


Moment = Annotated[int, BeforeValidator(_moment)]
Template = Annotated[str, AfterValidator(_template)]
OfColumns = Annotated[str, AfterValidator(_of_columns)]
TimeFormat = Annotated[str, AfterValidator(_time_format)]
ZoneName = Annotated[str, AfterValidator(_zone_name)]
SHAPE: Final = ConfigDict(frozen=True, extra="forbid")


class Format(BaseModel):
    """How a CSV file is written."""

    model_config = SHAPE

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8"


class Time(BaseModel):
    """A moment: of a column, or the same for all rows."""

    model_config = SHAPE

    column: str | None = None
    constant: Moment | None = None
    format: TimeFormat = "rfc3339"  # a column of a Parquet time type needs none
    timezone: ZoneName = "UTC"  # of times that carry no offset

    @model_validator(mode="after")
    def _one_of_both(self) -> "Time":
        if (self.column is None) == (self.constant is None):
            raise ValueError("either column or constant")
        return self


class Property(BaseModel):
    """A typed value of a column; a row without it is refused unless it is optional."""

    model_config = SHAPE

    column: str
    type: Literal["string", "int", "number", "amount", "bool", "time"] = "string"
    optional: bool = False
    absolute: bool = False  # the sign is dropped: for files that write refunds as negative quantities
    format: TimeFormat = "rfc3339"
    timezone: ZoneName = "UTC"


class EventWhen(BaseModel):
    """Another event name for rows whose column starts so."""

    model_config = SHAPE

    column: str
    starts_with: str = Field(min_length=1)
    event: str = Field(min_length=1)


class Lookup(BaseModel):
    """A small table beside the file, held in memory; its columns are named `LOOKUP.column` here."""

    model_config = SHAPE

    file: str
    key: str  # its column that is unique
    on: str = ""  # the file's column with the same values; empty: of the same name
    columns: tuple[str, ...] = Field(min_length=1)


class Mapping(BaseModel):
    """What each row says; texts may hold `{column}`."""

    model_config = SHAPE

    source: str = Field(min_length=1)
    file: Format = Format()
    kind: Literal["track", "identify", "page", "screen", "group"] = "track"
    event: Template = ""
    event_when: tuple[EventWhen, ...] = ()
    identifiers: dict[str, OfColumns] = Field(min_length=1)  # by kind, strongest first
    message_id: OfColumns | None = None
    time: Time
    recorded: Time | None = None  # receipt time of a backfill; without it the time above
    currency: Template | None = None
    properties: dict[str, Property] = {}
    constants: dict[str, Any] = {}
    skip_if_null: tuple[str, ...] = ()
    lookup: dict[str, Lookup] = {}


def load(path: str) -> Mapping:
    """Reads a mapping file, or one that is shipped, by its bare name. Raises BadInput."""
    file = Path(path)
    if not file.is_file() and file.name == path and (SHIPPED / f"{file.stem}.toml").is_file():
        file = SHIPPED / f"{file.stem}.toml"
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise BadInput(file.name, "file", "a readable mapping file, or one of " + ", ".join(shipped())) from None
    return parse(text, file.name)


def parse(text: str, where: str) -> Mapping:
    """Raises BadInput naming `where`, the line, the setting and what it takes."""
    return toml_file.read(text, where, Mapping, _rules)


def shipped() -> list[str]:
    """Names of the mappings that come with the store."""
    return sorted(file.stem for file in SHIPPED.glob("*.toml"))


def columns_of(template: str) -> list[str]:
    """The columns a template names, in order."""
    return COLUMN.findall(template)


def columns_in(mapping: Mapping) -> dict[str, str]:
    """Every column that the mapping names, with the setting that does."""
    found: dict[str, str] = {}
    templates = {"event": mapping.event, "message_id": mapping.message_id or "", "currency": mapping.currency or ""}
    templates |= {f"identifiers.{kind}": template for kind, template in mapping.identifiers.items()}
    for field, template in templates.items():
        found |= dict.fromkeys(columns_of(template), field)
    for field, time in {"time": mapping.time, "recorded": mapping.recorded}.items():
        if time is not None and time.column is not None:
            found[time.column] = field
    found |= {rule.column: f"properties.{name}" for name, rule in mapping.properties.items()}
    found |= {rule.column: "event_when" for rule in mapping.event_when}
    return found | dict.fromkeys(mapping.skip_if_null, "skip_if_null")


def _rules(mapping: Mapping) -> Iterator[tuple[toml_file.Path, str]]:
    if mapping.kind == "track" and not mapping.event:
        yield ("event",), "is required for track"
    for kind in mapping.identifiers:
        if not KIND.fullmatch(kind):
            yield ("identifiers", kind), "an identifier kind: letters, digits, _ . -"
    for name, value in mapping.constants.items():
        if not isinstance(value, str | int | float | bool):
            yield ("constants", name), "a text, number or boolean"
        if name in mapping.properties:
            yield ("constants", name), "a name that no property has"
    for name in mapping.lookup:
        if "." in name:
            yield ("lookup", name), "a name without dots"
