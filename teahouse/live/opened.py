"""In: frames of a peer and what it offered. Out: what websockets makes of them, where we differ. Next: wire.py.

websockets' protocol has no I/O. wire.py lets it shake hands, and puts an `Opened` in its place then: without the
request, which its parser would hold as long as the connection lives, headers and cookies and all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from websockets.extensions import Extension
from websockets.extensions.permessage_deflate import PerMessageDeflate, ServerPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN, SERVER, Protocol

from teahouse.live.sendqueue import WINDOW_BITS

# What uvicorn's `ws_per_message_deflate` means on our wire. Neither side keeps anything from one message to the next:
# ours can be shared, and no connection holds a window (RFC 7692, 7.1.1).
DEFLATE: Final = ServerPerMessageDeflateFactory(
    server_no_context_takeover=True, client_no_context_takeover=True, compress_settings={"memLevel": 5}
)

# Where websockets keeps the size of a message whose last fragment has not come; the first in version 15.
UNFINISHED: Final = ("cur_size", "current_size")


class Opened(Protocol):
    """The server's side of a connection after its handshake."""

    def __init__(self, before: Protocol, max_size: int) -> None:
        super().__init__(SERVER, state=OPEN, max_size=max_size, logger=before.logger)
        self.extensions = before.extensions

    def recv_frame(self, frame: Frame) -> None:
        # Between the fragments of a message a close frame may come, as any control frame (RFC 6455, 5.4);
        # websockets takes it for an error.
        if frame.opcode is Opcode.CLOSE:
            for name in UNFINISHED:
                if hasattr(self, name):
                    setattr(self, name, None)
        super().recv_frame(frame)


def shares_deflated(extensions: Sequence[Extension]) -> bool:
    """Whether the peer reads what is deflated with the window of all; it may have asked for a smaller one."""
    return any(
        isinstance(extension, PerMessageDeflate) and extension.local_max_window_bits == WINDOW_BITS
        for extension in extensions
    )
