"""The doors through which a person's word comes in: consent, refusal, withdrawal, objection, restriction."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from domain.errors import BadInput, NotFound, Refused
from domain.events import CONSENTED, LIFTED, OBJECTED, REFUSED, RESTRICTED, UNOBJECTED, WITHDREW, Micros
from governance import recipients
from governance.consent import Standing
from governance.facts import Fact, record
from governance.keyring import EVIDENCE
from governance.lost_basis import remove_unjustified
from governance.models import replace_models
from governance.notices import asked
from governance.policy_shape import CONSENTS
from governance.roles import require
from governance.standing import standing_of
from governance.store import Store, require_policy
from governance.subjects import find, name_of

GROUNDS: Final = {
    "accuracy_contested": (
        "The person contests that the data is accurate (GDPR Art. 18(1)(a)).",
        "个人对其数据的准确性提出异议（GDPR 第18条第1款(a)项）。",
    ),
    "unlawful": (
        "The processing is unlawful, and the person prefers restriction to erasure (GDPR Art. 18(1)(b)).",
        "处理不合法，个人选择限制处理而非删除（GDPR 第18条第1款(b)项）。",
    ),
    "legal_claims": (
        "The person needs the data for legal claims (GDPR Art. 18(1)(c)).",
        "个人因法律主张需要该数据（GDPR 第18条第1款(c)项）。",
    ),
    "objection_pending": (
        "The person objected, and it is being examined whose grounds prevail (GDPR Art. 18(1)(d)).",
        "个人已提出反对，正在审查何方理由优先（GDPR 第18条第1款(d)项）。",
    ),
    "deletion_hard": (
        "Deletion is technically hard: nothing but storage and protection goes on (PIPL Art. 47).",
        "从技术上难以删除：停止除存储和采取必要安全保护措施之外的处理（《个人信息保护法》第四十七条）。",
    ),
}
"""Why a subject may be restricted."""

BEFORE_LIFTING: Final = (
    "The person must be told before the restriction is lifted (GDPR Art. 18(3)).",
    "解除限制之前必须告知本人（GDPR 第18条第3款）。",
)
TEXT_AT_MOST: Final = 512


class NotConsentBased(Refused):
    """The purpose rests on another basis: consent to it would promise a choice that there is not."""

    def __init__(self, purpose: str) -> None:
        super().__init__(f"purpose {purpose} is not based on consent")


class NotObjectable(Refused):
    """The purpose's basis leaves no right to object."""

    def __init__(self, purpose: str) -> None:
        super().__init__(f"subjects may not object to purpose {purpose}")


class NotObjected(Refused):
    """There is no objection to take back; saying so would undo what the person said instead."""

    def __init__(self, purpose: str) -> None:
        super().__init__(f"the subject does not object to purpose {purpose}")


class NotRestricted(Refused):
    """There is no restriction to lift."""

    def __init__(self) -> None:
        super().__init__("the subject is not restricted")


class How(NamedTuple):
    """How a word was given: what an auditor asks for (GDPR Art. 7(1))."""

    method: str = "officer"  # code: officer, web-form, paper, …
    notice: int | None = None  # version that the person was shown; None: the newest
    language: str = ""
    evidence: str = ""  # a reference: where the form, the recording, the request lies
    until: Micros | None = None  # a consent ends by itself then
    wait_seconds: float = 10  # for readers of old pages, where data goes


BY_OFFICER: Final = How()


def grant(store: Store, identifier: str, purpose: str, how: How = BY_OFFICER) -> dict[str, Any]:
    """Consent is given. Raises NotFound, UnknownPurpose, NotConsentBased, or BadInput for a notice not published."""
    require(store, "consent")
    _require_consent_based(store, purpose)
    newest = asked(store, [purpose]).get(purpose, 0)
    notice = newest if how.notice is None else how.notice
    if not (1 <= notice <= newest or notice == newest):
        raise BadInput("consent", "notice", "a version that is published")
    if how.until is not None and how.until <= store.clock():
        raise BadInput("consent", "until", "a time to come")
    return _say(store, identifier, CONSENTED, purpose, how, notice=notice, until=how.until)


def refuse(store: Store, identifier: str, purpose: str, how: How = BY_OFFICER) -> dict[str, Any]:
    """Consent was asked for and is not given. Raises NotFound, UnknownPurpose, NotConsentBased."""
    require(store, "consent")
    _require_consent_based(store, purpose)
    return _say(store, identifier, REFUSED, purpose, how)


def withdraw(store: Store, identifier: str, purpose: str, how: How = BY_OFFICER) -> dict[str, Any]:
    """Consent is taken back, and the purpose stops (GDPR Art. 7(3)): keys of what only it justified are destroyed.

    Raises NotFound, UnknownPurpose, NotConsentBased.
    """
    require(store, "consent")
    _require_consent_based(store, purpose)
    return _say(store, identifier, WITHDREW, purpose, how)


def object_to(store: Store, identifier: str, purpose: str, how: How = BY_OFFICER) -> dict[str, Any]:
    """The subject objects, and the purpose stops (GDPR Art. 21). Raises NotFound, UnknownPurpose, NotObjectable."""
    require(store, "consent")
    rule = store.policy.purpose(purpose)
    if not rule.objectable and rule.basis not in CONSENTS:
        raise NotObjectable(purpose)
    return _say(store, identifier, OBJECTED, purpose, how)


def take_back_objection(store: Store, identifier: str, purpose: str, how: How = BY_OFFICER) -> dict[str, Any]:
    """The subject no longer objects, which consents to nothing. Raises NotFound, UnknownPurpose, NotObjected."""
    require(store, "consent")
    store.policy.purpose(purpose)
    if purpose not in standing_of(store, find(store, identifier)).objected:
        raise NotObjected(purpose)
    return _say(store, identifier, UNOBJECTED, purpose, how)


def restrict(store: Store, identifier: str, ground: str, how: How = BY_OFFICER) -> dict[str, Any]:
    """What is known of the subject is kept and used for nothing (GDPR Art. 18). Raises NotFound, BadInput."""
    require(store, "request")
    if ground not in GROUNDS:
        raise BadInput("restriction", "ground", "one of " + ", ".join(sorted(GROUNDS)))
    root = find(store, identifier)
    answer = tell(store, root, RESTRICTED, {**_said(how), "ground": ground}, wait_seconds=how.wait_seconds)
    recipients.tell(store, root, "restriction")
    return answer


def lift(store: Store, identifier: str, how: How = BY_OFFICER) -> dict[str, Any]:
    """The restriction ends; `how.evidence` refers to how the person was told before (GDPR Art. 18(3)).

    Raises NotFound, NotRestricted, BadInput without evidence.
    """
    require(store, "request")
    if not how.evidence:
        raise BadInput("restriction", "evidence", "a reference to how the person was told before it is lifted")
    root = find(store, identifier)
    require_restricted(store, root)
    answer = tell(store, root, LIFTED, _said(how), wait_seconds=how.wait_seconds)
    recipients.tell(store, root, "lift")
    return {**answer, "note": {"en": BEFORE_LIFTING[0], "zh": BEFORE_LIFTING[1]}}


def require_restricted(store: Store, root: bytes) -> None:
    """Raises NotRestricted."""
    if standing_of(store, root).restricted is None:
        raise NotRestricted


def tell(store: Store, root: bytes, kind: str, said: Mapping[str, Any], *, wait_seconds: float = 10) -> dict[str, Any]:
    """Record a word of a subject that is known already, and destroy what lost its last basis by it.

    `status` of the answer is `partial` while something keeps that from its end, `held` where a hold shuts it only.
    `kind` is one of `governance.consent.SPEAKING`, `said` its properties. For doors that have checked both, and the
    caller. Raises NotFound for a subject that is fenced.
    """
    properties = {name: value for name, value in said.items() if value not in ("", None)}
    if record(store, [Fact(root, EVIDENCE, kind, properties)]):
        raise NotFound
    now = standing_of(store, root)
    removed = remove_unjustified(store, root, wait_seconds=wait_seconds)
    if uncounts(store, kind, said) and not removed.outcomes:  # else they are fitted anew already
        replace_models(store, "objection")
    answer = {
        "subject": name_of(root),
        "restricted": now.restricted is not None,
        "status": removed.status,
        "classes_removed": removed.classes,
        "classes_held": removed.held,
        "holds": removed.holds,
        "removals": [one.case for one in removed.outcomes],
        "waiting_for": next((one.waiting_for for one in removed.outcomes if one.waiting_for), None),
    }
    if "purpose" not in said:
        return answer
    return {**answer, "purpose": said["purpose"], "state": state_of(now, said["purpose"])}


def uncounts(store: Store, kind: str, said: Mapping[str, Any]) -> bool:
    """Whether the word takes the subject out of a statistic: what was fitted on it remembers him."""
    counted = {basis.purpose for basis in store.fold.bases.values()}
    return kind == RESTRICTED or (kind in (REFUSED, WITHDREW, OBJECTED) and said.get("purpose") in counted)


def _say(store: Store, identifier: str, kind: str, purpose: str, how: How, **more: Any) -> dict[str, Any]:
    with store.keyring.database.reading() as rows:
        require_policy(store, rows)
    said = {"purpose": purpose, **_said(how), **more}
    return tell(store, find(store, identifier), kind, said, wait_seconds=how.wait_seconds)


def state_of(standing: Standing, purpose: str) -> str:
    """The last word on a purpose; `none` when nothing was said."""
    words = ("given", "refused", "withdrawn", "objected", "expired", "outdated")
    return next((word for word in words if purpose in getattr(standing, word)), "none")


def _said(how: How) -> dict[str, Any]:
    if any(len(text) > TEXT_AT_MOST for text in (how.method, how.language, how.evidence)):
        raise BadInput("consent", "text", f"at most {TEXT_AT_MOST} characters")
    return {"method": how.method, "language": how.language, "evidence": how.evidence}


def _require_consent_based(store: Store, purpose: str) -> None:
    if store.policy.purpose(purpose).basis not in CONSENTS:
        raise NotConsentBased(purpose)
