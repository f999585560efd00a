"""Logs ingested once into a folder of Parquet, from which audits read: incremental, atomic, larger than memory.

::

    STORE/measurand-store.json                         what the folder is
    STORE/items/benchmark=NAME/KEY-K.parquet           the rows of run K of a source, columns `RESPONSE_COLUMNS`
    STORE/logs/HASH-OF-PATH.json                       all else that is known of a source; names its KEY
    STORE/manifest.json                                sources, hashes, harnesses, rows, and what was rejected and why

KEY is a hash over a source's path and bytes, so that equal runs write equal files. The file in ``logs`` is renamed into
place last: a source is ingested when it is there, and whatever a killed run left without one is removed by the next.
It holds the SHA-256 of its record, and the record that of each file of rows: what is not as it was written is said when
the store is opened, and not used. Names of models and benchmarks are made when the store is opened, from what the
harness wrote.
"""

from measurand.store.ingesting import ingest
from measurand.store.layout import SCHEMA_VERSION, is_store
from measurand.store.manifest import Entry, Manifest
from measurand.store.opening import open_study, read
from measurand.store.sources import PARSER_VERSION

__all__ = ["PARSER_VERSION", "SCHEMA_VERSION", "Entry", "Manifest", "ingest", "is_store", "open_study", "read"]
