"""What TensorBoard shows of Lightning's runs: what docs/launchers.md says of it."""

import http.cookiejar
import json
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import pytest
from gloo import run_past_abort
from pages import ROOT, write_files
from product import Product, until

pytestmark = [pytest.mark.frameworks, pytest.mark.timeout(300)]


def asker(link: str) -> Any:
    """A function that asks the TensorBoard behind a link for data, as a browser that opened it would."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    browser.open(link, timeout=20).close()
    parts = urlsplit(link)
    base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"

    def ask(path: str) -> Any:
        with browser.open(f"{base}/data/{path}", timeout=20) as answer:
            return json.load(answer)

    return ask


@pytest.mark.parametrize(("every", "tags"), [(1, {"loss", "epoch"}), (50, set())])
def test_scalars(arena: Product, every: int, tags: set[str]) -> None:
    """A run of fewer steps than `log_every_n_steps` is listed without scalars; else they are there."""
    pytest.importorskip("lightning", reason="NO LIGHTNING HERE: pip install lightning")
    write_files(ROOT / "docs" / "launchers.md", arena.home)
    script = arena.home / "lit.py"
    script.write_text(script.read_text().replace("log_every_n_steps=1,", f"log_every_n_steps={every},"))
    words = ("--name", "lit", "--workers", "2", "--nproc-per-node", "1", "--tensorboard", "--logdir", ".")
    line = ("submit", "pytorchjob", *words, "--logs", "torchrun lit.py")
    code, *shown = run_past_abort(arena, *line, seconds=120)
    assert code == 0, shown
    assert ("Trainer(log_every_n_steps=50)" in "".join(shown)) is (every == 50)
    ask = asker(arena.must("tensorboard", "lit", "--no-open").strip())
    run = "lightning_logs/version_0"
    until(lambda: ask("runs") == [run], 60, "the run")
    known = until(lambda: ask("plugin/scalars/tags") or not tags, 60, "its scalars")
    assert set(known[run] if known is not True else ()) == tags
