"""`lethe audit export` and `lethe audit verify`: for auditors, live and offline."""

from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.publishing import Policy
from adapters.cli.session import Session

Bundle = Annotated[Path | None, typer.Argument(help="A bundle of `audit export`; without one, the live store.")]
Key = Annotated[str | None, typer.Option("--key", help="The log's verifier key as you pinned it, or a file with it.")]
Saved = Annotated[Path | None, typer.Option("--saved", help="Directory of tree heads that you saved before.")]
TreeOnly = Annotated[
    bool, typer.Option("--tree-only", help="Any log in tlog-tiles: signature, tree and heads, not what entries say.")
]
Reason = Annotated[str, typer.Option("--reason", help="Why, as a code; it goes on the log.")]


def export(session: Session, directory: Annotated[Path, typer.Argument()], reason: Reason = "audit") -> None:
    """Write the log as a bundle that can be verified anywhere: tlog-tiles, sealed bodies, policies; no keys."""
    from adapters.cli.ingesting import bar
    from governance.bundling import export_bundle

    store = session.store()
    with bar("bundle", store.log.head().size) as advance:
        told = export_bundle(store, directory, reason=reason, progress=lambda at, _: advance(at))
    session.show(told, f"{told['size']} entries and {told['bodies']} bodies in {told['bundle']}")


def verify(
    session: Session,
    bundle: Bundle = None,
    key: Key = None,
    saved: Saved = None,
    tree_only: TreeOnly = False,
    policy: Policy = None,
) -> None:
    """Check a bundle, or the live store: every finding has its position, the exit status is that of the gravest."""
    from adapters.cli.ingesting import bar
    from domain.errors import BadInput
    from governance.reporting import document_of, pinned, read_policy, text_of

    rules = None if policy is None else read_policy(policy)
    if bundle is None:
        from governance.audit import verify_live

        if tree_only:
            raise BadInput("command", "--tree-only", "a bundle")
        store = session.store(strict=False)
        vkey = None if key is None else pinned(key)
        with bar("audit", store.log.head().size) as advance:
            report = verify_live(store, vkey=vkey, saved=saved, policy=rules, progress=lambda at, _: advance(at))
    else:
        from governance.offline import size_of, verify_bundle

        if key is None:
            raise BadInput("command", "--key", "the verifier key that you pinned: a bundle vouches for none")
        with bar("audit", size_of(bundle)) as advance:
            report = verify_bundle(
                bundle, pinned(key, bundle), saved=saved, tree_only=tree_only, policy=rules,
                progress=lambda at, _: advance(at),
            )  # fmt: skip
    session.show(document_of(report), text_of(report))
    if report.exit_status:
        raise typer.Exit(report.exit_status)
