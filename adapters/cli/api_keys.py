"""Commands about API keys: how programs show the service who they are."""

from typing import Annotated

import typer

from adapters.cli.session import Session, command

Key = Annotated[str, typer.Argument(metavar="KEY", help="The id between the underscores; `key list` prints it.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    key = typer.Typer(help="API keys: how programs show the service who they are.", rich_markup_mode=None)
    app.add_typer(key, name="key")
    command(key, "create")(create)
    command(key, "rotate")(rotate)
    command(key, "revoke")(revoke)
    command(key, "list")(listed)


def create(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose key it is: an actor, made where there is none.")],
    role: Annotated[str, typer.Option(help="What it may do: service, officer, auditor or admin.")] = "service",
    purpose: Annotated[list[str] | None, typer.Option(help="Read for this purpose only; may be repeated.")] = None,
    source: Annotated[str, typer.Option(help="What comes in by it is recorded under this name.")] = "",
    days: Annotated[int, typer.Option(help="Ends after so many days; 0: without an end.")] = 0,
) -> None:
    """Make a key. It is shown this once: only its digest is kept."""
    from governance.api_keys import create as make

    made = make(session.store(), name, role, purposes=purpose or (), source=source, days=days)
    session.show(made, made["secret"])


def rotate(
    session: Session, key: Key, overlap: Annotated[int, typer.Option(help="Hours in which both are valid.")] = 24
) -> None:
    """Make a key like this one, which ends after the overlap."""
    from governance.api_keys import rotate as renew

    made = renew(session.store(), key, overlap_hours=overlap)
    session.show(made, made["secret"])


def revoke(session: Session, key: Key) -> None:
    """End a key now."""
    from governance.api_keys import revoke as end

    end(session.store(), key)
    session.show({"key": key, "status": "revoked"})


def listed(session: Session) -> None:
    """List every key that was made, without its secret."""
    from governance.api_keys import listed as every

    found = every(session.store())
    text = "\n".join(
        f"{one['key']} {one['role']:<8} {one['actor']} -> {one['source']}"
        f"  {'valid' if one['valid'] else 'ended'}, ends {one['ends'] or 'never'}"
        for one in found
    )
    session.show(found, text or "none")
