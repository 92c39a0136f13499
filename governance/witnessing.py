"""Whether somebody else vouches that there is one history: cosignatures against a policy, said in every report."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from domain.cosignatures import cosigned_at
from domain.note import BadKey, BadNote, BadSignature, check_signed, parse_note, print_note
from domain.tlog_policy import NONE, WitnessPolicy
from domain.treehead import parse_tree_head
from governance.signing import verify_ed25519

TWO_HISTORIES = (
    "No quorum of witnesses has cosigned this log: that somebody else was shown another history cannot be excluded.",
    "没有达到法定数量的见证人联署此日志：不能排除曾向他人展示过另一份历史。",
)
WITNESSED_SO_FAR = (
    "Witnesses have cosigned the log up to this size; of what came after it, that somebody else was shown another "
    "history cannot be excluded.",
    "见证人已联署此日志至该大小；对于其后的内容，不能排除曾向他人展示过另一份历史。",
)


class Quorum(NamedTuple):
    """What a policy's witnesses say of a tree head."""

    is_met: bool  # by at least one witness: a policy that needs nobody is met and says nothing
    cosigned: Mapping[str, int]  # name in the policy -> POSIX time


def verify_quorum(note: str, policy: WitnessPolicy) -> Quorum:
    """Raises BadNote, and BadSignature when none of the policy's logs signed it or a known cosignature does not fit."""
    parsed = parse_note(note)
    origin = parse_tree_head(parsed.text).origin
    mine = [key for key in policy.logs if key.name == origin]
    signed = {(line.name, line.key_id) for line in parsed.signatures}
    if policy.logs and not any((key.name, key.key_id) in signed for key in mine):
        raise BadSignature("none of the logs that the policy lists signed the tree head")
    for key in mine:
        if (key.name, key.key_id) in signed:
            check_signed(parsed, key, verify_ed25519)
    times = {one.name: cosigned_at(parsed, one.key, verify_ed25519) for one in policy.witnesses.values()}
    cosigned = {name: time for name, time in times.items() if time is not None}
    return Quorum(policy.is_met(cosigned), cosigned)


def witnessed(note: str | None, policy: WitnessPolicy | None, *, size: int) -> dict[str, Any]:
    """What a report on a log of this size says of witnesses; `note` is the newest head with cosignatures.

    Without a policy nobody's word counts: who reads the report says whom he trusts, as with the log's key.
    """
    quorum, seen, problem = Quorum(False, {}), None, None
    if note is not None and policy is not None:
        try:
            quorum = verify_quorum(note, policy)
            seen = parse_tree_head(parse_note(note).text).size
        except (BadNote, BadSignature, BadKey) as bad:
            problem = str(bad)
    is_met = quorum.is_met and bool(quorum.cosigned)
    words = (WITNESSED_SO_FAR if seen != size else None) if is_met else TWO_HISTORIES
    return {
        "quorum": policy.quorum if policy is not None else NONE,
        "met": is_met,
        "size": seen if is_met else None,
        "cosignatures": [{"witness": name, "at": _moment(time)} for name, time in sorted(quorum.cosigned.items())],
        "problem": problem,
        "statement": {"en": words[0], "zh": words[1]} if words is not None else None,
    }


def witnessed_lines(said: Mapping[str, Any] | None) -> list[str]:
    """What `witnessed` says, for people."""
    if said is None:
        return []
    lines = [f"cosigned by {one['witness']} at {one['at']}" for one in said["cosignatures"]]
    lines += [f"cosignatures: {said['problem']}"] if said["problem"] else []
    return [*lines, *([said["statement"]["en"]] if said["statement"] else [])]


def is_witnessed(said: Mapping[str, Any]) -> bool:
    """Whether nothing is left to say of what `witnessed` says."""
    return said["statement"] is None


def with_cosignatures(note: str, cosigned: str | None) -> str:
    """The note of a head with what witnesses said of the very same text."""
    mine = parse_note(note)
    try:
        theirs = parse_note(cosigned or "")
    except BadNote:  # an audit names it
        return note
    if mine.text != theirs.text:
        return note
    keys = {(line.name, line.key_id) for line in mine.signatures}
    more = [line for line in theirs.signatures if (line.name, line.key_id) not in keys]
    return print_note(mine.text, [*mine.signatures, *more])


def _moment(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return str(seconds)
