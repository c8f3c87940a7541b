"""What programs print about their ranks: when all of a job are alone, and when that is unknown."""

import pytest

from arena.actions.diagnosis.lone_ranks import FIRST, RankReports
from arena.actions.jobs.logs.lines import Block
from arena.model.instances import Instance
from arena.model.jobs import Job, Phase

TWO = ("master", "worker")
ALONE = [
    "rank 0 of 1",
    "rank 0 of 1, sum 1",
    "I am Rank 0/1",
    "rank: 0/1",
    "World size: 1",
    "world_size=1",
    "{'world_size': 1}",
    "WORLD_SIZE = 1",
    "Num processes: 1",
    "Initializing distributed: GLOBAL_RANK: 0, MEMBER: 1/1",
]
ORDINARY = [
    "rank 0",
    "[rank0]: saving",
    "connected to rank 0",
    "local rank 0 of 1",
    "local world size: 1",
    "tensor model parallel world size: 1",
    "data_parallel_world_size=1",
    "page rank 0.1",
    "rank 0 of 1.5",
    "world size: 1.0e6",
    "rank 0/100",
    "mean reciprocal rank: 0.1",
    "epoch 0 of 1",
    "nodes: 1, world size 16",
    "GLOBAL_RANK: 0, MEMBER: 1/16",
    "number of processes: 12",
    "the world is 1 size",
    "node 0: rank 0 of 1",
    "world size: 1,024",
    "rank 0 of 1,000",
    "tokenizing with num_processes=1",
    "preprocessing, number of processes: 1",
    "data loader world size: 1",
    "context world size: 1",
    "dp world_size=1",
    "rank: 0/1 (PP)",
    "world_size=1, tp=1",
    "num processes = 1, num machines = 4",
    "beam rank: 0/1",
    "matrix rank 0 of 1",
    "rank 0 of 1 candidates",
]
MANY = [
    "rank 1 of 2",
    "[rank1]: saving",
    "rank 0 of 2",
    "world size 2",
    "Rank=1",
    "rank 0 of 10",
    "Num processes: 4",
]


def job(roles=TWO, kind="pytorchjob", phase=Phase.SUCCEEDED) -> Job:
    made = [Instance(name=f"j-{role}", namespace="default", role=role.split("-")[0]) for role in roles]
    return Job(name="j", namespace="default", kind=kind, phase=phase, instances=tuple(made))


def both(*lines: str) -> dict[str, list[str]]:
    return {role: list(lines) for role in TWO}


def warning(lines: dict[str, list[str]], of: Job | None = None) -> str:
    ranks = RankReports()
    for role, texts in lines.items():
        ranks.note(Block(f"j-{role}", "main", (), [text.encode() for text in texts]))
    found = ranks.finding(of or job())
    return found.cause if found else ""


@pytest.mark.parametrize("line", ALONE)
def test_all_alone(line):
    """If every instance reports a world of one, arena warns."""
    assert "each of the 2 instances reports that it is alone" in warning(both("loading", line))


@pytest.mark.parametrize("line", ORDINARY)
def test_ordinary_lines(line):
    """Lines that say something else of ranks and worlds are no alarm, though every instance prints them."""
    assert warning(both(line)) == ""


@pytest.mark.parametrize("line", MANY)
def test_one_word_of_a_second_rank(line):
    """If any instance mentions a second rank, arena does not warn."""
    assert warning({"master": ["rank 0 of 1"], "worker": ["rank 0 of 1", line]}) == ""


def test_not_all_say_so():
    """An instance that is silent, a job of one, one that failed, and kinds without one world are no alarm."""
    assert warning(both("rank 0 of 1"))
    assert warning({"master": ["rank 0 of 1"], "worker": ["loading"]}) == ""
    assert warning({"master": ["rank 0 of 1", "rank 0 of 1"]}) == ""
    assert warning({"master": ["rank 0 of 1"]}, job(("master",))) == ""
    assert warning(both("rank 0 of 1"), job(phase=Phase.FAILED)) == ""
    assert warning(both("rank 0 of 1"), job(kind="job")) == ""
    assert warning(both(*["step"] * FIRST, "rank 0 of 1")) == ""


def test_a_launcher_starts_the_ranks():
    """The launcher's log holds all ranks: as many of them as there are workers must be alone."""
    mpi = job(("launcher", "worker-0", "worker-1"), "mpijob")
    lone = job(("launcher", "worker-0"), "mpijob")
    assert warning({"launcher": ["rank 0 of 1", "rank 0 of 1"]}, mpi)
    assert warning({"launcher": ["rank 0 of 1"]}, mpi) == ""
    assert warning({"launcher": ["rank 0 of 1", "rank 0 of 1"]}, lone) == ""


def test_what_shows_it():
    """The finding has the first such line of each instance as evidence, and a remedy."""
    ranks = RankReports()
    for role in TWO:
        ranks.note(Block(f"j-{role}", "main", (), [b"loading", b"Rank 0 of 1", b"world size: 1"]))
    found = ranks.finding(job())
    assert [(one.subject, one.text) for one in found.evidence] == [
        ("pod/j-master", "rank 0 of 1"),
        ("pod/j-worker", "rank 0 of 1"),
    ]
    assert "torchrun" in found.remedy
