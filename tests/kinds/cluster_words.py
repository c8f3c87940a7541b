"""Jobs and pods as a cluster describes them."""

T0 = "2026-01-31T12:00:00Z"
OPERATORS = {"tfjob": "tfjob-controller", "pytorchjob": "pytorchjob-controller", "mpijob": "mpi-operator"}
UNSCHEDULABLE = {
    "type": "PodScheduled",
    "status": "False",
    "reason": "Unschedulable",
    "message": "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.",
}


def cond(kind, **more):
    return {
        "type": kind,
        "status": "True",
        "reason": f"TFJob{kind}",
        "message": "",
        "lastTransitionTime": T0,
        **more,
    }


def tfjob(*conditions, meta=None, spec=None, **status):
    template = {
        "spec": {
            "priorityClassName": "high",
            "containers": [{"name": "tensorflow", "resources": {"limits": {"nvidia.com/gpu": "2"}}}],
        }
    }
    return {
        "apiVersion": "kubeflow.org/v1",
        "kind": "TFJob",
        "metadata": {"name": "j", "namespace": "n", "uid": "u", "creationTimestamp": T0, **(meta or {})},
        "spec": {"tfReplicaSpecs": {"Worker": {"replicas": 2, "template": template}}, **(spec or {})},
        "status": {"conditions": list(conditions), **status} if conditions or status else {},
    }


def pod(index, phase="Running", *, role="worker", state=None, kind="tfjob", node="node-1", **more):
    labels = {
        "training.kubeflow.org/job-name": "j",
        "training.kubeflow.org/operator-name": OPERATORS[kind],
        "training.kubeflow.org/replica-type": role,
        "training.kubeflow.org/replica-index": str(index),
    }
    container = {"name": "main", "ready": phase == "Running", "restartCount": 0, "state": state or {}}
    reference = {"controller": True, "name": "j", "uid": more.pop("owner", "u")}
    return {
        "metadata": {
            "name": f"j-{role}-{index}",
            "namespace": "n",
            "uid": f"p{index}",
            "creationTimestamp": T0,
            "labels": labels,
            "ownerReferences": [reference],
        },
        "spec": {
            "nodeName": node,
            "containers": [{"name": "main", "resources": {"limits": {"nvidia.com/gpu": "2"}}}],
        },
        "status": {
            "phase": phase,
            "containerStatuses": [container] if state is not None or phase == "Running" else [],
            **more,
        },
    }


def waiting(reason, **more):
    return {"waiting": {"reason": reason, **more}}


def ended(code, reason="Error", at=T0):
    return {"terminated": {"exitCode": code, "reason": reason, "finishedAt": at}}
