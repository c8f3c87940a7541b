"""Whether the cluster answers, which one it is, and whether its clock and this one agree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from arena.model.checks import NOTE, OK, WARNING, Check

if TYPE_CHECKING:
    from arena.session import Session

SKEW = 30.0
"""Seconds by which clocks may differ; tokens of credential plug-ins are refused by larger differences."""
OLDEST = (1, 20)
"""The oldest release of Kubernetes that the tests run on."""


def check(session: Session) -> Iterator[Check]:
    """Yield how the cluster was chosen, its version, and how far its clock is from this one."""
    release, date = session.cluster().about()
    where = "" if session.is_local else f" at {session.cluster().address}"
    yield Check(id="cluster", state=OK, message=f"{session.describe()}{where} answers")
    found = re.match(r"v(\d{1,6})\.(\d{1,6})", release)
    if found and (int(found[1]), int(found[2])) < OLDEST:
        message = f"it runs Kubernetes {release}; arena is tested on 1.20 and newer"
        yield Check(id="cluster.version", state=WARNING, message=message)
    else:
        version = f"Kubernetes {release}" if found else "an unknown version of Kubernetes"
        yield Check(id="cluster.version", state=OK if found else NOTE, message=f"it runs {version}")
    try:
        ahead = (parsedate_to_datetime(date) - session.now()).total_seconds()
    except (TypeError, ValueError):
        return  # it does not tell the time
    if abs(ahead) > SKEW:
        side = "ahead of" if ahead > 0 else "behind"
        message = f"its clock is {abs(ahead):.0f} s {side} the clock of this machine"
        yield Check(id="cluster.clock", state=WARNING, message=message,
                    remedy="set the clock, for example with: timedatectl set-ntp true")  # fmt: skip
    else:
        yield Check(id="cluster.clock", state=OK, message="its clock agrees with the clock of this machine")
