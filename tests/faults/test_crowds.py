"""Many at once, and no room on the disk."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from product import Product, product, until

pytestmark = pytest.mark.timeout(300)
CROWD = 200


def test_two_hundred_submits_at_once_lose_none(arena: Product) -> None:
    """Two hundred commands that start together, with no server running, submit two hundred jobs."""
    children = [
        arena.start("submit", "pytorchjob", "--name", f"job-{number:03d}", "true", stdout=subprocess.DEVNULL)
        for number in range(CROWD)
    ]
    failures = [child.communicate()[1].decode() for child in children if child.wait(200)]
    assert not failures, failures[:3]
    names = {f"job-{number:03d}" for number in range(CROWD)}
    assert set(arena.jobs()) == names
    until(lambda: set(arena.jobs().values()) == {"SUCCEEDED"}, 120, "all jobs' success")
    until(lambda: not arena.processes(), what="the last process to end")


@pytest.fixture
def cramped(tmp_path: Path) -> Iterator[Product]:
    """A product whose home is a file system of 4 MiB."""
    home = tmp_path / "home"
    home.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(home)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("NO SMALL FILE SYSTEM: mounting one needs root")
    try:
        with product(home) as made:
            yield made
            (home / "filler").unlink(missing_ok=True)
    finally:
        subprocess.run(["umount", "--lazy", str(home)], check=True)


def fill(home: Path) -> None:
    """Leave no byte free."""
    with (home / "filler").open("wb", buffering=0) as file:
        size = 1 << 16
        while size:
            try:
                file.write(b"x" * size)
            except OSError:
                size //= 2
        os.fsync(file.fileno())


def test_a_full_disk_is_said_and_survived(cramped: Product) -> None:
    """With no room left submit ends with a sentence and makes nothing; reading works; with room all works."""
    cramped.must("submit", "pytorchjob", "--name", "before", "--wait", "true")
    fill(cramped.home)
    code, _, err = cramped.run("submit", "pytorchjob", "--name", "during", "true")
    assert code in (1, 4, 6), err
    assert "Traceback" not in err
    assert any(word in err for word in ("full", "space", "disk")), err
    assert cramped.jobs() == {"before": "SUCCEEDED"}
    (cramped.home / "filler").unlink()
    cramped.must("submit", "pytorchjob", "--name", "after", "--wait", "true")
    assert cramped.jobs() == {"before": "SUCCEEDED", "after": "SUCCEEDED"}


def test_no_room_to_start(cramped: Product) -> None:
    """Where the local cluster cannot even start, the reason and its place are said in a sentence."""
    fill(cramped.home)
    code, _, err = cramped.run("list")
    assert code == 6, err
    assert "Traceback" not in err
    assert any(word in err for word in ("full", "space", "disk")), err
