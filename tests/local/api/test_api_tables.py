"""What tables say of a pod, of ages, and how long events are kept."""

from datetime import datetime, timedelta, timezone

import pytest

from arena.local.api import durations, pod_columns
from arena.local.api.columns import of
from arena.local.api.event_expiry import EVERY
from arena.local.api.resource_types import STORED
from arena.local.objects import EVENTS

NOW = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


def waiting(reason):
    return {"state": {"waiting": {"reason": reason}}}


def ended(**more):
    return {"state": {"terminated": more}}


RUNNING = {"ready": True, "state": {"running": {}}}


@pytest.mark.parametrize(
    ("phase", "containers", "inits", "more", "word"),
    [
        ("Pending", [], [], {}, "Pending"),
        ("Pending", [waiting("ContainerCreating")], [], {}, "ContainerCreating"),
        ("Running", [RUNNING], [], {}, "Running"),
        ("Running", [waiting("CrashLoopBackOff")], [], {}, "CrashLoopBackOff"),
        ("Running", [RUNNING, ended(reason="Completed", exitCode=0)], [], {}, "NotReady"),
        ("Failed", [ended(reason="OOMKilled", exitCode=137)], [], {}, "OOMKilled"),
        ("Failed", [ended(exitCode=3)], [], {}, "ExitCode:3"),
        ("Failed", [ended(exitCode=137, signal=9)], [], {}, "Signal:9"),
        ("Failed", [], [], {"reason": "Evicted"}, "Evicted"),
        ("Succeeded", [ended(reason="Completed", exitCode=0)], [], {}, "Completed"),
        ("Pending", [], [RUNNING], {}, "Init:0/1"),
        ("Pending", [], [waiting("ImagePullBackOff")], {}, "Init:ImagePullBackOff"),
        ("Pending", [], [ended(reason="Error", exitCode=1)], {}, "Init:Error"),
        ("Pending", [waiting("PodInitializing")], [ended(exitCode=0)], {}, "PodInitializing"),
    ],
)
def test_a_pods_status_is_one_word(phase, containers, inits, more, word):
    """STATUS is the word that kubectl prints, container reasons before the phase."""
    status = {"phase": phase, "containerStatuses": containers, "initContainerStatuses": inits, **more}
    pod = {"metadata": {}, "spec": {"containers": [{}], "initContainers": inits}, "status": status}
    assert pod_columns.status(pod, NOW) == word
    pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert pod_columns.status(pod, NOW) == "Terminating"


def test_restarts_tell_how_long_ago():
    """RESTARTS counts all containers and says when the last restart was."""
    last = {"restartCount": 2, "lastState": {"terminated": {"finishedAt": "2026-01-01T11:55:00Z"}}}
    assert (
        pod_columns.restarts({"status": {"containerStatuses": [last, {"restartCount": 1}]}}, NOW)
        == "3 (5m ago)"
    )
    assert pod_columns.restarts({}, NOW) == "0"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (192, "3m12s"), (3600, "60m"), (3 * 3600, "3h"),
        (3 * 3600 + 300, "3h5m"), (30 * 3600, "30h"), (50 * 3600, "2d2h"), (30 * 86400, "30d"),
        (800 * 86400, "2y70d"),
    ],
)  # fmt: skip
def test_ages_have_two_units_at_most(seconds, text):
    """Ages are spelled as kubectl spells them."""
    assert durations.span(seconds) == text


def test_every_column_bears_a_bare_object():
    """No column of any kind fails on an object that has but a name."""
    for kind in STORED:
        for column in of(kind):
            column.value({"metadata": {"name": "a"}, "spec": {}}, NOW)


def test_old_events_are_forgotten(api):
    """Events older than a day go when new ones come; younger ones stay."""

    def event(name, age):
        stamp = (datetime.now(timezone.utc) - age).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"metadata": {"name": name}, "involvedObject": {"name": "x"}, "lastTimestamp": stamp}

    api.create(EVENTS, event("old", timedelta(hours=25)))
    for index in range(EVERY):
        api.create(EVENTS, event(f"new-{index}", timedelta(hours=23)))
    assert api.get(EVENTS, "old") is None
    assert len(api.list(EVENTS)) == EVERY
