"""The self-test says yes to the uvicorn that is installed, and no to one that differs in what wire.py uses."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from teahouse.live import wire
from teahouse.live.wirecheck import OURS, UVICORNS, WireMisfit, protocol_class, self_test
from tests.live.wireserver import uvicorn_server

Break = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.WARNING, logger="teahouse.wire"):
        yield caplog


def test_the_installed_uvicorn_fits(log: pytest.LogCaptureFixture) -> None:
    self_test()
    assert protocol_class() == OURS
    assert not log.records


def renamed(patch: pytest.MonkeyPatch) -> None:
    patch.delattr(WebSocketsSansIOProtocol, "handle_events")


def other_parameters(patch: pytest.MonkeyPatch) -> None:
    def send(self: object, message: object, wait: bool) -> None: ...

    patch.setattr(WebSocketsSansIOProtocol, "send", send)


def attribute_gone(patch: pytest.MonkeyPatch) -> None:
    def init(self: Any, *args: Any) -> None:
        original(self, *args)
        del self.frames

    original = WebSocketsSansIOProtocol.__init__
    patch.setattr(WebSocketsSansIOProtocol, "__init__", init)


def does_not_close(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(wire.WireProtocol, "handle_close", lambda self, event: None)


def writes_elsewhere(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(wire.WireProtocol, "resume_writing", WebSocketsSansIOProtocol.resume_writing)


def hangs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(WebSocketsSansIOProtocol, "handle_events", lambda self: None)


@pytest.mark.parametrize(
    "damage", [renamed, other_parameters, attribute_gone, does_not_close, writes_elsewhere, hangs]
)
def test_another_uvicorn_does_not_fit(
    monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture, damage: Break
) -> None:
    damage(monkeypatch)

    assert protocol_class() == UVICORNS

    [record] = log.records
    assert "does not fit the installed uvicorn" in record.getMessage()
    assert "send()" in record.getMessage()


def test_a_misfit_says_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    other_parameters(monkeypatch)
    with pytest.raises(WireMisfit, match=r"send.*should be send"):
        self_test()


def test_a_server_serves_with_what_protocol_class_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    with uvicorn_server(ws=protocol_class()) as server, server.room("a"):
        assert server.state("a")["kind"] == "WireOutlet"
    renamed(monkeypatch)
    with uvicorn_server(ws=protocol_class()) as server, server.room("a") as client:
        assert server.state("a")["kind"] == "SendOutlet"
        client.send("heard")
        assert client.read_text() == "heard"
