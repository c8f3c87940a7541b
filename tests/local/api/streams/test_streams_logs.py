"""GET pods/{name}/log, over HTTP and through kubectl."""

import http.client
import json
import re
import time
import urllib.error

import pytest

STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z ")


@pytest.fixture(scope="module", autouse=True)
def pods(rig):
    """Pods that wrote something: one that ended, one with two containers."""
    rig.sh("lines", "seq 1 100; echo oops >&2")
    rig.run("two", {"command": ["echo", "first"]}, {"command": ["echo", "second"]})
    rig.sh("slow", "echo one; sleep 1.1; echo two")
    for name in ("lines", "two", "slow"):
        rig.await_phase(name, "Succeeded")


def get(rig, name, query=""):
    with rig.open(f"{rig.url}/api/v1/namespaces/default/pods/{name}/log?{query}") as answer:
        assert answer.headers["Content-Type"] == "text/plain"
        return answer.read().decode()


def refused(rig, name, query=""):
    with pytest.raises(urllib.error.HTTPError) as raised:
        get(rig, name, query)
    with raised.value as error:
        return error.code, json.loads(error.read())["message"]


def test_kubectl_logs(rig):
    """Kubectl prints stdout and stderr of an ended pod."""
    code, out, err = rig.kubectl("logs", "lines")
    assert (code, err) == (0, "")
    assert sorted(out.split()) == sorted([*map(str, range(1, 101)), "oops"])


def test_kubectl_tail(rig):
    """--tail counts from the end."""
    assert rig.kubectl("logs", "two", "-c", "c1", "--tail=1") == (0, "second\n", "")
    assert rig.kubectl("logs", "lines", "--tail=0") == (0, "", "")


def test_kubectl_since(rig):
    """--since and --since-time omit earlier output."""
    stamp = rig.kubectl("logs", "slow", "--timestamps", "--tail=1")[1].split()[0]
    assert rig.kubectl("logs", "slow", f"--since-time={stamp}") == (0, "two\n", "")
    assert rig.kubectl("logs", "slow", "--since=1h") == (0, "one\ntwo\n", "")
    assert get(rig, "slow", f"sinceSeconds={10**12}") == "one\ntwo\n"
    assert get(rig, "slow", f"sinceTime={stamp[:19]}Z") == "two\n"
    assert get(rig, "slow", f"sinceTime={stamp[:19]}%2B01:00") == "one\ntwo\n"


def test_kubectl_timestamps(rig):
    """--timestamps puts the time of writing before each line."""
    _, out, _ = rig.kubectl("logs", "slow", "--timestamps")
    assert [STAMP.sub("", line) for line in out.splitlines()] == ["one", "two"]
    assert all(STAMP.match(line) for line in out.splitlines())


def test_kubectl_previous(rig):
    """--previous shows the run before a restart; if there was none, it is refused."""
    script = "if test -e mark; then echo second; exec sleep 100; fi; touch mark; echo first; exit 1"
    rig.run("again", {"command": ["sh", "-c", script]}, restartPolicy="OnFailure")
    rig.until(lambda: rig.restarts("again") and rig.kubectl("logs", "again") == (0, "second\n", ""))
    assert rig.kubectl("logs", "again", "--previous") == (0, "first\n", "")
    code, _, err = rig.kubectl("logs", "lines", "--previous")
    assert code == 1
    assert 'previous terminated container "c0" in pod "lines" not found' in err


def test_kubectl_follow(rig):
    """-f shows a line as soon as it is written, and ends by itself when the pod ends."""
    rig.sh("talks", "echo up; read x; echo $x; sleep 0.1; echo bye", stdin=True)
    with rig.background("logs", "-f", "talks") as child:
        assert child.stdout.readline() == b"up\n"
        rig.node.stdin(rig.uid("talks"), "c0").write_text("go\n")
        assert child.stdout.read() == b"go\nbye\n"
        assert child.wait(10) == 0


def test_follow_is_prompt(rig):
    """A line arrives within 50 ms of its writing, unless the machine is busy: of many, one does."""
    rig.sh("clock", "while read x; do date +%s.%N; done", stdin=True)
    url = f"{rig.url}/api/v1/namespaces/default/pods/clock/log?follow=true"

    def delay():
        rig.node.stdin(rig.uid("clock"), "c0").write_text("go\n")
        written = float(answer.readline())
        return time.time() - written

    with rig.open(url) as answer:
        assert any(delay() < 0.05 for _ in range(100))


def test_a_follower_that_leaves_is_noticed(rig):
    """A client that leaves while nothing is written costs nothing: the server is free to end."""
    rig.sh("quiet", "echo up; sleep 100")
    connection = http.client.HTTPSConnection("127.0.0.1", rig.port, context=rig.trust)
    connection.request("GET", "/api/v1/namespaces/default/pods/quiet/log?follow=1")
    answer = connection.getresponse()
    assert answer.readline() == b"up\n"
    answer.close()
    connection.close()
    assert get(rig, "quiet") == "up\n"


def test_limit_bytes(rig):
    """A limit in bytes cuts anywhere."""
    assert get(rig, "lines", "limitBytes=7&container=c0") in ("1\n2\n3\n4", "oops\n1\n", "1\noops\n")
    assert len(get(rig, "lines", "limitBytes=7")) == 7


def test_many_containers_must_be_chosen_from(rig):
    """With several containers the client must name one that exists."""
    assert refused(rig, "two") == (
        400,
        "a container name must be specified for pod two, choose one of: [c0 c1]",
    )
    assert refused(rig, "two", "container=no") == (400, "container no is not valid for pod two")
    code, out, _ = rig.kubectl("logs", "two", "--all-containers")
    assert (code, sorted(out.split())) == (0, ["first", "second"])  # kubectl asks in any order


def test_what_cannot_be_read(rig):
    """A missing pod, a waiting container and nonsense in the query are refused in the API's words."""
    assert refused(rig, "none") == (404, 'pods "none" not found')
    secret = {"name": "X", "valueFrom": {"secretKeyRef": {"name": "no", "key": "k"}}}
    rig.pod("waits", {"command": ["true"], "env": [secret]})
    code, message = refused(rig, "waits")
    assert (code, message.split(":")[0]) == (400, 'container "c0" in pod "waits" is waiting to start')
    assert refused(rig, "lines", "tailLines=-1")[0] == 400
    assert refused(rig, "lines", "tailLines=--1")[0] == 400
    assert refused(rig, "lines", "sinceTime=yesterday")[0] == 400
    assert refused(rig, "lines", "sinceTime=0001-01-01T00:00:00%2B23:59")[0] == 400
    assert refused(rig, "lines", "sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z")[0] == 400


def test_a_pod_without_a_node_has_an_empty_log(rig):
    """Before a pod is placed its log is empty, as in a cluster."""
    rig.pod("unplaced", {"command": ["true"]}, nodeName="")
    assert get(rig, "unplaced") == ""


def test_fast_logs(rig):
    """A follower keeps up with a program that writes as fast as it can, and loses nothing."""
    rig.sh("fast", "sleep 0.2; seq 1 300000")
    begin = time.perf_counter()
    lines = get(rig, "fast", "follow=true").split()
    assert lines == list(map(str, range(1, 300001)))
    assert time.perf_counter() - begin < 20
