"""The mapping file, and how it refuses what it cannot use."""

import pytest

from adapters.sources import mapping
from domain.clock import parse_rfc3339
from domain.errors import BadInput

GOOD = """\
source = "shop"
event = "{what}"

[identifiers]
user_id = "{country}-{customer}"

[time]
column = "at"
format = "%d.%m.%Y %H:%M"
timezone = "Europe/Oslo"

[properties]
price = { column = "price", type = "amount" }
"""


def fault(text: str) -> BadInput:
    with pytest.raises(BadInput) as raised:
        mapping.parse(text, "shop.toml")
    return raised.value


def test_a_mapping_says_what_a_row_means() -> None:
    rules = mapping.parse(GOOD, "shop.toml")

    assert rules.kind == "track"
    assert mapping.columns_in(rules).keys() == {"what", "country", "customer", "at", "price"}


@pytest.mark.parametrize(
    ("old", "new", "where", "field", "expected"),
    [
        ('type = "amount"', 'type = "money"', "shop.toml:13", "properties.price.type", "'string', 'int'"),
        ('source = "shop"', 'sauce = "shop"', "shop.toml", "source", "is required"),
        ('source = "shop"', 'source = "shop"\nsauce = 1', "shop.toml:2", "sauce", "no such setting here"),
        ("Europe/Oslo", "Europe/Osl", "shop.toml:10", "time.timezone", "a time zone such as UTC"),
        ("%d.%m.%Y %H:%M", "german", "shop.toml:9", "time.format", "or a strptime format"),
        (
            'column = "at"\n',
            'column = "at"\nconstant = 2017-01-01\n',
            "shop.toml:7",
            "time",
            "either column or constant",
        ),
        ('"{country}-{customer}"', '"customer"', "shop.toml:5", "identifiers.user_id", "at least one {column}"),
        ('"{what}"', '"{what"', "shop.toml:2", "event", "stands for a column's value"),
        ('event = "{what}"\n', "", "shop.toml", "event", "is required for track"),
        ("user_id =", '"a b" =', "shop.toml:5", 'identifiers."a b"', "an identifier kind"),
        ("[time]", "[time", "shop.toml", "syntax", "at line 7"),
    ],
)
def test_a_fault_names_the_line_the_setting_and_what_it_takes(
    old: str, new: str, where: str, field: str, expected: str
) -> None:
    found = fault(GOOD.replace(old, new))

    assert (found.where, found.field) == (where, field)
    assert expected in found.expected


def test_a_constant_time_may_be_a_toml_date_time_or_text() -> None:
    head = GOOD.partition("[time]")[0] + "[time]\nconstant = "

    both = [mapping.parse(head + value, "m").time.constant for value in ("2017-01-01T00:00:00Z", '"2017-01-01"')]

    assert both == [parse_rfc3339("2017-01-01T00:00:00Z")] * 2


@pytest.mark.parametrize("name", mapping.shipped())
def test_a_shipped_mapping_is_found_by_its_name(name: str) -> None:
    assert mapping.load(name).source


def test_a_mapping_that_is_not_there_is_refused_with_the_names_that_are() -> None:
    with pytest.raises(BadInput, match=r"nowhere: file: .*online_retail"):
        mapping.load("nowhere")
