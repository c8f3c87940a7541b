"""The operator of CONTRIBUTING.md, written into a copy of the package and used."""

from pathlib import Path

from overhttp import OverHttp
from product import until
from worked_example import Example

from arena.local.machinery import conditions
from arena.local.objects import PODS, Object, Resource

OPERATOR = Example("A new operator")
PIPELINES = Resource("examples.arena.io", "v1", "pipelines", "Pipeline")


def pipeline(name: str, *commands: str, **spec: object) -> Object:
    """A Pipeline with one step for each command of the shell."""
    steps = [
        {"spec": {"containers": [{"name": "main", "image": "none", "command": ["sh", "-c", line]}]}}
        for line in commands
    ]
    return {"metadata": {"name": name}, "spec": {"steps": steps, **spec}}


def test_an_operator_is_one_new_file(tmp_path: Path) -> None:
    """The module of the page alone gives a kind that runs, fails, is suspended and expires."""
    assert len(OPERATOR.files) == 1
    with OPERATOR.product(tmp_path) as copy:
        copy.must("local", "start")
        objects = OverHttp(copy.cluster(), "default")

        def holds(name: str, kind: str) -> bool:
            found = objects.get(PIPELINES, name, "default") or {}
            return conditions.holds(found.get("status") or {}, kind)

        def pods() -> list[str]:
            return sorted(pod["metadata"]["name"] for pod in objects.list(PODS))

        objects.create(PIPELINES, pipeline("bad", "exit 3", "echo never"), "default")
        until(lambda: holds("bad", "Failed"))
        assert pods() == ["bad-0"]
        body = pipeline("good", "echo one", "sleep 60", ttlSecondsAfterFinished=0)
        objects.create(PIPELINES, body, "default")
        until(lambda: holds("good", "Running") and "good-1" in pods())
        objects.patch(PIPELINES, "good", {"spec": {"suspend": True}}, "default")
        until(lambda: holds("good", "Suspended") and pods() == ["bad-0", "good-0"])
        steps = pipeline("good", "echo one", "true")["spec"]["steps"]
        objects.patch(PIPELINES, "good", {"spec": {"suspend": False, "steps": steps}}, "default")
        until(lambda: objects.get(PIPELINES, "good", "default") is None)
        until(lambda: pods() == ["bad-0"])


def test_the_operator_passes_the_checks(tmp_path: Path) -> None:
    """What the section shows is typed and tidy as the rest of the package is."""
    assert OPERATOR.check(tmp_path) == ""
