"""The ids of findings about instances: those of `arena why`, told by the state of a pod alone."""

import re

IDS = (
    "image.pull", "image.platform", "image.ratelimit", "image.auth", "image.notfound", "config.missing",
    "sched.gpu-short", "sched.cpu-short", "sched.memory-short", "sched.resource-short", "sched.taint",
    "sched.affinity", "sched.unschedulable", "pvc.unbound", "oom.host", "deadline", "preempted",
    "node.lost", "evicted", "evicted.disk", "evicted.memory", "exit.nonzero", "signal", "start.failed",
    "failed", "waiting", "quota.namespace", "limits", "webhook.refused", "webhook.down", "pods.refused",
)  # fmt: skip
"""All of them; docs/errors.md describes each."""
IMAGE, CONFIG, EXIT, OTHER = "image.pull", "config.missing", "exit.nonzero", "waiting"
_REASONS = {
    "OOMKilled": "oom.host",
    "DeadlineExceeded": "deadline",
    "Preempting": "preempted",
    "NodeLost": "node.lost",
    "CrashLoopBackOff": EXIT,
    "CreateContainerConfigError": CONFIG,
    "InvalidImageName": "image.notfound",
    "ErrImageNeverPull": "image.notfound",
}
_UNSTARTED = ("ContainerCannotRun", "CreateContainerError", "StartError", "RunContainerError")
_PULLS = ("ImagePullBackOff", "ErrImagePull")
_PULL_FAILURES = (
    ("image.platform", r"no match(?:ing manifest)? for (?:platform|linux)|exec format error"),
    ("image.ratelimit", r"toomanyrequests|429 Too Many|rate limit"),
    ("image.auth", r"(?i)unauthorized|authentication required|no basic auth|forbidden|authorization failed"),
    ("image.notfound", r"(?i)not found|manifest unknown|does not exist|name unknown"),
)
_SHORT = r"Insufficient ([\w./-]+)"
_PLACES = (
    ("sched.taint", r"\btaint"),
    ("sched.affinity", r"node affinity|node selector|didn't match|topology spread|free ports"),
    ("pvc.unbound", r"(?i)persistentvolumeclaim"),
)
_DISK = r"(?i)ephemeral[- ]storage|disk|inodes|emptydir"


def waiting(reason: str, message: str) -> str:
    """The id for an instance that waits or has failed for this reason."""
    if reason == "Unschedulable":
        return unplaced(message)
    if reason == "Evicted":
        low = "evicted.memory" if "memory" in message else "evicted"
        return "evicted.disk" if re.search(_DISK, message) else low
    if reason in _PULLS:
        return next((id for id, pattern in _PULL_FAILURES if re.search(pattern, message)), IMAGE)
    return "start.failed" if reason in _UNSTARTED else _REASONS.get(reason, OTHER)


def failed(reason: str, message: str, code: int | None) -> str:
    """The id for an instance that has failed."""
    found = waiting(reason, message)
    if found != OTHER:
        return found
    return "failed" if not reason.startswith("exit code") else "signal" if (code or 0) > 128 else EXIT


def unplaced(message: str) -> str:
    """The id for a message of the scheduler."""
    short = re.findall(_SHORT, message)
    if any("/" in one for one in short):
        return "sched.gpu-short"
    if short:
        return f"sched.{short[0] if short[0] in ('cpu', 'memory') else 'resource'}-short"
    return next((id for id, pattern in _PLACES if re.search(pattern, message)), "sched.unschedulable")


def refused(message: str) -> str:
    """The id for a message that refuses a pod."""
    if "exceeded quota" in message or "failed quota" in message:
        return "quota.namespace"
    if re.search(r"(?:maximum|minimum|limit)[\w ]* (?:usage|per)|must specify", message):
        return "limits"
    if "failed calling webhook" in message or "failed to call webhook" in message:
        return "webhook.down"
    return "webhook.refused" if "admission webhook" in message else "pods.refused"
