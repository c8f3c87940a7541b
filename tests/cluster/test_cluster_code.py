"""--code on a real cluster: kept in ConfigMaps, or sent; unpacked by the images' own means."""

import os
import random
from pathlib import Path

import pytest
from field import IMAGE, JOBS, Field
from product import until

from arena.resources import CONFIGMAPS, PODS

pytestmark = pytest.mark.cluster

SMALL = os.environ.get("ARENA_TEST_SMALL_IMAGE", "rig.local/busybox:1")
"""An image with little more than busybox."""
SHOW = "pwd; cat 'sub/a name'; ./run; test -L link && cat link; wc -c < noise"


def folder(ground: Field, size: int) -> Path:
    """Code with what archives get wrong, and so many bytes that do not compress."""
    made = ground.admin.home / "code"
    (made / "sub").mkdir(parents=True)
    (made / "sub" / "a name").write_text("hello\n")
    (made / "ünï☃").touch()
    (made / "run").write_text("#!/bin/sh\necho ran\n")
    (made / "run").chmod(0o755)
    (made / "link").symlink_to("sub/a name")
    (made / "noise").write_bytes(random.Random(1).randbytes(size))
    return made


def parts(ground: Field) -> list[str]:
    every = (one["metadata"]["name"] for one in ground.kube.list(CONFIGMAPS, ground.namespace))
    return [one for one in every if one.startswith("arena-code-")]


def said(ground: Field, name: str) -> list[str]:
    return ground.admin.must("logs", name, "--no-prefix").splitlines()


def submit(ground: Field, name: str, command: str, image: str, *words: str) -> None:
    given = ("--image", image, "--image-pull-policy", "IfNotPresent", "--code", "code", *words)
    ground.admin.must("submit", "pytorchjob", "--name", name, *given, command)


@pytest.mark.parametrize("image", [IMAGE, SMALL], ids=["debian", "busybox"])
def test_kept(ground: Field, image: str):
    """Code in several ConfigMaps starts every instance; jobs share it, and the last one takes it along."""
    made = folder(ground, 2_000_000)
    submit(ground, "a", SHOW, image, "--workers", "2", "--clean-task-policy", "None")
    submit(ground, "b", SHOW, image, "--working-dir", "/somewhere/else")
    assert len(parts(ground)) == 3
    (made / "run").write_text("changed")
    for name, times, where in (("a", 2, "/arena/code"), ("b", 1, "/somewhere/else")):
        ground.finished("pytorchjob", name)
        wanted = sorted([where, "hello", "ran", "hello", "2000000"] * times)
        until(lambda name=name, wanted=wanted: sorted(said(ground, name)) == wanted)
    ground.admin.must("code", "a", "-d", "back")
    assert (ground.admin.home / "back" / "run").read_text() == "#!/bin/sh\necho ran\n"
    ground.admin.must("delete", "a")
    until(lambda: ground.gone(JOBS["pytorchjob"], "a"))
    assert len(parts(ground)) == 3
    ground.admin.must("delete", "b")
    until(lambda: parts(ground) == [], 60)


def test_replaced(ground: Field):
    """A job that takes the place of one with the same code has it, whether another job shares it or not."""
    folder(ground, 10)
    for _ in range(2):
        submit(ground, "a", SHOW, IMAGE, "--replace")
        ground.finished("pytorchjob", "a")
    submit(ground, "b", SHOW, IMAGE)
    submit(ground, "a", SHOW, IMAGE, "--replace")
    for name in "ab":
        ground.finished("pytorchjob", name)
        assert ground.job(name)["status"] == "SUCCEEDED"


@pytest.mark.parametrize("image", [IMAGE, SMALL], ids=["debian", "busybox"])
def test_sent(ground: Field, image: str):
    """Code that is too large to be kept is sent to each instance; one in place of a lost one waits for it."""
    folder(ground, 15_000_000)
    submit(ground, "j", f"{SHOW}; sleep 600 & wait $!", image, "--workers", "2")
    wanted = ["/arena/code", "hello", "ran", "hello", "15000000"]
    until(lambda: sorted(said(ground, "j")) == sorted(wanted * 2), 60)
    assert parts(ground) == []
    uid = ground.kube.get(PODS, ground.namespace, "j-worker-0")["metadata"]["uid"]
    ground.kube.delete(PODS, ground.namespace, "j-worker-0", grace=0)
    until(
        lambda: (
            {"j-worker-0"} & {p["metadata"]["name"] for p in ground.pods("j") if p["metadata"]["uid"] != uid}
        ),
        60,
    )
    until(lambda: ground.admin.must("code", "j", "--send", "code") == "sent to 1 instance\n", 60)
    until(lambda: sorted(said(ground, "j")) == sorted(wanted * 2), 60)
