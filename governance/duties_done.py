"""How each duty is done; the answer is whether everything is, or a rest has to wait."""

from typing import Final, NamedTuple

from domain.errors import Refused
from governance import casebook
from governance.casebook import NoSuchRequest
from governance.cases import OPEN
from governance.erasure import recover
from governance.models import renew_models
from governance.publishing import publish
from governance.recipients import Post, deliver, settle
from governance.removals import REMOVING, unfinished
from governance.removing import carry_out
from governance.request_runs import How, run
from governance.retention import apply, complete_holds
from governance.store import Store
from governance.suppression import sweep

CASES: Final = 10_000


class Means(NamedTuple):
    """What a duty is done with."""

    store: Store
    post: Post
    wait_seconds: float  # for readers of old pages, and for other processes


def resume_interrupted(means: Means) -> bool:
    """Go on with removals that nobody is at, finish the requests they belong to, and renew models that they took."""
    store, wait_seconds = means.store, means.wait_seconds
    recover(store)  # Before the lock: what a restore left is carried out there, which waits for who is alone.
    with store.storage.alone(REMOVING) as nobody_is_at_it:
        if not nobody_is_at_it:
            return True  # whoever dies at it is found at the next look
        requests = _started(store)
        cases = unfinished(store)
    outcomes = carry_out(store, cases, wait_seconds=wait_seconds) if cases else []
    done = dict(zip(cases, outcomes, strict=True))
    went_on = [
        _goes_on(store, case, state, How(wait_seconds=wait_seconds, done=done)) for case, state in requests.items()
    ]
    renew_models(store, "erasure")
    return all(went_on) and all(one.status == "completed" for one in outcomes)


def end_holds(means: Means) -> bool:
    """Release what has expired, complete the erasures that it held back."""
    outcomes = complete_holds(means.store, wait_seconds=means.wait_seconds)
    return all(one.status == "completed" for one in outcomes)


def retain(means: Means) -> bool:
    """Apply retention, and remove what lost its basis."""
    outcomes = apply(means.store, wait_seconds=means.wait_seconds)
    return all(one.status == "completed" for one in outcomes)


def deliver_notices(means: Means) -> bool:
    """Try the notices that are due; one that failed waits for its own next time."""
    return all(one.notice.status != "failed" for one in deliver(means.store, means.post))


def sweep_marks(means: Means) -> bool:
    """Forget marks that have ended."""
    sweep(means.store)
    return True


def publish_head(means: Means) -> bool:
    """Publish what nobody has published."""
    publish(means.store.log, means.store.mirror)
    return True


def _goes_on(store: Store, case: bytes, state: str, how: How) -> bool:
    """Whether it did; one that may not, as it came to need a second approval, keeps no other waiting."""
    try:
        if state == "running":
            run(store, case, how)
        else:
            settle(store, case)
    except Refused:
        return False
    return True


def _started(store: Store) -> dict[bytes, str]:
    """Erasure requests that have been begun and are not completed, with their state."""
    with store.keyring.database.reading() as rows:
        cases = rows.requests(open_only=True, limit=CASES)
    found = {}
    for case in cases:
        try:
            known = casebook.read(store, case).case
        except NoSuchRequest:  # a case of notices alone
            continue
        if known.state not in OPEN:  # it died when it had just ended
            casebook.close(store, case)
        elif known.kind == "erasure" and known.state in ("running", "partial"):
            found[case] = known.state
    return found
