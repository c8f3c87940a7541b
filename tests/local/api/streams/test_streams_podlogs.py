"""logs.arena.io: what pods that are gone wrote, and every run of a container."""

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest

from arena.local.objects import JOBS, PODS

API = "apis/logs.arena.io/v1/namespaces/default/podlogs"
SPEC = {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}}


def get(rig: Any, path: str, **query: Any) -> str:
    """A GET's answer."""
    with rig.open(f"{rig.url}/{path}?{urllib.parse.urlencode(query)}") as answer:
        return str(answer.read().decode())


def refused(rig: Any, path: str, **query: Any) -> int:
    """The status of a GET that is refused."""
    with pytest.raises(urllib.error.HTTPError) as raised:
        get(rig, path, **query)
    with raised.value as error:
        assert json.loads(error.read())["kind"] == "Status"
        return error.code


@pytest.fixture(scope="module")
def job(rig):
    """The uid of a Job, two of whose pods of the same name are gone; the first was restarted."""
    made = rig.api.create(JOBS, {"metadata": {"name": "kept"}, "spec": SPEC}, "default")
    uid = made["metadata"]["uid"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "kept", "uid": uid, "controller": True}
    twice = "echo x >> runs; echo run $(wc -l < runs); test $(wc -l < runs) = 2"
    for script in (twice, "echo last; echo words"):
        containers = [{"name": "main", "image": "none", "command": ["sh", "-c", script]}]
        spec = {"restartPolicy": "OnFailure", "nodeName": "local", "containers": containers}
        meta = {"name": "kept-0", "labels": {"rank": "0"}, "ownerReferences": [owner]}
        rig.api.create(PODS, {"metadata": meta, "spec": spec}, "default")
        rig.await_phase("kept-0", "Succeeded")
        rig.api.delete(PODS, "kept-0", "default")
        rig.until(lambda: rig.api.get(PODS, "kept-0", "default") is None)
    return uid


def pods(rig: Any, job: str) -> list[Any]:
    """The PodLogs of the job, in the order of what was restarted."""
    found = json.loads(get(rig, API, labelSelector="rank=0", fieldSelector=f"job.uid={job}"))["items"]
    return sorted(found, key=lambda one: -one["pod"]["status"]["containerStatuses"][0]["restartCount"])


def test_pods_that_are_gone_are_listed(rig, job):
    """The pods that a job has had are listed, gone ones, too, each as it was last; selectors hold."""
    first, second = pods(rig, job)
    assert first["pod"]["metadata"]["name"] == second["pod"]["metadata"]["name"] == "kept-0"
    assert first["metadata"]["name"] == first["pod"]["metadata"]["uid"] != second["metadata"]["name"]
    assert first["job"]["name"] == "kept"
    assert json.loads(get(rig, API, labelSelector="rank=1"))["items"] == []
    assert json.loads(get(rig, API, fieldSelector="job.uid=../.."))["items"] == []
    assert json.loads(get(rig, API.replace("/default/", "/kube-system/")))["items"] == []
    assert len(json.loads(get(rig, "apis/logs.arena.io/v1/podlogs"))["items"]) == 2
    assert json.loads(get(rig, f"{API}/{first['metadata']['name']}")) == first


def test_every_run_can_be_read(rig, job):
    """The log of each run is read with the parameters that a pod's log takes."""
    first, second = (f"{API}/{one['metadata']['name']}/log" for one in pods(rig, job))
    assert get(rig, first, container="main") == "run 2\n"
    assert [get(rig, first, container="main", restart=n) for n in (0, 1)] == ["run 1\n", "run 2\n"]
    assert get(rig, second, container="main", tailLines=1) == "words\n"
    assert get(rig, second, container="main", follow="true", timestamps="true").count("Z ") == 2
    assert get(rig, second, container="main", sinceTime="2999-01-01T00:00:00Z") == ""


def test_a_pod_that_lives(rig):
    """The runs of a pod that lives can be read and followed; without a job it is not listed."""
    rig.sh("alive", "echo up; read x; echo $x", stdin=True)
    uid = rig.uid("alive")
    assert refused(rig, f"{API}/{uid}") == 404
    url = f"{rig.url}/{API}/{uid}/log?container=c0&restart=0&follow=1"
    with rig.open(url) as answer:
        assert answer.readline() == b"up\n"
        rig.node.stdin(uid, "c0").write_text("bye\n")
        assert answer.read() == b"bye\n"


def test_what_is_not_kept(rig, job):
    """A run, a container, a pod or a namespace that is not there is 404, and nonsense 400."""
    uid = pods(rig, job)[0]["metadata"]["name"]
    assert refused(rig, f"{API}/{uid}/log", container="main", restart=2) == 404
    assert refused(rig, f"{API}/{uid}/log", container="other") == 404
    assert refused(rig, f"{API}/{uid[:-1]}x/log", container="main") == 404
    assert refused(rig, f"{API.replace('default', 'kube-system')}/{uid}/log", container="main") == 404
    nonsense = [{"restart": number} for number in ("-1", "9" * 300, "9" * 5000, "\u0661")]
    nonsense += [{"tailLines": "9" * 5000}, {"sinceSeconds": "9" * 5000}]
    for query in ({}, {"container": "../main"}, *({"container": "main", **one} for one in nonsense)):
        assert refused(rig, f"{API}/{uid}/log", **query) == 400
    assert refused(rig, API, fieldSelector="nonsense") == 400


def test_kubectl_knows_them(rig, job):
    """Kubectl lists them and prints one."""
    code, out, err = rig.kubectl("get", "podlogs", "-o", "jsonpath={.items[*].pod.metadata.name}")
    assert (code, out, err) == (0, "kept-0 kept-0", "")
    uid = pods(rig, job)[0]["metadata"]["name"]
    assert rig.kubectl("get", "podlogs", uid, "-o", "jsonpath={.job.name}") == (0, "kept", "")
