"""PodDisruptionBudgets: what they count, and what they let go."""

import pytest

from arena.local.api import eviction
from arena.local.api.request_options import DeleteOptions
from arena.local.objects import DEPLOYMENTS, DISRUPTION_BUDGETS, JOBS, PODS, Refused

LABELS = {"app": "w"}


@pytest.fixture
def pods(bench):
    """A Deployment `w` of four pods, of which the last is not ready; their names."""
    bench.node()
    spec = {"replicas": 4, "selector": {"matchLabels": LABELS}, "template": bench.template("c", LABELS)}
    bench.submit(DEPLOYMENTS, {"metadata": {"name": "w"}, "spec": spec})
    names = list(bench.pods())
    bench.run(*names[:3])
    bench.objects.patch(PODS, names[3], {"status": {"phase": "Running"}}, "default", "status")
    return names


def budget(bench, name="b", selector=None, **spec):
    """Create a budget for the pods of the Deployment."""
    chosen = {"matchLabels": LABELS} if selector is None else selector
    bench.submit(DISRUPTION_BUDGETS, {"metadata": {"name": name}, "spec": {"selector": chosen, **spec}})
    return bench.status(DISRUPTION_BUDGETS, name)


def numbers(status):
    """Expected, desired and current pods, and how many may go."""
    return tuple(
        status[name] for name in ("expectedPods", "desiredHealthy", "currentHealthy", "disruptionsAllowed")
    )


def evict(bench, pod, **options):
    """Evict a pod, and let the operators work."""
    eviction.evict(bench.objects, pod, "default", DeleteOptions(**options))
    bench.settled()


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({"minAvailable": 2}, (4, 2, 3, 1)),
        ({"minAvailable": 3}, (4, 3, 3, 0)),
        ({"minAvailable": "50%"}, (4, 2, 3, 1)),
        ({"minAvailable": "51%"}, (4, 3, 3, 0)),
        ({"maxUnavailable": 1}, (4, 3, 3, 0)),
        ({"maxUnavailable": "26%"}, (4, 2, 3, 1)),
        ({"maxUnavailable": 9}, (4, 0, 3, 3)),
    ],
)
@pytest.mark.usefixtures("pods")
def test_numbers(bench, spec, wanted):
    """The status counts what the spec asks for; shares of what the Deployment requests are rounded up."""
    status = budget(bench, **spec)
    assert numbers(status) == wanted
    (condition,) = status["conditions"]
    words = ("True", "SufficientPods") if wanted[-1] else ("False", "InsufficientPods")
    assert (condition["type"], condition["status"], condition["reason"]) == ("DisruptionAllowed", *words)


def test_it_follows_its_pods(bench, pods):
    """What becomes ready, or is deleted, changes the status."""
    assert numbers(budget(bench, minAvailable=2)) == (4, 2, 3, 1)
    bench.run(pods[3])
    assert numbers(bench.status(DISRUPTION_BUDGETS, "b")) == (4, 2, 4, 2)
    bench.objects.patch(DEPLOYMENTS, "w", {"spec": {"replicas": 2}}, "default")
    bench.settled().bury()
    assert numbers(bench.status(DISRUPTION_BUDGETS, "b")) == (2, 2, 2, 0)


def test_evictions_within_the_budget(bench, pods):
    """As many pods may be evicted as the budget allows; the next one is refused as Kubernetes does."""
    budget(bench, minAvailable=2)
    evict(bench, pods[0])
    pod = bench.read(PODS, pods[0])
    assert pod["metadata"]["deletionTimestamp"]
    target = next(one for one in pod["status"]["conditions"] if one["type"] == "DisruptionTarget")
    assert (target["status"], target["reason"]) == ("True", "EvictionByEvictionAPI")
    with pytest.raises(Refused, match="Cannot evict pod as it would violate") as refusal:
        evict(bench, pods[1])
    assert (refusal.value.code, refusal.value.details["causes"]) == (
        429,
        [
            {
                "reason": "DisruptionBudget",
                "message": "The disruption budget b needs 2 healthy pods and has 2 currently",
            }
        ],
    )
    bench.bury()
    bench.run(*[name for name, one in bench.pods().items() if one["status"]["phase"] == "Pending"])
    evict(bench, pods[1])
    assert bench.read(PODS, pods[1])["metadata"]["deletionTimestamp"]


def test_evictions_before_it_is_counted(bench, pods):
    """An eviction counts at once: two in a row do not both use what one may; neither does an older count."""
    budget(bench, minAvailable=2)
    eviction.evict(bench.objects, pods[0], "default", DeleteOptions())
    status = bench.status(DISRUPTION_BUDGETS, "b")
    assert (status["disruptionsAllowed"], list(status["disruptedPods"])) == (0, [pods[0]])
    with pytest.raises(Refused, match="Cannot evict"):
        eviction.evict(bench.objects, pods[1], "default", DeleteOptions())
    bench.settled()
    assert "disruptedPods" not in bench.status(DISRUPTION_BUDGETS, "b")
    bench.objects.patch(DISRUPTION_BUDGETS, "b", {"spec": {"minAvailable": 1}}, "default")
    with pytest.raises(Refused) as refusal:
        eviction.evict(bench.objects, pods[1], "default", DeleteOptions())
    assert "still being processed" in refusal.value.details["causes"][0]["message"]


def test_pods_that_are_not_ready(bench, pods):
    """A pod that is not ready may go if enough others are, or with AlwaysAllow in any case."""
    budget(bench, minAvailable=3)
    evict(bench, pods[3])
    assert bench.read(PODS, pods[3])["metadata"]["deletionTimestamp"]
    bench.bury()
    (new,) = bench.pods().keys() - set(pods)
    bench.objects.patch(PODS, new, {"status": {"phase": "Running"}}, "default", "status")
    bench.objects.patch(DISRUPTION_BUDGETS, "b", {"spec": {"minAvailable": 4}}, "default")
    bench.settled()
    with pytest.raises(Refused, match="Cannot evict"):
        evict(bench, new)
    policy = {"spec": {"unhealthyPodEvictionPolicy": "AlwaysAllow"}}
    bench.objects.patch(DISRUPTION_BUDGETS, "b", policy, "default")
    bench.settled()
    evict(bench, new)
    assert bench.read(PODS, new)["metadata"]["deletionTimestamp"]


def test_pods_without_a_budget(bench, pods):
    """Pods without a budget, and those that do not run, are deleted; two budgets for one pod are an error."""
    evict(bench, pods[0])
    budget(bench, minAvailable=4)
    bench.bury()
    (new,) = bench.pods().keys() - set(pods)
    evict(bench, new)  # which waits for a node
    budget(bench, "other", minAvailable=0)
    with pytest.raises(Refused, match="more than one PodDisruptionBudget") as refusal:
        evict(bench, pods[1])
    assert refusal.value.code == 500
    with pytest.raises(Refused, match='pods "x" not found'):
        evict(bench, "x")


def test_nothing_happens_in_a_dry_run(bench, pods):
    """A dry run deletes nothing, and uses nothing up."""
    before = budget(bench, minAvailable=2)
    evict(bench, pods[0], dry=True)
    assert "deletionTimestamp" not in bench.read(PODS, pods[0])["metadata"]
    assert bench.status(DISRUPTION_BUDGETS, "b") == before


def test_what_cannot_be_counted(bench):
    """A share of the pods of a Job is unknown, since it has no scale: nothing may go."""
    template = bench.template("c", LABELS)
    template["spec"]["restartPolicy"] = "Never"
    bench.submit(JOBS, {"metadata": {"name": "j"}, "spec": {"template": template}})
    status = budget(bench, maxUnavailable=1)
    assert (status["disruptionsAllowed"], status["conditions"][0]["reason"]) == (0, "SyncFailed")
    why = "jobs.batch does not implement the scale subresource"
    told = bench.messages("b", "CalculateExpectedPodCountFailed")
    assert told == [f"Failed to calculate the number of expected pods: {why}"]


def test_no_pods(bench):
    """A budget without pods allows nothing, and says so."""
    status = budget(bench, selector={"matchLabels": {"app": "x"}}, minAvailable=1)
    assert numbers(status) == (0, 1, 0, 0)
    assert bench.messages("b", "NoPods") == ["No matching pods found"]
