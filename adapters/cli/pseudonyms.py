"""Commands about pseudonyms and counts."""

from typing import Annotated

import typer

from adapters.cli.session import PARTIAL, Session, command
from domain.errors import BadInput, WaitingForReader


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    command(app, "reidentify")(reidentify)
    command(app, "aggregates")(aggregates)
    index = typer.Typer(help="The index by which identifiers are looked up.", rich_markup_mode=None)
    app.add_typer(index, name="index")
    command(index, "rotate")(rotate)


def reidentify(
    session: Session,
    pairwise: Annotated[str, typer.Argument(help="The id that the recipient names: p_ and 32 hex digits.")],
    recipient: Annotated[str, typer.Option(help="Whose id it is.")],
    reason: Annotated[str, typer.Option(help="A code, such as incident or request; a wrong one names them all.")],
    case: Annotated[str, typer.Option(help="The case for which it is done: 32 hex digits.")],
) -> None:
    """Say whom a recipient's id stands for; that it was asked goes on the log first."""
    from governance.pseudonyms import reidentify as trace

    found = trace(
        session.store(), pairwise, recipient=recipient, reason=reason, case=case_id(case), by=session.settings.actor
    )
    session.show(found)


def aggregates(
    session: Session,
    by: Annotated[str, typer.Option(help="segment, interest, or attribute:NAME.")],
    purpose: Annotated[str, typer.Option(help="Why it is counted: a purpose of the policy.")] = "research",
) -> None:
    """Count people by segment, interest or attribute; small cells stay hidden, and a month's counts never change."""
    from governance.aggregates import release

    session.show(release(session.store(), by, purpose=purpose))


def rotate(
    session: Session, wait: Annotated[float, typer.Option(help="Seconds to wait for readers of old pages.")] = 10.0
) -> None:
    """Turn the index under a new key; the old key is destroyed, and old pages are overwritten."""
    from governance.pseudonyms import rotate_index

    try:
        done = rotate_index(session.store(), wait_seconds=wait, step=lambda text: session.say(f"  {text}"))
    except WaitingForReader as waiting:
        session.show({"status": "partial", "waiting_for": str(waiting)})
        raise typer.Exit(PARTIAL) from None
    session.show({"status": "completed", **done})


def case_id(text: str) -> bytes:
    """Raises BadInput for what is no id of a case."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != 16:
        raise BadInput("command", "--case", "32 hex digits")
    return found
