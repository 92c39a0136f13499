"""A write to the mirror that was cut short: what is added again is whole."""

from pathlib import Path

from adapters.keys.mirror import FileMirror

MARKS = [("a" * 32, "c" * 32), ("b" * 32, "c" * 32)]


def test_marks_added_again_after_a_torn_write_are_all_there(tmp_path: Path) -> None:
    FileMirror(tmp_path).add_marks(MARKS)
    whole = (tmp_path / "suppression.txt").read_bytes()
    for length in range(len(whole)):
        (tmp_path / "suppression.txt").write_bytes(whole[:length])

        FileMirror(tmp_path).add_marks(MARKS)

        assert sorted(set(FileMirror(tmp_path).marks())) == MARKS


def test_acts_added_after_a_torn_write_keep_a_line_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "acts.jsonl").write_text("1 erasure_int")

    FileMirror(tmp_path).add_acts(["1 erasure_intended {}", "2 erasure_executed {}"])

    assert FileMirror(tmp_path).acts()[-2:] == ["1 erasure_intended {}", "2 erasure_executed {}"]


def test_words_added_after_a_torn_write_keep_a_line_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("s 0123")

    FileMirror(tmp_path).add_words(["s 4567"])
    FileMirror(tmp_path).drop_words({"s 0123"})

    assert FileMirror(tmp_path).words() == ["s 4567"]
