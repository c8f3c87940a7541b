"""The facts of one run on which manifests depend, besides the user's options."""

from collections.abc import Mapping, Sequence

from arena.resources import Resource
from arena.values import field, frozen


@frozen
class PackedCode:
    """The packed code of --code."""

    names: tuple[str, ...]
    """The ConfigMaps that hold the archive, a compressed tar file, in order; empty if it is sent to pods."""
    parts: Mapping[str, bytes]
    """The content of each of these ConfigMaps, by its name."""
    files: Sequence[str] = ()
    """Paths of the files in the archive, relative to the folder."""


@frozen
class Rendering:
    """The facts of one run; a Spec holds only the user's options."""

    resource: Resource
    """The type of the main object, chosen for the cluster."""
    on_host: bool = False
    """Whether pods are processes of this machine: they share its file system and need no images."""
    scheduled: bool = False
    """Whether a schedule creates the main object repeatedly, each time with another name."""
    code: PackedCode | None = None
    """The packed code of --code; None if there is none, or if it has not been read."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """The values of --secret, by the names of their variables."""
    config_files: Mapping[str, bytes] = field(default_factory=dict)
    """The contents of the files of --config-file, by their paths on the submitter's machine."""
