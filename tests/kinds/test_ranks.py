"""The ranks of a job's instances, and the words for sets of them."""

import pytest

from arena.errors import NotFound, SpecError
from arena.kinds.workload import instances, ranks
from arena.model.instances import Instance
from arena.model.jobs import Job, Phase
from arena.model.ranks import parse, spelled


def job(kind: str, *places: str, chief: str = "", has_chief: bool = False) -> Job:
    """A job of a kind that has instances in these places; those with the role `chief` end it."""
    found = [
        Instance(name=f"a-{place}", namespace="n", role=role, index=int(number), chief=role == chief)
        for place in places
        for role, _, number in [place.rpartition("-")]
    ]
    made = instances.instances(found, has_chief=has_chief)
    return Job(name="a", namespace="n", kind=kind, phase=Phase.RUNNING, instances=made)


@pytest.mark.parametrize(
    ("found", "order"),
    [
        (job("pytorchjob", "worker-0", "worker-1", "master-0", chief="master"), "master-0 worker-0 worker-1"),
        (job("pytorchjob", "worker-0", "worker-1"), "worker-0 worker-1"),
        (job("pytorchjob", "worker-0", "worker-1", has_chief=True), "- worker-0 worker-1"),
        (job("pytorchjob", "worker-1", "master-0", chief="master"), "master-0 - worker-1"),
        (job("tfjob", "ps-0", "worker-0", "chief-0", "evaluator-0", chief="chief"), "chief-0 worker-0"),
        (job("mpijob", "launcher-0", "worker-0", "worker-1", chief="launcher"), "worker-0 worker-1"),
        (job("mpijob", "worker-0", "worker-1", has_chief=True), "worker-0 worker-1"),
        (job("job", "worker-10", "worker-2"), "- - worker-2 - - - - - - - worker-10"),
        (job("job", "launcher-0", chief="launcher"), ""),
    ],
)
def test_ranks_by_kind(found: Job, order: str) -> None:
    """The chief or master is rank 0, others follow by number; places without a pod keep their rank."""
    known = ranks.ranks(found)
    placed = {(one.role, one.index): f"{one.role}-{one.index}" for one in found.instances}
    shown = {number: placed[place] for place, number in known.items() if place in placed}
    assert shown == {number: place for number, place in enumerate(order.split()) if place != "-"}


@pytest.mark.parametrize(
    ("text", "numbers"), [("0", [0]), ("0,4-7", [0, 4, 5, 6, 7]), (" 3 , 1-1", [3, 1]), ("2-3,3", [2, 3, 3])]
)
def test_words_for_ranks(text: str, numbers: list[int]) -> None:
    """Numbers and ranges name ranks, and their shortest spelling names the same ones."""
    parts = parse(text)
    assert [number for part in parts for number in part] == numbers
    again = parse(spelled(numbers))
    assert sorted(set(numbers)) == [number for part in again for number in part]


@pytest.mark.parametrize("text", ["", "a", "-1", "4-2", "1,", "1-2-3", "99999999", "9999999"])
def test_words_that_name_no_ranks(text: str) -> None:
    """Anything else is refused with an example of what is meant."""
    with pytest.raises(SpecError, match="names no ranks") as caught:
        parse(text)
    assert "0,4-7" in (caught.value.hint or "")


def test_a_rank_that_a_job_lacks() -> None:
    """Each number and range must match an instance, unless the job has not all of them yet."""
    found = job("pytorchjob", "master-0", "worker-0", chief="master")
    assert [one.name for one in ranks.chosen(found, parse("1-9"))] == ["a-worker-0"]
    with pytest.raises(NotFound, match="has no rank 7") as caught:
        ranks.chosen(found, parse("0,7"))
    assert caught.value.hint == "its ranks: 0-1"
    assert [one.name for one in ranks.chosen(found, parse("0,7"), strict=False)] == ["a-master-0"]
