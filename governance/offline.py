"""The audit of a bundle, away from every store: with this code alone, or any other tool for tlog-tiles.

    python -m governance.offline BUNDLE --key VKEY [--saved DIR] [--tree-only] [--json]

Imports the standard library and `cryptography`; believes nothing but the key that it is given.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from domain.collector import paused
from domain.errors import BadInput
from domain.leaves import read_leaves
from domain.note import BadKey, BadNote, BadSignature, parse_note, parse_private, parse_vkey
from domain.packs import pack_path
from domain.tlog_policy import WitnessPolicy
from domain.tlog_tiles import BadTile, TileName, bundles_of
from domain.tree import TILE_WIDTH, Frontier, leaf_hashes, split_hashes
from domain.treehead import TreeHead, parse_tree_head
from governance.bundle import DOCUMENTS, FORMAT, HEAD, MANIFEST, Bundle
from governance.bundle_heads import cosigned_in, keys_in
from governance.completeness import Completeness
from governance.findings import Report
from governance.heads import KeptHeads, kept_in
from governance.misfit import misfit
from governance.signing_chain import Tenure, open_signed_head
from governance.tiles import TileCheck
from governance.unproven import unproven
from governance.witnessing import is_witnessed, witnessed

LONGEST_KEY = 10_000

Progress = Callable[[int, int], None]


def verify_bundle(
    directory: Path,
    vkey: str,
    *,
    saved: Path | None = None,
    tree_only: bool = False,
    policy: WitnessPolicy | None = None,
    progress: Progress | None = None,
) -> Report:
    """Check a bundle against the pinned key, tree heads that were saved before, and witnesses that are trusted.

    With `tree_only` any log in tlog-tiles will do: signature, tree, tiles and saved heads, whatever its entries say.
    Raises BadKey for the verifier key, BadInput for what is no directory.
    """
    if not directory.is_dir():
        raise BadInput("command", "BUNDLE", "a directory that `lethe audit export` wrote")
    report = Report()
    parse_vkey(vkey)
    keys = keys_in(Bundle(directory, 0), vkey, report)
    head = _signed_head(directory, keys, report)
    if head is None:
        report.unproven = unproven(heads=0, offline=True, witnessed=False, tree_only=tree_only)
        return report
    report.size, report.root = head.size, head.root.hex()
    bundle = Bundle(directory, head.size)
    cosigned = cosigned_in(bundle, keys, report)
    heads = [] if saved is None else list(kept_in(saved, keys, report))
    heads += [] if cosigned is None else [cosigned.kept]
    kept = KeptHeads(heads)
    completeness = None if tree_only else Completeness(bundle, report, head.size)
    with paused():
        is_whole = _walk(bundle, head, completeness, kept, report, progress)
    kept.findings(report, is_whole=is_whole)
    if completeness is not None:
        completeness.finish()
        report.restores = [entry.position for entry in bundle.acts(["restored"])]
        _check_manifest(bundle, head, report)
        _check_strangers(bundle, report)
        _name_files(bundle, report)
    report.witnessed = witnessed(None if cosigned is None else cosigned.note, policy, size=head.size)
    is_vouched = is_witnessed(report.witnessed)
    report.unproven = unproven(heads=report.heads, offline=True, witnessed=is_vouched, tree_only=tree_only)
    return report


def size_of(directory: Path) -> int | None:
    """What the bundle claims, for a progress bar alone."""
    try:
        return parse_tree_head(parse_note((directory / HEAD).read_text(encoding="utf-8")).text).size
    except (BadNote, OSError, UnicodeDecodeError):
        return None


def _signed_head(directory: Path, keys: Sequence[Tenure], report: Report) -> TreeHead | None:
    """What the bundle says that the log signed; a finding where it did not, and None where nothing is said."""
    content = Bundle(directory, 0).content(HEAD)
    if content is None:
        report.add("missing", None, HEAD, "there is no signed tree head")
        return None
    try:
        note = content.decode()
        said = parse_tree_head(parse_note(note).text)
        return open_signed_head(note, keys)
    except BadSignature as error:
        report.add("signature", None, HEAD, str(error))
        return said
    except (BadNote, UnicodeDecodeError):
        report.add("signature", None, HEAD, "the tree head is not in its format, so nobody signed it")
        return None


def _walk(
    bundle: Bundle, head: TreeHead, audit: Completeness | None, kept: KeptHeads, report: Report,
    progress: Progress | None,
) -> bool:  # fmt: skip
    """Every entry and body, in order; whether they make the signed tree."""
    tree, tiles = Frontier(), TileCheck(bundle)
    hashes: list[bytes] = []
    kept.pass_by(tree, hashes)
    for name in bundles_of(head.size):
        try:
            leaves = bundle.leaves(name)
        except BadTile as error:
            report.add(*misfit(bundle.content(name.path) or b"", name), name.path, str(error))
            return False
        if leaves is None:
            report.add("missing", name.first, name.path, "the entry bundle is not there")
            return False
        hashes = leaf_hashes(leaves)
        kept.pass_by(tree, hashes)
        tree = tiles.extended(tree, hashes)
        if audit is None:
            report.entries += name.width
        else:
            audit.look(read_leaves(leaves, name.first), _bodies(bundle, name, report))
        if progress is not None:
            progress(tree.size, head.size)
    _compare_tiles(bundle, tiles, hashes[: head.size % TILE_WIDTH], head, report, is_whole=tree.root() == head.root)
    return tree.root() == head.root


def _bodies(bundle: Bundle, name: TileName, report: Report) -> Sequence[bytes | None]:
    try:
        found = bundle.bodies(name)
    except BadTile as error:
        report.add("altered", name.first, pack_path(name), str(error))
        return [None] * name.width
    if found is None:
        report.add("missing", name.first, pack_path(name), "the pack of bodies is not there")
    return found or [None] * name.width


def _compare_tiles(
    bundle: Bundle, tiles: TileCheck, last: Sequence[bytes], head: TreeHead, report: Report, *, is_whole: bool
) -> None:
    """Where the entries make the signed tree, a tile that differs is altered; where not, so is the entry below it."""
    tiles.finish()
    if last and bundle.tile(0, head.size // TILE_WIDTH) != b"".join(last):
        tiles.wrong.append(TileName(0, head.size // TILE_WIDTH, len(last)))
    if not is_whole and not tiles.wrong:
        report.add("altered", None, HEAD, "the entries make another tree than the one that was signed")
    for name in sorted(set(tiles.wrong)):
        stored = split_hashes(bundle.tile(name.level, name.number))
        if not stored:
            report.add("missing", name.first, name.path, "the tile is not there, or not of its size")
        elif is_whole or name.level > 0:
            report.add("altered", name.first, name.path, "the tile is not what its entries make")
        else:
            made = leaf_hashes(bundle.leaves(bundle.bundle_at(name.first)) or [])
            for place, (one, other) in enumerate(zip(made, stored, strict=True)):
                if one != other:
                    where = bundle.bundle_at(name.first).path
                    report.add("altered", name.first + place, where, "the entry is not the one in the tree")


def _check_manifest(bundle: Bundle, head: TreeHead, report: Report) -> None:
    said = {"format": FORMAT, "origin": head.origin, "root": head.root.hex(), "size": head.size}
    try:
        found = json.loads(bundle.content(MANIFEST) or b"")
    except (ValueError, RecursionError):
        found = None
    if found != said:
        report.add("altered", None, MANIFEST, "the manifest is not that of this tree head")


def _check_strangers(bundle: Bundle, report: Report) -> None:
    for path in bundle.strangers():
        if _is_key((bundle.content(path) or b"")[:LONGEST_KEY]):
            report.add("signature", None, path, "a key lies in the bundle: only one from elsewhere vouches for it")
        else:
            report.add("altered", None, path, "a file that no bundle has")


def _is_key(content: bytes) -> bool:
    text = content.decode(errors="replace").strip()
    for parse in (parse_vkey, parse_private):
        try:
            parse(text.partition("\n")[0])
        except BadKey:
            continue
        return True
    return "PRIVATE KEY" in text or "PRIVATE+KEY" in text


def _name_files(bundle: Bundle, report: Report) -> None:
    """The rule of completeness speaks of tables; a bundle has files."""
    for place, one in enumerate(report.findings):
        if not one.where.startswith("log.") or one.position is None:
            continue
        name = bundle.bundle_at(one.position)
        table = one.where.split(".")[1]
        path = {"body": pack_path(name), "document": DOCUMENTS}.get(table, name.path)
        report.findings[place] = one._replace(where=path)


def main() -> int:
    """The command without the rest of the product; returns the exit status."""
    from governance.reporting import run

    return run()


if __name__ == "__main__":
    raise SystemExit(main())
