"""What a person agreed to, for him and for auditors: the standing, the ISO/IEC TS 27560 record, its receipt.

Field names and which of them are mandatory: ISO/IEC TS 27560:2023, as the W3C DPV guide tabulates them. The record is
rendered from the events; nothing is kept beside them.
"""

from collections.abc import Sequence
from typing import Any, Final

from domain.clock import rfc3339
from domain.errors import NotFound
from domain.events import CONSENTED, OBJECTED, REFUSED, UNOBJECTED, WITHDREW, Event, Micros
from governance.access import AsOf
from governance.consent import Standing
from governance.consenting import state_of
from governance.disclosures import disclose, recipients_of
from governance.notices import Notice, notices
from governance.policy import PurposeRule
from governance.purposes import holds
from governance.roles import require
from governance.standing import Fact, evidence, standing_of, standing_then
from governance.store import Store
from governance.subjects import component, find, name_of

SCHEMA: Final = "ISO/IEC TS 27560:2023"
UNSTATED: Final = "not stated"
UNLIMITED: Final = "until withdrawn"

STATES: Final = {
    "none": ("nothing was said", "未作表示"),
    "given": ("consent is given", "已同意"),
    "refused": ("consent was refused", "已拒绝同意"),
    "withdrawn": ("consent was withdrawn", "已撤回同意"),
    "objected": ("the person objected", "本人已反对"),
    "expired": ("the consent has expired", "同意已到期"),
    "outdated": ("consent is to an older notice; ask again", "同意所依据的告知已更新，须重新征求同意"),
}
"""Of a purpose, for officers and data subjects."""

EVENT_STATES: Final = {
    CONSENTED: "given", REFUSED: "refused", WITHDREW: "withdrawn", OBJECTED: "terminated", UNOBJECTED: "requested",
}  # fmt: skip
"""By kind: the event state of ISO/IEC TS 27560. After an objection is taken back, consent is open again."""

WITHDRAWAL: Final = (
    "Tell the controller, in any way and at any time; it is as easy as giving consent was, and undoes nothing lawful "
    "that was done before.",
    "可随时以任何方式告知个人信息处理者撤回同意；撤回与给予同意同样便捷，且不影响撤回前处理的效力。",
)
RIGHTS: Final = (
    "Access, rectification, erasure, restriction, portability, objection, review by a person, and complaint to an "
    "authority.",
    "查阅、复制、更正、补充、删除、限制处理、转移、反对、要求人工复核，以及向监管机构投诉。",
)


def consent_of(store: Store, identifier: str, recipient: str, as_of: AsOf | None = None) -> dict[str, Any]:
    """The standing by purpose, now or as it was for an auditor; itself a disclosure. Raises NotFound."""
    require(store, "consent" if as_of is None else "audit")
    root, facts = _disclosed(store, identifier, recipient)
    if as_of is None:
        standing = standing_of(store, root)
    else:
        standing = standing_then(store, facts, position=as_of.position, time=as_of.time)
    since = standing.restricted
    return {
        "subject": name_of(root),
        "as_of": None if as_of is None else as_of.text,
        "restricted": since is not None,
        "restricted_since": None if since is None else rfc3339(since),
        "purposes": {name: _purpose(rule, standing) for name, rule in sorted(store.policy.purposes.items())},
    }


def consent_record(store: Store, identifier: str, recipient: str, purpose: str | None = None) -> dict[str, Any]:
    """The record of a person's consent, of one purpose or all that he spoke of. Raises NotFound, also for no word."""
    require(store, "consent")
    if purpose is not None:
        store.policy.purpose(purpose)
    root, facts = _disclosed(store, identifier, recipient)
    spoken = [one for one in facts if one.event.kind in EVENT_STATES and _fits(one.event, purpose)]
    if not spoken:
        raise NotFound
    standing, published = standing_of(store, root), notices(store)
    told = recipients_of(store, component(store, root))
    named = sorted({one.event.properties["purpose"] for one in spoken} & store.policy.purposes.keys())
    return {
        "schema_version": SCHEMA,
        "record_id": f"{store.origin}#{spoken[0].position}",
        "pii_principal_id": name_of(root),
        "processing": [
            _processing(store, store.policy.purpose(one), [fact.event for fact in spoken], standing, published, told)
            for one in named
        ],
        "parties": [_controller(store)],
        "events": [_event(one, root) for one in spoken] + _ended(root, standing, named),
    }


def consent_receipt(store: Store, identifier: str, recipient: str, purpose: str | None = None) -> dict[str, Any]:
    """A copy of the record for the person, in words of his language too. Raises NotFound."""
    record = consent_record(store, identifier, recipient, purpose)
    newest_event = max(record["events"], key=lambda event: str(event["event_time"]))
    words = {
        one["purpose"]: {"en": STATES[one["state"]][0], "zh": STATES[one["state"]][1]} for one in record["processing"]
    }
    return {**record, "receipt_id": f"{record['record_id']}@{newest_event['event_time']}", "in_words": words}


def _disclosed(store: Store, identifier: str, recipient: str) -> tuple[bytes, list[Fact]]:
    root = find(store, identifier)
    with store.keyring.database.reading() as rows:
        facts = evidence(store, [root], rows)[root]
    if disclose(store, [(root, "consent", ["consent"])], recipient):
        raise NotFound
    return root, facts


def _fits(event: Event, purpose: str | None) -> bool:
    return purpose is None or event.properties.get("purpose") == purpose


def _purpose(rule: PurposeRule, standing: Standing) -> dict[str, Any]:
    state, terms = state_of(standing, rule.name), standing.terms.get(rule.name)
    since = None if state == "none" else getattr(standing, state)[rule.name]
    told: dict[str, Any] = {
        "basis": rule.basis,
        "allowed": standing.restricted is None and holds(rule, standing),
        "state": state,
        "since": None if since is None else rfc3339(since),
        "label": {"en": STATES[state][0], "zh": STATES[state][1]},
    }
    if terms is not None:
        told |= {"notice": terms.notice or None, "until": None if terms.until is None else rfc3339(terms.until)}
    return told


def _processing(
    store: Store,
    rule: PurposeRule,
    events: Sequence[Event],
    standing: Standing,
    published: Sequence[Notice],
    told: Sequence[str],
) -> dict[str, Any]:
    said = [event.properties for event in events if event.properties.get("purpose") == rule.name]
    shown = next((one["notice"] for one in reversed(said) if one.get("notice")), None)
    classes = {name: one.months for name, one in store.policy.rules.classes.items() if rule.name in one.purposes}
    recipients = {name: one for name, one in store.policy.recipients.items() if rule.name in one.purposes}
    return {
        "purpose": rule.name,
        "state": state_of(standing, rule.name),
        "lawful_basis": rule.basis,
        "privacy_notice": _notice(rule, shown, published),
        "language": next((one["language"] for one in reversed(said) if one.get("language")), UNSTATED),
        "pii_information": [
            {"pii_type": section, "special_pii_category": rule.basis == "explicit_consent"}
            for section in sorted(rule.sections)
        ],
        "pii_controllers": ["controller"],
        "collection_method": sorted({one.get("method", UNSTATED) for one in said}),
        "storage_locations": [UNSTATED],
        "retention_period": {name: f"P{months}M" if months else UNSTATED for name, months in sorted(classes.items())},
        "jurisdiction": store.policy.rules.requests.jurisdiction,
        "recipient_third_parties": sorted({*recipients, *told}),
        "withdrawal_method": {"en": WITHDRAWAL[0], "zh": WITHDRAWAL[1]},
        "privacy_rights": {"en": RIGHTS[0], "zh": RIGHTS[1]},
    }


def _notice(rule: PurposeRule, version: int | None, published: Sequence[Notice]) -> dict[str, Any]:
    """The notice that the consent was given to, by the digests of its texts; without one the purpose's name."""
    found = next((one for one in published if (one.name, one.version) == (rule.notice, version)), None)
    if found is None:
        return {"name": rule.notice or UNSTATED, "version": None, "texts": {}}
    return {"name": found.name, "version": found.version, "texts": dict(found.texts)}


def _controller(store: Store) -> dict[str, Any]:
    controller = store.policy.rules.controller
    name, contact = (controller.name, controller.contact) if controller is not None else (UNSTATED, UNSTATED)
    return {
        "party_id": "controller",
        "party_type": "controller",
        "party_name": name,
        "party_address": UNSTATED,
        "party_contact": contact,
    }


def _event(fact: Fact, root: bytes) -> dict[str, Any]:
    said = fact.event.properties
    until: Micros | None = said.get("until")
    return {
        "event_time": rfc3339(fact.event.at),
        "validity_duration": UNLIMITED if until is None else f"PT{(until - fact.event.at) // 1_000_000}S",
        "entity_id": name_of(root),
        "event_type": "explicit" if said.get("method") not in ("gpc", "tcf", "categories") else "expressed",
        "event_state": EVENT_STATES[fact.event.kind],
        "purpose": said["purpose"],
        "position": fact.position,
        **{name: said[name] for name in ("method", "language", "evidence", "notice") if said.get(name)},
    }


def _ended(root: bytes, standing: Standing, purposes: Sequence[str]) -> list[dict[str, Any]]:
    """Consents that ended without a word: their time is over, or a newer notice has to be consented to."""
    ended = [("expired", name, standing.expired[name]) for name in purposes if name in standing.expired]
    ended += [("invalidated", name, standing.outdated[name]) for name in purposes if name in standing.outdated]
    return [
        {
            "event_time": rfc3339(at), "validity_duration": UNLIMITED, "entity_id": name_of(root),
            "event_type": "regular", "event_state": state, "purpose": name,
        }
        for state, name, at in ended
    ]  # fmt: skip
