"""Indexed Jobs: limits for each index, early success, changed sizes, and the host names of their pods."""

import pytest

from arena.local.machinery import pod_status
from arena.local.machinery.loopback import allotted_ports
from arena.local.objects import JOBS, PODS, SERVICES, Refused
from arena.local.operators.batch import completion_indexes


@pytest.fixture
def submit(bench):
    """Submit the Indexed Job `j`."""
    bench.node()

    def make(size=3, env=None, subdomain=None, **spec):
        template = bench.template(
            "main", env=[{"name": key, "value": value} for key, value in (env or {}).items()]
        )
        template["spec"] |= {"restartPolicy": "Never"} | ({"subdomain": subdomain} if subdomain else {})
        counts = {"completionMode": "Indexed", "parallelism": size, "completions": size}
        return bench.submit(
            JOBS, {"metadata": {"name": "j"}, "spec": {**counts, "template": template, **spec}}
        )

    return make


def at(bench, *numbers):
    """The names of the active pods of those indexes."""
    found = {
        completion_indexes.index(pod): name for name, pod in bench.pods().items() if pod_status.is_active(pod)
    }
    return [found[number] for number in numbers]


def why(bench):
    """The reason of the condition Failed or Complete."""
    conditions = bench.status(JOBS, "j")["conditions"]
    return next(one["reason"] for one in conditions if one["type"] in ("Failed", "Complete"))


def test_each_index_has_its_own_limit(bench, submit):
    """An index that fails too often is given up, the others continue, and the Job has failed indexes."""
    submit(backoffLimitPerIndex=1)
    bench.run(*at(bench, 0, 1, 2)).end(*at(bench, 1), code=1).later(10)
    (again,) = at(bench, 1)
    assert bench.read(PODS, again)["metadata"]["annotations"][completion_indexes.FAILURES] == "1"
    bench.end(again, code=1).later(60)
    assert bench.status(JOBS, "j")["failedIndexes"] == "1"
    assert bench.status(JOBS, "j")["active"] == 2
    bench.end(*at(bench, 0, 2))
    assert why(bench) == "FailedIndexes"
    assert bench.status(JOBS, "j")["completedIndexes"] == "0,2"


def test_failures_of_an_index_are_not_forgotten(bench, submit):
    """A failed pod that a user deletes still counts at its index, once it has a successor."""
    submit(backoffLimitPerIndex=1)
    bench.end(*at(bench, 1), code=1).later(10)
    for name, pod in bench.pods().items():
        if pod_status.phase(pod) == "Failed":
            bench.objects.delete(PODS, name, "default", grace=0)
    bench.settled().end(*at(bench, 1), code=1).later(60)
    assert bench.status(JOBS, "j")["failedIndexes"] == "1"


def test_too_many_failed_indexes(bench, submit):
    """More failed indexes than are allowed end the Job and its other pods."""
    submit(backoffLimitPerIndex=0, maxFailedIndexes=1)
    bench.end(*at(bench, 0, 1), code=1)
    assert why(bench) == "MaxFailedIndexesExceeded"
    assert {pod_status.phase(one) for one in bench.bury().pods().values()} == {"Failed"}


def policy(action, operator="In"):
    """A podFailurePolicy with one rule for the exit code 42."""
    return {"rules": [{"action": action, "onExitCodes": {"operator": operator, "values": [42]}}]}


def test_a_fatal_exit_code(bench, submit):
    """A failure that the podFailurePolicy calls fatal ends the Job at once, whatever its limit allows."""
    submit(backoffLimit=6, podFailurePolicy=policy("FailJob"))
    bench.end(*at(bench, 0), code=1)
    assert bench.holding(JOBS, "j") == set()
    bench.end(*at(bench, 1), code=42)
    assert why(bench) == "PodFailurePolicy"
    (told,) = bench.messages("j", "PodFailurePolicy")
    assert "exit code 42 of container main" in told


def test_failures_that_do_not_count(bench, submit):
    """A failure that the podFailurePolicy ignores is retried without being counted; any other counts."""
    submit(backoffLimit=0, podFailurePolicy=policy("Ignore"))
    for _ in range(2):
        bench.end(*at(bench, 0), code=42)
    assert bench.status(JOBS, "j")["failed"] == 0
    assert len(at(bench, 0, 1, 2)) == 3
    bench.end(*at(bench, 0), code=1)
    assert why(bench) == "BackoffLimitExceeded"


def test_an_index_is_given_up(bench, submit):
    """A failure for which the podFailurePolicy gives up the index does not stop the others."""
    submit(backoffLimitPerIndex=5, podFailurePolicy=policy("FailIndex", "NotIn"))
    bench.end(*at(bench, 0), code=1)
    assert bench.status(JOBS, "j")["failedIndexes"] == "0"
    bench.end(*at(bench, 1, 2))
    assert why(bench) == "FailedIndexes"


def test_conditions_of_pods(bench, submit):
    """A rule may go by a condition of the pod, such as that it was disrupted."""
    rule = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}
    submit(backoffLimit=0, podFailurePolicy={"rules": [rule]})
    (name,) = at(bench, 0)
    disrupted = {"conditions": [{"type": "DisruptionTarget", "status": "True"}]}
    bench.objects.patch(PODS, name, {"status": disrupted}, "default", "status")
    bench.end(name, code=137)
    assert bench.holding(JOBS, "j") == set()


@pytest.mark.parametrize(
    "rule", [{"succeededIndexes": "0"}, {"succeededCount": 1}], ids=["which", "how many"]
)
def test_success_policy(bench, submit, rule):
    """When a rule of the successPolicy holds the Job is complete, and its other pods end."""
    submit(successPolicy={"rules": [rule]})
    bench.end(*at(bench, 0))
    assert why(bench) == "SuccessPolicy"
    assert {pod_status.phase(one) for one in bench.bury().pods().values()} == {"Succeeded"}


def test_success_policy_waits(bench, submit):
    """A success that no rule of the successPolicy names ends nothing."""
    submit(successPolicy={"rules": [{"succeededIndexes": "0,2", "succeededCount": 2}]})
    bench.end(*at(bench, 0, 1))
    assert bench.holding(JOBS, "j") == set()


def test_other_sizes(bench, submit):
    """More indexes get pods; of fewer the highest go, even where those are ready and others are not."""
    submit(size=2)
    for size in (3, 1):
        bench.run(*at(bench, *range(1, 2)))
        change = {"spec": {"parallelism": size, "completions": size}}
        bench.objects.patch(JOBS, "j", change, "default")
        bench.settled()
        numbers = sorted(
            completion_indexes.index(pod) for pod in bench.pods().values() if pod_status.is_active(pod)
        )
        assert numbers == list(range(size))
    bench.bury().end(*at(bench, 0))
    assert why(bench) == "CompletionsReached"


ENV = {
    "MASTER_ADDR": "j-0.j",
    "MASTER_PORT": "29500",
    "URL": "tcp://j-0.j.default.svc:29500/x",
    "OTHER_PORT": "80",
    "FILE": "weights.j",
    "PORTS": "29500",
}


def service(bench):
    """The headless Service `j`; its port on the loopback."""
    ports = {"clusterIP": "None", "selector": {"job-name": "j"}, "ports": [{"port": 29500}]}
    made = bench.objects.create(SERVICES, {"metadata": {"name": "j"}, "spec": ports}, "default")
    return allotted_ports(made)[29500]


def test_pods_meet_on_the_loopback(bench, submit):
    """Names of the Service's pods, and its ports in *_PORT, become the loopback; nothing else changes."""
    port = service(bench)
    submit(size=2, env=ENV, subdomain="j")
    env = bench.env(*at(bench, 1))
    assert {name: env[name] for name in ENV} == {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "URL": f"tcp://127.0.0.1:{port}/x",
        "OTHER_PORT": "80",
        "FILE": "weights.j",
        "PORTS": "29500",
    }


def test_pods_wait_for_their_service(bench, submit):
    """A Service that comes right after the Job is waited for; one that never comes, for three seconds."""
    submit(size=1, env=ENV, subdomain="j")
    assert bench.pods() == {}
    port = service(bench)
    bench.settled()
    assert bench.env(*at(bench, 0))["MASTER_PORT"] == str(port)


def test_pods_do_without_a_service(bench, submit):
    """Without its Service a Job starts after three seconds, and its variables stay as they are."""
    submit(size=1, env=ENV, subdomain="j")
    bench.later(3)
    assert bench.env(*at(bench, 0))["MASTER_ADDR"] == "j-0.j"


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"podFailurePolicy": policy("Shrug")}, 'action: Unsupported value: "Shrug"'),
        ({"podFailurePolicy": policy("Count", "Near")}, 'operator: Unsupported value: "Near"'),
        ({"podFailurePolicy": {"rules": 3}}, "rules: Invalid value"),
        (
            {"podFailurePolicy": {"rules": [{"action": "Count", "onPodConditions": [{}]}]}},
            "type: Invalid value",
        ),
        ({"successPolicy": {"rules": [{}]}}, "spec.successPolicy.rules[0]: Required value"),
        ({"successPolicy": {"rules": [{"succeededIndexes": "1-"}]}}, "error parsing succeededIndexes"),
        ({"completionMode": "NonIndexed", "backoffLimitPerIndex": 1}, "requires indexed completion mode"),
        ({"backoffLimitPerIndex": -1}, "must be greater than or equal to 0"),
    ],
    ids=["action", "operator", "no rules", "condition", "no success", "odd index", "no indexes", "negative"],
)
def test_policies_are_checked(submit, spec, told):
    """A meaningless policy is refused, with its field and the allowed values."""
    with pytest.raises(Refused) as caught:
        submit(**spec)
    assert told in caught.value.message
