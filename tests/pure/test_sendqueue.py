"""The frames are judged by the parser of the `websockets` library, not by a second copy of our arithmetic."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import CLIENT, Protocol

from teahouse.live.sendqueue import Block, SendQueue, close_frame, text_frame

any_text = st.text(st.characters(exclude_categories=["Cs"]))
sendable_codes = st.sampled_from([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013]) | st.integers(
    3000, 4999
)


def as_client(frames: bytes) -> list[Frame]:
    """What a client reads, which must be clean: a masked or otherwise wrong frame fails the connection."""
    client = Protocol(CLIENT, max_size=None)
    client.receive_data(frames)
    assert client.parser_exc is None
    return [event for event in client.events_received() if isinstance(event, Frame)]


# No deadline: the largest texts take the library's parser longer on a busy machine.
# Lengths on both sides of the borders between the three forms of a length (RFC 6455, 5.2).
@settings(deadline=None)
@given(any_text)
@example("")
@example("x" * 125)
@example("x" * 126)
@example("x" * 65535)
@example("x" * 65536)
@example("茶" * 42)
def test_a_text_frame_is_read_as_that_text(text: str) -> None:
    [frame] = as_client(text_frame(text))

    assert frame.opcode is Opcode.TEXT
    assert frame.fin
    assert bytes(frame.data).decode() == text


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        text_frame("\ud83d")


@given(sendable_codes, any_text)
@example(4101, "茶" * 41)
@example(4101, "茶" * 42)
def test_a_close_frame_carries_code_and_the_start_of_the_reason(code: int, reason: str) -> None:
    [frame] = as_client(close_frame(code, reason))

    close = Close.parse(bytes(frame.data))
    assert frame.opcode is Opcode.CLOSE
    assert close.code == code
    assert reason.startswith(close.reason)
    # Nothing that fits is cut: the next character would have passed the 123 bytes.
    if close.reason != reason:
        assert len(reason[: len(close.reason) + 1].encode()) > 123


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000])
def test_a_code_that_may_not_be_sent_is_refused(code: int) -> None:
    with pytest.raises(ValueError, match="cannot be sent as a close code"):
        close_frame(code, "")


def test_a_reason_that_is_no_unicode_still_closes() -> None:
    [frame] = as_client(close_frame(4000, "bad \ud83d"))

    assert Close.parse(bytes(frame.data)).reason == "bad ?"


@given(st.lists(any_text))
def test_a_block_is_its_texts_in_order(texts: list[str]) -> None:
    block = Block(texts)

    assert block.texts == tuple(texts)
    assert [bytes(frame.data).decode() for frame in as_client(block.frames)] == texts
    assert block.size == len(block.frames)


def test_a_block_is_framed_once() -> None:
    block = Block(["one", "two"])

    assert block.frames is block.frames


@given(limit=st.integers(0, 200), sizes=st.lists(st.integers(2, 60)), elsewhere=st.integers(0, 100))
def test_a_queue_takes_what_fits_and_gives_it_back_in_order(
    limit: int, sizes: list[int], elsewhere: int
) -> None:
    queue = SendQueue(limit)
    taken: list[Block] = []
    for size in sizes:
        block = Block(["x" * (size - 2)])
        fits = sum(b.size for b in taken) + elsewhere + size <= limit
        assert queue.put(block, elsewhere) is fits
        if fits:
            taken.append(block)
        assert queue.size == sum(b.size for b in taken)

    assert queue.take() == taken
    assert queue.take() == []
    assert queue.size == 0


def test_a_queue_that_was_emptied_takes_again() -> None:
    queue = SendQueue(limit=5)
    assert queue.put(Block(["abc"]))
    assert not queue.put(Block([""]))

    queue.take()

    assert queue.put(Block(["abc"]))
