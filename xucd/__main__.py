"""``python -m xucd`` is the `xucd` command."""

import sys

from xucd.cli import main

sys.exit(main())
