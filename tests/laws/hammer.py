"""A process that tells of one person after another, as fast as it is let, whatever befalls them meanwhile.

Arguments: its number, and what every token starts with. Each line on standard input names the person to tell of from
then on; when there is no more, it prints how many calls were accepted, suppressed and refused.
"""

import sys
from collections import Counter
from random import Random
from threading import Thread
from time import sleep

from adapters.settings import read_settings
from adapters.wiring import open_store
from domain.calls import Call
from domain.events import TRACK
from governance.cleaning import ALIAS
from governance.door import recorder

EVENTS = ("Product Viewed", "Order Completed", "Product Reviewed")
PAUSE_SECONDS = 0.02
LATEST = 60


def account(start: str, person: str) -> str:
    return f"user_id:{start}a{person}"


def second(start: str, person: str) -> str:
    """Another account of the person, which an alias joins to the first."""
    return f"user_id:{start}b{person}"


def main(number: int, start: str) -> None:
    desk, random = recorder(open_store(read_settings()), source=f"writer{number}"), Random(number)
    told = [""]
    listener = Thread(target=lambda: told.extend(line.strip() for line in sys.stdin))
    listener.start()
    counted: Counter[str] = Counter()
    joined: set[str] = set()  # people who have this process's device: alone it is a stranger's
    while listener.is_alive():
        person = random.choice(told[-LATEST:])  # some of it comes late
        if person:
            one = said(start, number, person, sum(counted.values()), random, with_device=person in joined)
            receipt = desk.record([one])
            counted.update(accepted=receipt.accepted, suppressed=receipt.suppressed, rejected=receipt.rejected)
            if receipt.accepted and len(one.identifiers) > 1:
                joined.add(person)
        sleep(PAUSE_SECONDS)
    sys.stdout.write(f"{counted['accepted']} {counted['suppressed']} {counted['rejected']}\n")


def said(start: str, number: int, person: str, count: int, random: Random, *, with_device: bool) -> Call:
    """A token in every field; the device comes with the account first."""
    name, device = account(start, person), f"anonymous_id:{start}d{person}x{number}"
    if random.random() < 0.1:
        return Call(record=1, kind=ALIAS, name="", identifiers=[name], previous=second(start, person))
    names = [[name, device], [name], [second(start, person)], [device]][random.randrange(4 if with_device else 3)]
    token = f"{start}p{person}x{number}x{count}"
    return Call(
        record=1, kind=TRACK, name=random.choice(EVENTS), identifiers=names, message_id=token,
        properties={"product_id": token, "category": token, "review": token}, context={"page": {"url": token}},
    )  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
