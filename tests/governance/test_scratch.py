"""What a replay of the past holds in memory has an end."""

import pytest

from governance.scratch import Scratch, ScratchFull


def test_a_scratch_that_is_full_says_so_and_what_is_replaced_or_deleted_makes_room() -> None:
    scratch = Scratch(limit_bytes=10)
    scratch.save(expected=-1, checkpoint=0, states={b"a": b"12345", b"b": b"12345"}, shared={})
    scratch.save(expected=0, checkpoint=1, states={b"a": b"1234", b"b": None}, shared={"model/x": b"123456"})

    with pytest.raises(ScratchFull):
        scratch.save(expected=1, checkpoint=2, states={b"c": b"1"}, shared={})

    assert scratch.checkpoint() == 1
