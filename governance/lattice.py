"""Which rule decides over a key when several want it: hold, legal duty to keep, erasure, restriction, retention."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from governance.policy import Policy

RULES: Final = {
    "hold": ("A hold keeps this data.", "诉讼或调查保全：保留此数据。"),
    "statutory_keep": ("The law requires this data to be kept.", "法律规定须保存此数据。"),
    "erasure": ("An erasure takes this data.", "删除请求：删除此数据。"),
    "restriction": ("The person needs this data kept, and restricted.", "本人要求保留此数据并限制处理。"),
    "no_basis": ("No purpose justifies this data any more.", "已无任何处理目的支持保留此数据。"),
    "retention": ("The retention period of this data is over.", "此数据的保存期限已届满。"),
    "kept": ("Kept until its retention period ends.", "保存至期限届满为止。"),
}
"""By rank, the strongest first; what each says to an officer."""

KEEPING: Final = frozenset({"hold", "statutory_keep", "restriction"})
"""Rules by which data stays, shut, that has to go otherwise."""

KEPT_FOR: Final = frozenset({"legal_claims", "unlawful"})
"""Grounds of a restriction by which the person wants the data kept (GDPR Art. 18(1)(b) and (c)).

Until it is lifted nothing but his own wish to be erased takes it: neither retention nor a purpose that is lost.
"""


class Hold(NamedTuple):
    """What must not be destroyed, for which reason, until when."""

    hold: bytes
    classes: frozenset[str]  # empty: every class
    first: int  # epochs; 0 and 0: every epoch
    last: int
    ground: str
    until: int  # microseconds

    def covers(self, klass: str, epoch: int) -> bool:
        """Whether keys of this class and epoch are under the hold."""
        in_time = not epoch or not (self.first or self.last) or self.first <= epoch <= self.last
        return in_time and (not self.classes or klass in self.classes)


class Ruling(NamedTuple):
    """The rule that wins over a class and epoch."""

    rule: str
    ground: str = ""
    until: int | None = None  # months since 1970-01, of a legal duty or a retention period; microseconds of a hold
    hold: str = ""


def ruling(
    policy: Policy,
    klass: str,
    epoch: int,
    *,
    month: int,
    holds: Iterable[Hold] = (),
    is_erased: bool = False,
    restricted: str = "",
    unjustified: Sequence[str] = (),
) -> Ruling:
    """Decide over the keys of one class and epoch in a month; `restricted` is a ground of KEPT_FOR, if there is one.

    KeyError for a class that the policy does not have.
    """
    rule = policy.rules.classes[klass]
    for hold in sorted(holds, key=lambda one: -one.until):
        if hold.covers(klass, epoch):
            return Ruling("hold", hold.ground, hold.until, hold.hold.hex())
    if rule.statutory_months and epoch and month - epoch <= rule.statutory_months:
        return Ruling("statutory_keep", rule.statutory_ground, epoch + rule.statutory_months)
    if is_erased and klass != "evidence":
        return Ruling("erasure")
    if restricted:
        return Ruling("restriction", restricted)
    if klass in unjustified:
        return Ruling("no_basis")
    if rule.months and epoch:
        name = "retention" if month - epoch > rule.months else "kept"
        return Ruling(name, "", epoch + rule.months)
    return Ruling("kept")
