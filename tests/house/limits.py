"""Sizes that code may reach, and what the lock may hold. Prints one line a finding; leaves with 1 if there is any."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("domain", "projections", "governance", "adapters")
FILE_LINES = 250
FUNCTION_LINES = 60


def findings(root: Path) -> Iterator[str]:
    """Everything under the root that is too long, and every lock line that names an address."""
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            yield from too_long(path.read_text(encoding="utf-8"), path.relative_to(root).as_posix())
    lock = root / "requirements.lock"
    yield from addresses(lock.read_text(encoding="utf-8"), lock.name)


def too_long(source: str, name: str) -> Iterator[str]:
    """A function is as long as from `def` to its last line, docstring included, decorators not."""
    lines = source.count("\n")
    if lines > FILE_LINES:
        yield f"{name}: {lines} lines, {FILE_LINES} at most"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                yield f"{name}:{node.lineno}: {node.name} has {length} lines, {FUNCTION_LINES} at most"


def addresses(lock: str, name: str) -> Iterator[str]:
    """Lines of a lock that tell where somebody's packages came from."""
    for number, line in enumerate(lock.splitlines(), start=1):
        if "://" in line:
            yield f"{name}:{number}: an address in the lock"


def main() -> int:
    """The tree around this file."""
    found = list(findings(Path(__file__).resolve().parents[2]))
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
