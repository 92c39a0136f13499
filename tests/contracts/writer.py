"""A process of its own that takes in numbered events in batches of mixed sizes.

Arguments: first number, number of events, seed. The store is the one that `LETHE_STORE` names.
Prints how many events were accepted and how many were there already.
"""

import sys
from random import Random

from adapters.settings import read_settings
from adapters.wiring import open_store
from domain.calls import Call
from domain.events import TRACK
from governance.door import recorder
from governance.receipt import Receipt

PEOPLE = 1500
SIZES = (1, 2, 10, 60, 250, 500)


def numbered(number: int) -> Call:
    """The event of this number: whoever sends it, it is the same person's same message."""
    return Call(
        record=1,
        kind=TRACK,
        name="Product Viewed",
        identifiers=[f"user_id:{number % PEOPLE}"],
        message_id=f"m{number}",
        properties={"product_id": f"p{number % 97}"},
    )


def main(first: int, count: int, seed: int) -> None:
    random = Random(seed)
    numbers = list(range(first, first + count))
    random.shuffle(numbers)
    door, total = recorder(open_store(read_settings()), source="shop"), Receipt()
    while numbers:
        size = random.choice(SIZES)
        total.add(door.record([numbered(number) for number in numbers[:size]]))
        del numbers[:size]
    sys.stdout.write(f"{total.accepted} {total.duplicates}\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
