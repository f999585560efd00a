"""Readers: files and frames into a `Study`.

``read`` takes tables (CSV, TSV, Parquet, JSON lines, frames in memory); ``load_example`` gives the embedded study.
"""

from measurand.readers.embedded import EXAMPLES, load_example
from measurand.readers.paths import recognise
from measurand.readers.study import read

__all__ = ["EXAMPLES", "load_example", "read", "recognise"]
