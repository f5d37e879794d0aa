"""A WebSocket client of the test's own hand, for what no library would send, or would not show."""

import base64
import os
import socket
import ssl
import struct
import time
import zlib
from collections.abc import Callable
from typing import Self

from tests.clients import SECONDS

# States of a TCP connection, as Linux' tcp_info gives them.
ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT = 1, 4, 5, 8
TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
FLUSH_END = b"\x00\x00\xff\xff"


class RawSocket:
    """One connection. Everything that waits does so for at most `timeout` seconds, then raises TimeoutError. That is
    long where something has to come: nothing here says how quick it is.

    before_answer: what to do when the handshake is sent and its answer not awaited yet.
    offer: for the header Sec-WebSocket-Extensions; what is deflated is read where it was agreed.
    """

    def __init__(
        self,
        port: int,
        path: str,
        *,
        timeout: float = SECONDS,
        receive_buffer: int | None = None,
        before_answer: Callable[[Self], object] = lambda client: None,
        tls: ssl.SSLContext | None = None,
        offer: str | None = None,
    ) -> None:
        self.socket = socket.socket()
        self.was_deflated = False  # The frame that was read last.
        self._bytes = bytearray()
        try:
            if receive_buffer is not None:  # Before connecting, or the window is as large as ever.
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            self.socket.settimeout(timeout)
            self.socket.connect(("127.0.0.1", port))
            if tls is not None:
                self.socket = tls.wrap_socket(self.socket)
            self._shake_hands(port, path, before_answer, offer)
        except BaseException:
            self.socket.close()
            raise

    def _shake_hands(
        self, port: int, path: str, before_answer: Callable[[Self], object], offer: str | None
    ) -> None:
        extensions = "" if offer is None else f"Sec-WebSocket-Extensions: {offer}\r\n"
        key = base64.b64encode(os.urandom(16)).decode()
        self.write(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{extensions}\r\n".encode()
        )
        before_answer(self)
        self.response = self._read_head()
        assert self.response.startswith("HTTP/1.1 101 "), self.response

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.socket.close()

    @property
    def agreed(self) -> str | None:
        """The server's answer to the offer."""
        lines = [line.partition(": ") for line in self.response.split("\r\n")]
        return next((value for name, _, value in lines if name.lower() == "sec-websocket-extensions"), None)

    @property
    def buffered(self) -> bytes:
        """What came and was not read yet."""
        return bytes(self._bytes)

    def write(self, data: bytes) -> None:
        self.socket.sendall(data)

    def send(self, payload: str | bytes, opcode: int = TEXT) -> None:
        self.write(frame(payload.encode() if isinstance(payload, str) else payload, opcode))

    def read(self) -> tuple[int, bytes]:
        """The next frame: opcode with FIN and the reserved bits taken off, which must be as for a whole frame."""
        first, second = self._take(2)
        self.was_deflated = self.agreed is not None and first == 0xC0 | TEXT
        assert first & 0xF0 == 0x80 or self.was_deflated, (
            f"a whole frame without reserved bits was expected, not {first:#x}"
        )
        assert second & 0x80 == 0, "a server's frame is not masked"
        length = second
        if second == 126:
            (length,) = struct.unpack("!H", self._take(2))
        elif second == 127:
            (length,) = struct.unpack("!Q", self._take(8))
        payload = self._take(length)
        return first & 0x0F, inflated(payload) if self.was_deflated else payload

    def read_text(self) -> str:
        """The next frame but for pings, which are answered: it must be a text."""
        opcode, payload = self.read()
        while opcode == PING:
            self.send(payload, PONG)
            opcode, payload = self.read()
        assert opcode == TEXT, (opcode, payload)
        return payload.decode()

    def read_close(self) -> tuple[int, str]:
        """The next frame, which must be a close frame: its code and reason."""
        opcode, payload = self.read()
        assert opcode == CLOSE, (opcode, payload)
        return struct.unpack("!H", payload[:2])[0], payload[2:].decode()

    def read_until_close(self) -> tuple[list[str], int, str]:
        """The texts that come before the close frame, its code and its reason."""
        texts: list[str] = []
        while True:
            opcode, payload = self.read()
            if opcode == CLOSE:
                return texts, struct.unpack("!H", payload[:2])[0], payload[2:].decode()
            if opcode == TEXT:
                texts.append(payload.decode())

    def read_rest(self) -> bytes:
        """All bytes until the server closes its half, cleanly; ConnectionResetError if it aborts."""
        while data := self.socket.recv(65536):
            self._bytes += data
        rest, self._bytes = bytes(self._bytes), bytearray()
        return rest

    def answer_close(self, code: int) -> None:
        self.send(struct.pack("!H", code), CLOSE)

    def wait_for_the_end(self) -> None:
        """Until the server ends the connection, cleanly or not, without our reading anything of it."""
        self._while_in({ESTABLISHED})

    def wait_for_the_reset(self) -> None:
        """The same, where either may have closed its half already."""
        self._while_in({ESTABLISHED, CLOSE_WAIT, FIN_WAIT1, FIN_WAIT2})

    def _while_in(self, states: set[int]) -> None:
        end = time.monotonic() + SECONDS
        # Seen without taking a byte from what is still to be read.
        while self.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] in states:
            assert time.monotonic() < end, "the connection did not end"
            time.sleep(0.01)

    def _read_head(self) -> str:
        while b"\r\n\r\n" not in self._bytes:
            self._more()
        head, _, rest = bytes(self._bytes).partition(b"\r\n\r\n")
        self._bytes = bytearray(rest)
        return head.decode("latin-1")

    def _take(self, length: int) -> bytes:
        while len(self._bytes) < length:
            self._more()
        taken = bytes(self._bytes[:length])
        del self._bytes[:length]
        return taken

    def _more(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError("the server closed the connection")
        self._bytes += data


def deflated(payload: bytes, bits: int = 15) -> bytes:
    """A message's payload, compressed by itself (RFC 7692, 7.2.1)."""
    compressor = zlib.compressobj(wbits=-bits)
    return (compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(FLUSH_END)


def inflated(payload: bytes) -> bytes:
    return zlib.decompressobj(wbits=-15).decompress(payload + FLUSH_END)


def frame(
    payload: bytes,
    opcode: int = TEXT,
    *,
    fin: bool = True,
    masked: bool = True,
    rsv: int = 0,
    length: int | None = None,
) -> bytes:
    """A client's frame, right or wrong. length: what the header says, if not the truth."""
    size = len(payload) if length is None else length
    mask_bit = 0x80 if masked else 0
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if size < 126:
        head += bytes([mask_bit | size])
    elif size < 65536:
        head += struct.pack("!BH", mask_bit | 126, size)
    else:
        head += struct.pack("!BQ", mask_bit | 127, size)
    if not masked:
        return head + payload
    mask = os.urandom(4)
    # As two numbers: byte by byte the files that make a message of megabytes were half of collecting all tests.
    pattern = (mask * (len(payload) // 4 + 1))[: len(payload)]
    masked_payload = int.from_bytes(payload) ^ int.from_bytes(pattern)
    return head + mask + masked_payload.to_bytes(len(payload))
