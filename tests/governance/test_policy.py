"""The policy file: what it means, and how it refuses what contradicts itself."""

import hashlib

import pytest

from domain.errors import BadInput, Refused
from domain.events import CASE, CONSENTED, DISCLOSED, GROUP, IDENTIFY, LINKED, MERGED, PAGE, SCREEN, TRACK, WITHDREW
from domain.meaning import Meaning
from governance.consent import OBJECTED, RESTRICTED
from governance.policy import Policy, UnknownPurpose, check, default_text, load

SMALL = """\
default_class = "behaviour"

[classes]
identity = { months = 0 }
behaviour = { months = 25, purposes = ["ads"] }
evidence = { months = 72 }
disclosure = { months = 36 }
profile = { months = 0 }

[categories]
"user.behavior" = { class = "behaviour" }

[events."Product Viewed"]
category = "user.behavior"
action = "view"

[purposes.ads]
basis = "consent"
sections = ["interests"]

[[segments]]
name = "all"
recency_days = 1
purchases_365d = 0
spend_365d = 0
"""


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load(default_text(), "ecommerce.toml")


def test_the_default_policy_has_no_fault() -> None:
    assert check(default_text(), "ecommerce.toml") == []


def test_the_default_policy_declares_the_purposes_it_promises(policy: Policy) -> None:
    bases = {name: rule.basis for name, rule in policy.purposes.items()}

    assert bases == {
        "service": "contract",
        "personalization": "legitimate_interest",
        "analytics": "legitimate_interest",
        "marketing": "consent",
        "advertising": "consent",
        "risk": "contract",
        "research": "legitimate_interest",
        "special_categories": "explicit_consent",
    }
    assert policy.purpose("risk").human_review
    assert policy.purpose("research").aggregates_only


@pytest.mark.parametrize(
    ("kind", "name", "retention", "months"),
    [
        (TRACK, "Order Completed", "commerce", 120),
        (TRACK, "Product Viewed", "behaviour", 25),
        (TRACK, "Product Reviewed", "content", 25),
        (TRACK, "Never Heard Of", "behaviour", 25),
        (TRACK, "page", "behaviour", 25),
        (PAGE, "Order Completed", "behaviour", 25),  # a page's name is not an event type
        (SCREEN, "", "behaviour", 25),
        *[(kind, "", "identity", 0) for kind in (IDENTIFY, GROUP, LINKED, MERGED)],
        *[(kind, "", "evidence", 72) for kind in (CONSENTED, WITHDREW, OBJECTED, RESTRICTED, CASE)],
        (DISCLOSED, "", "disclosure", 36),
    ],
)
def test_every_event_has_a_class_and_a_class_has_a_period(
    policy: Policy, kind: str, name: str, retention: str, months: int
) -> None:
    assert policy.class_for(kind, name) == retention
    assert policy.months(retention) == months


def test_folds_are_told_what_events_mean_and_nothing_else(policy: Policy) -> None:
    config = policy.fold_config(b"key")

    assert config.meanings["Order Completed"] == Meaning(
        action="purchase",
        item="product_id",
        category="category",
        amount="revenue",
        price="price",
        quantity="quantity",
        currency="currency",
        products="products",
    )
    assert "Campaign Received" not in config.meanings  # known, but it means nothing to a score
    assert (config.currency, config.fold_key, config.half_life_days) == ("USD", b"key", 90)
    assert config.segments[0] == ("champion", 30, 24, 1000)


def test_an_unknown_purpose_is_refused_with_the_known_ones_but_not_repeated(policy: Policy) -> None:
    with pytest.raises(UnknownPurpose) as raised:
        policy.purpose("ada@example.org")

    assert isinstance(raised.value, Refused)
    assert "marketing, personalization" in str(raised.value)
    assert "ada" not in str(raised.value)


def test_a_role_may_do_what_it_is_given(policy: Policy) -> None:
    assert policy.may("service", "read")
    assert not policy.may("service", "reveal")
    assert not policy.may("auditor", "read")
    assert not policy.may("nobody", "read")


def test_the_digest_is_of_the_text_to_the_last_space() -> None:
    assert load(SMALL, "p").digest() == hashlib.sha256(SMALL.encode()).digest()
    assert load(SMALL + " ", "p").digest() != load(SMALL, "p").digest()


def test_a_class_of_an_event_goes_before_that_of_its_category() -> None:
    text = SMALL.replace('action = "view"', 'action = "view"\nclass = "identity"')

    assert load(text, "p").class_for(TRACK, "Product Viewed") == "identity"


@pytest.mark.parametrize(
    ("old", "new", "where", "field", "expected"),
    [
        ('default_class = "behaviour"', 'default_class = "b"', "p:1", "default_class", "one of behaviour, disclosure"),
        ("evidence = { months = 72 }\n", "", "p:3", "classes.evidence", "is required"),
        ("months = 72", "months = -1", "p:6", "classes.evidence.months", "greater than or equal to 0"),
        ('purposes = ["ads"]', 'purposes = ["add"]', "p:5", "classes.behaviour.purposes", "one of ads"),
        (
            "months = 72 }",
            'months = 72, requires_consent = "x" }',
            "p:6",
            "classes.evidence.requires_consent",
            "consent",
        ),
        ('class = "behaviour" }', 'class = "x" }', "p:11", 'categories."user.behavior".class', "one of behaviour"),
        ('category = "user', 'category = "usr', "p:14", 'events."Product Viewed".category', "a category of"),
        ('action = "view"', 'action = "look"', "p:15", 'events."Product Viewed".action', "'view', 'cart'"),
        ('"consent"', '"whim"', "p:18", "purposes.ads.basis", "'contract'"),
        ('"consent"', '"legitimate_interest"', "p:17", "purposes.ads.objectable", "true, since subjects may object"),
        ('["interests"]', '["scores"]', "p:19", "purposes.ads.sections.0", "scores.NAME"),
        ('["interests"]', '["interests"]\naggregates_only = true', "p:19", "purposes.ads.sections", "none"),
        ("recency_days = 1\n", "", "p:21", "segments.0.recency_days", "is required"),
        ("[[segments]]", "[identifiers]\nweak = ['user_id']\n[[segments]]", "p:21", "identifiers", "named once"),
        ("[[segments]]", "[roles]\nservice = ['fly']\n[[segments]]", "p:22", "roles.service.0", "'approve'"),
        ("[[segments]]", "[[segments]", "p", "syntax", "at line 21"),
    ],
)
def test_a_fault_names_the_line_the_setting_and_what_it_takes(
    old: str, new: str, where: str, field: str, expected: str
) -> None:
    with pytest.raises(BadInput) as raised:
        load(SMALL.replace(old, new), "p")

    assert (raised.value.where, raised.value.field) == (where, field)
    assert expected in raised.value.expected


def test_checking_finds_every_fault_of_shape_at_once() -> None:
    text = SMALL.replace("months = 72", "months = 'x'").replace('"view"', '"look"')

    assert [fault.where for fault in check(text, "p")] == ["p:6", "p:15"]
