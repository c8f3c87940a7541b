"""The options of pods and their containers, in classes of related options."""

from collections.abc import Mapping
from typing import Any, ClassVar

from arena.errors import SpecError
from arena.kinds import option_types as types
from arena.kinds.option_types import choice
from arena.kinds.spec import option
from arena.kinds.workload.spec import WorkloadSpec


def working_directory(default: str) -> Any:
    """The option that chooses where the command starts; `default` is what help says of no choice."""
    about = f"Directory the command starts in  [default: {default}]"
    return option("", about, types.PATH_OR_DEFAULT, old=("--workingDir",), after="shell")


class ContainerOptions(WorkloadSpec):
    """The options of a container whose fields arena or a runtime writes."""

    default_dir: ClassVar[str] = "/root"

    device: Mapping[str, str] = option(
        {}, "Other device of each pod, such as amd.com/gpu=1", types.DEVICES, after="gpus"
    )
    share_memory: str = option("2Gi", "Size of /dev/shm", types.QUANTITY, after="device")
    rdma: bool = option(False, "Request an RDMA device and permission to lock memory", after="share_memory")
    shell: str = option("sh", "Shell that runs the command", types.PROGRAM, after="secret")
    working_dir: str = working_directory(default_dir)

    @property
    def chosen_dir(self) -> str:
        """As for every workload."""
        return self.working_dir

    @property
    def shared_memory(self) -> str:
        """As for every workload."""
        return self.share_memory

    @property
    def devices(self) -> Mapping[str, str]:
        """As for every workload."""
        return self.device


class PodOptions(WorkloadSpec):
    """The options of a pod, unless a runtime determines them."""

    priority: str = option(
        "", "Priority class", types.OBJECT, short="-p", safe=True, after=("gang", "toleration")
    )
    scheduler: str = option(
        "", "Scheduler of the pods", types.OBJECT, safe=True, after=("queue_system", "priority")
    )
    image_pull_policy: str = option(
        "Always",
        "When to pull the image",
        choice("Always", "IfNotPresent", "Never"),
        old=("--imagePullPolicy",),
        safe=True,
        after="scheduler",
    )
    host_network: bool = option(
        False,
        "Use the network of the node",
        flags=("--host-network", "--hostNetwork"),
        after="image_pull_secret",
    )

    @property
    def chosen_scheduler(self) -> str:
        """As for every workload."""
        return self.scheduler


class PodSpec(ContainerOptions, PodOptions):
    """A workload whose pods arena describes itself, with all options of pods."""

    host_ipc: bool = option(
        False, "Use the IPC space of the node", flags=("--host-ipc", "--hostIPC"), after="host_network"
    )
    host_pid: bool = option(
        False, "Use the process space of the node", flags=("--host-pid", "--hostPID"), after="host_ipc"
    )
    sync_mode: str = option(
        "",
        "How to fetch code before the start",
        choice("git", "rsync"),
        old=("--syncMode",),
        after="code",
    )
    sync_source: str = option(
        "", "URL or path to fetch code from", types.SOURCE, old=("--syncSource",), after="sync_mode"
    )
    sync_image: str = option(
        "", "Image that fetches the code", types.IMAGE, old=("--syncImage",), after="sync_source"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if bool(self.sync_mode) != bool(self.sync_source):
            given, lacking = ("mode", "source") if self.sync_mode else ("source", "mode")
            raise SpecError(f"--sync-{given} needs --sync-{lacking}", "give both or none")
        if self.code and self.sync_mode:
            raise SpecError("--code and --sync-mode are mutually exclusive", "omit one of them")

    @property
    def fetches_code(self) -> bool:
        """As for every workload."""
        return bool(self.sync_mode)

    def unused(self) -> dict[str, str]:
        """As for every workload; an image has no effect if nothing is fetched."""
        lost = {"sync_image": "--sync-mode"} if self.sync_image and not self.sync_mode else {}
        return lost | super().unused()
