"""A report as JSON and as text, the same for a live store and a bundle; and the auditor's own small command."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from domain.errors import BadInput, LetheError
from domain.note import BadKey
from domain.tlog_policy import WitnessPolicy, parse_witness_policy
from governance.findings import Report
from governance.unproven import told
from governance.witnessing import witnessed_lines

USAGE = 2


def document_of(report: Report) -> dict[str, Any]:
    """What scripts read."""
    return {
        "size": report.size,
        "root": report.root,
        "entries": report.entries,
        "bodies": report.bodies,
        "erasures": report.erasures,
        "restores": report.restores,
        "heads": report.heads,
        "witnessed": report.witnessed,
        "findings": [finding._asdict() for finding in report.findings],
        "unproven": told(report.unproven),
        "exit": report.exit_status,
    }


def text_of(report: Report) -> str:
    """What people read; the last line is the sum of it."""
    lines = [f"{one.name} at {one.position}: {one.where}: {one.reason}" for one in report.findings]
    lines += [f"declared: restored from an older copy at {position}" for position in report.restores]
    lines += witnessed_lines(report.witnessed)
    for one in told(report.unproven):
        lines += [f"not proven: {one['en']}", f"            {one['zh']}"]
    counts = f"{report.size} entries, {report.bodies} bodies, {report.erasures} erasures"
    return "\n".join([*lines, f"{counts}: {len(report.findings)} findings"])


def pinned(text: str, bundle: Path | None = None) -> str:
    """A verifier key, given as itself or as a file that holds it. Raises BadInput for a file inside the bundle."""
    file = Path(text)
    if "+" in text and not file.exists():
        return text
    if bundle is not None and file.resolve().is_relative_to(bundle.resolve()):
        raise BadInput("command", "--key", "a key from elsewhere: one inside the bundle vouches for nothing")
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput("command", "--key", "a verifier key, or a file that holds one") from error


def read_policy(file: Path) -> WitnessPolicy:
    """The witnesses that somebody trusts. Raises BadInput, with the line, for a file that names none."""
    try:
        return parse_witness_policy(file.read_bytes(), file.name)
    except OSError as error:
        raise BadInput("command", "--policy", "a file that can be read") from error


def run(arguments: list[str] | None = None) -> int:
    """`python -m governance.offline`; returns the exit status."""
    from governance.offline import verify_bundle

    parser = argparse.ArgumentParser(prog="governance.offline", description="Verify an audit bundle offline.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--key", required=True, help="the log's verifier key, or a file with it, from elsewhere")
    parser.add_argument("--saved", type=Path, help="a directory of tree heads saved before")
    parser.add_argument("--policy", type=Path, help="the witnesses that you trust: a C2SP tlog-policy file")
    parser.add_argument("--tree-only", action="store_true", help="any log in tlog-tiles, whatever its entries say")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    try:
        key = pinned(given.key, given.bundle)
        policy = None if given.policy is None else read_policy(given.policy)
        report = verify_bundle(given.bundle, key, saved=given.saved, tree_only=given.tree_only, policy=policy)
    except (BadInput, BadKey) as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    except LetheError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    document = json.dumps(document_of(report), ensure_ascii=False, separators=(",", ":"))
    sys.stdout.write((document if given.json else text_of(report)) + "\n")
    return report.exit_status
