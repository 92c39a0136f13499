"""Commands by which the log's tree heads reach others: static files, and witnesses who cosign."""

from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.session import PARTIAL, Session, command
from domain.errors import BadInput

Policy = Annotated[Path | None, typer.Option("--policy", help="Whose cosignatures count: a C2SP tlog-policy file.")]
ROLLED_BACK = 12


def register(audit: typer.Typer) -> None:
    """Add these commands to `lethe audit`."""
    command(audit, "publish")(publish)
    command(audit, "witness")(witness)


def publish(
    session: Session,
    directory: Annotated[str | None, typer.Argument(help="Where (default: LETHE_PUBLISH).")] = None,
) -> None:
    """Bring a directory of static files to the newest tree head: any web server shows it, foreign clients read it."""
    from adapters.site import StaticSite
    from governance.site import publish_to

    place = session.settings.site_directory(directory)
    if place is None:
        raise BadInput("command", "DIR", "a directory, or LETHE_PUBLISH")
    shown = publish_to(session.store(), StaticSite(place))
    told = {"size": shown.size, "root": shown.root.hex(), "note": shown.note, "directory": str(place)}
    session.show(told, f"{shown.size} entries in {place}")


def witness(
    session: Session,
    policy: Annotated[Path, typer.Option("--policy", help="The witnesses and which of them are enough.")],
) -> None:
    """Have the newest tree head cosigned by the witnesses of a policy; exits 12 when one has seen another log."""
    from adapters.witnesses import ask
    from governance.cosigning import OUTCOMES, collect_cosignatures
    from governance.reporting import read_policy
    from governance.witnessing import witnessed, witnessed_lines

    rules = read_policy(policy)
    done = collect_cosignatures(session.store(), rules, ask)
    said = witnessed(done.note, rules, size=done.size)
    answers = [{"witness": one.witness, "answer": one.outcome, "size": one.size} for one in done.heard]
    findings = [finding._asdict() for finding in done.findings]
    told = {"size": done.size, "note": done.note, "witnesses": answers, "witnessed": said, "findings": findings}
    lines = [f"{one.witness}: {OUTCOMES[one.outcome]}" for one in done.heard]
    session.show(told, "\n".join([*lines, *witnessed_lines(said), f"{done.size} entries"]))
    if done.findings:
        raise typer.Exit(ROLLED_BACK)
    if not rules.is_met(one["witness"] for one in said["cosignatures"]):
        raise typer.Exit(PARTIAL)
