"""Whether the store is what the log says: every finding by name, with the position where it is."""

from collections.abc import Iterator, Sequence

from domain.errors import LetheError
from domain.log import Entry, Head, Log, leaf
from domain.tree import TILE_WIDTH, Frontier, leaf_hashes
from governance.completeness import Completeness
from governance.findings import Finding, Report
from governance.mirrored import RESTORED, removed, standing
from governance.projecting import Progress
from governance.publishing import HighWater, publish
from governance.removals import INTENDED, all_removals
from governance.roles import require
from governance.signing import open_tree_head
from governance.store import Store
from governance.tiles import TileCheck

CHUNK = 20 * TILE_WIDTH


def tree_head(store: Store) -> Head:
    """The newest tree head, once it is safe outside the database. Raises NotPermitted, Rollback."""
    require(store, "audit")
    return publish(store.log, store.mirror)


def verify_live(store: Store, *, progress: Progress | None = None) -> Report:
    """Check the whole log and keyring of a live store, as of the head when it starts. Changes nothing."""
    require(store, "audit")
    report = Report()
    published = store.mirror.high_water()  # First: what is published from here on is no rollback.
    acts, marks = store.mirror.acts(), store.mirror.marks()
    head = store.log.head()
    report.size, report.root = head.size, head.frontier.root().hex()
    _check_head(store, report)
    audit = Completeness(store, report, head.size)
    is_whole = _walk(store, head, audit, report, progress)
    _check_outside(store, report)
    audit.finish()
    _check_high_water(store, report, published, is_whole)
    _check_mirrored(store, report, acts, is_whole)
    _check_marks(store, report, marks, audit)
    return report


def _walk(store: Store, head: Head, audit: Completeness, report: Report, progress: Progress | None) -> bool:
    """Every entry against its hash and the tree; whether the tree is the one of the head."""
    tree, tiles = Frontier(), TileCheck(store.log)
    for entries in _chunks(store.log, head.size):
        gap = next((at for at, entry in enumerate(entries, tree.size) if entry.position != at), None)
        if gap is not None:
            report.findings.append(Finding("missing", gap, "log.entry.position", "there is no entry at this position"))
            return False
        hashes = leaf_hashes(map(leaf, entries))
        report.findings += [
            Finding("altered", entry.position, "log.entry", "the row is not the one that was hashed when appended")
            for entry, computed in zip(entries, hashes, strict=True)
            if entry.hash != computed
        ]
        tree = tiles.extended(tree, hashes)
        audit.look(entries, dict(_bodies(store, entries)))
        if progress is not None:
            progress(tree.size, head.size)
    if tree.size < head.size:
        report.findings.append(Finding("missing", tree.size, "log.entry", "the log ends before its head"))
    elif tree.root() != head.frontier.root():
        position = _first_altered(store.log, head.size)
        report.findings.append(Finding("altered", position, "log.entry", "the entry's hash is not the tree's"))
    else:
        report.findings += tiles.findings()
        return True
    return False


def _chunks(log: Log, size: int) -> Iterator[list[Entry]]:
    after = -1
    while entries := [entry for entry in log.entries(after=after, limit=CHUNK) if entry.position < size]:
        yield entries
        after = entries[-1].position


def _bodies(store: Store, entries: list[Entry]) -> list[tuple[int, bytes]]:
    first, last = entries[0].position, entries[-1].position
    found = store.log.bodies(after=first - 1, limit=last - first + 1)
    return [(position, sealed) for position, sealed in found if position <= last]


def _check_head(store: Store, report: Report) -> None:
    head = store.log.head()
    try:
        signed = open_tree_head(head.note, store.vkey)
    except LetheError:
        report.findings.append(Finding("signature", None, "log.head.note", "the tree head is not signed by the log"))
        return
    if (signed.size, signed.root) != (head.size, head.frontier.root()):
        report.findings.append(Finding("altered", None, "log.head", "the signed tree head is not the stored one"))


def _check_high_water(store: Store, report: Report, last: HighWater | None, is_whole: bool) -> None:
    if last is None:
        return
    if report.size < last.size:
        report.findings.append(Finding("rollback", report.size, "log.entry", "a longer log was published before"))
    elif last.size == report.size:
        _require_same(report, report.root, last)
    elif is_whole:  # else what is missing or altered has been said, and an older tree cannot be computed
        _require_same(report, _root_at(store.log, last.size), last)


def _check_outside(store: Store, report: Report) -> None:
    """What lies where the signed tree has nothing."""
    found = store.log.outside(store.log.head().size, limit=CHUNK)
    size = store.log.head().size  # it may have grown meanwhile
    for table, position in found:
        if not 0 <= position < size:
            report.findings.append(Finding("altered", position, f"log.{table}", "it lies outside the log"))


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
            reason = "an act that was mirrored is not in the log"
            report.findings.append(Finding("rollback", position, "log.entry", reason))
    intended = {act.case for _, act in all_removals(store, INTENDED)}
    report.findings += [
        Finding("rollback", None, "log.entry", "a removal that was mirrored is not in the log")
        for case in sorted(removed(lines).keys() - intended)
    ]


def _check_marks(store: Store, report: Report, marks: Sequence[tuple[str, str]], audit: Completeness) -> None:
    """Who was suppressed stays suppressed; a later case may have taken the mark over."""
    cases = {bytes.fromhex(mark): case for mark, case in marks}
    with store.keyring.database.reading() as rows:
        kept = rows.suppressed(cases)
    for position in sorted({audit.intent(case) for mark, case in cases.items() if mark not in kept}, key=str):
        reason = "the identifiers of an erased person are not suppressed"
        report.findings.append(Finding("incomplete_erasure", position, "keyring.suppression", reason))


def _require_same(report: Report, root: str, last: HighWater) -> None:
    if root != last.root.hex():
        report.findings.append(Finding("rollback", None, "log.entry", "another tree was published before"))


def _root_at(log: Log, size: int) -> str:
    """Of the first entries, by their rows alone."""
    tree = Frontier()
    for entries in _chunks(log, size):
        tree = tree.extended(leaf_hashes(map(leaf, entries)))
    return tree.root().hex()


def _first_altered(log: Log, size: int) -> int | None:
    """The first entry whose leaf is not in its tile; the tiles themselves stand against the signed root."""
    for entries in _chunks(log, size):
        for entry in entries:
            tile = log.tile(0, entry.position // 256)
            place = entry.position % 256 * 32
            if tile[place : place + 32] != leaf_hashes([leaf(entry)])[0]:
                return entry.position
    return None
