"""The command line: read, audit, write; nothing else."""

from __future__ import annotations

from measurand.cli import (
    about,
    audits,
    claims,
    data,
    diffing,
    elicitation,
    experiments_judged,
    experiments_local,
    experiments_replied,
    forecasts,
    gaming,
    gating,
    papers,
    precision,
    serving,
    unseen,
    validity,
)
from measurand.cli.app import GROUPS, app
from measurand.cli.streams import one_line

__all__ = [
    "about",
    "app",
    "audits",
    "claims",
    "data",
    "diffing",
    "elicitation",
    "experiments_judged",
    "experiments_local",
    "experiments_replied",
    "forecasts",
    "gaming",
    "gating",
    "main",
    "papers",
    "precision",
    "serving",
    "unseen",
    "validity",
]

# The help shows the groups in the order in which commands come, not in that of their modules.
app.registered_commands.sort(key=lambda each: GROUPS.index(each.rich_help_panel or ""))


def main() -> None:
    """Run the command line."""
    with one_line():
        app()
