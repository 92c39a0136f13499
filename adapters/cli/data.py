"""Commands that make a store and fill it."""

import os
from dataclasses import asdict
from time import monotonic
from typing import Annotated

import typer

from adapters.cli.policing import policy_text
from adapters.cli.session import REJECTED, Session, command
from domain.errors import BadInput


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    command(app, "init")(init)
    command(app, "ingest")(ingest)
    command(app, "rejections")(rejections)


def init(
    session: Session,
    origin: Annotated[str | None, typer.Option(help="The log's name in its tree heads.")] = None,
    fold_key: Annotated[str | None, typer.Option(help="64 hex digits, so that two stores compare.")] = None,
    policy: Annotated[str, typer.Option(help="Policy file, or one of `lethe policy packs`.")] = "ecommerce",
) -> None:
    """Make a store and its keys."""
    from adapters.wiring import initialise

    os.umask(0o077)
    store = initialise(session.settings, origin=origin, fold_key=_key(fold_key), policy=policy_text(policy)[1])
    made = {"store": session.settings.shown_store, "origin": store.origin, "vkey": store.vkey}
    session.show(made, f"made {made['store']}\nverifier key: {store.vkey}")


def ingest(
    session: Session,
    files: Annotated[list[str], typer.Argument(help="JSON Lines, CSV or Parquet; - for standard input.")],
    mapping: Annotated[str | None, typer.Option(help="Mapping file, or the name of one that is shipped.")] = None,
    source: Annotated[str | None, typer.Option(help="Name of the source (default: the mapping's).")] = None,
    backfill: Annotated[bool, typer.Option(help="Each record's own time is its receipt time.")] = False,
    strict: Annotated[bool, typer.Option(help="Exit 6 when a record was rejected.")] = False,
) -> None:
    """Take in files and bring the projections up to date."""
    from adapters.cli.ingesting import bar, ingest_file
    from governance.projecting import catch_up_to_head
    from governance.receipt import Receipt

    store, total, began = session.store(), Receipt(), monotonic()
    for file in files:
        total.add(ingest_file(store, file, mapping=mapping, source=source, backfill=backfill))
    with bar("projections", store.log.head().size) as advance:
        catch_up_to_head(store, lambda done, _: advance(done))
    seconds = round(monotonic() - began, 3)
    session.show({**asdict(total), "seconds": seconds}, _told(total, seconds))
    if strict and total.rejected:
        raise typer.Exit(REJECTED)


def rejections(session: Session, limit: Annotated[int, typer.Option(min=1, max=100_000)] = 100) -> None:
    """Why records were refused: source, record number, field and reason, never the value."""
    from governance.door import rejections_of

    found = rejections_of(session.store(), limit)
    text = "\n".join(f"{one['source']} {one['record']}: {one['field']}: {one['text']}" for one in found)
    session.show(found, text or "none")


def _key(text: str | None) -> bytes | None:
    try:
        key = None if text is None else bytes.fromhex(text)
    except ValueError as error:
        raise BadInput("command", "--fold-key", "64 hex digits") from error
    if key is not None and len(key) != 32:
        raise BadInput("command", "--fold-key", "64 hex digits")
    return key


def _told(total: object, seconds: float) -> str:
    counts = asdict(total)  # type: ignore[call-overload]
    words = ", ".join(f"{counts[name]} {name}" for name in ("accepted", "duplicates", "suppressed", "rejected"))
    return f"{counts['read']} records read in {seconds} s: {words}"
