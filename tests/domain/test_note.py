"""Signed notes, keys, tree heads and proof files: published examples, round trips, and everything strict."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.note import (
    BadKey,
    BadNote,
    BadSignature,
    Note,
    PrivateKey,
    Signature,
    VerifierKey,
    check_signed,
    parse_note,
    parse_private,
    parse_vkey,
    print_note,
    print_private,
    print_vkey,
)
from domain.tree import EMPTY_ROOT
from domain.treehead import (
    LARGEST_SIZE,
    ProofFile,
    TreeHead,
    parse_proof,
    parse_tree_head,
    print_proof,
    print_tree_head,
)

# From C2SP signed-note.
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n"
    "\n"
    "\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Z"
    "tg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# From Go's x/mod.
PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
WITNESS = "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"

ROOT = "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg="
HEAD = f"example.com/log\n8\n{ROOT}\n"
PROOF = f"c2sp.org/tlog-proof@v1\nindex 5\n{ROOT}\n\n{HEAD}\n\u2014 example.com/log AAAAAAA=\n"

words = st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="+")
names = st.text(words, min_size=1)
lines = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl")))
texts = st.lists(lines).map(lambda found: "".join(f"{line}\n" for line in found))
signatures = st.builds(Signature, name=names, key_id=st.binary(min_size=4, max_size=4), signature=st.binary(min_size=1))
hashes = st.binary(min_size=32, max_size=32)


def test_the_published_note_is_read_and_printed_to_the_byte() -> None:
    note = parse_note(EXAMPLE)

    assert note.text == "This is an example message.\n"
    assert [(line.name, line.key_id.hex()) for line in note.signatures] == [("example.com/foo", "530d903a")]
    assert print_note(note.text, note.signatures) == EXAMPLE


@pytest.mark.parametrize("text", [VKEY, PUBLIC, WITNESS])
def test_published_verifier_keys_have_the_id_they_say(text: str) -> None:
    key = parse_vkey(text)

    assert print_vkey(key) == text
    assert key.key_id.hex() == text.split("+")[1]


def test_the_published_private_key_is_read_and_printed_to_the_byte() -> None:
    key = parse_private(PRIVATE)

    assert print_private(key) == PRIVATE
    assert (key.name, key.key_id) == ("PeterNeumann", parse_vkey(PUBLIC).key_id)


def test_a_private_key_does_not_show_its_seed_when_it_is_displayed() -> None:
    assert repr(bytes(32)) not in repr(PrivateKey("log", b"abcd", bytes(32)))


@given(texts.filter(bool), st.lists(signatures, min_size=1, max_size=20))
def test_any_note_that_is_printed_is_read_as_it_was(text: str, signed: list[Signature]) -> None:
    assert parse_note(print_note(text, signed)) == Note(text, tuple(signed))


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "text\n",
        "text\n\n",
        EXAMPLE.removesuffix("\n"),
        EXAMPLE.removesuffix("\n") + "X",
        EXAMPLE + "\n",
        EXAMPLE + "more\n",
        EXAMPLE.replace("\n", "\r\n"),
        EXAMPLE.replace("an example", "an\texample"),
        EXAMPLE.replace("an example", "an\x00example"),
        EXAMPLE.replace("an example", "an\udcffexample"),
        EXAMPLE.replace("\u2014", "-"),
        EXAMPLE.replace("\u2014 ", "\u2014"),
        EXAMPLE.replace("\u2014 ", "\u2014  "),
        EXAMPLE.replace("/foo ", "/foo  "),
        EXAMPLE.replace("/foo ", "/foo\u00a0x "),
        EXAMPLE.replace("/foo ", "/f+oo "),
        EXAMPLE.replace("example.com/foo ", ""),
        EXAMPLE.replace("aQM=", "aQN="),  # slack bits
        EXAMPLE.replace("aQM=", "aQM"),
        EXAMPLE.replace("aQM=", "aQM==="),
        EXAMPLE.replace("Uw2Q", "Uw2Q "),
        EXAMPLE.replace("Uw2Q", "Uw2-"),
        "text\n\n\u2014 name AAAAAA==\n",  # a key id and nothing else
        "text\n\n" + "\u2014 name AAAAAAA=\n" * 101,
        "x" * 1_000_000 + "\n\n\u2014 name AAAAAAA=\n",
    ],
)
def test_a_note_that_is_not_in_its_format_is_refused(note: str) -> None:
    with pytest.raises(BadNote):
        parse_note(note)


def test_a_note_may_carry_many_signatures_and_blank_lines() -> None:
    note = parse_note("\n\na\n\n\nb\n\n" + "\u2014 name AAAAAAA=\n" * 16)

    assert note.text == "\n\na\n\n\nb\n"
    assert len(note.signatures) == 16


@pytest.mark.parametrize("text", ["", "no newline", "a\n\n\u2014 name AAAAAAA=", "tab\t\n"])
def test_a_text_that_would_not_be_read_back_is_not_printed(text: str) -> None:
    with pytest.raises(BadNote):
        print_note(text, [Signature("name", b"abcd", b"s")])


@pytest.mark.parametrize(
    "signed",
    [[], [Signature("", b"abcd", b"s")], [Signature("a b", b"abcd", b"s")], [Signature("name", b"abc", b"sig")]],
)
def test_signatures_that_would_not_be_read_back_are_not_printed(signed: list[Signature]) -> None:
    with pytest.raises(BadNote):
        print_note("text\n", signed)


def fits(public: bytes, signature: bytes, signed: bytes) -> bool:
    return signature == public + signed


KEY = VerifierKey("log", 1, b"p" * 32)
GOOD = Signature("log", KEY.key_id, KEY.public + b"text\n")


def test_signatures_of_others_are_ignored_whatever_they_are() -> None:
    others = [Signature("witness", KEY.key_id, b"?"), Signature("log", b"else", b"?")]

    check_signed(Note("text\n", (*others, GOOD)), KEY, fits)

    with pytest.raises(BadSignature):
        check_signed(Note("text\n", tuple(others)), KEY, fits)


def test_one_wrong_signature_under_the_key_condemns_the_note() -> None:
    wrong = Signature("log", KEY.key_id, b"?")

    with pytest.raises(BadSignature):
        check_signed(Note("text\n", (GOOD, wrong)), KEY, fits)
    with pytest.raises(BadSignature):
        check_signed(Note("other text\n", (GOOD,)), KEY, fits)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.com/foo",
        VKEY.replace("530d903a", "530d903b"),
        VKEY.replace("530d903a", "530D903A"),
        VKEY.replace("530d903a", "0530d903a"),
        VKEY.replace("foo", "bar"),
        VKEY.replace("foo", "f o"),
        VKEY.removeprefix("example.com/foo"),
        VKEY[:-1],
        VKEY + "=",
        VKEY + "\n",
        VKEY.replace("Aeky", "Beky"),
        "example.com/foo+530d903a+",
        "\udcff+530d903a+AQ==",
        print_vkey(VerifierKey("short", 1, b"p" * 31)),
    ],
)
def test_a_verifier_key_that_is_not_in_its_format_is_refused(text: str) -> None:
    with pytest.raises(BadKey):
        parse_vkey(text)


@pytest.mark.parametrize(
    "text",
    ["", PUBLIC, PRIVATE[:-4], PRIVATE.replace("+AY", "+BY"), PRIVATE.replace("PeterN", "Peter N"), PRIVATE + "\n"],
)
def test_a_private_key_that_is_not_in_its_format_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(BadKey) as refused:
        parse_private(text)

    assert "EKFALVFGyNhPJEMzD1QIDr" not in str(refused.value)
    assert refused.value.__cause__ is None


@given(names, st.integers(1, LARGEST_SIZE), hashes)
def test_any_tree_head_that_is_printed_is_read_as_it_was(origin: str, size: int, root: bytes) -> None:
    head = TreeHead(origin, size, root)

    assert parse_tree_head(print_tree_head(head)) == head


def test_extension_lines_of_another_log_are_read_over() -> None:
    assert parse_tree_head(HEAD + "Timestamp: 1700000000\n") == parse_tree_head(HEAD)


def test_an_empty_log_has_the_empty_root() -> None:
    empty = print_tree_head(TreeHead("example.com/log", 0, EMPTY_ROOT))

    assert parse_tree_head(empty).size == 0
    with pytest.raises(BadNote):
        parse_tree_head(HEAD.replace("\n8\n", "\n0\n"))


@pytest.mark.parametrize(
    "size", ["", "+8", "-8", "08", "007", " 8", "8 ", "8.0", "8e0", "0x8", "1_000", "٨", str(2**63)]
)
def test_a_size_that_is_not_plain_decimal_is_refused(size: str) -> None:
    with pytest.raises(BadNote):
        parse_tree_head(HEAD.replace("\n8\n", f"\n{size}\n"))
    with pytest.raises(BadNote):
        parse_proof(PROOF.replace("index 5", f"index {size}"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n\n",
        "example.com/log\n8\n",
        HEAD.removesuffix("\n"),
        HEAD + "\n",
        HEAD + "\nextension\n",
        "\n" + HEAD,
        HEAD.replace("example.com/log", ""),
        HEAD.replace("/log", "/my log"),
        HEAD.replace(ROOT, ROOT[:-1]),
        HEAD.replace("Qyg=", "Qyh="),
        HEAD.replace(ROOT, "AAAA"),
        HEAD.replace(ROOT, "A" * 44),  # 33 bytes
        HEAD.replace("\n", "\r\n"),
    ],
)
def test_a_tree_head_that_is_not_in_its_format_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        parse_tree_head(text)


@pytest.mark.parametrize(
    "head",
    [
        TreeHead("a b", 1, bytes(32)),
        TreeHead("log", -1, bytes(32)),
        TreeHead("log", 2**63, bytes(32)),
        TreeHead("log", 1, b""),
        TreeHead("log\n1", 1, bytes(32)),
        TreeHead("log", 0, bytes(32)),
    ],
)
def test_a_tree_head_that_cannot_be_is_not_printed(head: TreeHead) -> None:
    with pytest.raises(BadNote):
        print_tree_head(head)


@given(st.integers(0, LARGEST_SIZE), st.lists(hashes, max_size=63), texts.filter(bool), st.binary())
def test_any_proof_file_that_is_printed_is_read_as_it_was(
    index: int, siblings: list[bytes], text: str, extra: bytes
) -> None:
    proof = ProofFile(index, tuple(siblings), print_note(text, [GOOD]), extra)

    assert parse_proof(print_proof(proof)) == proof


@pytest.mark.parametrize(
    "text",
    [
        "",
        PROOF.replace("@v1", "@v2"),
        PROOF.replace("index 5\n", ""),
        PROOF.replace("index 5", "index  5"),
        PROOF.replace("index 5", "Index 5"),
        PROOF.replace("index 5", "index 5\nindex 6"),
        PROOF.replace("index 5", "index 5\nextra AAAA"),
        PROOF.replace("index 5", "extra \nindex 5"),
        PROOF.replace("index 5", "extra AAB=\nindex 5"),
        PROOF.replace("index 5", "extra AAAA\nextra AAAA\nindex 5"),
        PROOF.replace(f"{ROOT}\n\n", f"{ROOT}\n"),
        PROOF.replace(f"{ROOT}\n\n", f"{ROOT} \n\n"),
        PROOF.replace(f"{ROOT}\n\n", "AAAA\n\n"),
        PROOF.replace(f"{ROOT}\n\n", f"{ROOT}\n" * 64 + "\n"),
        PROOF.partition("\n\n")[0],
        PROOF.removesuffix("\u2014 example.com/log AAAAAAA=\n"),
        "\n" + PROOF,
        PROOF.replace("\n", "\r\n"),
    ],
)
def test_a_proof_file_that_is_not_in_its_format_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        parse_proof(text)


def test_a_proof_in_a_tree_of_one_has_no_siblings() -> None:
    assert parse_proof(PROOF.replace(f"{ROOT}\n\n", "\n")).siblings == ()


@pytest.mark.parametrize(
    ("index", "siblings", "note"),
    [(-1, (), EXAMPLE), (1, (b"short",), EXAMPLE), (1, (bytes(32),) * 64, EXAMPLE), (1, (), "unsigned\n")],
)
def test_a_proof_file_that_cannot_be_is_not_printed(index: int, siblings: tuple[bytes, ...], note: str) -> None:
    with pytest.raises(BadNote):
        print_proof(ProofFile(index, siblings, note))
