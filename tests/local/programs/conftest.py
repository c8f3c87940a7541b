"""A Service of the proxy."""

from collections.abc import Iterator

import backends
import pytest


@pytest.fixture
def web() -> Iterator[backends.Service]:
    """A Service whose pods the test plays."""
    with backends.service() as made:
        yield made
