"""The command about what a store has to do by itself."""

from typing import Annotated, Any

import typer

from adapters.cli.session import PARTIAL, Session, command
from domain.errors import BadInput


def register(app: typer.Typer) -> None:
    """Add this command to the root."""
    command(app, "duties")(duties)


def duties(
    session: Session,
    verb: Annotated[str, typer.Argument(metavar="[run]", help="run: do what is due, once. Else: show.")] = "show",
    wait: Annotated[float, typer.Option(help="Seconds to wait for readers of old pages.")] = 10.0,
) -> None:
    """What the store has to do by itself, and when it did; `serve` does it, or `duties run` from a scheduler."""
    from adapters.webhooks import post
    from governance.duties import run_due, shown

    if verb not in ("show", "run"):
        raise BadInput("command", "duties", "nothing, or run")
    store = session.store()
    if verb == "show":
        found = shown(store)
        session.show(found, "\n".join(map(_line, found)))
        return
    done = run_due(store, post, wait_seconds=wait)
    text = "\n".join(f"{one.duty}: {one.outcome}" for one in done)
    session.show({"ran": [one._asdict() for one in done]}, text or "nothing is due")
    if any(one.outcome != "done" for one in done):
        raise typer.Exit(PARTIAL)


def _line(one: dict[str, Any]) -> str:
    late = f"OVERDUE by {one['overdue_seconds']} s" if one["overdue"] else f"due {one['due']}"
    return (
        f"{one['duty']:<12} {one['outcome']:<12} last {one['last_run'] or 'never':<28} {late}  {one['en']} {one['zh']}"
    )
