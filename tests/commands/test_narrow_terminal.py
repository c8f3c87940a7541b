"""Tables on a terminal of 80 columns, which is what most are."""

import fcntl
import os
import pty
import struct
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from product import Product, product

WIDTH = 80
FULL = "NAME                 STATUS     TRAINER     DURATION  GPU(Requested)  GPU(Allocated)  NODE"


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Product]:
    with product(tmp_path) as made:
        yield made


def shown(arena: Product, *words: str) -> list[str]:
    """The lines that `arena WORDS...` writes to a terminal."""
    near, far = pty.openpty()
    fcntl.ioctl(far, termios.TIOCSWINSZ, struct.pack("HHHH", 24, WIDTH, 0, 0))
    child = arena.start(*words, stdout=far)
    os.close(far)
    with os.fdopen(near, "rb", 0) as screen:
        text = b""
        while chunk := read(screen.fileno()):
            text += chunk
    child.communicate(timeout=30)
    assert child.returncode == 0
    return text.decode().splitlines()


def read(number: int) -> bytes:
    """What is new on the terminal; nothing once nobody has it open any more."""
    try:
        return os.read(number, 4096)
    except OSError:
        return b""


def test_usual_tables_fit(arena: Product) -> None:
    """list and top fit on 80 columns by shorter titles, and are piped under their whole ones."""
    arena.submit("a-name-of-some-room", "print('done')")
    arena.must("wait", "a-name-of-some-room")
    assert arena.must("list").splitlines()[0] == FULL
    for words in (("list",), ("top", "job"), ("top", "node")):
        lines = shown(arena, *words)
        assert max(map(len, lines)) <= WIDTH, lines
    heads = shown(arena, "list")[0].split()
    assert heads == ["NAME", "STATUS", "TRAINER", "TIME", "GPUS", "HELD", "NODE"]
