"""Schedules and crons as values: what is accepted, what is refused and how, how a cron is read."""

from datetime import datetime, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from arena import kinds
from arena.errors import SpecError
from arena.kinds import cron, spec
from arena.kinds.cron import CronSpec
from arena.kinds.schedule import schedule
from arena.local.operators.batch.schedule import parse
from arena.model.jobs import Phase

NOW = datetime(2030, 1, 1, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("*/5 * * * *", "*/5 * * * *"),
        ("  0  2 * * mon-FRI ", "0 2 * * mon-FRI"),
        ("0 0 1,15 JAN,7 ?", "0 0 1,15 JAN,7 *"),
        ("5/20 9-17/2 * * 0", "5/20 9-17/2 * * 0"),
        ("0 0 22 * * ?", "0 22 * * *"),
        ("0 0 29 2 *", "0 0 29 2 *"),
        ("0 0 31 2 MON", "0 0 31 2 MON"),
        ("0 0 31 2/3 *", "0 0 31 2/3 *"),
        ("@Daily", "@daily"),
        ("@every 1h30m", "@every 1h30m"),
    ],
)
def test_taken(text, read):
    """A schedule is taken as all clusters read it; the second 0 of six fields is dropped."""
    assert schedule(text) == read


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", '"" has 0 fields', "minute hour day month weekday"),
        ("* * * *", "has 4 fields, but a schedule has 5", "minute hour day month weekday"),
        ("30 0 22 * * ?", "contains seconds", "minute hour day month weekday"),
        ("60 * * * *", '"60" is not a valid minute', "give 0 to 59"),
        ("0 24 * * *", '"24" is not a valid hour', "give 0 to 23"),
        ("0 0 0 * *", '"0" is not a valid day', "give 1 to 31"),
        ("0 0 * 13 *", '"13" is not a valid month', "give 1 to 12, or JAN to DEC"),
        ("0 0 * * 7", '"7" is not a valid weekday', "give 0 to 6, or SUN to SAT"),
        ("0 0 * * 5-1", "ends before it begins", "weekday"),
        ("0 0 30 2 *", '"0 0 30 2 *" never occurs', "weekday"),
        ("0 0 31 FEB,4-6/2 *", "never occurs", "weekday"),
        ("*/0 * * * *", "step of a minute", "weekday"),
        ("@often", "has 1 field,", "@daily"),
        ("@every", "duration", "@every 1h30m"),
        ("@every 0s", "duration", "@every 1h30m"),
        ("TZ=UTC * * * * *", "time zone", "--timezone"),
        (["*"], "is not text", "one piece"),
    ],
)
def test_refused(text, message, hint):
    """What no cluster would run is refused with the wrong part and what is allowed."""
    with pytest.raises(SpecError) as caught:
        schedule(text)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


FIELD = st.text(alphabet="0123456789*/-,?adefjmnnorstuw", max_size=6)


@given(st.lists(FIELD, min_size=5, max_size=5).map(" ".join))
@example("@every 5m")
@example("0 0 31 4 *")
def test_what_is_taken_runs(text):
    """Whatever is taken here can be read by the operators of the local cluster, too."""
    try:
        read = schedule(text)
    except SpecError as error:
        if "never occurs" in error.message:  # operators would wait for such a day forever
            return
        with pytest.raises(ValueError, match=r"."):
            parse(text)
    else:
        assert parse(read)


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({"timezone": "Europe/Berln"}, '--timezone: "Europe/Berln" is not a time zone', "Europe/Berlin?"),
        ({"timezone": "x"}, '--timezone: "x" is not a time zone', "Europe/Berlin"),
        ({"deadline": "tomorrow"}, '--deadline: "tomorrow" is not a time', "2026-01-31T12:00:00Z"),
        ({"concurrency-policy": "maybe"}, "--concurrency-policy", "Allow, Forbid, Replace"),
        ({"history-limit": "-1"}, '--history-limit: "-1" is out of range', "0 or more"),
    ],
)
def test_other_values(given, message, hint):
    """The other options of a cron say what they allow."""
    with pytest.raises(SpecError) as caught:
        spec.parse(CronSpec, {"schedule": "@daily", **given})
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


def test_remarks():
    """Dropped seconds and a deadline in the past are remarked on."""
    given = {"schedule": "0 0 22 * * ?", "deadline": "2029-12-31T12:00:00+01:00"}
    one, other = cron.remarks(spec.parse(CronSpec, given), given["schedule"], NOW)
    assert 'the schedule is "0 22 * * *"' in one
    assert "--deadline 2029-12-31T11:00:00Z is in the past" in other
    assert cron.remarks(spec.parse(CronSpec, {"schedule": "@daily"}), "@daily", NOW) == []


def test_carriers():
    """A CronJob starts plain jobs, unless a deadline is wanted; all else needs a Cron."""
    plain, until = CronSpec(schedule="@daily"), CronSpec(schedule="@daily", deadline="2030-01-01T00:00:00Z")
    assert cron.carriers(kinds.find("job"), plain)[0] == cron.CRONJOBS
    assert cron.carriers(kinds.find("job"), until) == (cron.CRONS,)
    assert cron.carriers(kinds.find("tfjob"), plain) == (cron.CRONS,)


def test_reads_a_cron_of_others():
    """A Cron that somebody else made is read with the history that its status keeps."""
    history = [
        {"object": {"kind": "TFJob", "name": "n-1"}, "status": "Failed", "created": "2030-01-01T01:00:00Z"},
        {"object": {"kind": "TFJob", "name": "n-2"}, "status": "Created", "created": "2030-01-01T02:00:00Z"},
        {"object": {"kind": "TFJob", "name": "n-3"}, "status": "Odd", "created": "2030-01-01T03:00:00Z"},
    ]
    template = {"apiVersion": "kubeflow.org/v1", "kind": "TFJob", "workload": {"spec": {}}}
    body = {"schedule": "CRON_TZ=Asia/Tokyo 0 2 * * *", "template": template, "historyLimit": 0}
    obj = {"metadata": {"name": "n"}, "spec": body, "status": {"history": history, "active": [{}]}}
    read = cron.read(obj, "tfjob")
    assert (read.type, read.group, read.schedule, read.timezone) == (
        "TFJob",
        "kubeflow.org",
        "0 2 * * *",
        "Asia/Tokyo",
    )
    assert [(run.name, run.phase) for run in read.runs] == [
        ("n-3", Phase.UNKNOWN),
        ("n-2", Phase.PENDING),
        ("n-1", Phase.FAILED),
    ]
    assert (read.active, read.history_limit, read.policy, read.managed) == (1, 0, "Allow", False)
