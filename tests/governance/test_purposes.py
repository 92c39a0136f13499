"""Lawful basis, and how much of a profile a purpose covers."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import NoBasis
from governance.consent import Standing
from governance.policy import Policy, PurposeRule, default_text, load
from governance.purposes import basis_for, conditional, covered, refusal, unjustified

POLICY: Policy = load(default_text(), "ecommerce.toml")

DOCUMENT: dict[str, Any] = {
    "subject": "s_1",
    "position": 7,
    "as_of": None,
    "identifiers": {"user_id": ["42"]},
    "attributes": {"city": {"value": "Oslo"}, "religion": {"value": "none"}},
    "activity": {
        "events": 3,
        "by_type": {"page": 3},
        "spend": {"30d": "1.00"},
        "spend_by_currency": {"NOK": {"30d": "1.00"}},
        "segment": {"name": "loyal"},
    },
    "interests": {"shares": {}},
    "sequence": {"last": []},
    "scores": {"next_purchase_30d": {"value": 0.5}, "risk": {"value": 0.1}},
}


def rule(*sections: str) -> PurposeRule:
    return PurposeRule(
        name="test",
        basis="contract",
        sections=frozenset(sections),
        objectable=False,
        human_review=False,
        aggregates_only=False,
    )


@pytest.mark.parametrize(
    ("purpose", "standing", "basis"),
    [
        ("service", Standing(), "contract"),
        ("service", Standing(objected={"service": 1}, withdrawn={"service": 1}), "contract"),
        ("personalization", Standing(), "legitimate_interest"),
        ("personalization", Standing(objected={"analytics": 1}), "legitimate_interest"),
        ("personalization", Standing(objected={"personalization": 1}), None),
        ("personalization", Standing(withdrawn={"personalization": 1}), None),
        ("personalization", Standing(refused={"personalization": 1}), None),
        ("marketing", Standing(expired={"marketing": 1}), None),
        ("marketing", Standing(outdated={"marketing": 1}), None),
        ("marketing", Standing(), None),
        ("marketing", Standing(given={"advertising": 1}), None),
        ("marketing", Standing(given={"marketing": 1}), "consent"),
        ("special_categories", Standing(given={"special_categories": 1}), "explicit_consent"),
        ("marketing", Standing(given={"marketing": 1}, restricted=0), None),
        ("service", Standing(restricted=0), None),
        ("research", Standing(), None),
    ],
)
def test_a_purpose_has_a_basis_or_is_refused(purpose: str, standing: Standing, basis: str | None) -> None:
    if basis is not None:
        assert basis_for(POLICY.purpose(purpose), standing) == basis
        return
    with pytest.raises(NoBasis, match=purpose):
        basis_for(POLICY.purpose(purpose), standing)


def test_personalization_sees_everything_but_the_risk_score() -> None:
    seen, withheld = covered(DOCUMENT, POLICY.purpose("personalization"))

    assert withheld == ["scores.risk"]
    assert seen == {**DOCUMENT, "scores": {"next_purchase_30d": {"value": 0.5}}}


def test_activity_covers_neither_spend_nor_segment() -> None:
    seen, withheld = covered(DOCUMENT, rule("activity"))

    assert seen["activity"] == {"events": 3, "by_type": {"page": 3}}
    assert {"activity.spend", "activity.spend_by_currency", "activity.segment"} <= set(withheld)


def test_a_part_may_be_covered_without_the_section_around_it() -> None:
    seen, withheld = covered(DOCUMENT, POLICY.purpose("advertising"))

    assert seen["activity"] == {"segment": {"name": "loyal"}}
    assert "activity.by_type" in withheld
    assert "identifiers" in withheld


def test_the_names_of_withheld_attributes_are_not_told() -> None:
    seen, withheld = covered(DOCUMENT, rule("attributes.city"))

    assert seen["attributes"] == {"city": {"value": "Oslo"}}
    assert "attributes.*" in withheld
    assert "religion" not in repr(withheld)


def test_a_purpose_that_covers_nothing_learns_only_what_the_document_is() -> None:
    seen, withheld = covered(DOCUMENT, rule())

    assert seen == {"subject": "s_1", "position": 7, "as_of": None}
    assert withheld == [
        "activity", "attributes", "identifiers", "interests", "scores.next_purchase_30d", "scores.risk", "sequence",
    ]  # fmt: skip


SECTIONS = [
    "identifiers", "attributes", "attributes.city", "activity", "activity.spend", "activity.segment", "interests",
    "sequence", "scores.risk", "scores.next_purchase_30d",
]  # fmt: skip


def leaves(node: Any, path: str = "") -> set[str]:
    if isinstance(node, dict) and node:
        return set().union(*(leaves(part, f"{path}.{name}") for name, part in node.items()))
    return {path[1:]}


@given(st.sets(st.sampled_from(SECTIONS)), st.sampled_from(SECTIONS))
def test_a_purpose_never_sees_less_by_covering_more(sections: set[str], one: str) -> None:
    less, _ = covered(DOCUMENT, rule(*sections))
    more, _ = covered(DOCUMENT, rule(*sections, one))

    assert leaves(less) <= leaves(more) <= leaves(DOCUMENT)


@given(st.sets(st.sampled_from(SECTIONS)))
def test_every_field_is_either_seen_or_named_as_withheld(sections: set[str]) -> None:
    seen, withheld = covered(DOCUMENT, rule(*sections))

    hidden = leaves(DOCUMENT) - leaves(seen)
    assert all(any(f"{leaf}.".startswith(name.removesuffix("*")) for name in withheld) for leaf in hidden)
    assert not any(f"{leaf}.".startswith(f"{name}.") for leaf in leaves(seen) for name in withheld)


def test_special_data_is_taken_in_only_after_explicit_consent() -> None:
    assert refusal(POLICY, "special", Standing()) == "no_consent"
    assert refusal(POLICY, "special", Standing(outdated={"special_categories": 1})) == "no_consent"
    assert refusal(POLICY, "special", Standing(given={"special_categories": 1})) is None
    assert refusal(POLICY, "special", Standing(given={"special_categories": 1}, restricted=1)) is None  # it is kept


def test_data_without_any_basis_is_not_taken_in() -> None:
    text = default_text().replace('purposes = ["service", "risk"]', 'purposes = ["marketing", "analytics"]')
    policy = load(text, "policy")

    assert refusal(policy, "commerce", Standing()) is None  # analytics, until he objects
    assert refusal(policy, "commerce", Standing(objected={"analytics": 1})) == "no_basis"
    assert refusal(policy, "commerce", Standing(refused={"analytics": 1}, given={"marketing": 1})) is None


def test_only_classes_that_hang_on_the_subjects_word_are_looked_at() -> None:
    text = default_text().replace('purposes = ["service", "risk"]', 'purposes = ["marketing", "analytics"]')

    assert [name for name in POLICY.rules.classes if conditional(POLICY, name)] == ["special"]
    assert conditional(load(text, "policy"), "commerce")


def test_a_class_is_due_when_its_last_purpose_has_lost_its_basis() -> None:
    agreed = Standing(given={"special_categories": 1})

    assert unjustified(POLICY, agreed) == []
    assert unjustified(POLICY, Standing(outdated={"special_categories": 1})) == []  # he is asked first
    assert unjustified(POLICY, Standing(expired={"special_categories": 2})) == ["special"]
    assert unjustified(POLICY, Standing(withdrawn={"special_categories": 2})) == ["special"]
    assert unjustified(POLICY, Standing(withdrawn={"special_categories": 2}, restricted=3)) == []  # which keeps it


def test_a_class_that_another_purpose_needs_is_not_due() -> None:
    objections = Standing(objected={"personalization": 1, "analytics": 1}, withdrawn={"marketing": 1})

    assert "behaviour" not in unjustified(POLICY, objections)  # risk still needs it
