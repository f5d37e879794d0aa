"""A person's picture: what was sent becomes a small square WebP. In: bytes of any origin. Out: bytes of ours. Pure.

Nothing of the file is kept but how its pixels look: not the place where it was taken, not what was hidden in it. How
large it is to be in memory is looked at before it is unpacked.
"""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps

FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF")
MOST_BYTES: Final = 2 * 2**20
MOST_PIXELS: Final = 40_000_000
SIDE: Final = 256


class PictureRefused(Exception):
    """It makes no picture: `why` is big, pixels or unreadable."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def square(data: bytes) -> bytes:
    """The middle of the picture as a WebP of 256 by 256 pixels.

    Raises:
        PictureRefused: more than 2 MB, more than 40 million pixels, or no JPEG, PNG, WebP or GIF.
    """
    if len(data) > MOST_BYTES:
        raise PictureRefused("big")
    try:
        with warnings.catch_warnings():
            # Pillow has a bound of its own, above ours.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=FORMATS) as image:
                return _square(image)
    except PictureRefused:
        raise
    except Exception as error:
        # A broken file may make a decoder raise anything; it is the file that is at fault.
        raise PictureRefused("unreadable") from error


def _square(image: Image.Image) -> bytes:
    if image.width * image.height > MOST_PIXELS:
        raise PictureRefused("pixels")
    # A JPEG is unpacked no larger than needed.
    image.draft("RGB", (2 * SIDE, 2 * SIDE))
    upright = ImageOps.exif_transpose(image)
    plain = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    small = ImageOps.fit(plain, (SIDE, SIDE), Image.Resampling.LANCZOS)
    # A new image: `info` of the old one, with where it was taken, would be written along.
    clean = Image.new(small.mode, small.size)
    clean.paste(small)
    made = BytesIO()
    clean.save(made, "WEBP", quality=86, method=4)
    return made.getvalue()
