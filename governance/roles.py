"""Roles and duties: whether the one who acts may do what it asks for, and the doors that are opened by exception."""

from dataclasses import replace
from typing import Final

from domain.acts import Opened
from domain.errors import BadInput, Refused
from domain.events import CASE
from governance.caller import Caller as Caller
from governance.facts import Fact, record
from governance.keyring import EVIDENCE
from governance.store import Store, append_acts

GLASS: Final = frozenset({"audit", "breach", "history", "read", "records", "rejections", "reveal", "statistics"})
"""The verbs that only look: a caller of another role may go on with them once, for a reason, on the record."""

REASONS: Final = {
    "incident": ("Handling of a security incident.", "处理安全事件。"),
    "support": ("Help that the person asked for.", "应本人请求提供帮助。"),
    "request": ("Answer to a subject request.", "答复个人信息主体的请求。"),
    "legal_claims": ("Establishment, exercise or defence of legal claims.", "提起、行使或抗辩法律主张。"),
    "authority": ("An order of a court or authority.", "法院或主管机关的命令。"),
    "vital_interests": ("Vital interests of a person.", "自然人的重大利益。"),
    "audit": ("An audit that the law requires.", "法定审计。"),
}
"""Why a door is opened by exception: codes, as an act holds no free text, with their meaning in English and Chinese."""


class NotPermitted(Refused):
    """None of the caller's roles is given the verb, or the purpose is not one that it may read for."""

    def __init__(self, verb: str) -> None:
        super().__init__(f"no role of yours is given `{verb}` for this")
        self.verb = verb


def require(store: Store, *verbs: str, purpose: str | None = None) -> None:
    """Raises NotPermitted unless a role of the caller is given one of the verbs and it may read for the purpose.

    One who gave a reason to break the glass goes on where the verbs only look: first the act is written.
    """
    caller = store.caller
    has_role = any(store.policy.may(role, verb) for role in caller.roles for verb in verbs)
    if has_role and (purpose is None or caller.purposes is None or purpose in caller.purposes):
        return
    if caller.reason is None or not caller.roles or not GLASS.issuperset(verbs):
        raise NotPermitted(verbs[0])
    open_door(store, "break-glass", caller.reason, said={"verb": verbs[0]})


def breaking_glass(store: Store, reason: str) -> Store:
    """The store for a caller who goes on without a role where that only looks. Raises BadInput for no reason code."""
    require_reason(reason)
    return replace(store, caller=replace(store.caller, reason=reason))


def open_door(store: Store, door: str, reason: str, *, role: str = "", said: dict[str, str] | None = None) -> str:
    """Record that a door is opened by exception, before it is; returns the case that holds who did, and for what.

    Raises BadInput for a reason that is no code of REASONS.
    """
    require_reason(reason)
    case = store.random(16)
    told = {"step": "opened", "door": door, "reason": reason, "actor": store.actor.hex(), **(said or {})}
    record(store, [Fact(case, EVIDENCE, CASE, told)], opened=[case])
    act = Opened(door=door, role=role or min(store.caller.roles), reason=reason, case=case.hex())
    append_acts(store, [("opened", act)])
    return case.hex()


def require_reason(reason: str) -> None:
    """Raises BadInput for a reason that is no code of REASONS."""
    if reason not in REASONS:
        raise BadInput("command", "REASON", "one of " + ", ".join(REASONS))


def role_for(store: Store, verb: str) -> str:
    """A role of the caller that is given the verb, for the record; the first of his roles when the glass was broken."""
    return min((role for role in store.caller.roles if store.policy.may(role, verb)), default=min(store.caller.roles))
