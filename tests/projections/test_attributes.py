"""What sources say of a subject, and what the subject had corrected."""

from itertools import permutations

from projections import attributes
from projections.attributes import Attributes


def told(*steps: str) -> Attributes:
    said: Attributes = {}
    for step in steps:
        STEPS[step](said)
    return said


STEPS = {
    "web": lambda said: attributes.state_traits(said, {"city": "Oslo", "age": 41}, "web", (1, 0, 0)),
    "shop": lambda said: attributes.state_traits(said, {"city": "Voss"}, "shop", (2, 0, 0)),
    "corrected": lambda said: attributes.correct(said, {"city": "Bergen", "age": None}, (3, 0, 0)),
    "later": lambda said: attributes.state_traits(said, {"age": 42}, "shop", (4, 0, 0)),
}


def test_a_correction_replaces_what_was_said_before_it_whatever_comes_in_first() -> None:
    """G16."""
    packed = set()
    for order in permutations(STEPS):
        whole, halves = told(*order), told(*order[:2])
        attributes.merge(halves, told(*order[2:]))
        packed |= {repr(attributes.pack(whole)), repr(attributes.pack(halves))}
        shown = {name: (one["value"], one["source"]) for name, one in attributes.view(whole).items()}
        assert shown == {"city": ("Bergen", "correction"), "age": (42, "shop")}
        assert not any("conflicts" in one for one in attributes.view(whole).values())
    assert len(packed) == 1

    assert attributes.view(told("web", "shop", "corrected")).keys() == {"city"}
    assert attributes.unpack(attributes.pack(told(*STEPS))) == told(*STEPS)
