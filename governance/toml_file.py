"""A TOML file that people write, checked against a pydantic model: every fault with its path and line."""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError

from domain.errors import BadInput

Model = TypeVar("Model", bound=BaseModel)
Path = tuple[str | int, ...]
Rules = Callable[[Model], Iterable[tuple[Path, str]]]

HEADER: Final = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(?:#.*)?")
NAME: Final = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
SETTING: Final = re.compile(rf"\s*({NAME}(?:\s*\.\s*{NAME})*)\s*=")
PART: Final = re.compile(NAME)

WORDS: Final = {"extra_forbidden": "no such setting here", "missing": "is required"}


def read(text: str, where: str, model: type[Model], rules: Rules[Model]) -> Model:
    """Raises BadInput for the first fault: of shape in the order of the model's fields, then of `rules`."""
    found = model_or_faults(text, where, model, rules)
    if isinstance(found, list):
        raise found[0]
    return found


def model_or_faults(text: str, where: str, model: type[Model], rules: Rules[Model]) -> Model | list[BadInput]:
    """All faults of shape, or else all that `rules` (what no field can know alone) yields as (path, expected)."""
    try:
        written = model.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        return [BadInput(where, "syntax", str(error))]
    except ValidationError as error:
        return [_fault(text, where, path, expected) for path, expected in _shape(error)]
    return [_fault(text, where, path, expected) for path, expected in rules(written)] or written


def line_of(text: str, path: Path) -> int | None:
    """The line, from 1, of the setting at `path`, or else of the closest one that holds it."""
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := HEADER.fullmatch(line):
            table = _names(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            lines.setdefault(table, number)
        elif setting := SETTING.match(line):
            lines.setdefault((*table, *_names(setting[1])), number)
    return next((lines[path[:size]] for size in range(len(path), 0, -1) if path[:size] in lines), None)


def _names(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in PART.findall(dotted))


def _shape(error: ValidationError) -> Iterator[tuple[Path, str]]:
    for fault in error.errors(include_url=False, include_input=False):
        yield tuple(fault["loc"]), WORDS.get(fault["type"], fault["msg"].removeprefix("Value error, "))


def _fault(text: str, where: str, path: Path, expected: str) -> BadInput:
    line = line_of(text, path)
    field = ".".join(f'"{part}"' if re.search(r"[ .]", str(part)) else str(part) for part in path)
    return BadInput(where if line is None else f"{where}:{line}", field or "file", expected)
