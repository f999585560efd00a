"""Two versions of the same results, to be held against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from measurand.errors import InputError
from measurand.results import Audit, Brief
from measurand.tables.responses import Responses
from measurand.tables.scores import Scores

__all__ = ["NEW", "OLD", "Version", "Versions"]

OLD, NEW = "old ", "new "
"""What stands before the names of models where item-level results of both versions are in one frame."""


@dataclass(frozen=True, repr=False)
class Version(Brief):
    """What is known of one version.

    Parameters
    ----------
    name : what it is called, such as its file.
    scores, responses : its evidence; None where there is none.
    audit : an audit of it, whose verdicts are compared; None where none was made.
    """

    name: str
    scores: Scores | None = None
    responses: Responses | None = None
    audit: Audit | None = None


@dataclass(frozen=True, repr=False)
class Versions(Brief):
    """Two versions of one table, store, log folder or audit.

    Parameters
    ----------
    old, new : the version before and the one after; `Study.version` makes one of a study.

    Examples
    --------
    >>> tables = (Scores.build(pl.DataFrame({"model": ["a"], "benchmark": ["b"], "score": [s]})) for s in (0.5, 0.6))
    >>> versions = Versions(*map(Version, ("before", "after"), tables))
    >>> versions.old.name, versions.new.scores.table["score"].to_list()
    ('before', [0.6])
    """

    old: Version
    new: Version

    def __post_init__(self) -> None:
        for each in (self.old, self.new):
            if not isinstance(each, Version):
                raise InputError(f"versions should be two of Study.version(), got {type(each).__name__}")

    def items(self, models: Mapping[str, str], benchmarks: Mapping[str, str]) -> Responses | None:
        """Item-level results of both as one set, models named apart by `OLD` and `NEW`; None unless both have some.

        Clusters are the new version's, where the items of both know the key.

        Parameters
        ----------
        models, benchmarks : names that the new version has for those of the old one, where they are others.
        """
        if self.old.responses is None or self.new.responses is None:
            return None
        under_new = (pl.col("model").replace(models), pl.col("benchmark").replace(benchmarks))
        frames = (self.old.responses.frame.with_columns(under_new), self.new.responses.frame)
        parts = [
            frame.with_columns(model=pl.concat_str(pl.lit(which), "model"))
            for which, frame in zip((OLD, NEW), frames, strict=True)
        ]
        joined = Responses(pl.concat(parts, how="diagonal"))
        key = self.new.responses.cluster
        if key is None or key not in joined.cluster_keys():
            return joined
        return joined.clustered_by(key, shown=self.new.responses.shown)
