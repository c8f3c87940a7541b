"""Engines: what serves models on this machine."""

from arena.values import frozen


@frozen
class InstalledEngine:
    """An engine, and whether it is installed on this machine."""

    name: str
    title: str
    """What it is, and what it serves."""
    version: str = ""
    """The installed version; "" if it is missing."""
    python: str = ""
    """The Python that runs it."""
    own: bool = False
    """Whether it is in an environment that arena made."""
    size: int = 0
    """Megabytes that such an environment takes."""
    install: str = ""
    """The command that installs it; "" if it cannot be installed here."""
    obstacle: str = ""
    """Why it cannot be installed or run here, such as that a program is missing."""

    @property
    def is_installed(self) -> bool:
        """Whether models can be served by it."""
        return bool(self.version)
