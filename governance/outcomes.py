"""What an erasure has come to: read from its acts and from what is left of its people's keys."""

from governance.disclosures import recipients_in
from governance.holds import holds_on
from governance.keyring import EVIDENCE
from governance.keyrows import ERASED, FENCED, LIVE
from governance.removals import EXECUTED, removals
from governance.removing import Outcome
from governance.store import Store


def concluded(store: Store, case: bytes, outcome: Outcome) -> Outcome:
    """What a removal came to that was carried out for this case, with whom to tell and what is held back."""
    outcome.recipients = recipients_in(store, case)
    with store.keyring.database.reading() as rows:
        members = [row.subject for state in (FENCED, ERASED) for row in rows.of_case(case, state)]
        held = [row for row in rows.keys_of(members, taken=True) if row.klass != EVIDENCE]
        holds = holds_on(store, rows, {row.subject for row in held}, store.clock())
    outcome.holds = sorted(hold.hold.hex() for some in holds.values() for hold in some)
    if outcome.status == "completed" and held:
        outcome.status = "held"
    return outcome


def came_to(store: Store, case: bytes) -> Outcome | None:
    """What an erasure came to that is on record; None for one that is not."""
    done = removals(store, EXECUTED, case)
    if not done:
        return None
    keys = sum(len(act.keys) for _, act in done)
    first, act = done[0]
    outcome = Outcome(
        case.hex(), status="completed", position=first.position, keys_destroyed=keys, bodies_purged=act.bodies
    )
    return concluded(store, case, outcome)


def holder_of(store: Store, subject: bytes) -> bytes | None:
    """The case under which a person is forgotten, or being forgotten; None for one who lives, or is unknown."""
    with store.keyring.database.reading() as rows:
        root = rows.roots([subject]).get(subject, subject)
        row = rows.subjects([root]).get(root)
    return None if row is None or row.state == LIVE else row.case_id
