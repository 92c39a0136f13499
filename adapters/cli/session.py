"""What every command shares: its options, the opened store, where text and JSON go, exit statuses."""

import inspect
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.settings import Settings, read_settings
from domain.errors import BadInput, Damaged, KeyMismatch, LetheError, NotFound, Refused, Unavailable
from domain.note import BadKey, BadNote, BadSignature
from domain.proofs import BadProof
from governance.publishing import Rollback

if TYPE_CHECKING:
    from governance.store import Store

STATUS: dict[type[LetheError], int] = {
    NotFound: 4,
    Refused: 3,
    BadInput: 2,
    BadKey: 2,
    Unavailable: 7,
    BadSignature: 13,
    Rollback: 12,
    BadNote: 10,
    BadProof: 10,
    KeyMismatch: 16,
    Damaged: 10,
}
"""Exit status by error; the first class that fits decides, anything else is 1."""

PARTIAL, REJECTED = 5, 6

COMMON: dict[str, Any] = {
    "as_json": Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")],
    "actor": Annotated[str | None, typer.Option(help="Who acts (LETHE_ACTOR).")],
    "store": Annotated[str | None, typer.Option(help="Directory or postgresql://… (LETHE_STORE).")],
    "keys": Annotated[str | None, typer.Option(help="file:PATH of the keys (LETHE_KEYS).")],
    "break_glass": Annotated[str | None, typer.Option(help="Look without a role for it: a reason code, recorded.")],
}


@dataclass(frozen=True, slots=True)
class Session:
    """One run of a command."""

    settings: Settings
    as_json: bool
    is_store_named: bool = False  # by --store: a variable of the environment names it too, but not for this run
    break_glass: str | None = None  # reason code

    def store(self, *, strict: bool = True) -> "Store":
        """Open the store; an erasure that crashed after its fence gets its intent before anything else.

        Without `strict` a store that contradicts its published tree head opens too: for the audit that says so.
        """
        from adapters.wiring import open_store
        from governance.erasure import recover
        from governance.roles import breaking_glass

        store = open_store(self.settings, strict=strict)
        if strict:
            recover(store)
        return store if self.break_glass is None else breaking_glass(store, self.break_glass)

    def show(self, document: Any, text: str | None = None) -> None:
        """The answer: JSON when asked for, else the text, else JSON made readable."""
        if self.as_json:
            typer.echo(json.dumps(document, ensure_ascii=False, separators=(",", ":")))
        else:
            typer.echo(text if text is not None else json.dumps(document, ensure_ascii=False, indent=2))

    def line(self, document: Any) -> None:
        """One of several answers: always one JSON document a line."""
        typer.echo(json.dumps(document, ensure_ascii=False, separators=(",", ":")))

    def say(self, text: str) -> None:
        """A message that is no part of the answer."""
        typer.echo(text, err=True)


def command(app: typer.Typer, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a function that takes a Session first; the common options are added to its own."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        common = [
            inspect.Parameter(
                key, inspect.Parameter.KEYWORD_ONLY, default=False if key == "as_json" else None, annotation=type_
            )
            for key, type_ in COMMON.items()
        ]

        def run(**values: Any) -> None:
            given = {key: values.pop(key) for key in COMMON}
            with exit_statuses():
                settings = read_settings(store=given["store"], keys=given["keys"], actor=given["actor"])
                named = given["store"] is not None
                function(Session(settings, given["as_json"], named, given["break_glass"]), **values)

        run.__doc__ = function.__doc__
        keyword = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own]
        run.__signature__ = inspect.Signature([*keyword, *common])  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in [*own, *common]}
        app.command(name)(run)
        return function

    return register


@contextmanager
def exit_statuses() -> Iterator[None]:
    """Errors of ours become a line and a status; any other shows its class alone, as its text may hold data."""
    try:
        yield
    except LetheError as error:
        typer.echo(f"lethe: {error}", err=True)
        raise typer.Exit(status_of(error)) from None
    except (typer.Exit, typer.Abort, KeyboardInterrupt):
        raise
    except BrokenPipeError:
        sys.stderr.close()
        raise typer.Exit(0) from None
    except Exception as error:
        if os.environ.get("LETHE_TRACEBACK"):
            raise  # for developers: the text may hold data of a person
        if _is_of_the_database(error):
            typer.echo("lethe: the database does not answer", err=True)
            raise typer.Exit(STATUS[Unavailable]) from None
        typer.echo(f"lethe: unexpected {type(error).__name__}", err=True)
        raise typer.Exit(1) from None


def _is_of_the_database(error: Exception) -> bool:
    """Whether it went away, is locked or full: by name, as each driver has a class of its own (PEP 249)."""
    return any(one.__name__ in {"OperationalError", "InterfaceError"} for one in type(error).__mro__)


def status_of(error: LetheError) -> int:
    """The exit status that INTERFACE gives an error."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 1)


def text_of(file: Path) -> str:
    """Raises BadInput for a file that is not there, or is no text."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(file.name, "file", "a readable text file in UTF-8") from error


def identifiers_from(one: str | None, file: str | None) -> list[str]:
    """One identifier, or one a line of a file (`-`: standard input). Raises BadInput for neither or no `kind:value`."""
    if (one is None) == (file is None):
        raise BadInput("command", "ID", "either an identifier kind:value or --from FILE")
    if one is not None:
        found = [one]
    elif file == "-":
        found = [line.strip() for line in _standard_input().splitlines()]
    else:
        found = [line.strip() for line in text_of(Path(str(file))).splitlines()]
    found = [line for line in found if line]
    if any(":" not in line for line in found):
        raise BadInput("command", "ID", "kind:value, such as user_id:42")
    if any("\ud800" <= character <= "\udfff" for line in found for character in line):  # an argument's bad bytes
        raise BadInput("command", "ID", "an identifier in UTF-8")
    return found


def _standard_input() -> str:
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        raise BadInput("-", "file", "a readable text in UTF-8") from error
