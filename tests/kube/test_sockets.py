"""Connections to a cluster: how a peer that is gone is noticed."""

import socket

import pytest

from arena.kube.sockets import keepalive


def test_keepalive_on_macos(monkeypatch: pytest.MonkeyPatch) -> None:
    """The seconds of silence before the first probe are set under either of their names."""
    usual = keepalive()
    idle = socket.TCP_KEEPIDLE
    assert (socket.IPPROTO_TCP, idle, 30) in usual
    monkeypatch.delattr(socket, "TCP_KEEPIDLE")
    monkeypatch.setattr(socket, "TCP_KEEPALIVE", 0x10, raising=False)
    assert keepalive() == [(level, 0x10 if name == idle else name, value) for level, name, value in usual]
