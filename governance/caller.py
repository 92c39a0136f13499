"""Who acts: an id that says nothing, and what the policy and the grants let it do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An actor as the opened store knows it. Without a role it may do nothing."""

    actor: bytes  # random-looking id; its name is a sealed fact of its own stream
    roles: frozenset[str]
    purposes: frozenset[str] | None = None  # that it may read for; None: every one of the policy
    reason: str | None = None  # code; given when the caller asks to go on without the role (break-glass)
