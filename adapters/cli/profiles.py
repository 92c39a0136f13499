"""Commands that answer from profiles."""

from typing import Annotated, Any

import typer

from adapters.cli.session import Session, command, identifiers_from, status_of
from domain.errors import BadInput, LetheError

Identifier = Annotated[str | None, typer.Argument(metavar="ID", help="kind:value, such as user_id:42.")]
From = Annotated[str | None, typer.Option("--from", help="File of identifiers, one a line; - for standard input.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    for name, function in (
        ("profile", profile),
        ("history", history),
        ("statistics", statistics),
        ("rebuild", rebuild),
    ):
        command(app, name)(function)
    models = typer.Typer(help="The models behind the scores.", rich_markup_mode=None)
    app.add_typer(models, name="models")
    command(models, "list")(models_list)
    command(models, "train")(models_train)


def profile(
    session: Session,
    identifier: Identifier = None,
    from_file: From = None,
    purpose: Annotated[str, typer.Option(help="Why the profile is read: a purpose of the policy.")] = "",
    as_of: Annotated[str | None, typer.Option(help="A position of the log, or a time in RFC 3339.")] = None,
    recipient: Annotated[str | None, typer.Option(help="A recipient of the policy, to whom this is given.")] = None,
    explain: Annotated[
        str | None, typer.Option(help="A field, such as attributes.city: which entries made it.")
    ] = None,
    diff: Annotated[tuple[int, int] | None, typer.Option(help="Two positions: what changed, and by what.")] = None,
) -> None:
    """Show a profile as its purpose may see it; the disclosure is recorded.

    With --recipient: under the id that only this recipient has, and as coarse as the policy says for it.
    """
    from governance.access import Reader

    if not purpose:
        raise BadInput("command", "--purpose", "a purpose of the policy, such as personalization")
    if sum(one is not None for one in (as_of, recipient, explain, diff)) > 1 and (explain or diff):
        raise BadInput("command", "--explain, --diff", "one of them alone, of the profile as the house sees it")
    names = identifiers_from(identifier, from_file)
    if explain is not None or diff is not None:
        _traced(session, names, purpose, explain, diff, many=from_file is not None)
        return
    reader = Reader(session.store(), recipient or session.settings.actor, outside=recipient is not None)
    answers = reader.read_many(names, purpose, moment(as_of))
    each(session, answers, many=from_file is not None)


def _traced(
    session: Session, names: list[str], purpose: str, field: str | None, diff: tuple[int, int] | None, *, many: bool
) -> None:
    from governance.differing import differences
    from governance.provenance import explain

    store, actor = session.store(), session.settings.actor

    def answer(one: str) -> dict[str, Any]:
        if diff is not None:
            return differences(store, one, purpose, *diff, actor)
        return explain(store, one, purpose, field or "", actor)

    each(session, [_or_error(lambda one=one: answer(one)) for one in names], many=many)


def history(
    session: Session,
    identifier: Identifier = None,
    from_file: From = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show values; needs a role and a reason.")] = False,
    reason: Annotated[str | None, typer.Option(help="Why values are shown: incident, request, authority, …")] = None,
) -> None:
    """Show the subject's entries: position, day, class, types and whether the key lives; values by exception."""
    from governance.history import history_of

    names = identifiers_from(identifier, from_file)
    if reveal != (reason is not None):
        raise BadInput("command", "--reason", "a reason code, with --reveal and only then")
    store = session.store()
    actor = session.settings.actor
    answers = [_or_error(lambda one=one: history_of(store, one, actor, reveal=reason)) for one in names]
    each(session, answers, many=from_file is not None)


def statistics(session: Session) -> None:
    """Print each statistic's keyed digest: equal content and fold key give equal digests."""
    from governance.models import statistics_of
    from governance.projecting import catch_up_to_head

    store = session.store()
    catch_up_to_head(store)
    session.show(statistics_of(store))


def rebuild(
    session: Session,
    check: Annotated[bool, typer.Option(help="Compare with what serves; exit 15 on a difference.")] = False,
) -> None:
    """Replay the log into fresh projections and switch to them, or compare only."""
    from adapters.cli.ingesting import bar
    from governance.projecting import rebuild as replay

    store = session.store()
    with bar("replay", store.log.head().size) as advance:
        done = replay(store, check=check, progress=lambda at, _: advance(at))
    differences = [one._asdict() for one in done.differences]
    text = f"{done.entries} entries replayed: " + (
        f"{len(differences)} differences" if differences else "no difference"
    )
    told = {"entries": done.entries, "differences": differences, "switched": done.switched}
    session.show(told, text if check else f"{done.entries} entries replayed, now serving")
    if differences:
        raise typer.Exit(15)


def models_list(session: Session) -> None:
    """Print the models that score now."""
    from governance.models import models_of

    session.show(models_of(session.store()))


def models_train(session: Session) -> None:
    """Fit models on everything so far; the training position goes on the log."""
    from governance.models import models_of, train

    store = session.store()
    train(store, "requested")
    session.show(models_of(store))


def moment(text: str | None) -> Any:
    """A position or a time. Raises BadInput for neither."""
    from domain.clock import parse_rfc3339
    from governance.access import AsOf

    if text is None:
        return None
    if text.isdecimal():
        return AsOf(position=int(text))
    try:
        return AsOf(time=parse_rfc3339(text))
    except ValueError as error:
        raise BadInput("command", "--as-of", "a position, or a time in RFC 3339") from error


def each(session: Session, answers: list[Any], *, many: bool) -> None:
    """One document, or one a line with the worst exit status; an error takes the place of its answer."""
    if not many:
        if isinstance(answers[0], LetheError):
            raise answers[0]
        session.show(answers[0])
        return
    worst = 0
    for answer in answers:
        if isinstance(answer, LetheError):
            status = status_of(answer)
            worst = max(worst, status)
            session.line({"error": type(answer).__name__, "status": status})
        else:
            session.line(answer)
    if worst:
        raise typer.Exit(worst)


def _or_error(call: Any) -> Any:
    try:
        return call()
    except LetheError as error:
        return error
