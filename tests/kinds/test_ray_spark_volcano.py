"""Jobs of Ray, Spark and Volcano: what is sent, and how they are read."""

import shlex

import pytest
from cluster_words import T0, ended, waiting

from arena import kinds
from arena.errors import SpecError
from arena.kinds.kind import PodSummary
from arena.kinds.workload.instances import summary
from arena.kinds.workload.rendering import Rendering
from arena.model.jobs import Phase

LATER = "2026-01-31T12:10:00Z"
TEMPLATE = {"spec": {"containers": [{"name": "c", "resources": {"limits": {"nvidia.com/gpu": "2"}}}]}}
GROUP = {"groupName": "g", "replicas": 2, "numOfHosts": 1, "template": TEMPLATE}


def meta(**more):
    return {"name": "j", "namespace": "n", "uid": "u", "creationTimestamp": T0, **more}


def rayjob(**status):
    spec = {
        "entrypoint": "x",
        "rayClusterSpec": {"headGroupSpec": {"template": {}}, "workerGroupSpecs": [GROUP]},
    }
    return {"apiVersion": "ray.io/v1", "kind": "RayJob", "metadata": meta(), "spec": spec, "status": status}


def volcano(phase="", **state):
    tasks = [{"name": "worker", "replicas": 2, "template": TEMPLATE}]
    status = {"state": {"phase": phase, "lastTransitionTime": LATER, **state}} if phase else {}
    return {
        "apiVersion": "batch.volcano.sh/v1alpha1",
        "kind": "Job",
        "metadata": meta(),
        "spec": {"tasks": tasks},
        "status": status,
    }


def spark(state="", **status):
    executor = {"instances": 2, "gpu": {"name": "nvidia.com/gpu", "quantity": 2}}
    return {
        "apiVersion": "sparkoperator.k8s.io/v1beta2",
        "kind": "SparkApplication",
        "metadata": meta(),
        "spec": {"driver": {}, "executor": executor},
        "status": {"applicationState": {"state": state}, **status} if state else {},
    }


def pod(name, labels, phase="Running", owner=("j", "u"), state=None, made=T0):
    container = {"name": "c", "ready": phase == "Running", "restartCount": 0, "state": state or {}}
    reference = {"controller": True, "name": owner[0], "uid": owner[1]}
    return {
        "metadata": {
            "name": name,
            "namespace": "n",
            "uid": name,
            "creationTimestamp": made,
            "labels": labels,
            "ownerReferences": [reference],
        },
        "spec": {"nodeName": "node-1", "containers": [{"name": "c"}]},
        "status": {"phase": phase, "containerStatuses": [container]},
    }


def node(name, kind, cluster="j-x7k2p", **more):
    """A pod of a Ray cluster, as KubeRay makes it."""
    labels = {
        "ray.io/cluster": cluster,
        "ray.io/node-type": kind,
        "app.kubernetes.io/created-by": "kuberay-operator",
    }
    return pod(name, labels, owner=(cluster, "c"), **more)


def submitter(name="j-abcde", job="j", **more):
    """The pod of the batch Job that KubeRay makes to submit the program."""
    labels = {"ray.io/originated-from-cr-name": job, "ray.io/originated-from-crd": "RayJob"}
    return pod(name, labels, owner=(job, "another"), **more)


def read(obj, *pods, listed=False):
    kind = kinds.find({"RayJob": "ray", "Job": "volcano", "SparkApplication": "spark"}[obj["kind"]])
    members = [summary(one, kind.conventions) for one in pods] if listed else list(pods)
    return kind.read(obj, members)


RAY = (node("j-x7k2p-head", "head"), node("w-b", "worker"), node("w-a", "worker"), submitter())


@pytest.mark.parametrize("listed", [False, True])
def test_instances_of_a_ray_job(listed):
    """Head, workers by number and the submitter, the chief, are found, though others made the job."""
    job = read(rayjob(jobDeploymentStatus="Running", rayClusterName="j-x7k2p"), *RAY, listed=listed)
    assert [(one.role, one.index, one.chief) for one in job.instances] == [
        ("submitter", 0, True),
        ("head", 0, False),
        ("worker", 0, False),
        ("worker", 1, False),
    ]
    assert (job.wanted, job.gpus, job.phase) == (4, 4, Phase.RUNNING)


def test_pods_of_others():
    """Pods of other clusters, of other jobs and of an earlier job of that name are not the job's."""
    strangers = (
        node("s-head", "head", cluster="shared"),
        node("o-head", "head", cluster="other-x7k2p"),
        submitter("o-abcde", job="other"),
        submitter("j-early", made="2026-01-31T11:00:00Z"),
    )
    job = read(rayjob(jobDeploymentStatus="Running"), *RAY, *strangers)
    assert len(job.instances) == 4


@pytest.mark.parametrize(
    ("cluster", "job"),
    [("j-x7k2p", "j"), ("my-job-x7k2p", "my-job"), ("j-raycluster-x7k2p", "j"), ("shared", ""), ("", "")],
)
def test_job_of_a_cluster(cluster, job):
    """The name of a cluster tells the job that it was made for."""
    assert kinds.find("ray").job_of(node("p", "head", cluster=cluster)) == job


def test_selectors_of_ray_jobs(submit):
    """Our jobs' pods share labels of the job alone; those of others are among all pods of KubeRay."""
    kind = kinds.find("ray")
    ours = submit("ray", "--name", "j", "--image", "i", "x")[0]
    wanted = {"ray.io/originated-from-cr-name": "j", "ray.io/originated-from-crd": "RayJob"}
    assert kind.pods(ours) == wanted
    cluster = ours["spec"]["rayClusterSpec"]
    templates = (cluster["headGroupSpec"]["template"], cluster["workerGroupSpecs"][0]["template"])
    for template in (*templates, ours["spec"]["submitterPodTemplate"]):
        assert wanted.items() <= template["metadata"]["labels"].items()
    assert kind.pods(rayjob()) == {"app.kubernetes.io/created-by": "kuberay-operator"}


@pytest.mark.parametrize(
    ("status", "pods", "phase", "reason"),
    [
        ({}, (), "PENDING", "its operator has not seen it yet"),
        ({"jobDeploymentStatus": "Initializing"}, (), "PENDING", "no instance exists yet"),
        ({"jobDeploymentStatus": "Initializing"}, RAY[:2], "RUNNING", ""),
        ({"jobDeploymentStatus": "Running", "jobStatus": "RUNNING"}, RAY, "RUNNING", ""),
        ({"jobDeploymentStatus": "Complete", "jobStatus": "SUCCEEDED"}, (), "SUCCEEDED", ""),
        (
            {"jobDeploymentStatus": "Complete", "jobStatus": "SUCCEEDED"},
            RAY,
            "SUCCEEDED",
            "4 instances still run",
        ),
        ({"jobDeploymentStatus": "Complete", "jobStatus": "STOPPED", "message": "m"}, (), "FAILED", "m"),
        ({"jobDeploymentStatus": "Retrying", "message": "again"}, (), "RESTARTING", "again"),
        ({"jobDeploymentStatus": "Suspending"}, (), "SUSPENDED", "it is suspended"),
        (
            {"jobDeploymentStatus": "Failed", "jobStatus": "FAILED", "reason": "AppFailed", "message": "m"},
            (submitter(phase="Failed", state=ended(3)),),
            "FAILED",
            "exit code 3 on submitter",
        ),
        (
            {"jobDeploymentStatus": "Failed", "reason": "DeadlineExceeded", "message": "too long"},
            (submitter(phase="Failed", state=ended(143)),),
            "FAILED",
            "too long",
        ),
        (
            {"jobDeploymentStatus": "ValidationFailed", "reason": "ValidationFailed"},
            (),
            "FAILED",
            "ValidationFailed",
        ),
    ],
)
def test_phases_of_a_ray_job(status, pods, phase, reason):
    """The word of the deployment, then that of the program, make the phase; failures say why."""
    job = read(rayjob(**status), *pods)
    assert (job.phase.value, job.reason) == (phase, reason)


def test_times_of_a_ray_job():
    """A job ends when its program did."""
    job = read(rayjob(jobDeploymentStatus="Complete", jobStatus="SUCCEEDED", startTime=T0, endTime=LATER))
    assert (job.finished - job.started).total_seconds() == 600


@pytest.mark.parametrize(
    ("phase", "wanted"),
    [
        ("", "PENDING"),
        ("Pending", "PENDING"),
        ("Running", "RUNNING"),
        ("Restarting", "RESTARTING"),
        ("Aborted", "SUSPENDED"),
        ("Completed", "SUCCEEDED"),
        ("Terminated", "FAILED"),
        ("Failed", "FAILED"),
    ],
)
def test_phases_of_a_volcano_job(phase, wanted):
    """The phase of its state is the job's; its pods are its tasks' replicas."""
    pods = [
        pod(
            f"j-worker-{i}",
            {"volcano.sh/job-name": "j", "volcano.sh/task-spec": "worker", "volcano.sh/task-index": str(i)},
        )
        for i in range(2)
    ]
    job = read(volcano(phase), *(pods if phase == "Running" else ()))
    assert job.phase.value == wanted
    assert (job.wanted, job.gpus) == (2, 4)
    assert [(one.role, one.index) for one in job.instances] == [("worker", 0), ("worker", 1)][
        : len(job.instances)
    ]
    assert bool(job.finished) is job.phase.is_final


def test_volcano_says_why():
    """What its state says is the reason."""
    assert read(volcano("Failed", message="no more retries")).reason == "no more retries"


@pytest.mark.parametrize(("on", "action"), [(True, "AbortJob"), (False, "ResumeJob")])
def test_volcano_is_told_by_a_command(on, action):
    """A job of Volcano has no field for suspending it: a separate object requests it, and names the job."""
    change = kinds.find("volcano").suspend(volcano("Running"), on)
    assert change.patch is None
    assert change.resource.plural == "commands"
    assert change.request["action"] == action
    assert (change.request["target"]["name"], change.request["target"]["uid"]) == ("j", "u")
    assert change.request["metadata"]["generateName"].startswith("j-")


def test_volcano_is_scaled():
    """Scaling sets the pods of every task but a master's, and asks for no more of them than there are."""
    job = volcano("Running")
    job["spec"]["minAvailable"] = 5
    job["spec"]["tasks"] = [
        {"name": "master", "replicas": 1, "minAvailable": 1, "template": TEMPLATE},
        {"name": "worker", "replicas": 4, "minAvailable": 4, "template": TEMPLATE},
    ]
    spec = kinds.find("volcano").scale(job, 2).patch["spec"]
    assert [(one["replicas"], one["minAvailable"]) for one in spec["tasks"]] == [(1, 1), (2, 2)]
    assert spec["minAvailable"] == 3
    assert [one["template"] for one in spec["tasks"]] == [TEMPLATE, TEMPLATE]
    assert kinds.find("volcano").scale(job, 8).patch["spec"]["minAvailable"] == 5


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        ("", "PENDING"),
        ("SUBMITTED", "PENDING"),
        ("SUBMISSION_FAILED", "PENDING"),
        ("PENDING_RERUN", "RESTARTING"),
        ("RUNNING", "RUNNING"),
        ("SUSPENDED", "SUSPENDED"),
        ("COMPLETED", "SUCCEEDED"),
        ("FAILED", "FAILED"),
    ],
)
def test_phases_of_a_spark_job(state, wanted):
    """The state of the application is the job's; driver and executors are its instances."""
    labels = {"sparkoperator.k8s.io/app-name": "j"}
    pods = (
        pod("j-driver", {**labels, "spark-role": "driver"}),
        pod(
            "j-1-exec-1", {**labels, "spark-role": "executor", "spark-exec-id": "1"}, owner=("j-driver", "d")
        ),
    )
    job = read(spark(state, terminationTime=LATER), *(pods if state == "RUNNING" else ()))
    assert job.phase.value == wanted
    assert (job.wanted, job.gpus) == (3, 4)
    assert bool(job.finished) is job.phase.is_final
    if job.instances:
        assert [(one.role, one.index, one.chief) for one in job.instances] == [
            ("driver", 0, True),
            ("executor", 1, False),
        ]


def test_spark_says_why():
    """What the operator says of a failure is the reason, and a pod that cannot start is."""
    failed = spark("FAILED")
    failed["status"]["applicationState"]["errorMessage"] = "driver container failed"
    assert read(failed).reason == "driver container failed"
    labels = {"sparkoperator.k8s.io/app-name": "j", "spark-role": "driver"}
    stuck = pod("j-driver", labels, phase="Pending", state=waiting("ImagePullBackOff"))
    assert read(spark("SUBMITTED"), stuck).reason == "ImagePullBackOff on driver"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ray --name j --suspend --shutdown-after-finished=false x", "--suspend"),
        ("ray --name j --queue-name q --shutdown-after-finished=false x", "--queue-name"),
        ("ray --name j --worker-replicas 2 --worker-min-replicas 3 x", "--worker-min-replicas 3"),
        ("ray --name j --worker-replicas 2 --worker-max-replicas 1 x", "--worker-max-replicas 1"),
        ("ray --name j --worker-replicas -1 x", "--worker-replicas"),
        ("ray --name j --autoscaler-upscaling-mode Fast x", "--autoscaler-upscaling-mode"),
        ("ray --name j --head-memory much x", "--head-memory"),
        ("ray --name j", "COMMAND"),
        (f"ray --name {'a' * 48} x", "--name"),
        ("spark --name j --executor-memory-request 1.5g", "--executor-memory-request"),
        ("spark --name j --driver-memory-request 100m", "--driver-memory-request"),
        ("spark --name j --executor-cpu-request 500m", "--executor-cpu-request"),
        ("spark --name j --jar a.py --main-class X", "--main-class"),
        ("spark --name j --replicas 0", "--replicas"),
        ("""spark --name j "'a" """, "COMMAND"),
        ("volcano --name j --min-available 4", "--min-available 4"),
        ("volcano --name j --task-name A", "--task-name"),
        (f"volcano --name {'a' * 40} --task-name {'b' * 20}", "--name"),
        ("volcano --name j --task-port 70000", "--task-port"),
        ("volcano --name j --queue Team", "--queue"),
    ],
)
def test_bad_values(line, words, submit):
    """What an operator would refuse is refused first, by a sentence that names the flag."""
    with pytest.raises(SpecError) as caught:
        submit(*shlex.split(line))
    assert words in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("command", "shell", "wanted"),
    [
        ("python tune.py --lr 1e-3", "sh", "python tune.py --lr 1e-3"),
        ("cd code && python tune.py", "sh", "sh -c 'cd code && python tune.py'"),
        ("echo $HOME", "sh", "sh -c 'echo $HOME'"),
        ("python tune.py", "bash", "bash -c 'python tune.py'"),
    ],
)
def test_entrypoint(command, shell, wanted, submit):
    """The shell of the submitter sees nothing of the line that is meant for the head's."""
    job = submit("ray", "--name", "j", "--image", "i", "--shell", shell, command)[0]
    assert job["spec"]["entrypoint"] == wanted


def test_ray_keeps_its_cluster(submit):
    """A time to live goes with a shutdown only: without, KubeRay refuses it."""
    spec = submit("ray", "--name", "j", "--image", "i", "x")[0]["spec"]
    assert (spec["shutdownAfterJobFinishes"], spec["ttlSecondsAfterFinished"]) == (True, 10)
    spec = submit("ray", "--name", "j", "--image", "i", "--shutdown-after-finished=false", "x")[0]["spec"]
    assert spec["shutdownAfterJobFinishes"] is False
    assert "ttlSecondsAfterFinished" not in spec


def test_a_gang_of_ray_holds_no_submitter(submit):
    """A gang is the cluster: the submitter, which starts when that runs, must not be waited for."""
    spec = submit("ray", "--name", "j", "--image", "i", "--workers", "3", "--gang", "x")[0]["spec"]
    head = spec["rayClusterSpec"]["headGroupSpec"]["template"]["metadata"]["labels"]
    assert head["pod-group.scheduling.sigs.k8s.io/min-available"] == "4"
    assert not any("pod-group" in key for key in spec["submitterPodTemplate"]["metadata"]["labels"])


@pytest.mark.parametrize(
    ("words", "language", "main"),
    [
        ("", "Scala", "org.apache.spark.examples.SparkPi"),
        ("--jar local:///opt/a.jar", "Scala", None),
        ("--jar local:///opt/a.jar --main-class a.Main", "Scala", "a.Main"),
        ("--jar s3a://bucket/a.py", "Python", None),
        ("--jar local:///opt/a.R", "R", None),
    ],
)
def test_language_of_a_spark_job(words, language, main, submit):
    """The file tells the language; the example's class goes with the example's jar only."""
    spec = submit("spark", "--name", "j", *words.split())[0]["spec"]
    assert (spec["type"], spec.get("mainClass")) == (language, main)


@pytest.mark.parametrize(
    ("given", "wanted"), [("512m", "512m"), ("2G", "2g"), ("1Gi", "1g"), ("512Mi", "512m"), ("600MB", "600m")]
)
def test_memory_of_spark(given, wanted, submit):
    """Memory is written as the JVM reads it, whichever way it was given."""
    spec = submit("spark", "--name", "j", "--executor-memory-request", given)[0]["spec"]
    assert spec["executor"]["memory"] == wanted


@pytest.mark.parametrize(
    ("words", "images"),
    [
        ("", ["ubuntu", "nginx", "busybox"]),
        ("--image a", ["a"]),
        ("--task-images a,b --task-images b", ["a", "b", "b"]),
        ("--taskImages a,b", ["a", "b"]),
    ],
)
def test_tasks_of_volcano(words, images, submit):
    """Each image makes a task, also one that comes twice."""
    tasks = submit("volcano", "--name", "j", *words.split())[0]["spec"]["tasks"]
    assert [one["template"]["spec"]["containers"][0]["image"] for one in tasks] == images
    assert [one["name"] for one in tasks] == [f"task-{number}" for number in range(len(images))]
    assert all(one["template"]["spec"]["restartPolicy"] == "Never" for one in tasks)
    assert tasks[0]["template"]["metadata"]["labels"]["volcano-role"] == "driver"


@pytest.mark.parametrize(
    ("words", "limit", "action"),
    [("", None, "TerminateJob"), ("--retry 1", 2, "RestartJob"), ("--retry 3", 4, "RestartJob")],
)
def test_retries_of_volcano(words, limit, action, submit):
    """A failed pod fails the job or restarts it so often; the restart that reaches maxRetry ends it."""
    spec = submit("volcano", "--name", "j", *words.split())[0]["spec"]
    assert spec.get("maxRetry") == limit
    assert {"event": "PodFailed", "action": action} in spec["policies"]


def test_volcano_needs_an_image_for_a_command(submit):
    """A command runs in an image of the user's choice."""
    with pytest.raises(SpecError, match="--image is missing"):
        submit("volcano", "--name", "j", "python x.py")


def test_a_board_stands_beside_the_head(submit):
    """The TensorBoard of a Ray job goes where its head, which runs the program, writes."""
    board = submit("ray", "--name", "j", "--image", "i", "--tensorboard", "x")[1]
    rules = board["spec"]["template"]["spec"]["affinity"]["podAffinity"]
    (rule,) = rules["requiredDuringSchedulingIgnoredDuringExecution"]
    wanted = {"ray.io/originated-from-cr-name": "j", "ray.io/node-type": "head"}
    assert rule["labelSelector"]["matchLabels"] == wanted


@pytest.mark.parametrize(
    ("line", "image"),
    [
        ("ray --head-image h --worker-image w", "h"),
        ("ray --image i", "i"),
        ("volcano --task-images a,b", "a"),
    ],
)
def test_any_image(line, image, read_words):
    """What runs beside the program needs no image of its own."""
    word, *words = line.split()
    assert read_words(word, "--name", "j", *words, "x").any_image == image


def test_specs_come_back(submit):
    """What is recorded with a job gives the same job again."""
    import json

    from arena.kinds.spec import encode, parse

    for word, line in (
        ("ray", "--image i --worker-replicas 2 x"),
        ("spark", "--conf a.b=c --executor-memory-request 1Gi 10"),
        ("volcano", "--task-images a,a --queue q --gang"),
    ):
        kind = kinds.find(word)
        job = submit(word, "--name", "j", *line.split())[0]
        stored = json.loads(job["metadata"]["annotations"]["arena.kubeflow.org/spec"])
        spec = parse(kind.spec, stored)
        assert encode(spec) == stored
        assert kind.values(spec, Rendering(resource=kind.resources[0]))["name"] == "j"


def test_members_are_kept_small():
    """What a listing keeps of a pod is enough to read the job by."""
    kept = [summary(one, kinds.find("ray").conventions) for one in RAY]
    assert all(isinstance(one, PodSummary) for one in kept)
    assert read(rayjob(jobDeploymentStatus="Running"), *RAY) == kinds.find("ray").read(
        rayjob(jobDeploymentStatus="Running"), kept
    )
