"""`python -m vidstyle` is the command `vidstyle`."""

from __future__ import annotations

from vidstyle.cli.entry import main

if __name__ == "__main__":
    main()
