"""Which instance of a job people mean by a word."""

from datetime import datetime, timedelta, timezone

import pytest

from arena.actions.jobs import instances
from arena.errors import NotFound, SpecError
from arena.model.instances import Instance
from arena.model.jobs import Job, Phase

BEGIN = datetime(2030, 1, 1, tzinfo=timezone.utc)


def one(place: str, name: str = "", minute: int = 0, status: str = "Running") -> Instance:
    """An instance in a place such as `worker-1`."""
    role, _, index = place.rpartition("-")
    phase = "Failed" if status == "Error" else "Running"
    made = BEGIN + timedelta(minutes=minute)
    return Instance(
        name=f"bert-{name or place}", namespace="n", role=role, index=int(index), phase=phase,
        status=status, created=made,
    )  # fmt: skip


def job(*found: Instance) -> Job:
    return Job(name="bert", namespace="n", kind="pytorchjob", phase=Phase.RUNNING, instances=found)


TEAM = job(one("master-0"), one("worker-0"), one("worker-1"))
INDEXED = job(one("worker-0", "0-x2x4x"), one("worker-1", "1-w576s"))
RETRIED = job(
    one("launcher-0", "launcher-a", 1, "Error"),
    one("launcher-0", "launcher-b", 2, "Error"),
    one("launcher-0", "launcher-c", 3, "Terminating"),
    one("worker-0"),
)


@pytest.mark.parametrize(
    ("found", "word", "name"),
    [
        (TEAM, "bert-worker-1", "bert-worker-1"),
        (TEAM, "worker-1", "bert-worker-1"),
        (TEAM, "1", "bert-worker-1"),
        (TEAM, "master", "bert-master-0"),
        (INDEXED, "1-w576s", "bert-1-w576s"),
        (INDEXED, "worker-1", "bert-1-w576s"),
        (INDEXED, "0", "bert-0-x2x4x"),
        (RETRIED, "launcher-a", "bert-launcher-a"),
        (RETRIED, "launcher", "bert-launcher-c"),
        (job(*RETRIED.instances, one("launcher-0", "launcher-d")), "launcher", "bert-launcher-d"),
    ],
)
def test_what_an_instance_is_called(found: Job, word: str, name: str) -> None:
    """Name, prefix in the logs, role, number and place select an instance; of several pods, the last."""
    assert instances.meant(found, word).name == name


@pytest.mark.parametrize(
    ("found", "word", "names"),
    [
        (TEAM, "worker", "bert-worker-0, bert-worker-1"),
        (TEAM, "0", "bert-master-0, bert-worker-0"),
        (job(one("worker-0", "a"), one("worker-0", "b")), "worker", "bert-a, bert-b"),
    ],
)
def test_a_word_for_several_instances(found: Job, word: str, names: str) -> None:
    """Where a word fits several instances that run, none is picked: they are listed."""
    with pytest.raises(SpecError, match=f'"{word}" matches several instances of job "bert"') as told:
        instances.meant(found, word)
    assert told.value.hint == f"choose one of {names}"


def test_a_word_for_none() -> None:
    """A word that fits no instance is answered with those there are."""
    with pytest.raises(NotFound) as told:
        instances.meant(TEAM, "ps")
    assert told.value.hint == "its instances: bert-master-0, bert-worker-0, bert-worker-1"
