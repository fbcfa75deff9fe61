"""The program `samekey`, and `python -m samekey`: Ctrl-C ends it without a traceback, also while it still begins."""

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command line."""
    try:
        from samekey.cli import main as run  # noqa: PLC0415  # the longest part of a beginning

        run()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
