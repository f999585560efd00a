"""Items that share a passage, a template or a source, counted as if they did not."""

from __future__ import annotations

from measurand.conformance.asking import Case, either, every, near, no_interval, refuses, says, spans

from .made import table

__all__ = ["KINDS"]


def equal_clusters() -> Case:
    right = [1] * 22 + [0] * 18
    width = 2 * 1.96 * (0.55 * 0.45 / 39) ** 0.5
    return Case(
        title="40 passages of 10 questions, all of a passage answered alike",
        ask="clustered",
        given={"scores": [each for each in right for _ in range(10)], "clusters": [f"p{c}" for c in _each(40, 10)]},
        answer=f".55, {width:.2f} wide, as 40 answers are; not {2 * 1.96 * (0.55 * 0.45 / 400) ** 0.5:.2f}",
        why="Within a passage nothing varies, so 400 rows are 40 answers: sqrt(.55 x .45 / 39) (Miller 2024).",
        right=every(near(0.55), spans(0.9 * width, 1.2 * width)),
    )


def unequal_clusters() -> Case:
    sizes = [120, *[8] * 20]
    right = [1, *[0, 1] * 10]
    scores = [each for each, size in zip(right, sizes, strict=True) for _ in range(size)]
    mean = sum(scores) / len(scores)
    robust = sum((size * (each - mean)) ** 2 for each, size in zip(right, sizes, strict=True)) ** 0.5 / len(scores)
    naive = (mean * (1 - mean) / len(scores)) ** 0.5
    return Case(
        title="One passage of 120 questions beside 20 of 8",
        ask="clustered",
        given={
            "scores": scores,
            "clusters": [f"p{place}" for place, size in enumerate(sizes) for _ in range(size)],
        },
        answer=f"{mean:.2f}, at least {2 * 1.96 * robust:.2f} wide; not {2 * 1.96 * naive:.2f}",
        why="The sandwich without correction, the root of the sum over clusters of (sum of residuals)^2 over n, is too "
        "small with few or unequal clusters, so a right interval is at least as wide (Cameron and Miller 2015).",
        right=every(near(mean), spans(2 * 1.96 * robust, 1.0)),
    )


def clusters_named_by_numbers() -> Case:
    case = equal_clusters()
    return Case(
        title="40 passages of 10 questions, numbered 1.0, 2.0, ... as a spreadsheet writes them",
        ask="clustered",
        given={**case.given, "clusters": [float(cluster + 1) for cluster in _each(40, 10)]},
        answer=f"the same: {case.answer}",
        why="A number that names is a name: it is no covariate and no score.",
        right=case.right,
    )


def clusters_of_mixed_type() -> Case:
    case = equal_clusters()
    names = [str(cluster) if place % 2 else cluster for place, cluster in enumerate(_each(40, 10))]
    return Case(
        title="40 passages of 10 questions, named 7 in one row and '7' in the next",
        ask="clustered",
        given={**case.given, "clusters": names},
        answer=f"the same, or refused: {case.answer}",
        why="Two spellings of one name are one passage; as two, the interval comes out 1.4 times too narrow.",
        right=case.right,
    )


def clusters_that_nobody_named() -> Case:
    case = equal_clusters()
    return Case(
        title="40 passages of 10 questions, in a column that nobody named as the cluster",
        ask="answers",
        given={
            "table": table(
                ["model", "item", "score", "passage"],
                [["m", f"q{place}", score, f"p{place // 10}"] for place, score in enumerate(case.given["scores"])],
            )
        },
        answer=f"the same, or a warning that scores go together by passage: {case.answer}",
        why="The table shows it: every passage is all right or all wrong, which chance brings about never.",
        right=every(near(0.55), spans(0.22, 0.45)),
    )


def clusters_with_gaps() -> Case:
    case = equal_clusters()
    gaps = ["" if place % 3 == 0 else each for place, each in enumerate(case.given["clusters"])]
    return Case(
        title="40 passages of 10 questions, left blank on every third row",
        ask="clustered",
        given={**case.given, "clusters": gaps},
        answer="that 134 rows name no passage; as passages of their own they make the interval a third too narrow",
        why="A blank is no passage of one, and no passage that all blanks share. The rows with a name show "
        "how wide the interval is.",
        right=either(case.right, refuses("cluster|missing|blank|empty"), says("that 134 rows name none", r"\b134\b")),
    )


def clusters_of_one() -> Case:
    width = 2 * 1.96 * (0.55 * 0.45 / 400) ** 0.5
    return Case(
        title="400 questions, each a cluster of its own",
        ask="clustered",
        given={"scores": [1] * 220 + [0] * 180, "clusters": [f"q{place}" for place in range(400)]},
        answer=f".55, {width:.3f} wide, as without clusters",
        why="With one item per cluster the clustered variance is the ordinary one.",
        right=every(near(0.55), spans(0.97 * width, 1.03 * width)),
    )


def a_single_cluster() -> Case:
    return Case(
        title="100 questions on one passage",
        ask="clustered",
        given={"scores": [1] * 55 + [0] * 45, "clusters": ["p"] * 100},
        answer="no interval: one cluster does not tell how clusters differ",
        why="The residuals of one cluster add up to 0, so the formula gives a standard error of 0.",
        right=either(
            no_interval, says("that there is one", "(only|just|a single|there is) (one|1)? ?cluster|one cluster")
        ),
    )


def _each(clusters: int, size: int) -> list[int]:
    return [cluster for cluster in range(clusters) for _ in range(size)]


KINDS = {
    "clusters": (
        equal_clusters,
        unequal_clusters,
        clusters_named_by_numbers,
        clusters_of_mixed_type,
        clusters_that_nobody_named,
        clusters_with_gaps,
        clusters_of_one,
        a_single_cluster,
    ),
}
"""The cases by kind."""
