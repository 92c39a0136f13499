"""What a bundle brings of others' word for its heads: hand-overs of the signing key, and cosignatures."""

from collections.abc import Sequence
from typing import NamedTuple

from domain.errors import LetheError
from governance.bundle import COSIGNED, HANDOVERS, Bundle
from governance.findings import Report
from governance.heads import Kept
from governance.signing_chain import Tenure, open_signed_head, tenures


class Cosigned(NamedTuple):
    """A head that witnesses have seen, as a note with their lines."""

    note: str
    kept: Kept


def keys_in(bundle: Bundle, pinned: str, report: Report) -> list[Tenure]:
    """The log's keys for who pinned one of them; hand-overs that do not hold are a finding.

    A newer key may sign any size: a log that was brought back from before a hand-over goes on under it, and whether
    that was declared is not verified yet.
    """
    try:
        return tenures(pinned, bundle.handovers(), restored=[0])
    except LetheError:
        report.add("signature", None, HANDOVERS, "a change of the signing key is not signed by both keys")
        return [Tenure(pinned, 0, None)]


def cosigned_in(bundle: Bundle, keys: Sequence[Tenure], report: Report) -> Cosigned | None:
    """The head that witnesses cosigned; a finding when the log did not sign it."""
    content = bundle.content(COSIGNED)
    if content is None:
        return None
    try:
        note = content.decode()
        seen = open_signed_head(note, keys)
    except (LetheError, UnicodeDecodeError):
        report.add("signature", None, COSIGNED, "the cosigned tree head is not signed by the log's key")
        return None
    return Cosigned(note, Kept(seen.size, seen.root, COSIGNED))
