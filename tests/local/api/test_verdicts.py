"""What the local API accepts and refuses, judged by a real API server.

What Kubernetes 1.20 said of every case of `verdict_cases` is kept beside it; with ARENA_TEST_KUBECONFIG a
server is asked anew, and with ARENA_TEST_RECORD besides the files are written. Where newer servers differ,
the local API does as they do: WORDS and CHANGED tell what changed, and where that is known from.
"""

import json
import os
import re
from typing import Any

import pytest
from golden import Ask
from product import until
from test_golden import Api as Client
from verdicts import FOLDER, Case, agrees, load, verdict

from arena.local.api import Api, refusals, resource_types
from arena.local.api.request_options import DeleteOptions, WriteOptions
from arena.local.objects import Refused

FILES = ("pods", "volumes", "kinds", "changes")
TESTER, DRY = WriteOptions(manager="test"), WriteOptions(manager="test", dry=True)
TYPES = {one.resource.kind: one.resource for one in resource_types.STORED}
OLDER = {"CronJob": "batch/v1beta1", "PodDisruptionBudget": "policy/v1beta1"}
"""The versions that the recorded server has of kinds that it has no other of."""

WORDS = {
    # k8s.io/apimachinery 0.36.4: util/validation, api/validation
    "must contain at least one letter or number (a-z, 0-9)": "must contain at least one letter (a-z)",
    "for a and b": "for Pod/a and Pod/b",
    "kind must not be empty": "must not be empty",
    "name must not be empty": "must not be empty",
    "uid must not be empty": "must not be empty",
    ": must be valid IP address": ": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
    "value: \"null\"": "value: null",
    # pkg/apis/core/validation of 1.33
    "FieldValueInvalid Invalid value: ...: must not be set for init containers":
        "FieldValueForbidden Forbidden: may not be set for init containers without restartPolicy=Always",
    "FieldValueInvalid Invalid value: \"Sometimes\": must be 'File' or 'FallbackToLogsOnError'":
        "FieldValueNotSupported Unsupported value: \"Sometimes\": supported values: \"File\", "
        "\"FallbackToLogsOnError\"",
    "containerPort FieldValueInvalid Invalid value: 80: must match `hostPort`":
        "hostPort FieldValueInvalid Invalid value: 81: must match `containerPort`",
    "must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit":
        "must consist only of printable ASCII characters other than '='",
    "\"status.hostIP\", ": "\"status.hostIP\", \"status.hostIPs\", ",
    "to cpu limit": "to cpu limit of 1",
    "to memory limit": "to memory limit of 1Gi",
    "to ephemeral-storage limit": "to ephemeral-storage limit of 1Gi",
    "to nvidia.com/gpu limit": "to nvidia.com/gpu limit of 2",
    "to hugepages-2Mi limit": "to hugepages-2Mi limit of 4Mi",
    "regex ([a-z0-9]([-_a-z0-9]*[a-z0-9])?\\.)*[a-z0-9]([-_a-z0-9]*[a-z0-9])?":
        "regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$",
    "hostAliases.ip ": "hostAliases[0].ip ",
    "hostAliases.hostnames ": "hostAliases[0].hostnames[0] ",
    "searches[0] FieldValueInvalid Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of "
    "lower "
    "case alphanumeric characters, '-'":
        "searches[0] FieldValueInvalid Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of "
        "lower case alphanumeric characters, '_', '-'",
    "type of PersistentVolumeClaim for block": "type of PersistentVolumeClaim or Ephemeral for block",
    "\"ReadWriteOnce\"": "\"ReadWriteOnce\", \"ReadWriteOncePod\"",
    "`spec.containers[*].image`, `spec.initContainers[*].image`, `spec.activeDeadlineSeconds` or "
    "`spec.tolerations` (only additions to existing tolerations)":
        "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
        "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
        "(allow it to be set to 1 if it was previously negative)",
    "except resources.requests for": "except resources.requests and volumeAttributesClassName for",
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and end with":
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must "
        "start "
        "and end with",
    "ExternalTrafficPolicy can only be set on NodePort and LoadBalancer service":
        "may only be set for externally-accessible services",
    "FieldValueInvalid Invalid value: \"Other\": ExternalTrafficPolicy must be empty, Cluster or Local":
        "FieldValueNotSupported Unsupported value: \"Other\": supported values: \"Cluster\", \"Local\"",
    "HealthCheckNodePort can only be set on LoadBalancer service with ExternalTrafficPolicy=Local":
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    # pkg/apis/apps/validation of 1.32, pkg/apis/coordination/validation
    "'replicas', 'template', and 'updateStrategy'":
        "'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
        "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds'",
    "must to greater or equal than 0": "must be greater than or equal to 0",
    # the local API's own words, of what parsers of JSON and schedules say
    "invalid character 'v' looking for beginning of value": "is not valid JSON",
    "Expected exactly 5 fields, found 4: * * * *":
        "\"* * * *\" has 4 fields, and a schedule has five: minute hour day month weekday",
    "End of range (61) above maximum (59): 61": "\"61\" is no minute: it must be 0 to 59",
}  # fmt: skip
"""Messages of the recorded server -> what newer ones, and the local API, say."""

REFUSED = "422 Invalid"
ACCEPTED: list[str] = []
_HUGE = 'FieldValueInvalid Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi'
_LIMITS = "spec.containers[0].resources"
_LONG = 'FieldValueInvalid Invalid value: "' + "x" * 64 + '": must be no more than 63 characters'

CHANGED: dict[tuple[str, str], list[str]] = {
    # pkg/apis/core/validation of 1.33
    ("Pod", '{"spec.containers[0].env": [{"name": "1a", "value": "a"}]}'): ACCEPTED,
    ("Pod", '{"spec.containers[0].envFrom": [{"prefix": "1", "configMapRef": {"name": "a"}}]}'): ACCEPTED,
    ("Pod", '{"spec.dnsConfig": {"searches": ["a", "b", "c", "d", "e", "f", "g"]}}'): ACCEPTED,
    ("Pod", '{"spec.containers[0].securityContext": {"procMount": "Other"}}'): [REFUSED,
        "spec.containers[0].securityContext.procMount FieldValueNotSupported Unsupported value: \"Other\": "
        "supported values: \"Default\", \"Unmasked\""],
    ("Pod", '{"spec.containers[0].resources": {"limits": {"hugepages-2Mi": "3Mi", "cpu": 1}}}'): [REFUSED,
        f"{_LIMITS}.limits[hugepages-2Mi] {_HUGE}", f"{_LIMITS}.requests[hugepages-2Mi] {_HUGE}"],
    # the label that servers of 1.21 and newer set
    ("Namespace", '{"metadata.name": "' + "x" * 64 + '"}'): [REFUSED, f"metadata.labels {_LONG}",
        f"metadata.name {_LONG}"],
    # a port that a dry run of 1.20 does not allocate
    ("Service", '{"spec.type": "NodePort", "spec.ports": [{"port": 80, "nodePort": 20}]}'): [REFUSED,
        "spec.ports[0].nodePort FieldValueInvalid Invalid value: 20: provided port is not in the valid "
        "range. "
        "The range of valid ports is 30000-32767"],
    # pkg/apis/apps/validation of 1.33
    ("StatefulSet", '{"to": {"spec.revisionHistoryLimit": 3}}'): ACCEPTED,
    # fields that are behind a gate in 1.20, and the selector of 1.27 and newer
    ("Job", '{"spec.ttlSecondsAfterFinished": -1}'): [REFUSED,
        "spec.ttlSecondsAfterFinished FieldValueInvalid Invalid value: -1: must be greater than or equal "
        "to 0"],
    ("Job", '{"spec.template.metadata.labels": {"controller-uid": "x"}}'): [REFUSED,
        "spec.template.metadata.labels[controller-uid] FieldValueInvalid Invalid value: ...: must be '...'"],
    # pods have loopback addresses here
    ("Endpoints", '{"subsets[0].addresses": [{"ip": "127.0.0.1"}]}'): ACCEPTED,
    ("Endpoints", '{"to": {"subsets[0].addresses": [{"ip": "127.0.0.1"}]}}'): ACCEPTED,
    # there are no RuntimeClasses here, and service accounts need not exist
    ("Pod", '{"spec.runtimeClassName": "A_"}'): [REFUSED,
        "spec.runtimeClassName FieldValueInvalid Invalid value: \"A_\": a lowercase RFC 1123 subdomain must "
        "consist of lower case alphanumeric characters, '-' or '.', and must start and end with an "
        "alphanumeric character"],
    ("Pod", '{"spec.serviceAccountName": "A_"}'): [REFUSED,
        "spec.serviceAccountName FieldValueInvalid Invalid value: \"A_\": a lowercase RFC 1123 subdomain "
        "must "
        "consist of lower case alphanumeric characters, '-' or '.', and must start and end with an "
        "alphanumeric character"],
    # a claim is bound at once here, so it may grow
    ("PersistentVolumeClaim", '{"to": {"spec.resources.requests.storage": "2Gi"}}'): ACCEPTED,
}  # fmt: skip
"""Cases of which newer servers, or the local one on purpose, think otherwise."""
LEFT_OUT = re.compile(r"metadata\.annotations\.seccomp|.*: must be a valid IP address$")
"""Recorded causes that newer servers lack: of an annotation that 1.20 makes, and one that is there twice."""


def expected(case: Case, recorded: list[str]) -> list[str]:
    """What a server of today says where the recorded one said that."""
    if (case.kind, case.name) in CHANGED:
        return CHANGED[case.kind, case.name]
    said = [one for one in recorded if not LEFT_OUT.match(one)]
    for old, new in WORDS.items():
        said = [one.replace(old, new) for one in said]
    return said


def merged(now: Any, old: Any, new: Any) -> Any:
    """An object as it is on a server, with what differs between the two others."""
    if isinstance(now, dict) and isinstance(old, dict) and isinstance(new, dict):
        kept = {key: value for key, value in now.items() if key in new or key not in old}
        changed = {
            key: merged(now.get(key), old.get(key), new[key]) for key in new if new[key] != old.get(key)
        }
        return kept | changed
    if isinstance(now, list) and isinstance(old, list) and isinstance(new, list):
        pairs = zip([*now, *[None] * len(new)], [*old, *[None] * len(new)], new, strict=False)
        return [one if one == before else merged(was, before, one) for was, before, one in pairs]
    return new


def ours(api: Api, case: Case) -> list[str]:
    """What the local API says."""
    resource = TYPES[case.kind]
    space = "default" if resource.namespaced else None
    try:
        if case.change is None:
            api.create(resource, case.body, space, DRY)
            return ACCEPTED
        name = api.create(resource, case.body, space, TESTER)["metadata"]["name"]
        try:
            change = lambda now: merged(now, case.body, case.change)  # noqa: E731
            api.change(resource, name, space, change, how=DRY)
        finally:
            api.remove(resource, name, space, DeleteOptions(grace=0))
    except Refused as refused:
        return verdict(refused.code, refusals.status(refused))
    return ACCEPTED


@pytest.fixture(scope="module")
def memory():
    api = Api(":memory:", range(0))
    yield api
    api.close()


@pytest.mark.parametrize("file", FILES)
def test_objects_are_accepted_and_refused_as_on_a_cluster(memory, file):
    """Of each case the local API reports the reason and the causes that a real server does."""
    recorded = json.loads((FOLDER / f"{file}.json").read_text(encoding="utf-8"))
    different = {}
    for case in load(file):
        wanted, said = expected(case, recorded[case.kind][case.name]), ours(memory, case)
        if not agrees(wanted, said):
            different[case.kind, case.name] = (wanted, said)
    assert different == {}


def test_what_the_recorded_server_does_not_know(memory):
    """What is newer than the recorded server is accepted and refused by the rules of newer ones."""
    different = {}
    for case in load("newer"):
        wanted, said = [REFUSED, *case.causes] if case.causes else ACCEPTED, ours(memory, case)
        if not agrees(wanted, said):
            different[case.name] = said
    assert different == {}


def test_every_exception_is_a_case():
    """What is told of newer servers is of cases that there are."""
    cases = {(one.kind, one.name) for file in FILES for one in load(file)}
    assert CHANGED.keys() - cases == set()


class Judge:
    """A real API server."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def verdict(self, case: Case) -> list[str]:
        """What it says."""
        version = OLDER.get(case.kind, TYPES[case.kind].api_version)
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        space = "/namespaces/default" if TYPES[case.kind].namespaced else ""
        path = f"{root}{space}/{TYPES[case.kind].plural}"
        body = {"apiVersion": version, "kind": case.kind, **case.body}
        if case.change is None:
            return verdict(*self._client.ask(Ask("POST", f"{path}?dryRun=All", body)))
        assert self._client.ask(Ask("POST", path, body))[0] == 201, case
        path = f"{path}/{case.body['metadata']['name']}"
        try:
            return self._change(path, case)
        finally:
            self._client.ask(Ask("DELETE", f"{path}?gracePeriodSeconds=0&propagationPolicy=Background"))
            until(lambda: self._is_gone(path), 60)

    def _change(self, path: str, case: Case) -> list[str]:
        code, said = 409, {}
        while code == 409:
            now = self._client.ask(Ask("GET", path))[1]
            body = merged(now, case.body, case.change)
            code, said = self._client.ask(Ask("PUT", f"{path}?dryRun=All", body))
        return verdict(code, said)

    def _is_gone(self, path: str) -> bool:
        code, now = self._client.ask(Ask("GET", path))
        if code == 200 and now["metadata"].pop("finalizers", None):
            self._client.ask(Ask("PUT", path, now))
        return code == 404


@pytest.mark.cluster
@pytest.mark.parametrize("file", FILES)
def test_a_real_server_says_what_is_recorded(file):
    """The verdicts are those of a real server, which are kept when asked for."""
    judge = Judge(Client.of(os.environ["ARENA_TEST_KUBECONFIG"]))
    said: dict[str, dict[str, list[str]]] = {}
    for case in load(file):
        said.setdefault(case.kind, {})[case.name] = judge.verdict(case)
    path = FOLDER / f"{file}.json"
    if os.environ.get("ARENA_TEST_RECORD"):
        path.write_text(json.dumps(said, indent=0) + "\n", encoding="utf-8")
    assert said == json.loads(path.read_text(encoding="utf-8"))
