"""`python -m teahouse`: the same as the command `teahouse`."""

import sys

from teahouse.server.cli import main

if __name__ == "__main__":
    sys.exit(main())
