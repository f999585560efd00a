"""Speed of V1's resamples against the plain way, in one run: ``python benchmarks/entanglement.py``.

The plain way is what the definition says, with pandas and scipy: repeat the rows of a resample, standardise, correlate,
take the first eigenvector, correlate every benchmark with the score. It does a few resamples; the ratio is of times a
resample. Both compute the same numbers, which is checked first.
"""

from __future__ import annotations

import argparse
import platform
import time

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from measurand import load_example
from measurand.stats.capability.pca import resampled_correlations
from measurand.stats.intervals.resampling import bootstrap_weights


def plain(capability: pd.DataFrame, tested: pd.DataFrame, weights: np.ndarray) -> np.ndarray:
    """One resample, literally."""
    rows = np.repeat(np.arange(len(capability)), weights.astype(int))
    capability, tested = capability.iloc[rows], tested.iloc[rows]
    z = (capability - capability.mean()) / capability.std(ddof=0)
    matrix = capability.corr(method="spearman").to_numpy()
    vector = np.linalg.eigh(matrix)[1][:, -1]
    vector = vector * np.sign(vector[np.abs(vector).argmax()])
    # A matrix product can give two copies of a row values that differ in the last bit, which would break their tie.
    score = pd.Series((z.to_numpy() @ vector).round(9), index=z.index)
    return np.array([spearmanr(score, tested[name], nan_policy="omit").statistic for name in tested])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--resamples", type=int, default=10_000)
    parser.add_argument("--plain", type=int, default=30, help="resamples done the plain way")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    scores = load_example().scores
    rng = np.random.default_rng(0)
    ours_total, plain_total = 0.0, 0.0
    for class_ in scores.classes:
        models = scores.models_of(class_)
        capability = scores.matrix(models, scores.benchmarks_of("capability"))
        names = scores.benchmarks_of("capability", "safety")
        tested = scores.matrix(models, names)
        # A resample in which a benchmark has one value left warns in scipy and is undefined in both.
        names = [name for name, run in zip(names, np.isfinite(tested).any(axis=0), strict=True) if run]
        tested = tested[:, np.isfinite(tested).any(axis=0)]
        weights = bootstrap_weights(len(models), given.resamples, rng)

        times = []
        for _ in range(given.repeats):
            start = time.perf_counter()
            ours = resampled_correlations(capability, tested, weights)
            times.append(time.perf_counter() - start)
        ours_time = min(times)

        frames = pd.DataFrame(capability), pd.DataFrame(tested, columns=names)
        start = time.perf_counter()
        slow = np.array([plain(*frames, weights[i]) for i in range(given.plain)])
        plain_time = (time.perf_counter() - start) / given.plain * given.resamples
        difference = np.nanmax(np.abs(slow - ours[: given.plain]))
        assert difference < 1e-9, f"the two disagree by {difference}"

        print(f"{class_}: {len(models)} models x {len(names)} benchmarks, {given.resamples} resamples")
        print(f"  measurand {ours_time:.2f} s; pandas and scipy {plain_time:.0f} s (from {given.plain} resamples)")
        ours_total, plain_total = ours_total + ours_time, plain_total + plain_time
    ratio = plain_total / ours_total
    print(f"both classes {ours_total:.2f} s; ratio {ratio:.0f}x ({platform.machine()}, numpy {np.__version__})")


if __name__ == "__main__":
    main()
