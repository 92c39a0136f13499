"""The measure of sizes finds what is too long, and only that."""

import pytest

from tests.house.limits import FILE_LINES, FUNCTION_LINES, too_long


def function(lines: int) -> str:
    return "def f():\n" + "    x = 1\n" * (lines - 1)


@pytest.mark.parametrize(("lines", "found"), [(FUNCTION_LINES, 0), (FUNCTION_LINES + 1, 1)])
def test_a_function_may_have_so_many_lines_and_not_one_more(lines: int, found: int) -> None:
    assert len(list(too_long(function(lines), "some.py"))) == found


@pytest.mark.parametrize(("lines", "found"), [(FILE_LINES, 0), (FILE_LINES + 1, 1)])
def test_a_file_may_have_so_many_lines_and_not_one_more(lines: int, found: int) -> None:
    assert len(list(too_long("x = 1\n" * lines, "some.py"))) == found


def test_a_finding_says_where() -> None:
    source = "class A:\n    async def long(self):\n" + "        x = 1\n" * FUNCTION_LINES

    assert list(too_long(source, "some.py")) == ["some.py:2: long has 61 lines, 60 at most"]
