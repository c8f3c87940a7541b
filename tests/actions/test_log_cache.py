"""Followed logs are cached on this machine, and shown when the pods are gone."""

import json
import os
import resource
import signal
import stat
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from product import Product, product
from servers import refuses, says
from shelf import Object, Shelf

from arena.actions.jobs.logs import cache as caching
from arena.actions.jobs.logs.cache import Keeper, Kept, Room
from arena.actions.jobs.logs.cached import Memory
from arena.actions.jobs.logs.lines import Block, Options
from arena.kinds import find
from arena.model.jobs import Job
from arena.resources import POD_LOGS, PODS

PYTORCHJOBS = find("pytorchjob").resources[0]
T = "2026-01-31T12:00:0{}.5Z"
OPERATOR = {"training.kubeflow.org/operator-name": "pytorchjob-controller"}


class Distant(Shelf):
    """A cluster of others with a PyTorchJob that has ended and the logs of its pods, which keeps nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self.away = 0
        """How many questions after kept logs find the cluster away."""
        self.job("u1")

    def job(self, uid: str, *pods: Object) -> None:
        """The job `bert` of this uid, and its pods."""
        roles = {"Master": {"replicas": 1}, "Worker": {"replicas": 1}}
        ended = {"type": "Succeeded", "status": "True", "lastTransitionTime": T.format(9)}
        meta = {"name": "bert", "namespace": "default", "uid": uid, "resourceVersion": "1"}
        obj = {
            "apiVersion": PYTORCHJOBS.api_version,
            "kind": "PyTorchJob",
            "metadata": meta,
            "spec": {"pytorchReplicaSpecs": roles},
            "status": {"conditions": [ended]},
        }
        self.put(PYTORCHJOBS, "default", obj)
        self.put(PODS, "default", *pods)

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        path, query = urlsplit(handler.path)[2:4]
        name = path.split("/")[-2]
        if self.away and POD_LOGS.plural in path:
            self.away -= 1
            refuses(503, "ServiceUnavailable", "away")(handler)
        elif path.endswith("/log"):
            gone = refuses(404, "NotFound", "the node is gone")
            (says(200, self.texts[name]) if name in self.texts else gone)(handler)
        elif "watch" in parse_qs(query):
            says(200, b"")(handler)
        else:
            super()._answer(handler)


def pod(role: str, uid: str = "u1") -> Object:
    """A pod of the job, which has ended."""
    kind = "training.kubeflow.org/"
    labels = {**OPERATOR, f"{kind}job-name": "bert", f"{kind}replica-type": role, f"{kind}replica-index": "0"}
    state = {"terminated": {"exitCode": 0, "startedAt": T.format(0), "finishedAt": T.format(8)}}
    return {
        "metadata": {
            "name": f"bert-{role}-0",
            "namespace": "default",
            "uid": f"{uid}-{role}",
            "labels": labels,
            "ownerReferences": [{"controller": True, "name": "bert", "uid": uid}],
        },
        "spec": {"containers": [{"name": "pytorch"}], "nodeName": "n", "restartPolicy": "Never"},
        "status": {
            "phase": "Succeeded",
            "containerStatuses": [{"name": "pytorch", "restartCount": 0, "state": state}],
        },
    }


@pytest.fixture
def distant() -> Iterator[Distant]:
    one = Distant()
    yield one
    one.close()


@pytest.fixture
def arena(tmp_path: Path, distant: Distant) -> Iterator[Product]:
    """The product, with a kubeconfig of that cluster."""
    config = {
        "clusters": [{"name": "c", "cluster": {"server": distant.url}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": ""}}],
        "current-context": "c",
    }
    (tmp_path / "kubeconfig").write_text(json.dumps(config), encoding="utf-8")
    with product(tmp_path) as made:
        made.env["KUBECONFIG"] = str(tmp_path / "kubeconfig")
        yield made


def filled(distant: Distant, uid: str = "u1") -> list[str]:
    """Let the job have two pods with two lines each; the lines as `logs` shows them."""
    distant.job(uid, pod("master", uid), pod("worker", uid))
    for rank, role in enumerate(("master", "worker")):
        lines = (f"{T.format(2 * step + rank)} rank {rank} step {step}\n" for step in range(2))
        distant.texts[f"bert-{role}-0"] = "".join(lines)
    return [f"[{('master', 'worker')[rank]}-0] rank {rank} step {step}" for step in (0, 1) for rank in (0, 1)]


def cache(arena: Product) -> Path:
    """The folder of the cache."""
    return arena.home / ".cache" / "arena" / "logs"


def test_shown_when_the_pods_are_gone(arena: Product, distant: Distant) -> None:
    """What `logs -f` saw is shown afterwards, merged by time; a line on stderr says from when it is."""
    lines = filled(distant)
    code, out, err = arena.run("logs", "bert", "-f")
    assert (code, sorted(out.splitlines())) == (0, sorted(lines)), err
    distant.job("u1")
    code, out, err = arena.run("logs", "bert")
    assert (code, out.splitlines()) == (0, lines), err
    [said] = [line for line in err.splitlines() if "cached" in line]
    assert said.startswith("the pods of master-0, worker-0 no longer exist; showing output cached until ")
    again = arena.run("logs", "bert", "-f")
    assert (again.code, again.out.splitlines()) == (0, lines)
    assert said in again.err
    assert arena.must("logs", "bert", "-i", "worker-0", "-t", "1") == "rank 1 step 1\n"
    assert arena.must("logs", "bert", "-i", "worker-0", "--since-time", T.format(3)) == "rank 1 step 1\n"


def test_a_follower_outlives_a_cluster_that_is_away(arena: Product, distant: Distant) -> None:
    """A follower retries the request for the pods that a job has had, like those for their logs."""
    lines = filled(distant)
    distant.away = 5
    said = arena.run("logs", "bert", "-f")
    assert (said.code, sorted(said.out.splitlines())) == (0, sorted(lines)), said.err
    assert not distant.away


def test_only_one_is_gone(arena: Product, distant: Distant) -> None:
    """Of an instance that is there the cluster is asked."""
    lines = filled(distant)
    arena.must("logs", "bert", "-f")
    distant.job("u1", pod("master"))
    distant.texts["bert-master-0"] += f"{T.format(7)} rank 0 ends\n"
    code, out, err = arena.run("logs", "bert")
    assert (code, out.splitlines()) == (0, [*lines, "[master-0] rank 0 ends"]), err
    assert "the pod of worker-0 no longer exists; showing output cached until " in err
    assert "master-0" not in err


def test_a_pod_whose_log_is_gone(arena: Product, distant: Distant) -> None:
    """If the pod exists, but its node has lost the log, the cached log is shown."""
    lines = filled(distant)
    arena.must("logs", "bert", "-f")
    del distant.texts["bert-worker-0"]
    code, out, err = arena.run("logs", "bert")
    assert (code, out.splitlines()) == (0, lines), err
    assert "worker-0: the log no longer exists; showing output cached until " in err


def test_another_job_of_the_name(arena: Product, distant: Distant) -> None:
    """What was followed of a job is not shown of the next one of its name, nor of one in another cluster."""
    filled(distant)
    arena.must("logs", "bert", "-f")
    distant.job("u2")
    code, out, err = arena.run("logs", "bert")
    assert (code, out) == (0, "")
    assert "followed" not in err
    distant.job("u1")
    other = arena.home / "other"
    text = (arena.home / "kubeconfig").read_text("utf-8").replace("127.0.0.1", "localhost")
    other.write_text(text, encoding="utf-8")
    assert arena.must("logs", "bert", KUBECONFIG=str(other)) == ""


def test_for_this_user_alone(arena: Product, distant: Distant) -> None:
    """Folders are 0700 and files 0600, whatever the umask."""
    filled(distant)
    before = os.umask(0)
    try:
        arena.must("logs", "bert", "-f")
    finally:
        os.umask(before)
    found = [cache(arena).parent, cache(arena), *cache(arena).rglob("*")]
    modes = {stat.S_IMODE(one.stat().st_mode) for one in found if one.is_dir()}
    assert modes == {0o700}
    files = [one for one in found if one.is_file()]
    assert len(files) == 2
    assert {stat.S_IMODE(one.stat().st_mode) for one in files} == {0o600}


def test_turned_off(arena: Product, distant: Distant) -> None:
    """The setting turns it off, also as YAML reads the word."""
    filled(distant)
    arena.must("logs", "bert", "-f", ARENA_LOG_CACHE="off")
    own = arena.home / ".config" / "arena" / "config.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("log-cache: off\n", encoding="utf-8")
    arena.must("logs", "bert", "-f")
    assert not cache(arena).exists()


AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a folder to another user")


@pytest.mark.parametrize("what", ["folder", "job", "open", pytest.param("theirs", marks=AS_ROOT)])
def test_never_where_others_could_write(arena: Product, distant: Distant, what: str) -> None:
    """Nothing is written through links or into folders that others may write; the output comes."""
    lines = filled(distant)
    elsewhere = arena.home / "elsewhere"
    elsewhere.mkdir()
    folder = cache(arena)
    folder.parent.mkdir(parents=True)
    if what == "folder":
        folder.symlink_to(elsewhere)
        elsewhere.chmod(0o777)
    elif what == "job":
        folder.mkdir()
        job = Job(name="bert", namespace="default", kind="", phase=None, uid="u1")
        address = distant.url.removeprefix("http://")
        (folder / caching.folder_of(address, job)).symlink_to(elsewhere)
    elif what == "open":
        folder.mkdir()
        folder.parent.chmod(0o777)
    else:
        folder.mkdir()
        os.chown(folder, 65534, 65534)
    code, out, err = arena.run("logs", "bert", "-f")
    assert (code, sorted(out.splitlines())) == (0, sorted(lines)), err
    assert not list(elsewhere.iterdir())
    assert not [one for one in folder.rglob("*") if one.is_file()]


def test_several_followers_at_once(arena: Product, distant: Distant) -> None:
    """What several followers saw at the same time is shown once."""
    lines = filled(distant)
    followers = [arena.start("logs", "bert", "-f") for _ in range(3)]
    for one in followers:
        one.communicate(timeout=60)
        assert one.returncode == 0
    distant.job("u1")
    assert arena.must("logs", "bert").splitlines() == lines
    assert len([one for one in cache(arena).rglob("*") if one.is_file()]) == 6


# ---- the parts


JOB = Job(name="bert", namespace="default", kind="pytorchjob", phase=None, uid="u1")


def block(number: int, *lines: str, restart: int = 0, uid: str = "p") -> Block:
    """Lines of a worker, the first at this second."""
    raw = [f"{T.format(number + place)} {line}".encode() for place, line in enumerate(lines)]
    return Block("bert-worker-0", "pytorch", uid=uid, restart=restart, raw=raw, lines=[b"x"] * len(raw))


def saw(kept: Kept, *blocks: Block) -> None:
    """One follower sees these."""
    with Keeper(kept) as keeper:
        keeper.learn(JOB)
        for one in blocks:
            keeper.write(one)


def text(kept: Kept, **options: object) -> list[bytes]:
    """The cached lines when nothing exists any more."""
    memory = Memory(kept.runs(JOB), [], Options(**options))
    return [block.lines[0] for one in memory.gone for _, block in memory.told(one)]


def test_what_several_saw_in_part(tmp_path: Path) -> None:
    """Followers that came late or left early together have all lines, and none twice."""
    kept = Kept(Room(tmp_path / "logs", 1 << 20), "c")
    saw(kept, block(1, "a", "b"))
    saw(kept, block(2, "b", "c"), block(4, "d"))
    saw(kept, block(4, "d"))
    assert text(kept) == [b"a", b"b", b"c", b"d"]


def test_runs(tmp_path: Path) -> None:
    """Each run is kept for itself: the last is shown, others by --previous and --attempt."""
    kept = Kept(Room(tmp_path / "logs", 1 << 20), "c")
    saw(kept, block(1, "first"), block(3, "second", restart=1))
    saw(kept, block(5, "replaced", uid="q"))
    assert text(kept) == [b"replaced"]
    assert text(kept, previous=True) == [b"second"]
    assert [text(kept, attempt=number) for number in (1, 2, 3, 4)] == [
        [b"first"], [b"second"], [b"replaced"], [],
    ]  # fmt: skip


def test_a_line_that_was_cut_off(tmp_path: Path) -> None:
    """A follower that was killed while it wrote leaves whole lines only."""
    kept = Kept(Room(tmp_path / "logs", 1 << 20), "c")
    saw(kept, block(1, "a", "b"))
    [file] = (one for one in (tmp_path / "logs").rglob("*") if one.is_file())
    file.write_bytes(file.read_bytes()[:-1])
    assert text(kept) == [b"a"]


def test_what_is_no_record(tmp_path: Path) -> None:
    """Files of others in the folder are ignored."""
    kept = Kept(Room(tmp_path / "logs", 1 << 20), "c")
    saw(kept, block(1, "a"))
    [folder] = (tmp_path / "logs").iterdir()
    for name, content in (("x", b""), ("y", b"[]\n"), ("z", b'{"uid": 1}\n')):
        (folder / name).write_bytes(content)
    (folder / "w").mkdir()
    assert text(kept) == [b"a"]


def test_never_more_than_its_room(tmp_path: Path) -> None:
    """The oldest is removed first, and the cache stays within the limit."""
    limit = 64 << 10
    kept = Kept(Room(tmp_path / "logs", limit), "c")
    saw(kept, block(1, "old", uid="o"))
    with Keeper(kept) as keeper:
        keeper.learn(JOB)
        for number in range(3000):
            raw = [f"{T.format(2)} line {number} {'x' * 80}".encode()]
            keeper.write(Block("bert-worker-1", "pytorch", uid="n", raw=raw, lines=[b"x"]))
        sizes = [one.stat().st_size for one in (tmp_path / "logs").rglob("*") if one.is_file()]
    assert limit // 2 < sum(sizes) <= limit + limit // 8
    found = {run.uid: run for run in kept.runs(JOB)}
    assert set(found) == {"n"}
    last = b"".join(text for _, text in list(found["n"].lines())[-1:])
    assert last.startswith(b"line 2999 ")


def test_a_follower_outlives_a_full_disk(tmp_path: Path) -> None:
    """What fits is cached, and a follower does not notice that the rest is not."""
    kept = Kept(Room(tmp_path / "logs", 1 << 20), "c")
    limits, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        saw(kept, *(block(number, f"{number}" * 300) for number in range(9)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert text(kept) == [b"0" * 300, b"1" * 300]


def test_a_file_that_cannot_be_closed(tmp_path: Path) -> None:
    """Some disks report only then that they are full; a follower does not notice that either."""
    kept = Kept(Room(tmp_path / "logs", 1 << 20), "c")
    with Keeper(kept) as keeper:
        keeper.learn(JOB)
        keeper.write(block(1, "a"))
        for one in keeper._files.values():
            os.close(one.number)
    assert text(kept) == [b"a"]


def test_nothing_is_kept_where_no_folder_can_be(tmp_path: Path) -> None:
    """If nothing can be cached, a follower does not notice."""
    (tmp_path / "logs").write_text("no folder", encoding="utf-8")
    kept = Kept(Room(tmp_path / "logs", 1 << 20), "c")
    saw(kept, block(1, "a"), block(2, "b"))
    assert kept.runs(JOB) == []
