"""Commands about who may act."""

from typing import Annotated

import typer

from adapters.cli.session import Session, command

Name = Annotated[str, typer.Argument(metavar="NAME", help="As given to --actor or LETHE_ACTOR.")]
Role = Annotated[str, typer.Argument(metavar="ROLE", help="admin, officer, service or auditor.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    actor = typer.Typer(help="Who may act, in which role.", rich_markup_mode=None)
    app.add_typer(actor, name="actor")
    command(actor, "grant")(grant)
    command(actor, "revoke")(revoke)
    command(actor, "list")(listed)


def grant(
    session: Session,
    name: Name,
    role: Role,
    purpose: Annotated[list[str] | None, typer.Option(help="Read for this purpose only; may be repeated.")] = None,
) -> None:
    """Give an actor a role."""
    from governance.actors import grant as give

    actor = give(session.store(), name, role, purpose or [])
    session.show({"actor": actor.hex(), "role": role, "purposes": purpose or None}, f"granted {role}")


def revoke(session: Session, name: Name, role: Role) -> None:
    """Take a role from an actor."""
    from governance.actors import revoke as take

    actor = take(session.store(), name, role)
    session.show({"actor": actor.hex(), "role": role}, f"revoked {role}")


def listed(session: Session) -> None:
    """List everybody who ever had a role, with the roles of now."""
    from governance.actors import actors

    found = actors(session.store())
    session.show(found, "\n".join(f"{one['name'] or '(made the store)'}: {_told(one['roles'])}" for one in found))


def _told(roles: dict[str, list[str] | None]) -> str:
    return ", ".join(f"{role} for {'+'.join(limit)}" if limit else role for role, limit in roles.items()) or "none"
