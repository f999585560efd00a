"""What large studies take: ``python benchmarks/growth.py [TASK...]``.

Studies of known size are made in memory, tables of rows in a folder that goes afterwards. Each task runs in a process
of its own with one BLAS thread; printed are the CPU seconds of the task and of writing its page, the page's size, and
the peak memory of the process from the study on. Tasks of rows are whole commands, beside Polars' own grouping of the
same file into the sums of clusters: less nobody can do. Run by hand: timings are no tests.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

MOST_SECONDS = 600


def scores(models: int, roles: tuple[str, ...], share: float, *, facts: bool) -> Any:
    """A study of scores: a share of the cells, and what is known of the models."""
    import polars as pl

    from measurand.tables import Scores, Study

    rng = np.random.default_rng(0)
    family = rng.integers(0, models // 15, models)
    capability = 0.8 * rng.normal(size=models) + 0.6 * rng.normal(size=models // 15)[family]
    loading = rng.uniform(0.5, 1, len(roles))
    noise = 0.5 * rng.normal(size=(models, len(roles)))
    chance = 1 / (1 + np.exp(-(loading * capability[:, None] + noise)))
    run = rng.random(chance.shape) < share
    names = np.array([f"model-{i:05d}" for i in range(models)])
    benchmarks = np.array([f"benchmark-{j:03d}" for j in range(len(roles))])
    row, column = np.nonzero(run)
    table = pl.DataFrame({"model": names[row], "benchmark": benchmarks[column], "score": chance[run].round(4)})
    known = pl.DataFrame(
        {
            "model": names,
            "family": [f"family-{code}" for code in family],
            "training_flop": 10 ** rng.uniform(20, 26, models),
            "release_date": [f"{year}-01-01" for year in rng.integers(2021, 2026, models)],
        }
    )
    of_benchmarks = pl.DataFrame({"benchmark": benchmarks, "role": roles, "maximum": 1.0})
    return Study.of(Scores.build(table, known if facts else None, of_benchmarks))


def answered(models: int, items: int, per_cluster: int) -> tuple[Any, Any]:
    """Right and wrong answers, shape (models, items), and the cluster of each item."""
    rng = np.random.default_rng(0)
    clusters = np.arange(items) // per_cluster
    hard = 0.5 * rng.normal(size=clusters[-1] + 1)[clusters] + rng.normal(size=items)
    chance = 1 / (1 + np.exp(-(np.linspace(-1, 1, models)[:, None] - hard)))
    return (rng.random(chance.shape) < chance).astype(np.float64), clusters


def responses(models: int, items: int, per_cluster: int) -> Any:
    """A study of item-level results."""
    import polars as pl

    from measurand.tables import Responses, Study

    right, clusters = answered(models, items, per_cluster)
    frame = pl.DataFrame(
        {
            "model": np.repeat([f"model-{i:04d}" for i in range(models)], items),
            "item": np.tile(np.arange(items), models),
            "score": right.ravel(),
            "passage": np.tile(clusters, models),
        }
    )
    return Study.of(Responses.build(frame, cluster="passage"))


def votes(models: int, count: int) -> Any:
    """A study of votes."""
    import polars as pl

    from measurand.tables import Study, Votes

    rng = np.random.default_rng(0)
    strength = rng.normal(size=models)
    first, second = rng.integers(0, models, (2, count))
    second = np.where(first == second, (second + 1) % models, second)
    won = rng.random(count) < 1 / (1 + np.exp(strength[second] - strength[first]))
    winner = np.where(rng.random(count) < 0.2, "tie", np.where(won, "model_a", "model_b"))
    names = np.array([f"model-{i:04d}" for i in range(models)])
    return Study.of(Votes.build(pl.DataFrame({"model_a": names[first], "model_b": names[second], "winner": winner})))


def audited(study: Callable[[], Any], *codes: str) -> dict[str, float]:
    """CPU seconds and memory of an audit, and of its page."""
    import measurand

    of = study()
    reset_peak()
    start = time.process_time()
    audit = measurand.audit(of, list(codes) or None)
    done = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        page = audit.to_html(Path(folder) / "page.html").stat().st_size
    return {"seconds": done - start, "page_seconds": time.process_time() - done, "page": page / 1e6, "peak": peak()}


def pairs_of_a_table() -> dict[str, float]:
    """All pairs of 20 models on 10,000 clustered items, from a table, from rows, and by a plain loop over arrays."""
    from measurand.measures.precision.paired_difference import compare, compared
    from measurand.tables import ItemTable

    right, clusters = answered(20, 10_000, 20)
    table = ItemTable.of("b", [f"m{i}" for i in range(20)], right, clusters)
    rows = responses(20, 10_000, 20).responses

    def loop() -> list[float]:
        found = []
        for i in range(len(right)):
            for j in range(i):
                off = right[i] - right[j]
                sums = np.bincount(clusters, off - off.mean())
                found.append(np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum()) / len(off))
        return found

    return {
        "seconds": typical(lambda: compared([table], "holm", 0.95, together=False)),
        "rows": typical(lambda: compare(rows), 1),
        "loop": typical(loop),
        "peak": peak(),
    }


def ranks_of_votes() -> dict[str, float]:
    """Bradley-Terry of a million votes on 100 models, with ranks from 1,000 resamples."""
    from measurand.stats.votes.arenas import order_with_intervals
    from measurand.stats.votes.bradley_terry import comparisons

    given = votes(100, 1_000_000).votes
    outcome, (first, second) = given.outcomes(), given.sides()

    def order() -> None:
        data = comparisons(first, second, outcome, 100)
        order_with_intervals(data, level=0.95, rng=np.random.default_rng(0), resamples=1000)

    return {"seconds": typical(order, 3), "peak": peak()}


def rows(count: int, folder: Path) -> Path:
    """A table of so many answers of 20 models to questions of ten a passage."""
    import polars as pl

    models, path = 20, folder / f"{count}.parquet"
    items = count // models
    right = (np.random.default_rng(0).random((models, items)) < np.linspace(0.3, 0.7, models)[:, None]).astype(float)
    parts = [
        pl.DataFrame({"score": right[i]}).select(
            pl.lit(f"org/model-{i:02d}").alias("model"),
            pl.lit("quiz").alias("benchmark"),
            pl.format("question-{}", pl.int_range(pl.len())).alias("item"),
            "score",
            pl.format("p{}", pl.int_range(pl.len()) // 10).alias("passage"),
        )
        for i in range(models)
    ]
    pl.concat([part.lazy() for part in parts]).sink_parquet(path)
    return path


FLOOR = """
import sys, polars as pl
rows = pl.scan_parquet(sys.argv[1])
rows.group_by("model", "passage").agg(pl.col("score").sum(), pl.len()).collect(engine="streaming")
"""


def commanded(count: int, *words: str) -> dict[str, float]:
    """CPU seconds and peak memory of a command on a table of rows, and of Polars' grouping of it."""
    with tempfile.TemporaryDirectory() as folder:
        # In a process of its own: the peak of a child begins with the memory that its parent has as it starts it.
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            path = pool.submit(rows, count, Path(folder)).result()
        took = {}
        for what, command in (
            ("", [sys.executable, "-m", "measurand", *(word.format(table=path, folder=folder) for word in words)]),
            ("floor_", [sys.executable, "-c", FLOOR, str(path)]),
        ):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            _, status, used = os.wait4(process.pid, 0)
            if status:
                raise RuntimeError(f"{command} ended with {status}")
            took |= {f"{what}seconds": used.ru_utime + used.ru_stime, f"{what}peak": used.ru_maxrss / 1024}
    return took


def typical(task: Callable[[], object], repeats: int = 7) -> float:
    """Median CPU seconds."""
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        task()
        seconds.append(time.process_time() - start)
    return sorted(seconds)[repeats // 2]


def reset_peak() -> None:
    """Forget what making the study took, where the system can."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        clear.write_text("5")


def peak() -> float:
    """Peak memory in MB since then."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


TASKS: dict[str, tuple[str, Callable[[], dict[str, float]]]] = {
    "table": (
        "audit of 7,000 models x 6 benchmarks",
        lambda: audited(lambda: scores(7_000, ("capability",) * 4 + ("safety",) * 2, 1.0, facts=True)),
    ),
    "records": (
        "audit of 5,041 models x 132 benchmarks, 5% of the cells",
        lambda: audited(lambda: scores(5_041, ("other",) * 132, 0.05, facts=False)),
    ),
    "items": ("audit of 20 models x 50,000 items", lambda: audited(lambda: responses(20, 50_000, 10))),
    "compare": ("compare of 5,000 models x 1,000 items", lambda: audited(lambda: responses(5_000, 1_000, 10), "P2")),
    "arena": ("arena of 3,000 models, 200,000 votes", lambda: audited(lambda: votes(3_000, 200_000), "P10")),
    **{
        f"{words[0]}-{size}": (f"{words[0]} of {size} rows", lambda words=words, count=count: commanded(count, *words))
        for words in (
            ("score", "{table}"),
            ("compare", "{table}"),
            ("ranking", "{table}"),
            ("ingest", "{table}", "-o", "{folder}/store"),
        )
        for size, count in (("1M", 10**6), ("10M", 10**7), ("100M", 10**8))
    },
    "pairs": ("all 190 pairs of 20 models x 10,000 clustered items", pairs_of_a_table),
    "ranks": ("1,000,000 votes on 100 models, 1,000 resamples", ranks_of_votes),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tasks", nargs="*", choices=(*TASKS, []), help="only these")
    parser.add_argument("--here", action="store_true", help="run one task in this process and print what it took")
    given = parser.parse_args()
    if given.here:
        print(json.dumps(TASKS[given.tasks[0]][1]()))
        return
    for name in given.tasks or [name for name in TASKS if not name.endswith("100M")]:
        command = [sys.executable, __file__, "--here", name]
        one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=True, timeout=MOST_SECONDS, env=one_thread
            )
        except subprocess.TimeoutExpired:
            print(f"{TASKS[name][0]}: stopped after {MOST_SECONDS} s")
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        said = ", ".join(f"{what} {value:.3g}" for what, value in found.items())
        print(f"{TASKS[name][0]}: {said}", flush=True)


if __name__ == "__main__":
    main()
