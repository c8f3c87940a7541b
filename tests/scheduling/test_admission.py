"""What LimitRanges and ResourceQuotas add to pods and refuse."""

import pytest

from arena.scheduling import limit_ranges, quotas

GPU = "nvidia.com/gpu"


def limit_range(**limit):
    return {"metadata": {"name": "bounds"}, "spec": {"limits": [{"type": "Container", **limit}]}}


def pod(requests=None, limits=None, **spec):
    return {"containers": [{"resources": {"requests": requests or {}, "limits": limits or {}}}], **spec}


def test_defaults():
    """Containers get the defaults of the namespace for what they leave open."""
    defaults = limit_range(default={"cpu": "2", "memory": "1Gi"}, defaultRequest={"cpu": "1"})
    found = limit_ranges.completed(pod({"memory": "2Gi"}), [defaults])
    assert found["containers"][0]["resources"] == {
        "limits": {"cpu": "2", "memory": "1Gi"},
        "requests": {"cpu": "1", "memory": "2Gi"},
    }


def test_a_default_below_the_request():
    """A default limit below what a container requests makes the API server refuse the pod."""
    defaults = limit_range(default={"cpu": "2"})
    found = limit_ranges.violations(limit_ranges.completed(pod({"cpu": "3"}), [defaults]), [defaults])
    assert found == ["a container requests 3 cpu, and its limit, maybe by default, is 2"]


@pytest.mark.parametrize(
    ("limit", "spec", "told"),
    [
        ({"max": {"cpu": "4"}}, pod(limits={"cpu": "4"}), []),
        ({"max": {"cpu": "4"}}, pod(limits={"cpu": "5"}), ["a container may have at most 4 cpu, not 5"]),
        ({"max": {GPU: "4"}}, pod(), [f"a container must have a limit of at most 4 {GPU}"]),
        ({"min": {"memory": "1Gi"}}, pod({"memory": "1Mi"}),
         ["a container must request at least 1Gi memory"]),
        ({"maxLimitRequestRatio": {"cpu": "2"}}, pod({"cpu": "1"}, {"cpu": "3"}),
         ["the limit of cpu may be at most 2 times the request"]),
        ({"type": "Pod", "max": {"cpu": "1"}}, pod(limits={"cpu": "2"}),
         ["a pod may have at most 1 cpu, not 2"]),
    ],
)  # fmt: skip
def test_bounds(limit, spec, told):
    """A bound that a container or a pod breaks is said with the bound."""
    found = limit_ranges.violations(spec, [limit_range(**limit)])
    assert found == [f'LimitRange "bounds": {one}' for one in told]


def test_a_request_above_the_bound():
    """The greater one of request and limit is said, as it breaks the bound."""
    bounds = limit_range(max={"cpu": "4"})
    found = limit_ranges.violations(pod({"cpu": "8"}, {"cpu": "2"}), [bounds])
    assert found[-1] == 'LimitRange "bounds": a container may have at most 4 cpu, not 8'


def quota(hard, used=None, **spec):
    return {"metadata": {"name": "q"}, "spec": spec, "status": {"hard": hard, "used": used or {}}}


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (quota({"pods": "4"}, {"pods": "2"}), []),
        (quota({"pods": "4"}, {"pods": "3"}), ["the job needs 2 pods, and 1 of 4 are left"]),
        (quota({f"requests.{GPU}": "8"}, {f"requests.{GPU}": "4"}),
         [f"the job needs 8 requests.{GPU}, and 4 of 8 are left"]),
        (quota({"cpu": "1", "count/jobs.batch": "1"}), ["the job needs 4 cpu, and 1 of 1 are left"]),
        (quota({"count/jobs.batch": "1"}, {"count/jobs.batch": "1"}),
         ["the job needs 1 count/jobs.batch, and 0 of 1 are left"]),
        (quota({"limits.memory": "1Gi"}), ["every container must specify limits.memory"]),
        (quota({"pods": "0"}, scopes=["Terminating"]), []),
        (quota({"pods": "0"}, scopes=["NotTerminating"]), ["the job needs 2 pods, and 0 of 0 are left"]),
        (quota({"pods": "0"}, scopes=["BestEffort"]), []),
        (quota({"pods": "0"}, scopeSelector={"matchExpressions": [
            {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}]}), []),
    ],
)  # fmt: skip
def test_quotas(one, told):
    """A quota that has too little left is said with what is needed and what is left."""
    found = quotas.shortages([one], [(pod({"cpu": "2"}, {GPU: "4"}), 2)], {"count/jobs.batch": 1})
    assert found == [f'quota "q": {text}' for text in told]
