"""The cyclic garbage collector, set aside where many objects are made and none of them point in circles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """Looking for cycles among a batch's objects costs more than the batch: measured, half of an append."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
