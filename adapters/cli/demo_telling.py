"""How the demonstration speaks: a heading a step, what it shows, how long it took, and all of it at the end."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import typer

from adapters.cli.demo_data import Baskets

if TYPE_CHECKING:
    from governance.store import Store


@dataclass(slots=True)
class Step:
    """What one step did, in figures."""

    name: str
    seconds: float = 0.0
    events: int | None = None  # that it went through, where a rate says something
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def rate(self) -> int | None:
        """Events a second."""
        return None if self.events is None or not self.seconds else round(self.events / self.seconds)

    @property
    def document(self) -> dict[str, Any]:
        """As the JSON answer holds it."""
        return {**asdict(self), "events_per_second": self.rate}


@dataclass(slots=True)
class Telling:
    """Plain lines on standard output, or on standard error when the answer is JSON."""

    to_error: bool
    steps: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self, name: str, why: str) -> Iterator[Step]:
        """One numbered step: its heading before, its time after."""
        one = Step(name)
        self.steps.append(one)
        self.line(f"\n{len(self.steps)}. {why}")
        began = monotonic()
        yield one
        one.seconds = round(monotonic() - began, 3)
        rate = "" if one.rate is None else f", {one.rate:,} events/s"
        self.line(f"   [{one.seconds:.1f} s{rate}]")

    def line(self, text: str) -> None:
        """A line of its own."""
        typer.echo(text, err=self.to_error)

    def facts(self, facts: Mapping[str, object]) -> None:
        """What there is to see, one fact a line, its values below each other."""
        width = max(map(len, facts), default=0)
        for name, value in facts.items():
            self.line(f"   {name:<{width}}  {value}")

    def summary(self) -> None:
        """One screen: steps, seconds, events a second."""
        import sys

        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table

        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        table.add_column("step")
        for title in ("seconds", "events", "events/s"):
            table.add_column(title, justify="right")
        for one in self.steps:
            table.add_row(one.name, f"{one.seconds:.1f}", _number(one.events), _number(one.rate))
        table.add_section()
        table.add_row("all", f"{sum(one.seconds for one in self.steps):.1f}", "", "")
        Console(file=sys.stderr if self.to_error else sys.stdout, highlight=False).print(table)


@dataclass(frozen=True, slots=True)
class Tour:
    """What every step works with."""

    store: "Store"
    data: Baskets
    place: Path  # for files that are not the store's
    tell: Telling

    @property
    def who(self) -> str:
        return f"user_id:{self.data.middle}"


def _number(number: int | None) -> str:
    return "" if number is None else f"{number:,}"
