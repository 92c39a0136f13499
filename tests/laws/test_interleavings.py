"""L4, L5, L6: whatever befalls people in whatever order, a store answers as a plain model of it does."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.wiring import open_store, publish_policy
from tests.laws.befalling import STEPS
from tests.laws.conftest import Blank
from tests.laws.life import POLICY, READ_FOR, Life
from tests.laws.test_erasure_commutes import slow_to_draw


@pytest.mark.slow
def test_whatever_happens_in_whatever_order_the_store_answers_as_the_model_does(blank: Blank, tmp_path: Path) -> None:
    """L4, L5, L6 and G1, G3, G5, G6, I6, I7, I8, R5, R6, R8, R10, K1 over their interleavings."""

    @settings(max_examples=blank.examples(15, 2), deadline=None, suppress_health_check=slow_to_draw)
    @given(st.data())
    def holds(data: st.DataObject) -> None:
        with blank.settings() as own, blank.settings() as fresh, TemporaryDirectory(dir=tmp_path) as place:
            for one in (own, fresh):
                publish_policy(one, open_store(one), POLICY)
            life = Life(own, Path(place), data.draw)
            life.settings = replace(own, clock=lambda: life.model.now)
            life.open()
            for _ in range(data.draw(st.integers(15, 40))):
                life.befall(data.draw(st.sampled_from(STEPS)))
                life.check(data.draw(st.sampled_from(READ_FOR)))
            life.check_whole(fresh)

    holds()
