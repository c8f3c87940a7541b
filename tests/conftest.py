"""Settings for all tests."""

import os

from hypothesis import HealthCheck, settings

# How long an example takes says more about the machine than about the code; and what CI finds should be
# found again.
settings.register_profile(
    "arena",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("arena")
