"""Who may do what, where a policy does not say otherwise."""

from typing import Final, Literal, get_args

Role = Literal["admin", "officer", "service", "auditor"]
Verb = Literal[
    "actors",
    "approve",
    "audit",
    "backup",
    "breach",
    "consent",
    "erase",
    "export",
    "history",
    "hold",
    "ingest",
    "keys",
    "models",
    "policy",
    "read",
    "rebuild",
    "records",
    "rejections",
    "request",
    "residue",
    "restore",
    "retention",
    "reveal",
    "statistics",
]

ROLES: Final[dict[Role, tuple[Verb, ...]]] = {
    "admin": get_args(Verb),
    "officer": (
        "approve", "audit", "breach", "consent", "erase", "export", "history", "hold", "policy", "read", "records",
        "rejections", "request", "residue", "retention", "reveal", "statistics",
    ),
    "service": ("consent", "ingest", "read"),
    "auditor": ("audit", "history", "rebuild", "records", "rejections", "residue", "statistics"),
}  # fmt: skip
"""What holds where a policy names no roles."""
