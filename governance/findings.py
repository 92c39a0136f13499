"""What an audit finds: a name, a position, a place; the first in a fixed order decides the exit status."""

from dataclasses import dataclass, field
from typing import NamedTuple

EXIT = {
    "signature": 13, "rollback": 12, "altered": 10, "missing": 11, "incomplete_erasure": 14, "commitment": 16,
    "replay": 15,
}  # fmt: skip
ORDER = tuple(EXIT)
"""Of several findings the first in this order decides the exit status."""


class Finding(NamedTuple):
    """What is wrong, and where."""

    name: str  # a key of EXIT
    position: int | None
    where: str  # table and column, or what was compared
    reason: str


@dataclass(slots=True)
class Report:
    """What was checked, and every finding."""

    entries: int = 0
    bodies: int = 0
    erasures: int = 0
    restores: list[int] = field(default_factory=list)  # where the log says that it was restored from an older copy
    size: int = 0
    root: str = ""
    findings: list[Finding] = field(default_factory=list)

    @property
    def exit_status(self) -> int:
        names = {finding.name for finding in self.findings}
        return next((EXIT[name] for name in ORDER if name in names), 0)
