"""Whether the versions fit: what is seen (`probe`), what is known (`versions`), what follows (`judge`), in words.

`versions` the table · `pins` from a wish to a pip line · `probe` looks at an environment · `facts` what it saw ·
`judge` and `project` judge it · `findings` the words. `teahouse/checks.py` looks at its own process with it,
`teahouse doctor` at any other. Nothing here needs Django to be there.
"""
