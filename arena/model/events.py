"""Events that the cluster recorded."""

from datetime import datetime

from arena.values import frozen


@frozen
class Event:
    """An event that the cluster recorded about an object."""

    subject: str
    """The object, such as `pod/bert-worker-0` or `tfjob/bert`."""
    type: str
    reason: str
    message: str
    count: int = 1
    last: datetime | None = None
    first: datetime | None = None
    namespace: str = ""
