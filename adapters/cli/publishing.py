"""Commands by which the log's tree heads reach others: static files, and witnesses who cosign."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.session import PARTIAL, Session, command
from domain.errors import BadInput

if TYPE_CHECKING:
    from domain.tlog_policy import WitnessPolicy

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
    from governance.witnessing import witnessed

    rules = read_policy(policy)
    assert rules is not None
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


def read_policy(file: Path | None) -> "WitnessPolicy | None":
    """Raises BadInput, with the line, for a file that is none."""
    from domain.tlog_policy import parse_witness_policy

    if file is None:
        return None
    try:
        return parse_witness_policy(file.read_bytes(), file.name)
    except OSError as error:
        raise BadInput(file.name, "file", "a file that can be read") from error


def witnessed_lines(said: dict[str, Any]) -> list[str]:
    """What `governance.witnessing.witnessed` says, for people."""
    lines = [f"cosigned by {one['witness']} at {one['at']}" for one in said["cosignatures"]]
    lines += [f"cosignatures: {said['problem']}"] if said["problem"] else []
    return [*lines, *([said["statement"]["en"]] if said["statement"] else [])]
