"""Many erasures at once: everybody is fenced first, and what looks at the whole store is done once for all."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from domain.errors import LetheError
from governance.erasure import begin
from governance.removals import INTENDED, REMOVING, removals
from governance.removing import carry_out
from governance.request_runs import PLAIN, How, approved, run, started
from governance.store import Store


def erase_together(store: Store, identifiers: Sequence[str], how: How = PLAIN) -> list[dict[str, Any] | LetheError]:
    """`at_once` for many erasures: everybody is fenced first, then what looks at the whole store is done once.

    In the order asked; a person who is not there, or may not be erased by one alone, is an error in its place.
    """
    with store.storage.together(REMOVING):
        return _erased(store, identifiers, how)


def _erased(store: Store, identifiers: Sequence[str], how: How) -> list[dict[str, Any] | LetheError]:
    begun: dict[str, bytes] = {}
    answers: dict[str, dict[str, Any] | LetheError] = {}
    for one in identifiers:
        try:
            case = approved(store, "erasure", one, how)
            _, root = started(store, case, how)
            if root is not None:
                begin(store, root, case)
            begun[one] = case
        except LetheError as error:
            answers.setdefault(one, error)
    fenced = [case for case in begun.values() if removals(store, INTENDED, case)]
    outcomes = carry_out(store, fenced, wait_seconds=how.wait_seconds, say=how.say) if fenced else []
    told = replace(how, done=dict(zip(fenced, outcomes, strict=True)))
    answers.update({one: run(store, case, told) for one, case in begun.items()})
    return [answers[one] for one in identifiers]
