"""A message's text in, safe HTML out, or None where the text says it all. Bounded: no text stops the process.

`markup.py` is the one definition of what a text may become; `renderer.py` is what the chat calls: it renders
short texts here and the others in `worker.py`, a small process of its own with a time limit.
"""

from teahouse.render.markup import RENDER_VERSION, clean_html, needs_markup, render
from teahouse.render.mentions import beginnings, mentioned_names
from teahouse.render.renderer import Renderer, render_sync

__all__ = [
    "RENDER_VERSION",
    "Renderer",
    "beginnings",
    "clean_html",
    "mentioned_names",
    "needs_markup",
    "render",
    "render_sync",
]
