"""No protocol: the input is sent as it is, to the path of the URL."""

from arena.actions.serving.protocols.base import Protocol
from arena.actions.serving.protocols.torchserve import answer, build

PROTOCOL = Protocol(name="raw", path="", build=build, answer=answer, is_json=False)
