"""Whether the store is what the log says: every finding by name, with the position where it is."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from domain.leaves import stretch_of
from domain.log import Entry, Head, Log, leaf
from domain.note import parse_vkey
from domain.tlog_policy import WitnessPolicy
from domain.tree import TILE_WIDTH, Frontier, leaf_hashes, split_hashes
from governance.blame import MOST, ROW, blame, hash_of, is_fit
from governance.completeness import Completeness
from governance.findings import Report
from governance.heads import Kept, KeptHeads, kept_in
from governance.keyring_check import KeyringCheck
from governance.mirrored import RESTORED, removed, standing
from governance.projecting import Progress
from governance.publishing import publish
from governance.removals import INTENDED, all_removals
from governance.roles import require
from governance.signing_chain import Tenure
from governance.store import Store
from governance.tiles import TileCheck
from governance.unproven import unproven
from governance.vouched import cosigned_head, keys_of, vouched
from governance.witnessing import is_witnessed, witnessed

CHUNK = 20 * TILE_WIDTH


def tree_head(store: Store) -> Head:
    """The newest tree head, once it is safe outside the database. Raises NotPermitted, Rollback."""
    require(store, "audit")
    return publish(store.log, store.mirror)


def verify_live(
    store: Store,
    *,
    vkey: str | None = None,
    saved: Path | None = None,
    policy: WitnessPolicy | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check the whole log and keyring of a live store, as of the head when it starts. Changes nothing.

    `vkey` is the key that an auditor pinned, in place of the one beside the store: the log has it, or had it before a
    change that both keys signed. `saved` is a directory of tree heads that he kept, `policy` names the witnesses that
    he trusts. Raises NotPermitted, BadKey, BadInput.
    """
    require(store, "audit")
    report = Report()
    published, cosigned = store.mirror.high_water(), store.mirror.cosigned()  # First: what comes now is no rollback.
    acts, marks = store.mirror.acts(), store.mirror.marks()
    head = store.log.head()
    report.size, report.root = head.size, head.frontier.root().hex()
    pinned = store.vkey if vkey is None else vkey
    parse_vkey(pinned)
    report.findings += vouched(store, head, cosigned, pinned)
    keys = keys_of(store, pinned) or [Tenure(pinned, 0, None)]
    heads = [] if saved is None else list(kept_in(saved, keys, report))
    heads += cosigned_head(store, cosigned, keys)
    heads += [] if published is None else [Kept(published.size, published.root, "high-water")]
    audit, kept = Completeness(store.log, report, head.size), KeptHeads(heads)
    suspects: list[Entry] = []
    is_whole = _walk(store, head, audit, kept, suspects, report, progress)
    _blame(store.log, suspects, report, is_whole=is_whole)
    _check_outside(store, report)
    keyring = KeyringCheck(store, report, audit, head.size)
    keyring.compare(audit.finish())
    kept.findings(report, is_whole=is_whole)
    _check_mirrored(store, report, acts, is_whole)
    _check_marks(store, report, marks, audit)
    report.witnessed = witnessed(cosigned, policy, size=head.size)
    report.unproven = unproven(heads=report.heads, offline=False, witnessed=is_witnessed(report.witnessed))
    return report


def _walk(
    store: Store, head: Head, audit: Completeness, kept: KeptHeads, suspects: list[Entry], report: Report,
    progress: Progress | None,
) -> bool:  # fmt: skip
    """Every entry against its hash and the tree; whether the tree is the one of the head."""
    tree, tiles = Frontier(), TileCheck(store.log)
    for entries in _chunks(store.log, head.size):
        gap = next((at for at, entry in enumerate(entries, tree.size) if entry.position != at), None)
        if gap is not None:
            report.add("missing", gap, "log.entry.position", "there is no entry at this position")
            return False
        hashes = _compared(entries, suspects)
        kept.pass_by(tree, hashes)
        tree = tiles.extended(tree, hashes)
        bodies = dict(_bodies(store, entries))
        rows = [one if is_fit(one) else Entry(one.position, b"", 0) for one in entries]
        audit.look(stretch_of(rows), [bodies.get(one.position) for one in rows])
        if progress is not None:
            progress(tree.size, head.size)
    if tree.size < head.size:
        report.add("missing", tree.size, "log.entry", "the log ends before its head")
    elif tree.root() != head.frontier.root():
        report.add("altered", _first_altered(store.log, head.size), "log.entry", "the entry's hash is not the tree's")
    else:
        tiles.finish()
        tiles.findings(report)
        return True
    return False


def _compared(entries: Sequence[Entry], suspects: list[Entry]) -> list[bytes]:
    """The hashes of the leaves; a row with another one beside it is suspect, as is one that holds too much."""
    try:
        hashes = leaf_hashes(map(leaf, entries))
    except (ArithmeticError, AttributeError, TypeError, ValueError):
        hashes = [hash_of(entry) for entry in entries]
    pairs = zip(entries, hashes, strict=True)
    suspects += [entry for entry, computed in pairs if entry.hash != computed or not is_fit(entry)]
    return hashes


def _blame(log: Log, suspects: Sequence[Entry], report: Report, *, is_whole: bool) -> None:
    """Name the column that was changed: of the first ones alone, as it has to be tried out."""
    for number, entry in enumerate(suspects):
        where, reason = ROW, "the row is not the one that was hashed when appended"
        if is_whole and is_fit(entry):
            where, reason = f"{ROW}.hash", "the stored hash is not that of the row, which is in the tree"
        elif number < MOST:
            where, reason = blame(log, entry)
        report.add("altered", entry.position, where, reason)


def _chunks(log: Log, size: int) -> Iterator[list[Entry]]:
    after = -1
    while entries := [entry for entry in log.entries(after=after, limit=CHUNK) if entry.position < size]:
        yield entries
        after = entries[-1].position


def _bodies(store: Store, entries: list[Entry]) -> list[tuple[int, bytes]]:
    first, last = entries[0].position, entries[-1].position
    found = store.log.bodies(after=first - 1, limit=last - first + 1)
    return [(position, sealed) for position, sealed in found if position <= last]


def _check_outside(store: Store, report: Report) -> None:
    """What lies where the signed tree has nothing."""
    found = store.log.outside(store.log.head().size, limit=CHUNK)
    size = store.log.head().size  # it may have grown meanwhile
    for table, position in found:
        if not 0 <= position < size:
            report.add("altered", position, f"log.{table}.position", "it lies outside the log")


def _check_mirrored(store: Store, report: Report, lines: Sequence[str], is_whole: bool) -> None:
    """Acts that are known outside the database have to be in the log."""
    known = standing(lines)
    report.restores = [act.position for act in known if act.name == RESTORED]
    if not is_whole:  # what is missing or altered has been said
        known = [act for act in known if act.position >= report.size]
    found = {entry.position: entry for entry in store.log.contents({position for position, _, _ in known})}
    for position, name, fields in known:
        entry = found.get(position)
        if position >= report.size or entry is None or (entry.act, entry.fields) != (name, fields):
            report.add("rollback", position, "log.entry", "an act that was mirrored is not in the log")
    intended = {act.case for _, act in all_removals(store, INTENDED)}
    for _ in removed(lines).keys() - intended:
        report.add("rollback", None, "log.entry", "a removal that was mirrored is not in the log")


def _check_marks(store: Store, report: Report, marks: Sequence[tuple[str, str]], audit: Completeness) -> None:
    """Who was suppressed stays suppressed; a later case may have taken the mark over."""
    cases = {bytes.fromhex(mark): case for mark, case in marks}
    with store.keyring.database.reading() as rows:
        kept = rows.suppressed(cases)
    for position in sorted({audit.intent(case) for mark, case in cases.items() if mark not in kept}, key=str):
        reason = "the identifiers of an erased person are not suppressed"
        report.add("incomplete_erasure", position, "keyring.suppression.mark", reason)


def _first_altered(log: Log, size: int) -> int | None:
    """The first entry whose leaf is not in its tile; the tiles themselves stand against the signed root."""
    for entries in _chunks(log, size):
        for start in range(0, len(entries), TILE_WIDTH):  # a chunk is of whole tiles
            some = entries[start : start + TILE_WIDTH]
            stored = split_hashes(log.tile(0, some[0].position // TILE_WIDTH))
            for entry, in_tree in zip(some, [*stored, *[b""] * len(some)], strict=False):
                if hash_of(entry) != in_tree:
                    return entry.position
    return None
