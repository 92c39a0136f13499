"""The policy file: what it means, and how it refuses what contradicts itself."""

import hashlib

import pytest

from domain.errors import BadInput, Refused
from domain.events import CASE, DISCLOSED, GROUP, HELD, IDENTIFY, LINKED, MERGED, PAGE, SCREEN, TRACK
from domain.meaning import Meaning
from governance.consent import SPEAKING
from governance.policy import Policy, UnknownPurpose, check, default_text, load, pack_text, packs
from governance.policy_change import due_after
from governance.policy_shape import OWN_CLASS, REQUIRED_CLASSES

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
        *[(kind, "", "evidence", 72) for kind in (*sorted(SPEAKING), HELD, CASE)],
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


@pytest.mark.parametrize("name", packs())
def test_each_policy_that_is_shipped_is_whole(name: str) -> None:
    """G15: a policy that is shipped has the parts that requests, retention and records rest on."""
    pack = load(pack_text(name), name)
    rules = pack.rules
    read = [rule for rule in pack.purposes.values() if rule.sections]

    assert check(pack_text(name), name) == []
    assert {*REQUIRED_CLASSES, OWN_CLASS} <= rules.classes.keys()
    assert all(rule.months or kept in {"identity", "profile", OWN_CLASS} for kept, rule in rules.classes.items())
    assert all(one.title for one in rules.purposes.values())
    assert all(one.title for one in rules.categories.values())
    assert {"consent", "explicit_consent"} <= {rule.basis for rule in rules.purposes.values()}
    assert any(rule.special for rule in rules.categories.values())
    assert any(rule.aggregates_only for rule in pack.purposes.values())
    assert all(rule.basis == "explicit_consent" or _specials(pack) <= rule.unread for rule in read)
    assert rules.segments
    assert rules.segments[-1].recency_days >= 36500  # so that everybody is in one
    assert all(pack.may("admin", verb) for verb in ("policy", "actors", "erase"))
    assert not pack.may("service", "reveal")
    assert len(rules.events) >= 10


def _specials(pack: Policy) -> set[str]:
    return {name for name, rule in pack.rules.categories.items() if rule.special}


def test_packs_are_for_five_trades_and_no_other_name_is_one() -> None:
    assert packs() == ["ecommerce", "education", "finance", "health", "social"]
    with pytest.raises(KeyError):
        pack_text("../policies/health")


def test_the_verbs_of_health_keep_who_administers_from_reading() -> None:
    pack = load(pack_text("health"), "health")

    assert not pack.may("admin", "read")
    assert pack.may("officer", "reveal")


def test_a_purpose_reads_the_categories_that_it_names_and_what_lies_below_them() -> None:
    pack = load(pack_text("health"), "health")
    care, service = pack.purpose("care"), pack.purpose("service")

    assert pack.reads(care, "Symptom Reported")
    assert not pack.reads(service, "Symptom Reported")
    assert pack.reads(service, "Subscription Started")
    assert not pack.reads(service, "Never Heard Of")  # in no category that was named
    assert {"pregnancy", "diabetes"} <= service.untold
    assert "pregnant" in service.unnamed
    assert not care.untold & {"pregnancy", "diabetes"}


SPECIAL = """
[classes.special]
months = 12
requires_consent = "health"

[categories."user.health"]
class = "special"
special = true
tags = ["pain"]
scores = ["risk"]

[events.Pain]
category = "user.health"

[purposes.health]
basis = "explicit_consent"
categories = ["user.health"]
sections = ["scores.risk"]
"""


@pytest.mark.parametrize(
    ("old", "new", "field", "expected"),
    [
        ('requires_consent = "health"', "", "classes.special.requires_consent", "explicit_consent"),
        ('requires_consent = "health"', 'requires_consent = "ads"', "classes.special.requires_consent", "explicit"),
        ("special = true", "", 'categories."user.health".special', "true, or no tags"),
        ('"user.behavior" = { class = "behaviour" }', '"user.behavior" = { class = "special" }',
         'categories."user.behavior".class', "a class without special categories"),
        ('category = "user.health"', 'category = "user.health"\nclass = "behaviour"', "events.Pain.class", "special"),
        ('basis = "consent"', 'basis = "consent"\ncategories = ["user.health"]', "purposes.ads.basis", "explicit"),
        ('basis = "consent"', 'basis = "consent"\ncategories = ["user.hearth"]', "purposes.ads.categories", "of [cat"),
        ('["interests"]', '["scores.risk"]', "purposes.ads.sections", "no score that tells"),
        ("[classes.special]", "[classes.actor]\nmonths = 1\n[classes.special]", "classes.actor", "another name"),
        ("[classes.special]", "[roles]\nadmin = ['read']\n[classes.special]", "roles.admin", "policy among its verbs"),
        ("[classes.special]", "[controller]\nname = 'A'\n[classes.special]", "controller.contact", "is required"),
    ],
)  # fmt: skip
def test_special_categories_are_for_explicit_consent_alone(old: str, new: str, field: str, expected: str) -> None:
    text = SMALL + SPECIAL
    assert check(text, "p") == []

    faults = check(text.replace(old, new), "p")

    [found] = [fault for fault in faults if fault.field == field and expected in fault.expected]
    assert int(found.where.removeprefix("p:")) > 1


def test_what_a_stricter_policy_makes_due_is_told() -> None:
    old = load(SMALL, "p")
    stricter = SMALL.replace("months = 25", "months = 12").replace("[purposes.ads]", "[purposes.other]")
    stricter = stricter.replace('["ads"]', '["other"]').replace("months = 0 }\nbeh", "months = 24 }\nbeh")

    due = due_after(old, load(stricter, "p"))

    assert due["shortened"] == {"behaviour": [25, 12], "identity": [0, 24]}
    assert due["purposes_lost"] == ["ads"]
    free = load(SMALL.replace('"consent"', '"contract"'), "p")
    assert due_after(free, old)["consent_needed"] == ["ads"]
    assert due_after(free, old)["classes_due"] == ["behaviour"]
    assert due_after(old, load(SMALL.replace('["interests"]', "[]"), "p"))["less_read"] == {"ads": ["interests"]}
    assert not any(due_after(old, old).values())


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
