"""In: blocks of text for one session. Out: bounded, all that waits in one go. Next: outlet.py.

Pure. A server's frames are not masked (RFC 6455, 5.1), so they are the same bytes for every reader: a
block is framed once, whoever reads it.
"""

import struct
import zlib
from collections.abc import Sequence

# RFC 6455, 5.2: FIN and the opcode. RFC 7692, 6: RSV1, the payload is deflated.
FIN_TEXT = 0x81
FIN_CLOSE = 0x88
FIN_DEFLATED_TEXT = 0xC1

# RFC 6455, 5.5: a control frame carries at most 125 bytes, and a close frame's first two are the code.
REASON_BYTES = 123

# RFC 6455, 7.4.1, and IANA's registry of close codes; 3000 to 4999 besides.
SENDABLE_CODES = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})


# A text of fewer bytes is not deflated: less than a fifth of it would be saved, and that of one packet.
WORTH_DEFLATING = 150
# The largest window, which is what a client reads that asked for no smaller one.
WINDOW_BITS = 15
# Level 6 takes 5 % off what level 1 leaves of an event, 20 % of a long page, in up to three times the time.
DEFLATE_LEVEL = 1

# RFC 7692, 7.2.1: what a flush ends with, and a message is sent without.
FLUSH_END = b"\x00\x00\xff\xff"


class Block:
    """One or more text frames that leave together; made once, shared by all readers.

    texts: what the frames say, for servers whose only way out is send().
    frames: the same as unmasked frames, joined.

    Raises UnicodeEncodeError where a text holds a lone surrogate, which UTF-8 cannot carry.
    """

    __slots__ = ("_deflated", "frames", "texts")

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = tuple(texts)
        self.frames = self._framed()
        self._deflated: Block | None = None

    def _framed(self) -> bytes:
        return b"".join(map(text_frame, self.texts))

    @property
    def deflated(self) -> "Block":
        """The same texts for readers that agreed to permessage-deflate. Made on first use, then kept."""
        if self._deflated is None:
            self._deflated = DeflatedBlock(self.texts)
        return self._deflated

    @property
    def size(self) -> int:
        """Bytes that count against a queue's bound."""
        return len(self.frames)


class DeflatedBlock(Block):
    """Each frame is compressed by itself, with nothing kept from one to the next: the same bytes for every reader
    of a server that said server_no_context_takeover (RFC 7692, 7.1.1.1)."""

    __slots__ = ()

    def _framed(self) -> bytes:
        return b"".join(map(deflated_text_frame, self.texts))


class SendQueue:
    """The blocks that wait for one session's socket, never more than `limit` bytes of them."""

    __slots__ = ("_blocks", "limit", "size")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._blocks: list[Block] = []

    def put(self, block: Block, elsewhere: int = 0) -> bool:
        """Take the block, or return False and take nothing if it would pass the limit.

        elsewhere: bytes for the same socket that wait outside this queue and count against its limit.
        """
        if self.size + elsewhere + block.size > self.limit:
            return False
        self._blocks.append(block)
        self.size += block.size
        return True

    def take(self) -> list[Block]:
        """All that waits, in the order it was put. Nothing waits then."""
        blocks = self._blocks
        self._blocks = []
        self.size = 0
        return blocks


def text_frame(text: str) -> bytes:
    """A whole text message as one unmasked frame (RFC 6455, 5.2)."""
    return _frame(FIN_TEXT, text.encode())


def deflated_text_frame(text: str) -> bytes:
    """The same, compressed where that pays (RFC 7692, 7.2.1)."""
    payload = text.encode()
    if len(payload) >= WORTH_DEFLATING:
        deflate = zlib.compressobj(DEFLATE_LEVEL, wbits=-WINDOW_BITS)
        shorter = (deflate.compress(payload) + deflate.flush(zlib.Z_SYNC_FLUSH)).removesuffix(FLUSH_END)
        if len(shorter) < len(payload):
            return _frame(FIN_DEFLATED_TEXT, shorter)
    return _frame(FIN_TEXT, payload)


def _frame(first: int, payload: bytes) -> bytes:
    length = len(payload)
    if length < 126:
        return bytes((first, length)) + payload
    if length < 65536:
        return struct.pack("!BBH", first, 126, length) + payload
    return struct.pack("!BBQ", first, 127, length) + payload


def close_frame(code: int, reason: str) -> bytes:
    """An unmasked close frame (RFC 6455, 5.5.1). A longer reason is cut to what a frame can carry.

    Raises ValueError for a code that no endpoint may send (7.4: 1005, 1006 and 1015 are never on the wire).
    """
    if not (code in SENDABLE_CODES or 3000 <= code < 5000):
        raise ValueError(f"{code} cannot be sent as a close code; use one of RFC 6455, 7.4, or 3000 to 4999")
    payload = struct.pack("!H", code) + fitting_reason(reason).encode()
    return bytes((FIN_CLOSE, len(payload))) + payload


def fitting_reason(reason: str) -> str:
    """As much of the reason as a close frame can carry, cut between two characters.

    Never fails: a lone surrogate becomes a question mark, since nothing may keep a session from being closed.
    """
    return reason.encode(errors="replace")[:REASON_BYTES].decode(errors="ignore")
