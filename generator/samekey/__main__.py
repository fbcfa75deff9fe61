"""`python -m samekey`."""

from samekey.cli import main

main()
