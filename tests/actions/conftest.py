"""Clusters that serve what the local one does not, for the verbs that read it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "kube"))

from shelf import Shelf


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    one = Shelf()
    yield one
    one.close()
