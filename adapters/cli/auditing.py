"""Commands for auditors, and the demonstration and benchmarks."""

from typing import Annotated

import typer

from adapters.cli import replaying
from adapters.cli.session import Session, command


def register(app: typer.Typer) -> None:
    """Add these commands to the root."""
    audit = typer.Typer(help="Check that nobody cheated.", rich_markup_mode=None)
    app.add_typer(audit, name="audit")
    command(audit, "head")(head)
    command(audit, "prove")(prove)
    command(audit, "verify")(verify)
    replaying.register(audit)
    command(app, "demo")(demo)
    command(app, "bench")(bench)


def head(session: Session) -> None:
    """Print the signed tree head, once it is safe outside the database."""
    from governance.audit import tree_head

    store = session.store()
    newest = tree_head(store)
    told = {"size": newest.size, "root": newest.frontier.root().hex(), "vkey": store.vkey, "note": newest.note}
    session.show(told, newest.note.rstrip("\n"))


def prove(session: Session, position: Annotated[int, typer.Argument(min=0)]) -> None:
    """Print the entry's leaf and a .tlog-proof of its place in the log."""
    from governance.certificate import prove_entry

    told = prove_entry(session.store(), position)
    session.show(told, told["proof"].rstrip("\n"))


def verify(session: Session) -> None:
    """Check the live store against its log: entries, bodies, acts, keys, tree head, high-water file."""
    from adapters.cli.ingesting import bar
    from governance.audit import verify_live

    store = session.store(strict=False)
    with bar("audit", store.log.head().size) as advance:
        report = verify_live(store, progress=lambda at, _: advance(at))
    findings = [finding._asdict() for finding in report.findings]
    counts = {"size": report.size, "root": report.root, "bodies": report.bodies, "erasures": report.erasures}
    counts |= {"restores": report.restores}
    lines = [f"{one['name']} at {one['position']}: {one['where']}: {one['reason']}" for one in findings]
    summary = f"{report.size} entries, {report.bodies} bodies, {report.erasures} erasures: {len(findings)} findings"
    lines += [f"declared: restored from an older copy at {position}" for position in report.restores]
    session.show({**counts, "findings": findings, "exit": report.exit_status}, "\n".join([*lines, summary]))
    if report.exit_status:
        raise typer.Exit(report.exit_status)


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
