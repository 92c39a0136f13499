"""Subject requests as pure rules: which step may follow which, who may approve, and until when."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from domain.errors import BadInput, LetheError
from governance import cases, request_texts
from governance.cases import Case, NeedsAnother, NoAuthority, NoExtension, Said, WrongState

OFFICER, COLLEAGUE = "aa", "bb"
OPENED = Case(
    state="received", kind="erasure", jurisdiction="gdpr", due="2026-12-23", latest="2027-02-23", subject="01",
    opened_by=OFFICER,
)  # fmt: skip


def verify(
    case: Case, actor: str = OFFICER, *, method: str = "document", authority: str = "", subject: str = ""
) -> Said:
    return cases.verify(case, actor, method=method, evidence="", authority=authority, subject=subject)


STEPS: dict[str, Callable[[Case, str], Said]] = {
    "ask": lambda case, actor: cases.ask(case, actor, note=""),
    "verify": verify,
    "approve": lambda case, actor: cases.approve(case, actor, needs_another=False),
    "deny": lambda case, actor: cases.deny(case, actor, reason="excessive", note=""),
    "cancel": cases.cancel,
    "extend": lambda case, actor: cases.extend(case, actor, reason="complexity", today="2026-12-01"),
    "start": lambda case, actor: cases.start(case, actor, needs_another=False, recipients=[]),
    "finish": lambda case, actor: cases.finish(case, actor, status="completed", outcome={}),
    "half": lambda case, actor: cases.finish(case, actor, status="partial", outcome={}),
}

ALLOWED = {
    "received": {"ask", "verify", "deny", "cancel", "extend"},
    "verifying": {"ask", "verify", "deny", "cancel", "extend"},
    "verified": {"approve", "deny", "cancel", "extend"},
    "approved": {"approve", "deny", "cancel", "extend", "start"},
    "running": {"extend", "start", "finish", "half"},
    "partial": {"extend", "start", "finish"},
    "completed": set(),
    "denied": set(),
    "cancelled": set(),
    "cannot_identify": set(),
}


@pytest.mark.parametrize("state", ALLOWED)
def test_each_state_lets_these_steps_through_and_no_other(state: str) -> None:
    """I12, R12: nothing is approved before it is verified, or taken back once it runs."""
    case = replace(OPENED, state=state)
    taken = set()
    for name, rule in STEPS.items():
        try:
            rule(case, OFFICER)
        except WrongState:
            continue
        taken.add(name)

    assert taken == ALLOWED[state]


@given(some.lists(some.tuples(some.sampled_from(sorted(STEPS)), some.sampled_from([OFFICER, COLLEAGUE])), max_size=12))
def test_no_sequence_of_steps_runs_what_was_not_verified_and_approved(steps: list[tuple[str, str]]) -> None:
    """I12."""
    case, taken = OPENED, []
    for name, actor in steps:
        try:
            case = cases.evolve(case, STEPS[name](case, actor))
        except LetheError:
            continue
        taken.append(name)
        if case.state in ("running", "partial", "completed"):
            assert "verify" in taken[: taken.index("approve")]
            assert taken.index("approve") < taken.index("start")
            assert not {"deny", "cancel"} & set(taken)
    assert taken.count("extend") <= 1


@given(some.permutations([(OFFICER, "verify"), (OFFICER, "approve"), (COLLEAGUE, "approve"), (OFFICER, "start")]))
def test_four_eyes_let_nothing_run_that_one_person_opened_and_approved(steps: list[tuple[str, str]]) -> None:
    """I9."""
    case = OPENED
    for actor, name in steps:
        try:
            match name:
                case "verify":
                    said = verify(case, actor)
                case "approve":
                    said = cases.approve(case, actor, needs_another=True)
                case _:
                    said = cases.start(case, actor, needs_another=True, recipients=[])
        except (WrongState, NeedsAnother):
            continue
        case = cases.evolve(case, said)

    assert OFFICER not in case.approved_by
    assert case.state != "running" or COLLEAGUE in case.approved_by


def test_what_grew_past_its_bound_after_one_approval_needs_a_second() -> None:
    """I9."""
    approved = replace(OPENED, state="approved", verified_by=OFFICER, approved_by=frozenset({OFFICER}))
    with pytest.raises(NeedsAnother):
        cases.start(approved, OFFICER, needs_another=True, recipients=[])

    again = cases.evolve(approved, cases.approve(approved, COLLEAGUE, needs_another=True))

    assert cases.start(again, OFFICER, needs_another=True, recipients=[])["step"] == "running"
    with pytest.raises(WrongState):
        cases.approve(again, COLLEAGUE, needs_another=True)


def test_who_acts_for_another_shows_it_before_anything_is_verified() -> None:
    agent = replace(OPENED, requester="agent")
    with pytest.raises(NoAuthority):
        verify(agent)

    assert verify(agent, authority="mandate-7")["step"] == "verified"
    assert verify(replace(agent, evidence="mandate-7"))["step"] == "verified"


def test_nobody_is_identified_whatever_was_proven() -> None:
    """R13."""
    unknown = replace(OPENED, subject="")

    assert cases.evolve(unknown, verify(unknown)).state == "cannot_identify"
    assert cases.evolve(unknown, verify(unknown, subject="02")).subject == "02"


def test_only_to_opt_out_needs_no_verification() -> None:
    with pytest.raises(BadInput):
        verify(OPENED, method="not_required")

    assert verify(replace(OPENED, kind="objection"), method="not_required")["step"] == "verified"


def test_an_extension_is_told_once_and_in_time_where_the_law_has_one() -> None:
    """G12."""

    def extended(case: Case, today: str) -> Case:
        return cases.evolve(case, cases.extend(case, OFFICER, reason="complexity", today=today))

    later = extended(OPENED, "2026-12-23")

    assert (OPENED.deadline, later.deadline) == ("2026-12-23", "2027-02-23")
    assert (OPENED.is_overdue("2026-12-24"), later.is_overdue("2026-12-24")) == (True, False)
    assert not replace(OPENED, state="denied").is_overdue("2030-01-01")
    for case, today in ((later, "2026-12-01"), (OPENED, "2026-12-24"), (replace(OPENED, latest=None), "2026-12-01")):
        with pytest.raises(NoExtension):
            extended(case, today)


def test_every_text_is_there_in_both_languages() -> None:
    tables = [value for name, value in vars(request_texts).items() if name.isupper() and isinstance(value, dict)]
    texts = [text for table in tables for text in table.values()]

    assert len(texts) > 40
    assert all(len(pair) == 2 and all(pair) and pair[0].isascii() and not pair[1].isascii() for pair in texts)
    assert set(ALLOWED) == set(request_texts.STATES)
