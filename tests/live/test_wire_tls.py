"""The wire over TLS, whose transports differ: no half-closing, and other buffers."""

import datetime
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

# Comes with daphne, through Twisted's TLS.
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.live.rawsocket import frame
from tests.live.wireserver import WireServer, uvicorn_server


def write_certificate(path: Path) -> None:
    """A key and a certificate that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + certificate.public_bytes(encoding))


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WireServer]:
    certificate = tmp_path_factory.mktemp("tls") / "certificate.pem"
    write_certificate(certificate)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    files = ["--ssl-certfile", str(certificate), "--ssl-keyfile", str(certificate)]
    with uvicorn_server("--loop", request.param, *files, tls=context) as server:
        yield server
        assert "Traceback" not in server.process.output()


def test_what_is_put_arrives(server: WireServer) -> None:
    with server.room("reader") as client:
        server.do("put", texts=["one", "x" * 70_000], names=["reader"])
        assert [client.read_text(), client.read_text()] == ["one", "x" * 70_000]


def test_a_close_is_answered_and_ends(server: WireServer) -> None:
    with server.room("polite") as client:
        server.do("close", name="polite", code=4200, reason="2")
        assert client.read_close() == (4200, "2")
        client.answer_close(4200)
        assert client.read_rest() == b""
        assert server.wait_for("polite", lambda state: state["returned"])["waiting"] == 0


def test_a_broken_frame_gets_its_code(server: WireServer) -> None:
    with server.room("broken") as client:
        client.write(frame(b"x" * 3_000_000)[:2_000_000])
        assert client.read_close()[0] == 1009


def test_a_reader_that_never_reads_is_dropped(server: WireServer) -> None:
    with server.room("never", limit=500_000, close_timeout=0.5, receive_buffer=4096) as never:
        for _ in range(200):
            server.do("put", texts=["x" * 50_000], names=["never"])
        assert server.state("never")["slow"] == 1
        assert server.wait_for("never", lambda state: state["returned"])["end"]["code"] == 4101
        never.wait_for_the_end()
        assert server.state("never")["waiting"] == 0


def test_a_slow_reader_that_reads_at_last_learns_why(server: WireServer) -> None:
    with server.room("late", limit=500_000, receive_buffer=4096) as late:
        for _ in range(200):
            server.do("put", texts=["x" * 50_000], names=["late"])
        texts, code, _ = late.read_until_close()
        assert code == 4101
        assert 1 < len(texts) < 200
