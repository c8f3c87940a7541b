"""The server of the page in this process, against the local API server; and Chromium."""

from collections.abc import Iterator
from pathlib import Path

import browser
import pytest
from dashboards import Now, serving
from product import Product, product
from screens import Stage
from servers import LocalApi

from arena.dashboard.server import Server
from arena.kube import Cluster


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalApi]:
    with LocalApi(tmp_path_factory.mktemp("api")) as one:
        yield one


@pytest.fixture(scope="module")
def stage(api: LocalApi) -> Stage:
    return Stage(Cluster.at(api.url, "the test's cluster"))


@pytest.fixture
def server(stage: Stage, tmp_path: Path) -> Iterator[Server]:
    """The server of the page of the namespace `default`."""
    with serving(Now(stage.cluster, tmp_path)) as one:
        yield one


@pytest.fixture(scope="module")
def chromium() -> Iterator[browser.Browser]:
    """A browser for the tests of a module."""
    if browser.PROGRAM is None:
        pytest.skip(browser.MISSING)
    with browser.Browser() as opened:
        yield opened


@pytest.fixture
def arena(tmp_path: Path) -> Iterator[Product]:
    """The product, with nothing in its home."""
    with product(tmp_path) as made:
        yield made
