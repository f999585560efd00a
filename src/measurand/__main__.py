"""``python -m measurand``."""

from measurand.cli import main

main()
