"""Commands about the policy, and what is generated from it: the record of processing, who a breach concerns."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.cli.session import Session, command, text_of
from domain.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

Pack = Annotated[str, typer.Argument(metavar="FILE", help="A policy file, or the name of one that is shipped.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    policy = typer.Typer(help="The policy: show it, check a file, publish a new version.", rich_markup_mode=None)
    app.add_typer(policy, name="policy")
    command(policy, "show")(show)
    command(policy, "check")(check)
    command(policy, "publish")(publish)
    command(policy, "packs")(packs)
    command(app, "records")(record_of_processing)
    command(app, "breach")(breach)


def policy_text(named: str) -> tuple[str, str]:
    """Name and text of a policy file, or of a policy that is shipped. Raises BadInput for neither."""
    from governance.policy import pack_text

    try:
        return f"{named}.toml", pack_text(named)
    except KeyError:
        file = Path(named)
        return file.name, text_of(file)


def show(
    session: Session,
    version: Annotated[int | None, typer.Option(min=1, help="An earlier version (default: the one in force).")] = None,
) -> None:
    """Print a policy as it was published."""
    from governance.policy_change import published

    number, text = published(session.store(), version)
    session.show({"version": number, "text": text}, text.rstrip())


def check(session: Session, file: Pack) -> None:
    """Say what is wrong with a policy file, by path and line."""
    from governance.policy import check as faults_of

    name, text = policy_text(file)
    faults = faults_of(text, name)
    session.show(
        [{"where": fault.where, "field": fault.field, "expected": fault.expected} for fault in faults],
        "\n".join(map(str, faults)) or "good",
    )
    if faults:
        raise typer.Exit(2)


def publish(session: Session, file: Pack) -> None:
    """Put a policy in force: its hash goes on the log, and the projections are rebuilt under its meanings."""
    from adapters.wiring import publish_policy
    from governance.policy import load
    from governance.policy_change import due_after

    name, text = policy_text(file)
    store, new = session.store(), load(text, name)
    due = due_after(store.policy, new)
    version = publish_policy(session.settings, store, text)
    session.show({"version": version, "due": due}, "\n".join([f"policy version {version} is in force", *_told(due)]))


def packs(session: Session) -> None:
    """Name the policies that are shipped, for `init --policy` and `policy publish`."""
    from governance.policy import packs as shipped

    session.show(shipped(), "\n".join(shipped()))


def _told(due: "Mapping[str, Any]") -> list[str]:
    lines = [f"class {name}: {old or 'no'} -> {new} months" for name, (old, new) in due["shortened"].items()]
    lines += [f"purpose {name}: gone" for name in due["purposes_lost"]]
    lines += [f"purpose {name}: consent is needed now" for name in due["consent_needed"]]
    lines += [f"purpose {name}: no longer reads {', '.join(lost)}" for name, lost in due["less_read"].items()]
    lines += [f"class {name}: due for whoever does not consent" for name in due["classes_due"]]
    return [*lines, "`lethe retention plan` shows what is due"] if lines else []


def record_of_processing(
    session: Session,
    language: Annotated[str, typer.Option(help="Of the text: en or zh.")] = "en",
) -> None:
    """Print the record of processing (GDPR Art. 30): declared, observed, and where they differ."""
    from adapters.cli.records_text import text
    from governance.records import records

    if language not in ("en", "zh"):
        raise BadInput("command", "--language", "en or zh")
    record = records(session.store())
    session.show(record, text(record, language))


def breach(
    session: Session,
    since: Annotated[str, typer.Option("--from", help="Start of the period, in RFC 3339.")],
    until: Annotated[str, typer.Option("--to", help="End of the period, not included.")],
    source: Annotated[str | None, typer.Option(help="What came in from this source.")] = None,
    segment: Annotated[str | None, typer.Option(help="Who was in this segment.")] = None,
    recipient: Annotated[str | None, typer.Option(help="What was given to this recipient.")] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Identifiers too; needs a role and a reason.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why identifiers are shown: incident, authority, …")] = None,
) -> None:
    """Say whom among the living a breach concerns, one JSON document a line; the erased cannot be named any more.

    With --json one document: `persons`.
    """
    from governance.breach import Leak, affected

    if reveal != (reason is not None):
        raise BadInput("command", "--reason", "a reason code, with --reveal and only then")
    leak = Leak(_time("--from", since), _time("--to", until), source, segment, recipient)
    persons = affected(session.store(), leak, session.settings.actor, reveal=reason)
    if session.as_json:
        session.show({"persons": list(persons)})
        return
    count = 0
    for one in persons:
        session.line(one)
        count += 1
    session.say(f"{count} persons")


def _time(option: str, text: str) -> int:
    from domain.clock import parse_rfc3339

    try:
        return parse_rfc3339(text)
    except ValueError as error:
        raise BadInput("command", option, "a time in RFC 3339") from error
