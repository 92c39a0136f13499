"""`lethe residue`: look for what must not be there."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.session import PARTIAL, Session, command, text_of
from domain.errors import BadInput

FOUND = 14


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    residue = typer.Typer(help="Look for what must not be there.", rich_markup_mode=None)
    app.add_typer(residue, name="residue")
    command(residue, "scan")(scan)


def scan(
    session: Session,
    canary: Annotated[
        list[str] | None, typer.Option(help="Token to look for. Others on this machine see it: prefer --canary-file.")
    ] = None,
    canary_file: Annotated[str | None, typer.Option(help="Tokens, one a line; - for standard input.")] = None,
    path: Annotated[
        list[Path] | None, typer.Option(help="Look here too: exports, backups, logs, temporary files.")
    ] = None,
) -> None:
    """Search everything the store wrote for tokens, encoded, packed or digested.

    Exit 14 when one is found, 5 when something could not be read.
    """
    from governance.residue import scan_store

    tokens = [*(canary or ()), *_lines(canary_file)]
    if not tokens:
        raise BadInput("command", "--canary", "a token, or --canary-file")
    missing = [one.name for one in path or () if not one.exists()]
    if missing:
        raise BadInput("command", "--path", "a file or directory that is there")
    found = scan_store(session.store(), tokens, more=[session.settings.keys_directory, *(path or ())])
    hits = [{"token": hit.needle, "file": hit.path, "offset": hit.offset} for hit in found.hits]
    session.show(
        {
            "files": found.files, "bytes": found.bytes, "hits": hits, "containers": found.containers,
            "forms": found.needles, "unreadable": list(found.unreadable), "partial": found.partial,
        }
    )  # fmt: skip
    if hits:
        raise typer.Exit(FOUND)
    if found.partial:
        raise typer.Exit(PARTIAL)


def _lines(file: str | None) -> list[str]:
    if file is None:
        return []
    try:
        text = sys.stdin.buffer.read().decode() if file == "-" else text_of(Path(file))
    except UnicodeDecodeError as error:
        raise BadInput("-", "file", "a readable text in UTF-8") from error
    return [line for line in text.splitlines() if line.strip()]
