"""Lines of output."""

from arena.values import frozen


@frozen
class LogLine:
    """A line of the output of an instance."""

    instance: str
    container: str
    text: str
    stamp: str = ""
    """The timestamp of the cluster in RFC 3339 with nanoseconds; "" if none was requested."""
