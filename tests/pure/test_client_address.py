"""What a person types, and where it leads."""

import pytest

from teahouse.client.address import endpoint, room_of


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("https://chat.example.org/", "wss://chat.example.org/ws/"),
        ("https://chat.example.org", "wss://chat.example.org/ws/"),
        ("http://127.0.0.1:8000/chat/", "ws://127.0.0.1:8000/chat/ws/"),
        ("http://127.0.0.1:8000/chat/rooms/tea/", "ws://127.0.0.1:8000/chat/ws/"),
        ("https://chat.example.org/rooms/tea/41/", "wss://chat.example.org/ws/"),
        ("wss://chat.example.org/ws/", "wss://chat.example.org/ws/"),
        ("ws://chat.example.org/ws", "ws://chat.example.org/ws/"),
        ("chat.example.org", "wss://chat.example.org/ws/"),
        ("localhost:8000", "ws://localhost:8000/ws/"),
        ("192.168.1.7:8000", "ws://192.168.1.7:8000/ws/"),
        ("[::1]:8000/chat", "ws://[::1]:8000/chat/ws/"),
        (" https://chat.example.org/茶 ", "wss://chat.example.org/%E8%8C%B6/ws/"),
    ],
)
def test_an_address_leads_to_the_endpoint(url: str, leads: str) -> None:
    assert endpoint(url) == leads


@pytest.mark.parametrize("url", ["", "ftp://chat.example.org/", "https://", "https://a:b/", "http://[::1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        endpoint(url)


@pytest.mark.parametrize(
    ("url", "room"),
    [
        ("https://chat.example.org/", None),
        ("https://chat.example.org/rooms/", None),
        ("https://chat.example.org/rooms/tea/", "tea"),
        ("http://host/chat/rooms/%E8%8C%B6/41/", "茶"),
    ],
)
def test_a_pages_address_names_its_room(url: str, room: str | None) -> None:
    assert room_of(url) == room
