"""What an audit finds: a name, a position, a place; the first in a fixed order decides the exit status."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

EXIT = {
    "signature": 13, "rollback": 12, "altered": 10, "missing": 11, "incomplete_erasure": 14, "commitment": 16,
    "replay": 15,
}  # fmt: skip
ORDER = tuple(EXIT)
"""Of several findings the first in this order decides the exit status."""


class Finding(NamedTuple):
    """What is wrong, and where."""

    name: str  # a key of EXIT
    position: int | None  # of the row, or of the first entry that is concerned
    where: str  # table and column, file of a bundle, or what was compared
    reason: str


@dataclass(slots=True)
class Report:
    """What was checked, every finding, and what no audit of this kind can prove."""

    entries: int = 0
    bodies: int = 0
    erasures: int = 0
    restores: list[int] = field(default_factory=list)  # where the log says that it was restored from an older copy
    size: int = 0
    root: str = ""
    witnessed: dict[str, Any] | None = None  # as `governance.witnessing` says
    heads: int = 0  # tree heads kept elsewhere with which the log agrees
    unproven: list[str] = field(default_factory=list)  # codes of `governance.unproven`
    findings: list[Finding] = field(default_factory=list)

    def add(self, name: str, position: int | None, where: str, reason: str) -> None:
        """One more finding."""
        self.findings.append(Finding(name, position, where, reason))

    @property
    def exit_status(self) -> int:
        names = {finding.name for finding in self.findings}
        return next((EXIT[name] for name in ORDER if name in names), 0)
