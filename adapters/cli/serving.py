"""The command that serves."""

from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.session import Session, command


def register(app: typer.Typer) -> None:
    """Add this command to the root."""
    command(app, "serve")(serve)


def serve(
    session: Session,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8080,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes.")] = 1,
    certificate: Annotated[Path | None, typer.Option("--tls-certificate", help="PEM file: serve over TLS.")] = None,
    key: Annotated[Path | None, typer.Option("--tls-key", help="PEM file of its key.")] = None,
) -> None:
    """Serve the store over HTTP, and do its duties, until stopped."""
    from adapters.serving import serve as run

    session.store()  # what is wrong with it is told here, and recovered once
    scheme = "http" if certificate is None else "https"
    session.say(f"serving {session.settings.shown_store} at {scheme}://{host}:{port}")
    run(session.settings, host=host, port=port, workers=workers, certificate=certificate, key=key)
