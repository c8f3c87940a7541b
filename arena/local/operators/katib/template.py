"""The job of a trial, made of the template of its Experiment."""

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any

from arena.local import yaml_text
from arena.local.machinery.pod_template import set_env
from arena.local.objects import CONFIGMAPS, Object, Objects
from arena.local.operators.katib import kinds

PLACEHOLDER = re.compile(r"\$\{trialParameters\.([^{}]*)\}")
_META = re.compile(r"\$\{trialSpec\.(?:(Name|Namespace|Kind|APIVersion)|(Annotations|Labels)\[([^\]]+)\])\}")


_TTL = "ttlSecondsAfterFinished"
LEAST = 60
"""Seconds for which the job of a trial stays after its end, whatever its own time to live is."""


class Unusable(Exception):
    """The template cannot become a job; the message says why."""


def is_meta(reference: str) -> bool:
    """Whether a reference is of the job itself, such as `${trialSpec.Name}`."""
    return _META.fullmatch(reference) is not None


def texts(node: Any) -> Iterator[str]:
    """All texts and keys in a JSON value."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for name, value in node.items():
            yield name
            yield from texts(value)
    elif isinstance(node, list):
        for one in node:
            yield from texts(one)


def placeholders(node: Any) -> set[str]:
    """The names of the trial parameters that a JSON value uses."""
    return {name for text in texts(node) for name in PLACEHOLDER.findall(text)}


def job(objects: Objects, experiment: Object, name: str, assignments: Mapping[str, str]) -> Object:
    """The job of the trial `name`, with these values of the search's parameters.

    Values are filled into texts, so that none can become structure; a template of a ConfigMap is text as a
    whole, as with Katib, and can fill numbers.

    Raises:
        Unusable: there is no template, or it needs what there is not.
    """
    template = experiment["spec"]["trialTemplate"]
    meta = {"name": name, "namespace": experiment["metadata"]["namespace"]}
    parameters = template.get("trialParameters") or []
    source = template.get("trialSpec")
    if source is None:
        text = _stored(objects, template.get("configMap") or {})
        about = _document(PLACEHOLDER.sub("0", text))
        found = _document(_filled(text, _values(parameters, assignments, about, meta)))
    else:
        found = _substituted(source, _values(parameters, assignments, source, meta))
    if not found.get("apiVersion") or not found.get("kind"):
        raise Unusable("the template of the trial has no apiVersion or no kind")
    return {**found, "metadata": {**(found.get("metadata") or {}), **meta}}


def _stored(objects: Objects, source: Object) -> str:
    """The template in a ConfigMap."""
    name, namespace, path = (
        source.get(f"{one}") for one in ("configMapName", "configMapNamespace", "templatePath")
    )
    there = objects.get(CONFIGMAPS, str(name), str(namespace))
    if there is None:
        raise Unusable(f'there is no ConfigMap "{name}" in namespace "{namespace}"')
    text = (there.get("data") or {}).get(path)
    if text is None:
        raise Unusable(f'the ConfigMap "{name}" has no key "{path}"')
    return str(text)


def _document(text: str) -> Object:
    try:
        return yaml_text.document(text)
    except ValueError as error:
        raise Unusable(f"the template of the trial is not YAML: {error}") from error


def _values(
    parameters: list[Object], assignments: Mapping[str, str], about: Object, meta: Mapping[str, str]
) -> dict[str, str]:
    """The value of each trial parameter."""
    found = {}
    for one in parameters:
        name, reference = str(one.get("name")), str(one.get("reference"))
        value = _of_job(reference, about, meta) if is_meta(reference) else assignments.get(reference)
        if value is None:
            raise Unusable(f"the trial parameter {name} refers to {reference}, which has no value")
        found[name] = value
    return found


def _of_job(reference: str, about: Object, meta: Mapping[str, str]) -> str | None:
    match = _META.fullmatch(reference)
    assert match
    field, group, item = match.groups()
    if group:
        return ((about.get("metadata") or {}).get(group.lower()) or {}).get(item)
    known = {"Name": meta["name"], "Namespace": meta["namespace"]}
    known |= {"Kind": str(about.get("kind")), "APIVersion": str(about.get("apiVersion"))}
    return known[field]


def _filled(text: str, values: Mapping[str, str]) -> str:
    """A text with values; placeholders in values stay as they are."""
    return PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


def _substituted(node: Any, values: Mapping[str, str]) -> Any:
    if isinstance(node, str):
        return _filled(node, values)
    if isinstance(node, dict):
        return {_filled(name, values): _substituted(value, values) for name, value in node.items()}
    if isinstance(node, list):
        return [_substituted(one, values) for one in node]
    return node


def lasting(found: Object) -> Object:
    """A copy of a job that does not delete itself before its trial has read how it ended."""
    made: Object = copy.deepcopy(found)
    for holder in (made.get("spec"), (made.get("spec") or {}).get("runPolicy")):
        if isinstance(holder, dict) and isinstance(seconds := holder.get(_TTL), int) and seconds < LEAST:
            holder[_TTL] = LEAST
    return made


def pod_templates(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Object]]:
    """The pod templates in a job, each with its path; the job itself if it is a pod."""
    if isinstance(node, dict):
        if isinstance(node.get("spec"), dict) and isinstance(node["spec"].get("containers"), list):
            yield path, node
        for name, value in node.items():
            yield from pod_templates(value, (*path, name))
    elif isinstance(node, list):
        for one in node:
            yield from pod_templates(one, path)


def mark(
    found: Object, labels: Mapping[str, str], note: Mapping[str, str], container: str, folder: str = ""
) -> None:
    """Mark all pods of a job, in place, as those of a trial.

    Katib does so when pods are created, in namespaces that a label chooses. Here the operator does so before:
    the local cluster has no webhooks on pods, and nobody has to label a namespace.

    Args:
        found: the job.
        labels: of all its pods.
        note: annotations of the pods whose metrics are collected.
        container: the name of the container that trains.
        folder: where it writes its metrics, which each trial has for itself; "" if it prints them.
    """
    leads = _leads(found)
    name = {kinds.TRIAL_NAME: labels[kinds.TRIAL_LABEL]}
    for path, pod in pod_templates(found):
        meta = pod["metadata"] = {**(pod.get("metadata") or {})}
        meta["labels"] = {**(meta.get("labels") or {}), **labels}
        mine = [one for one in pod["spec"]["containers"] if one.get("name") == container]
        if mine and (not leads or leads & set(path)):
            meta["annotations"] = {**(meta.get("annotations") or {}), **note}
            _mount(pod["spec"], mine if found["kind"] != "TrainJob" else [], folder)
        # A TrainJob sets variables of its trainer only there, and refuses them in patches of its runtime.
        for one in mine if found["kind"] != "TrainJob" else ():
            set_env(one, name)
    if found["kind"] == "TrainJob":
        _mark_runtime(found, labels, note, name)
        _mount_runtime(found["spec"]["runtimePatches"][-1], container, folder)


VOLUME = "metrics-volume"
"""The volume of the metrics, as Katib names it."""


def _mount(spec: Object, containers: list[Object], folder: str) -> None:
    """Mount a new folder where a container writes its metrics, unless something is mounted there."""
    if not folder or not containers:
        return
    mounts = [
        one.get("mountPath", "").rstrip("/") for each in containers for one in each.get("volumeMounts") or ()
    ]
    if any(folder == one or folder.startswith(f"{one}/") for one in mounts):
        return
    spec["volumes"] = [*(spec.get("volumes") or []), {"name": VOLUME, "emptyDir": {}}]
    for one in containers:
        mount = {"name": VOLUME, "mountPath": folder}
        one["volumeMounts"] = [*(one.get("volumeMounts") or []), mount]


def _mount_runtime(patch: Object, container: str, folder: str) -> None:
    """As `_mount`, for the pods of a TrainJob."""
    if not folder:
        return
    [job] = patch["trainingRuntimeSpec"]["template"]["spec"]["replicatedJobs"]
    mount = {"name": container, "volumeMounts": [{"name": VOLUME, "mountPath": folder}]}
    pod = job["template"]["spec"]["template"]
    pod["spec"] = {"volumes": [{"name": VOLUME, "emptyDir": {}}], "containers": [mount]}


def _leads(found: Object) -> set[str]:
    """The replicas of a kubeflow.org job whose metrics count; empty if all may."""
    spec = found.get("spec") or {}
    replicas = next((spec[one] for one in spec if one.endswith("ReplicaSpecs")), None) or {}
    return {one for one in replicas if one.lower() in ("master", "chief", "launcher")}


def _mark_runtime(
    found: Object, labels: Mapping[str, str], note: Mapping[str, str], name: Mapping[str, str]
) -> None:
    """Mark the pods of a TrainJob, whose template is that of its runtime."""
    spec = found["spec"]
    pod = {"metadata": {"labels": dict(labels), "annotations": dict(note)}}
    job = {"name": "node", "template": {"spec": {"template": pod}}}
    change = {"template": {"spec": {"replicatedJobs": [job]}}}
    patch = {"manager": f"{kinds.GROUP}/katib", "trainingRuntimeSpec": change}
    spec["runtimePatches"] = [*(spec.get("runtimePatches") or []), patch]
    if spec.get("trainer"):
        set_env(spec["trainer"], name)
