"""`lethe unmerge`: two people who were taken for one."""

from typing import Annotated

import typer

from adapters.cli.session import Session, command, identifiers_from


def register(app: typer.Typer) -> None:
    """Add this command to the root."""
    command(app, "unmerge")(unmerge)


def unmerge(
    session: Session,
    identifier: Annotated[str, typer.Argument(metavar="ID", help="The person, as kind:value.")],
    apart: Annotated[
        str, typer.Option("--identifier", help="kind:value of the one that was merged into the person by mistake.")
    ],
) -> None:
    """Undo a merge: each side keeps what was its own before; what came in since stays with the person."""
    from governance.models import renew_models
    from governance.subjects import name_of
    from governance.unmerging import unmerge as split

    store = session.store()
    [person], [other] = identifiers_from(identifier, None), identifiers_from(apart, None)
    done = split(store, person, apart=other)
    retired = renew_models(store, "unmerge")
    session.show(
        {"subject": name_of(done.root), "unmerged": name_of(done.absorbed), "models_retired": retired},
        f"{name_of(done.absorbed)} stands for itself again",
    )
