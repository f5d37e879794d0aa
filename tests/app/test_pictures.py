"""What becomes of a file that is to be somebody's picture; what a browser is called."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from teahouse.server.logins import browser_of
from teahouse.server.pictures import PictureRefused, square


def made(kind: str, mode: str = "RGB", size: tuple[int, int] = (300, 200), **more: object) -> bytes:
    out = BytesIO()
    Image.new(mode, size).save(out, kind, **more)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("size", [(1, 1), (300, 200), (20, 3000)])
def test_every_kind_and_shape_becomes_a_small_square(kind: str, size: tuple[int, int]) -> None:
    with Image.open(BytesIO(square(made(kind, size=size)))) as image:
        assert (image.format, image.size) == ("WEBP", (256, 256))


@pytest.mark.parametrize("mode", ["L", "P", "LA", "RGBA", "I;16", "1"])
def test_every_mode_can_be_read(mode: str) -> None:
    assert square(made("PNG", mode))


def test_what_is_seen_through_stays_so() -> None:
    with Image.open(BytesIO(square(made("PNG", "RGBA")))) as image:
        assert image.convert("RGBA").getchannel("A").getextrema() == (0, 0)


def test_it_is_turned_as_the_camera_was_held_and_tells_no_place() -> None:
    turned = Image.new("RGB", (400, 200), "black")
    turned.paste("white", (0, 0, 200, 200))
    exif = Image.Exif()
    exif[0x0112] = 6  # To be turned by 90 degrees: what was left is above then.
    exif.get_ifd(0x8825)[1] = "N"
    out = BytesIO()
    turned.save(out, "JPEG", exif=exif, comment=b"at home", icc_profile=b"profile")
    data = square(out.getvalue())
    assert all(word not in data for word in (b"EXIF", b"ICCP", b"XMP ", b"at home"))
    with Image.open(BytesIO(data)) as image:
        assert not image.getexif()
        grey = image.convert("L")
        assert grey.crop((0, 0, 256, 100)).getextrema() == (255, 255)
        assert grey.crop((0, 156, 256, 256)).getextrema() == (0, 0)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "unreadable"),
        (b"GIF89a", "unreadable"),
        (made("BMP"), "unreadable"),
        (made("TIFF"), "unreadable"),
        (made("PNG", "1", (7000, 6000)), "pixels"),
        (b"\x89PNG" + bytes(2 * 2**20), "big"),
    ],
)
def test_what_is_none_or_too_much_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(PictureRefused) as refused:
        square(data)
    assert refused.value.why == why


@given(st.binary(max_size=300), st.integers(0, 250))
def test_a_broken_file_is_refused_and_nothing_worse(noise: bytes, at: int) -> None:
    whole = made("JPEG", size=(40, 40))
    try:
        square(whole[:at] + noise + whole[at + len(noise) :])
    except PictureRefused as refused:
        assert refused.why in ("unreadable", "pixels")


WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64) {WEBKIT} Chrome/142.0 Safari/537.36 Edg/142.0",
            "Edge · Windows",
        ),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {WEBKIT} Safari/604.1", "Safari · iPhone"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/142.0 Mobile", "Chrome · Android"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
        ("curl/8.5.0", ""),
        ("", ""),
    ],
)
def test_a_browser_has_the_name_that_people_give_it(agent: str, name: str) -> None:
    assert browser_of(agent) == name
