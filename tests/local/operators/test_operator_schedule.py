"""When schedules are due: by example, and against a clock that is read minute by minute."""

import re
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.local.operators.batch import schedule
from arena.local.operators.batch.schedule import FIELDS, parse

UTC = timezone.utc
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/Santiago",
)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "after", "due"),
    [
        ("* * * * *", "2026-01-31T12:00:00", "2026-01-31T12:01:00"),
        ("*/15 * * * *", "2026-01-31T12:59:59", "2026-01-31T13:00:00"),
        ("5/20 9-17 * * mon-fri", "2026-01-31T12:00:00", "2026-02-02T09:05:00"),
        ("0 0 13 * FRI", "2026-01-31T12:00:00", "2026-02-06T00:00:00"),
        ("0 0 13 * */2", "2026-02-08T12:00:00", "2026-02-10T00:00:00"),
        ("0 0 ? FEB,aug ?", "2026-01-31T12:00:00", "2026-02-01T00:00:00"),
        ("30 2 29 2 *", "2026-01-31T12:00:00", "2028-02-29T02:30:00"),
        ("@daily", "2026-01-31T12:00:00", "2026-02-01T00:00:00"),
        ("@Weekly", "2026-01-31T12:00:00", "2026-02-01T00:00:00"),
        ("@yearly", "2026-01-31T12:00:00", "2027-01-01T00:00:00"),
        ("@every 1h30m", "2026-01-31T12:00:00", "2026-01-31T13:30:00"),
        ("CRON_TZ=Asia/Tokyo 0 6 * * *", "2026-01-31T12:00:00", "2026-01-31T21:00:00"),
    ],
)
def test_next(text, after, due):
    """Ranges, lists, steps, names, macros, intervals and time zones have cron's meaning."""
    assert parse(text, "UTC").next(at(after)) == at(due)


def test_never():
    """A day that no month has never comes."""
    assert parse("0 0 30 2 *", "UTC").next(at("2026-01-31T12:00:00")) is None
    assert parse("0 0 30 2 *", "UTC").latest(at("2016-01-31T12:00:00"), at("2026-01-31T12:00:00")) is None


def test_summer_time():
    """An hour that is skipped is not made up for, one that comes twice is due twice."""
    nightly = parse("30 2 * * *", "Europe/Berlin")
    assert nightly.next(at("2026-03-28T12:00:00")) == at("2026-03-30T00:30:00")
    first = nightly.next(at("2026-10-24T12:00:00"))
    assert (first, nightly.next(first)) == (at("2026-10-25T00:30:00"), at("2026-10-25T01:30:00"))


def test_zone_of_this_machine(monkeypatch):
    """Without a time zone the machine's own counts."""
    import time

    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        assert parse("0 6 * * *").next(at("2026-01-31T12:00:00")) == at("2026-01-31T21:00:00")
    time.tzset()


@pytest.mark.parametrize(
    ("text", "zone", "part"),
    [
        ("", "", "0 fields"),
        ("0 0 22 * * ?", "", "6 fields"),
        ("60 * * * *", "", '"60" is no minute: it must be 0 to 59'),
        ("* 24 * * *", "", "hour"),
        ("* * 0 * *", "", "day of month"),
        ("* * * 13 *", "", "month"),
        ("* * * * 7", "", "day of week"),
        ("* * * * FEB", "", "day of week"),
        ("5-1 * * * *", "", "ends before it begins"),
        ("*/0 * * * *", "", "step"),
        ("*/x * * * *", "", "step"),
        ("1,,2 * * * *", "", '""'),
        ("-5 * * * *", "", '""'),
        ("*-5 * * * *", "", '"*"'),
        ("@often", "", "1 fields"),
        ("@every", "", "1 fields"),
        ("@every 0s", "", "duration"),
        ("@every soon", "", "duration"),
        ("* * * * *", "Europe/Nowhere", "time zone"),
        ("* * * * *", "../etc/passwd", "time zone"),
        ("* * * * *", "America", "time zone"),
    ],
)
def test_unreadable(text, zone, part):
    """A schedule that cannot be read is refused, with the part that is wrong."""
    with pytest.raises(ValueError, match=re.escape(part)):
        parse(text, zone)


def numbers(field):
    """A way to write one of the five fields."""
    one = st.integers(field.low, field.high)
    pair = st.tuples(one, one).map(sorted).map(lambda ends: f"{ends[0]}-{ends[1]}")
    step = st.tuples(st.sampled_from(["*", str(field.low)]) | pair, st.integers(1, 30)).map(
        lambda both: f"{both[0]}/{both[1]}"
    )
    item = one.map(str) | pair | step
    return st.just("*") | st.lists(item, min_size=1, max_size=3).map(",".join)


LINES = st.tuples(*map(numbers, FIELDS)).map(" ".join)
MOMENTS = st.integers(at("2026-01-01T00:00:00").timestamp(), at("2027-12-31T00:00:00").timestamp())


def shows(text, zone, moment):
    """Whether the clock on the wall shows a minute of the schedule: an independent reading of the fields."""

    def named(part, number, field):
        for one in part.split(","):
            span, _, step = one.partition("/")
            low, dash, high = (str(field.low), "-", str(field.high)) if span == "*" else span.partition("-")
            last = int(high) if dash else field.high if step else int(low)
            if int(low) <= number <= last and (number - int(low)) % int(step or 1) == 0:
                return True
        return False

    wall = moment.astimezone(ZoneInfo(zone))
    fields = text.split()
    read = (wall.minute, wall.hour, wall.day, wall.month, wall.isoweekday() % 7)
    minute, hour, day, month, weekday = (named(*each) for each in zip(fields, read, FIELDS, strict=True))
    restricted = not ({"*", "*/1"} & {*fields[2].split(","), *fields[4].split(",")})
    return minute and hour and month and (day or weekday if restricted else day and weekday)


@settings(max_examples=60)
@given(LINES, st.sampled_from(ZONES), MOMENTS)
def test_agrees_with_the_clock(text, zone, start):
    """Within a day and a half, a schedule is due exactly when the clock shows a minute that it names."""
    start = datetime.fromtimestamp(start, UTC)
    end = start + timedelta(hours=36)
    first = start.replace(second=0) + timedelta(minutes=1)
    minutes = (first + timedelta(minutes=number) for number in range(36 * 60))
    wanted = [one for one in minutes if one <= end and shows(text, zone, one)]
    found, read = [], parse(text, zone)
    moment = read.next(start)
    while moment is not None and moment <= end:
        found.append(moment)
        moment = read.next(moment)
    assert found == wanted
    assert read.latest(start, end) == (wanted[-1] if wanted else None)


@settings(max_examples=50)
@given(st.integers(1, 10**6), MOMENTS, st.integers(0, 10**7))
def test_distances(seconds, start, span):
    """Equal distances are counted from the last time on."""
    start, read = datetime.fromtimestamp(start, UTC), parse(f"@every {seconds}s")
    latest = read.latest(start, start + timedelta(seconds=span))
    assert latest == (start + timedelta(seconds=span // seconds * seconds) if span >= seconds else None)


PARTS = st.lists(st.text("0123456789*/-,", max_size=6), min_size=4, max_size=6).map(" ".join)


@given(st.text(max_size=20) | PARTS | st.text("0123456789.hmsu", max_size=8).map("@every {}".format))
def test_any_text(text):
    """Any text is a schedule or is refused, with nothing but a ValueError."""
    with suppress(ValueError):
        assert isinstance(parse(text), schedule.Grid | schedule.Every)
