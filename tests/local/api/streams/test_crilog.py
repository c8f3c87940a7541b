"""Reading a log on disk: places, rotation, parts of lines, speed."""

import time

import pytest

from arena.local.api.streaming.crilog import CHUNK, Cursor, Text, split


def line(number, text=None, stream="stdout", tag="F"):
    return f"2026-01-01T00:00:00.{number:09}Z {stream} {tag} {text or number}\n".encode()


def read(cursor, stamps=False):
    text, out = Text(stamps), b""
    while lines := cursor.read():
        out += text.render(lines)
    cursor.close()
    return out


def numbers(*of):
    return b"".join(b"%d\n" % one for one in of)


@pytest.fixture
def log(tmp_path):
    """Thirty lines in three files."""
    path = tmp_path / "log"
    for suffix, start in ((".2", 0), (".1", 10), ("", 20)):
        (tmp_path / f"log{suffix}").write_bytes(b"".join(line(n) for n in range(start, start + 10)))
    return path


def test_all_lines_are_read_over_rotated_files(log):
    """A log is read from the oldest of its files to the newest."""
    assert read(Cursor(log)) == numbers(*range(30))


@pytest.mark.parametrize("tail", [0, 1, 9, 10, 11, 25, 30, 31, 1000])
def test_tail_counts_over_files(log, tail):
    """The last n lines are found even if they begin in a rotated file."""
    assert read(Cursor(log, tail=tail)) == numbers(*range(max(0, 30 - tail), 30))


@pytest.mark.parametrize("first", [0, 1, 5, 9, 10, 15, 20, 29, 30, 31])
def test_since_finds_the_first_line_of_that_time(log, first):
    """Reading begins at the first line that is not older than the given time."""
    assert read(Cursor(log, since=line(first)[:30])) == numbers(*range(first, 30))


def test_the_later_of_tail_and_since_wins(log):
    """Both given, a line must satisfy both."""
    assert read(Cursor(log, tail=3, since=line(5)[:30])) == numbers(27, 28, 29)
    assert read(Cursor(log, tail=20, since=line(28)[:30])) == numbers(28, 29)


def test_long_logs_are_cut_at_the_right_places(tmp_path):
    """Places far apart, in lines of many lengths, are found exactly."""
    path = tmp_path / "log"
    path.write_bytes(b"".join(line(n, f"{n}:" + "x" * (n * 7919 % 3000)) for n in range(2000)))
    for start in (0, 1, 777, 1500, 1999):
        for cursor in (Cursor(path, tail=2000 - start), Cursor(path, since=line(start)[:30])):
            lines = read(cursor).splitlines()
            assert [int(one.split(b":")[0]) for one in lines] == list(range(start, 2000))


def test_stamps_are_kept_on_demand(log):
    """With stamps, each line begins with the time it was written at."""
    assert read(Cursor(log, tail=1), stamps=True) == b"2026-01-01T00:00:00.000000029Z 29\n"


def test_parts_are_joined():
    """A line that was cut into parts is whole again, with one stamp, over any number of reads."""
    parts = [line(1, "ab", tag="P"), line(2, "cd", tag="P"), line(3, "ef"), line(4, "g P h")]
    text, stamped = Text(), Text(stamps=True)
    assert b"".join(text.render(part) for part in parts) == b"abcdef\ng P h\n"
    assert b"".join(stamped.render(part) for part in parts).count(b"Z ") == 2
    assert Text().render(b"".join(parts)) == b"abcdef\ng P h\n"


def test_hostile_text_stays_as_it_is():
    """Text that looks like a log's line, is empty, or holds carriage returns and odd bytes is not touched."""
    texts = [b"2026-01-01T00:00:00Z stdout F x", b"", b"50%\r100%", b"\xff\x00\x0b\x85", b" F "]
    lines = b"".join(b"2026-01-01T00:00:00.000000001Z stdout F %b\n" % text for text in texts)
    assert Text().render(lines) == b"".join(text + b"\n" for text in texts)
    assert [text for _, _, _, text in split(lines)] == [text + b"\n" for text in texts]


def test_a_growing_log_is_read_over_rotations(tmp_path):
    """Nothing is lost or doubled while the log grows and is rotated, even twice between two reads."""
    path = tmp_path / "log"
    path.write_bytes(line(0))
    cursor, out, text = Cursor(path), b"", Text()
    number = 1
    for turn in range(6):
        out += text.render(cursor.read())
        for _ in range(turn % 3):
            with path.open("ab") as file:
                file.write(line(number))
            if path.with_name("log.1").exists():
                path.with_name("log.1").rename(path.with_name("log.2"))
            path.rename(path.with_name("log.1"))
            path.write_bytes(line(number + 1))
            number += 2
        while lines := cursor.read():
            out += text.render(lines)
    cursor.close()
    assert out == numbers(*range(number))


def test_half_a_line_waits_for_its_end(tmp_path):
    """A line is given once its end is written."""
    path = tmp_path / "log"
    path.write_bytes(line(1)[:20])
    cursor = Cursor(path)
    assert cursor.read() == b""
    with path.open("ab") as file:
        file.write(line(1)[20:])
    assert cursor.read() == line(1)
    cursor.close()


def test_a_log_that_is_not_there_yet(tmp_path):
    """A log may appear after one began to read it."""
    cursor = Cursor(tmp_path / "log")
    assert cursor.read() == b""
    (tmp_path / "log").write_bytes(line(1))
    assert read(cursor) == b"1\n"


def test_hundreds_of_thousands_of_lines_a_second(tmp_path):
    """Reading is far faster than any program writes."""
    path = tmp_path / "log"
    path.write_bytes(b"".join(line(n, "epoch 3 loss=0.123456 accuracy=0.9876") for n in range(200_000)))
    begin = time.process_time()
    assert read(Cursor(path)).count(b"\n") == 200_000
    assert time.process_time() - begin < 2
    assert path.stat().st_size > 10 * CHUNK


def test_what_the_node_says() -> None:
    """What the node says of lost output has no time, and ends whatever was begun before it."""
    said = b"2026-01-01T00:00:00.000000003Z node F 2 lines are lost\n"
    lines = (
        b"2026-01-01T00:00:00.000000001Z stdout P one\n"
        + said
        + b"2026-01-01T00:00:00.000000004Z stdout F two\n"
    )
    assert Text().render(lines) == b"one\n2 lines are lost\ntwo\n"
    stamped = Text(stamps=True).render(lines).splitlines()
    assert [line[:30].strip() for line in stamped][1] == b"2 lines are lost"
    assert Text(stamps=True).render(said) == b"2 lines are lost\n"


def test_parts_of_two_streams_are_joined_each(tmp_path):
    """Lines of stdout between the parts of one of stderr stay whole, and so does that one, after them."""
    path = tmp_path / "log"
    path.write_bytes(
        line(1, "a bar", "stderr", "P")
        + line(2, "text")
        + line(3, " grows", "stderr", "P")
        + line(4, "!", "stderr")
    )
    assert read(Cursor(path)) == b"text\na bar grows!\n"
    assert read(Cursor(path), stamps=True) == line(2)[:31] + b"text\n" + line(4)[:31] + b"a bar grows!\n"


def test_parts_without_an_end_are_told_at_the_end():
    """What a program that was killed wrote of a line is not lost."""
    text = Text()
    assert text.render(line(1, "cut", tag="P")) == b""
    assert text.end() == b"cut\n"
