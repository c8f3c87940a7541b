"""`arena get` shows how far a program is, by its own words."""

import json
import sys

from product import Product, quoted, until

BAR = r"""
import sys, time
print("starting")
print("epoch 1/4 loss=0.9", flush=True)
for step in range(5):
    sys.stderr.write(f"\r {step * 10}%|##   | {step}/10 [00:01<00:09,  1.00it/s, loss=0.25]")
    sys.stderr.flush()
time.sleep(600)
"""


def test_a_bar_that_is_still_drawn(arena: Product) -> None:
    """A bar counts while its line is unfinished, and tells how far the whole program is."""
    file = arena.home / "bar.py"
    file.write_text(BAR, "utf-8")
    arena.must("submit", "job", "--name", "far", quoted(sys.executable, file))
    until(lambda: "loss 0.25" in arena.must("get", "far"), what="the bar")
    page = arena.must("get", "far")
    assert "(epoch 1/4, step 4/10)\n" in page
    assert "Progress:    10%, " in page
    found = json.loads(arena.must("get", "far", "-o", "json"))["progress"]
    assert (found["share"], found["what"], found["metrics"]) == (0.1, "epoch 1/4, step 4/10", {"loss": 0.25})
    assert found["secondsLeft"] >= 0
    arena.must("submit", "job", "--name", "mute", "--wait", "true")
    head, *rows = (line.split("  ") for line in arena.must("list", "-o", "wide").splitlines())
    shown = [dict(zip(filter(None, head), map(str.strip, filter(None, row)), strict=True)) for row in rows]
    told = {row["NAME"]: row["PROGRESS"] for row in shown}
    assert told["far"].startswith("10%, ")
    assert told["far"].endswith(" left")
    assert told["mute"] == "-"
    assert "PROGRESS" not in arena.must("list")
    assert json.loads(arena.must("get", "mute", "-o", "json"))["progress"] is None
