"""`python -m api …`: the same commands as `songtan api …`."""

import sys

from api.cli import main

if __name__ == "__main__":
    sys.exit(main())
