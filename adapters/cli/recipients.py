"""Commands about recipients: who is given data, and what each has been told."""

from typing import Annotated

import typer

from adapters.cli.pseudonyms import case_id
from adapters.cli.session import PARTIAL, Session, command

Case = Annotated[str, typer.Option("--case", help="The request, as it was named when it was opened.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    recipient = typer.Typer(help="Who is given data, and what each has been told.", rich_markup_mode=None)
    app.add_typer(recipient, name="recipient")
    for name, function in (
        ("list", recipient_list),
        ("deliver", recipient_deliver),
        ("key", recipient_key),
        ("acknowledge", recipient_acknowledge),
    ):
        command(recipient, name)(function)


def recipient_list(
    session: Session, case: Annotated[str | None, typer.Option(help="Of this request only.")] = None
) -> None:
    """Print the recipients of the policy and of open requests, and how far their notices are."""
    from governance.recipients import recipients

    session.show(recipients(session.store(), case_id(case) if case else None))


def recipient_deliver(session: Session) -> None:
    """Try every notice that is due now; exit 5 while one is left to try again."""
    from adapters.webhooks import post
    from governance.notifying import SETTLED, shown
    from governance.recipients import deliver, recipients

    store = session.store()
    tried = deliver(store, post)
    waiting = [one for known in recipients(store) for one in known["notices"] if one["status"] not in SETTLED]
    told = [{"request": case.hex(), "recipient": notice.recipient, **shown(notice)} for case, notice in tried]
    session.show({"tried": told, "waiting": len(waiting)})
    if waiting:
        raise typer.Exit(PARTIAL)


def recipient_key(session: Session, name: Annotated[str, typer.Argument(help="A recipient of the policy.")]) -> None:
    """Print the key that signs what this recipient is sent; hand it over by a safe way."""
    from governance.recipients import key_of

    key = key_of(session.store(), name)
    session.show({"recipient": name, "key": key}, key)


def recipient_acknowledge(
    session: Session, name: Annotated[str, typer.Argument(help="Who was told.")], case: Case
) -> None:
    """Vouch that a recipient was told by hand."""
    from governance.notifying import shown
    from governance.recipients import acknowledge

    session.show({"recipient": name, **shown(acknowledge(session.store(), case_id(case), name))})
