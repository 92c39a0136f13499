"""Commands for auditors, and the demonstration and benchmarks."""

from typing import Annotated

import typer

from adapters.cli import bundling, publishing, replaying
from adapters.cli.session import Session, command


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    audit = typer.Typer(help="Check that nobody cheated.", rich_markup_mode=None)
    app.add_typer(audit, name="audit")
    command(audit, "head")(head)
    command(audit, "prove")(prove)
    command(audit, "verify")(bundling.verify)
    command(audit, "export")(bundling.export)
    publishing.register(audit)
    replaying.register(audit)
    command(app, "demo")(demo)
    command(app, "bench")(bench)


def head(session: Session, policy: publishing.Policy = None) -> None:
    """Print the signed tree head, once it is safe outside the database."""
    from governance.audit import tree_head
    from governance.reporting import read_policy
    from governance.witnessing import with_cosignatures, witnessed, witnessed_lines

    rules, store = None if policy is None else read_policy(policy), session.store()
    newest, cosigned = tree_head(store), store.mirror.cosigned()
    note, said = with_cosignatures(newest.note, cosigned), witnessed(cosigned, rules, size=newest.size)
    told = {"size": newest.size, "root": newest.frontier.root().hex(), "vkey": store.vkey, "note": note}
    session.show({**told, "witnessed": said}, note.rstrip("\n"))
    for line in witnessed_lines(said):
        session.say(line)


def prove(session: Session, position: Annotated[int, typer.Argument(min=0)]) -> None:
    """Print the entry's leaf and a .tlog-proof of its place in the log."""
    from governance.certificate import prove_entry

    told = prove_entry(session.store(), position)
    session.show(told, told["proof"].rstrip("\n"))


def demo(
    session: Session,
    households: Annotated[int | None, typer.Option(min=2, help="Only this many households.")] = None,
) -> None:
    """Run the main job on real data: Complete Journey, a year of a grocer's baskets."""
    from adapters.cli.demo import run

    run(session, households)


def bench(
    session: Session,
    names: Annotated[list[str] | None, typer.Argument(help="Which benchmarks (default: all).")] = None,
    events: Annotated[int, typer.Option(min=1000, help="Events a benchmark works on.")] = 200_000,
) -> None:
    """Measure hot paths, each as a ratio to floors measured in the same run."""
    from adapters.bench.run import run

    session.show(run(session.settings, names or [], events))
