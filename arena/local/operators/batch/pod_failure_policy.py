"""The podFailurePolicy of a Job: what its rules say about a failed pod."""

from arena.local.machinery import pod_status
from arena.local.objects import Object, key

COUNT, IGNORE, FAIL_JOB, FAIL_INDEX = "Count", "Ignore", "FailJob", "FailIndex"


def action(job: Object, pod: Object) -> tuple[str, str]:
    """The action of the first rule that matches a failed pod, and the reason; Count if no rule matches."""
    for number, rule in enumerate((job["spec"].get("podFailurePolicy") or {}).get("rules") or []):
        found = _exit(rule.get("onExitCodes") or {}, pod) or _condition(rule, pod)
        if found:
            namespace, name = key(pod)
            chosen = str(rule["action"])
            return chosen, f"{found} of pod {namespace}/{name} matches the {chosen} rule at index {number}"
    return COUNT, ""


def _exit(wanted: Object, pod: Object) -> str:
    """The exit code that a rule names (or, with NotIn, does not name), as text; "" for none."""
    codes, inside = wanted.get("values") or [], wanted.get("operator") == "In"
    for one in pod_status.statuses(pod) if wanted else []:
        code = ((one.get("state") or {}).get("terminated") or {}).get("exitCode")
        if code and one["name"] == (wanted.get("containerName") or one["name"]) and (code in codes) is inside:
            return f"exit code {code} of container {one['name']}"
    return ""


def _condition(rule: Object, pod: Object) -> str:
    """The pod's condition that a rule names, as text; "" for none."""
    there = {(one["type"], one["status"]) for one in (pod.get("status") or {}).get("conditions") or []}
    for one in rule.get("onPodConditions") or []:
        if (one["type"], one.get("status") or "True") in there:
            return f"condition {one['type']}"
    return ""
