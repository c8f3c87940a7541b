"""A home, a state folder and an interpreter whose paths hold a blank, quotes and a letter beyond ASCII."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from product import Product, product


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Product]:
    """A product in such a home, by an interpreter in such a virtual environment."""
    home = tmp_path / "o'dd \"ü"
    home.mkdir()
    (home / "venv").symlink_to(sys.prefix)
    with product(home) as made:
        made.python = str(home / "venv" / "bin" / "python")
        yield made


def test_volumes_and_code(odd: Product):
    """A job finds its code, its configuration files and its directories."""
    code = odd.home / "my code"
    code.mkdir()
    (code / "train.py").write_text("import sys; print([open(one).read() for one in sys.argv[1:]])", "utf-8")
    (odd.home / "given").write_text("given", encoding="utf-8")
    out = odd.must(
        "submit", "job", "--name", "a", "--code", str(code), "--logs",
        "--config-file", f"{odd.home}/given:/etc/mine/given",
        "cat /etc/mine/given && python train.py '/etc/mine/given'",
    )  # fmt: skip
    assert "given" in out
    assert "['given']" in out


def test_launcher(odd: Product):
    """A launcher reaches its workers by a program that this interpreter runs."""
    line = "for host in $(cut -d: -f1 /etc/edl/hostfile); do ssh $host 'echo on $HOSTNAME'; done"
    out = odd.must("submit", "etjob", "--name", "a", "--workers", "2", "--logs", line)
    assert all(f"on a-worker-{index}" in out for index in range(2))
