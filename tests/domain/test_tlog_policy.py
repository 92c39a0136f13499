"""Policy files of witnesses: which cosignatures are enough, and every line that is refused by its number."""

from itertools import chain, combinations

import pytest

from domain.errors import BadInput
from domain.note import COSIGNATURE, ED25519, VerifierKey, print_vkey
from domain.tlog_policy import WitnessPolicy, parse_witness_policy


def vkey(name: str, *, kind: int = COSIGNATURE, seed: str | None = None) -> str:
    return print_vkey(VerifierKey(name, kind, (seed or name).encode().ljust(32, b".")))


LOG = f"log {vkey('example.com/log', kind=ED25519)}"
# The shape of C2SP's own example: two of X, any of Y.
EXAMPLE = "\n".join(
    [
        f"{LOG} https://example.com/log",
        "",
        *(f"witness {name} {vkey(name)} https://{name}.example/" for name in ("X1", "X2", "X3")),
        "group X-witnesses 2 X1 X2 X3",
        "  # a comment, and blanks and tabs anywhere",
        *(f"\twitness\t {name}  {vkey(name)} " for name in ("Y1", "Y2", "Y3")),
        "group Y-witnesses any Y1 Y2 Y3",
        "group X-and-Y all X-witnesses Y-witnesses",
        "quorum X-and-Y",
        "",
    ]
)


def policy(*lines: str) -> WitnessPolicy:
    return parse_witness_policy("".join(f"{line}\n" for line in lines).encode(), "policy.txt")


def test_the_published_example_needs_two_of_one_group_and_one_of_another() -> None:
    found, names = parse_witness_policy(EXAMPLE.encode(), "policy.txt"), ["X1", "X2", "X3", "Y1", "Y2", "Y3"]

    assert [one.name for one in found.logs] == ["example.com/log"]
    assert (found.witnesses["X1"].url, found.witnesses["Y1"].url) == ("https://X1.example/", "")
    for some in chain.from_iterable(combinations(names, count) for count in range(7)):
        enough = sum(one.startswith("X") for one in some) >= 2 and any(one.startswith("Y") for one in some)
        assert found.is_met(some) == enough, some
    assert not found.is_met(["X-and-Y", "stranger"])  # only witnesses cosign


def test_without_a_quorum_nobody_is_needed_and_one_witness_can_be_enough() -> None:
    assert policy("quorum none").is_met([])
    assert policy(f"witness w {vkey('w')}", "quorum w").is_met(["w"])
    assert not policy(f"witness w {vkey('w')}", "quorum w").is_met([])


def test_names_are_compared_by_their_bytes_whatever_script_or_encoding() -> None:
    kelvin = policy(f"witness K {vkey('K')}", f"witness \u212a {vkey('kelvin')}", "quorum \u212a")
    latin = parse_witness_policy(b"# \xe9t\xe9\nwitness \xe9 %s\nquorum \xe9\n" % vkey("w").encode(), "policy.txt")

    assert not kelvin.is_met(["K"])
    assert kelvin.is_met(["\u212a"])
    assert latin.is_met(list(latin.witnesses))


W, V, G = f"witness w {vkey('w')}", f"witness v {vkey('v')}", "group g any w v"


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (["log", "quorum none"], 1),
        ([f"{LOG} https://a.example b", "quorum none"], 1),
        (["log example.com/log", "quorum none"], 1),
        ([f"log {vkey('w')}", "quorum none"], 1),
        ([LOG, LOG, "quorum none"], 2),
        ([LOG, f"log {vkey('other', kind=ED25519, seed='example.com/log')}", "quorum none"], 2),
        (["witness w", "quorum none"], 1),
        ([f"witness w {vkey('w', kind=ED25519)}", "quorum w"], 1),
        ([f"witness w {vkey('w', kind=6)}", "quorum w"], 1),
        ([f"witness w {vkey('w').replace('w+', 'v+')}", "quorum w"], 1),
        ([f"witness none {vkey('w')}", "quorum none"], 1),
        ([W, f"witness v {vkey('other', seed='w')}", "quorum w"], 2),
        ([W, f"witness w {vkey('v')}", "quorum w"], 2),
        ([W, "group w any w", "quorum w"], 2),
        ([W, "group g any", "quorum w"], 2),
        ([W, "group g 0 w", "quorum g"], 2),
        ([W, "group g 2 w", "quorum g"], 2),
        ([W, "group g 01 w", "quorum g"], 2),
        ([W, "group g +1 w", "quorum g"], 2),
        ([W, "group g some w", "quorum g"], 2),
        ([W, "group g any w w", "quorum g"], 2),
        ([W, "group g any none", "quorum g"], 2),
        ([W, "group g any g", "quorum g"], 2),
        ([W, "group g any v", V, "quorum g"], 2),
        ([W, V, G, "group h any w", "quorum h"], 4),
        ([W, V, "group none any w", "quorum none"], 3),
        (["quorum w", W], 1),
        (["quorum", W], 1),
        (["quorum none", "quorum none"], 2),
        (["quorum none none"], 1),
        (["Quorum none"], 1),
        (["witnesses", "quorum none"], 1),
        (["quorum none", "\u00a0"], 2),
        (["quorum none\r"], 1),
        (["quorum none", "# \x00"], 2),
        (["quorum none", "\x7f"], 2),
    ],
)
def test_a_line_that_is_not_in_its_form_is_refused_by_file_and_number(lines: list[str], line: int) -> None:
    with pytest.raises(BadInput) as refused:
        policy(*lines)

    assert refused.value.where == f"policy.txt:{line}"


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"quorum none", b"quorum none\n" + b"\n" * 1000])
def test_a_file_without_a_quorum_or_end_or_measure_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        parse_witness_policy(content, "policy.txt")

    assert refused.value.where == "policy.txt"
