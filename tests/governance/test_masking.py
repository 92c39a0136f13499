"""Masks: what a recipient sees is coarser, of the same kind, and nothing that a mask does not understand."""

import pytest

from governance.masking import HIDDEN, mask, masked
from governance.policy import check, default_text

PAIRWISE = "p_00"
SAID = {"source": "web", "at": "2026-01-02T03:04:05Z"}
DOCUMENT = {
    "identifiers": {"user_id": ["42", "43"], "email": ["a@b.example"]},
    "attributes": {
        "birthday": {"value": "1984-05-06", **SAID},
        "city": {"value": "Oslo", **SAID, "conflicts": [{"value": "Bergen", **SAID}]},
        "home": {"value": {"street": "Long 1", "country": "NO"}, **SAID},
        "postcode": {"value": "0150", **SAID},
    },
    "activity": {"events": 120, "last_at": "2026-03-04T05:06:07Z", "spend": {"30d": "120.50", "90d": "-3.00"}},
    "interests": {"tags": ["wine", "tea"]},
}


@pytest.mark.parametrize(
    ("strategy", "value", "shown"),
    [
        ("month", "2026-11-23T12:00:00Z", "2026-11-01T00:00:00Z"),
        ("year", "2026-11-23T12:00:00Z", "2026-01-01T00:00:00Z"),
        ("month", "1969-12-31", "1969-12-01"),
        ("year", "1984-05-06", "1984-01-01"),
        ("year", "the year of the rat", HIDDEN),
        ("month", 20261123, HIDDEN),
        ("country", "Long Street 1, Oslo, Norway", "Norway"),
        ("country", {"street": "Long 1", "country": "NO"}, {"country": "NO"}),
        ("country", {"street": "Long 1"}, HIDDEN),
        ("country", "Oslo", HIDDEN),
        ("postcode", "SW1A 1AA", "SW"),
        ("postcode", 10115, "10"),
        ("postcode", "15", HIDDEN),
        ("bucket:50", 120, 100),
        ("bucket:50", -1, -50),
        ("bucket:50", "120.50", "100"),
        ("bucket:50", 49.9, 0.0),
        ("bucket:50", "many", HIDDEN),
        ("bucket:50", "NaN", HIDDEN),
        ("bucket:50", True, HIDDEN),
        ("pairwise", "42", PAIRWISE),
        ("drop", "anything", HIDDEN),
    ],
)
def test_a_mask_keeps_the_kind_of_a_value_or_hides_it(strategy: str, value: object, shown: object) -> None:
    """D6: what a mask does not understand is no less telling than what it does."""
    found = mask(strategy, PAIRWISE)(value)

    assert found == shown
    assert found is HIDDEN or type(found) is (type(shown))


def test_the_mask_closest_to_a_value_decides() -> None:
    masks = {
        "identifiers": "drop", "identifiers.user_id": "pairwise", "attributes.*": "drop", "attributes.birthday": "year",
        "attributes.home": "country", "attributes.*.at": "month", "activity.*": "bucket:100",
        "activity.last_at": "month", "sequence": "drop",
    }  # fmt: skip

    shown, hidden = masked(DOCUMENT, masks, PAIRWISE)

    said = {"source": "web", "at": "2026-01-01T00:00:00Z"}
    assert shown == {
        "identifiers": {"user_id": [PAIRWISE]},
        "attributes": {"birthday": {"value": "1984-01-01", **said}, "home": {"value": {"country": "NO"}, **said}},
        "activity": {"events": 100, "last_at": "2026-03-01T00:00:00Z", "spend": {"30d": "100", "90d": "-100"}},
        "interests": {"tags": ["wine", "tea"]},
    }
    assert hidden == ["attributes.*", "identifiers"]


@pytest.mark.parametrize("path", ["attributes.city", "attributes.city.value", "attributes.*.value", "attributes.*"])
def test_what_other_sources_say_of_a_masked_attribute_is_hidden_too(path: str) -> None:
    shown, _ = masked(DOCUMENT, {path: "postcode"}, PAIRWISE)

    assert shown["attributes"]["city"] == {"value": "Os", **SAID}


def test_without_masks_everything_is_shown() -> None:
    assert masked(DOCUMENT, {}, PAIRWISE) == (DOCUMENT, [])


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ('masks = { "attributes.city" = "blur" }', 'masks."attributes.city"'),
        ('masks = { "attributes.age" = "bucket:0" }', 'masks."attributes.age"'),
        ('masks = { "subject" = "drop" }', "masks.subject"),
        ('url = "http://partner.example/"', "url"),
        ('url = "https://127.0.0.1/"', "url"),
    ],
)
def test_a_policy_says_where_a_mask_or_an_address_is_wrong(line: str, field: str) -> None:
    text = default_text() + f'\n[recipients.partner]\npurposes = ["service"]\n{line}\n'

    [fault] = check(text, "policy")

    assert fault.field.startswith(f"recipients.partner.{field}")
    assert check(text.replace(line, ""), "policy") == []
