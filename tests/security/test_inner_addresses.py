"""What people type in as the address of a webhook reaches nothing inside."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import httpcore
import pytest
from django.test import override_settings

from teahouse.followers import outside
from tests import receiver as receivers
from tests.receiver import Answer, Taken

INNER = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.7",
    "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "fc00::1",
    "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "2001:db8::1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::1", "2002:a9fe:a9fe::1", "2001:0:0:0:0:0:80ff:fffe", "100::1",
]  # fmt: skip
OUTER = ["1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "::ffff:1.1.1.1"]


@pytest.mark.parametrize("address", INNER)
def test_inner_addresses_are_known(address: str) -> None:
    assert not outside.is_allowed(ipaddress.ip_address(address))
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(ValueError, match="an inner address"):
        outside.check(f"http://{host}/")


@pytest.mark.parametrize("address", OUTER)
def test_outer_ones_are_let_through(address: str) -> None:
    assert outside.is_allowed(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "", "chat", "ftp://example.org/", "file:///etc/passwd", "https://", "https:///x", "http://u:p@example.org/",
        "https://example.org:0/", "https://example.org:99999/", "https://exa mple.org/", "https://茶.example/",
        "https://example.org/" + "x" * 1000, "http://localhost/", "http://a.localhost./", "http://[::1/",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        outside.check(url)


def test_an_address_is_kept_as_it_is() -> None:
    assert outside.check(" https://example.org/hook?x=1 ") == "https://example.org/hook?x=1"


class Receiver(receivers.Receiver):
    """What nobody outside should reach. `answers` are what it says, the last one for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = [Answer(200, {}, b"fine")]

    def answer(self, request: Taken) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


def leads_to(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """What a name leads to, each time that somebody asks."""
    asked: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        given = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in given]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def test_a_name_that_leads_inside_is_not_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for addresses in (["127.0.0.1"], ["1.1.1.1", "127.0.0.1"]):
        leads_to(monkeypatch, addresses)
        with pytest.raises(outside.Refused, match=r"rebind\.example leads to 127\.0\.0\.1"):
            outside.post(f"http://rebind.example:{receiver.server_port}/", b"{}", {})
    with pytest.raises(outside.Refused, match="inner address"):
        outside.post(receiver.url_of(), b"{}", {})
    assert receiver.taken == []


def test_the_address_that_was_looked_at_is_the_one_that_is_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the second answer would be an inner address, and is never asked for."""
    connected: list[str] = []

    def connect(self: Any, host: str, *_: Any, **__: Any) -> Any:
        connected.append(host)
        raise httpcore.ConnectError("nobody there")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    asked = leads_to(monkeypatch, ["1.1.1.1"], ["127.0.0.1"])
    with pytest.raises(outside.Failed, match="nobody there"):
        outside.post("http://rebind.example/", b"{}", {})
    assert (asked, connected) == (["rebind.example"], ["1.1.1.1"])


@override_settings(TEAHOUSE={"HOOKS_INNER": ("127.0.0.1/32",)})
def test_networks_that_are_let_in_are_reached_and_others_are_not(receiver: Receiver) -> None:
    answer = outside.post(receiver.url_of(), b"{}", {})
    assert (answer.status, answer.text) == (200, "fine")
    with pytest.raises(outside.Refused):
        outside.post("http://127.0.0.2/", b"{}", {})


@override_settings(TEAHOUSE={"HOOKS_INNER": ("127.0.0.1/32",)})
def test_redirects_are_not_followed_and_answers_are_cut(receiver: Receiver) -> None:
    receiver.answers = [
        Answer(302, {"Location": "http://169.254.169.254/"}, b""),
        Answer(503, {"Retry-After": "7"}, b"x" * 5_000_000),
    ]
    assert outside.post(receiver.url_of(), b"{}", {}).status == 302
    answer = outside.post(receiver.url_of(), b"{}", {})
    assert (answer.status, answer.retry_after, len(answer.text)) == (503, 7.0, outside.ANSWER_BYTES)
    receiver.wait_until(lambda: len(receiver.taken) == 2)


@override_settings(TEAHOUSE={"HOOKS_INNER": ("127.0.0.1/32",)})
def test_proxies_of_the_environment_are_not_used(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.9:1")
    assert outside.post(receiver.url_of(), b"{}", {}).status == 200
