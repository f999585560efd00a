"""What P11 finds of one benchmark: reliability, a row per item, and the fitted item response model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import ndtr

from measurand.catalogue import lookup
from measurand.errors import NotApplicable
from measurand.stats.intervals.multiplicity import benjamini_hochberg
from measurand.stats.items.irt import TwoParameter, expected_scores, fit_two_parameter
from measurand.stats.items.irt_checks import ScaleCheck, check_scale, fewest_items, misfit, scale_ratio
from measurand.stats.items.reliability import Precision, item_rest, items_run, reliability, split_half
from measurand.tables import ItemTable, Responses
from measurand.wording import percent, plural

__all__ = [
    "KEPT_INFORMATION",
    "LEAST_ITEMS_FITTED",
    "LEAST_MODELS",
    "LEAST_MODELS_FITTED",
    "SCALE_WITHIN",
    "ItemAnalysis",
    "ResponseModel",
    "analyse",
    "guessing_of",
]

Floats = npt.NDArray[np.float64]

LEAST_MODELS = 5
"""Below this a covariance of items says nothing."""

LEAST_MODELS_FITTED = 10
SCALE_WITHIN, LEAST_SURE = 0.2, 0.65
"""A fit is refused where fewer of its kind have slopes on a scale that is right to within 20%."""

GUESSED = 0.25
"""What guessing may give where the options are not known: four are the most common number."""

RULED_OUT = 8.0
"""Logs of likelihood by which guessing has to be the worse account before it is ruled out: of answers guessed at one in
four 95% stay within it, and of answers that cannot be guessed 95% go beyond it, from 12 models and 60 items on."""
MOST_COMPARED = 300
"""Items on which fits with and without guessing are compared: enough to tell, and a long test takes minutes."""

LEAST_ITEMS_FITTED = 5
MOST_ITEMS_PER_MODEL = 250
"""A fit takes about the square of its items, minutes at 50,000, and checking it several times that; each slope rests on
the answers of the same models however many items there are, so that a fit of a part tells as much of it."""
LEAST_MODELS_MISFIT = 50
"""With fewer models the test for an item's curve is not normal enough to hold its level over many items."""

KEPT_INFORMATION = 0.9
"""Share of the information that counts as equal precision: standard errors grow by 5%."""


@dataclass(frozen=True, eq=False)
class ResponseModel:
    """The two-parameter model of one benchmark, and what its check on drawn answers found.

    Parameters
    ----------
    difficulty : share of models of this kind that the fitted curve expects to fail each item, shape (items,).
    misfit_q : adjusted p-value that an item does not follow its S curve, shape (items,); NaN where not tested.
    shortest : indices of the fewest items that keep `KEPT_INFORMATION` of the information, best first.
    """

    fit: TwoParameter
    check: ScaleCheck
    difficulty: Floats
    misfit_q: Floats
    shortest: npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False, kw_only=True)
class ItemAnalysis:
    """The items of one benchmark.

    Parameters
    ----------
    benchmark, reading, cluster_key : what it is of.
    models : number of models.
    families : how many families they come from, those of unknown family each their own; None where none is known.
    items : names, of the items that at least two models ran.
    unit : whether every score lies between 0 and 1.
    share_right : mean score of each item, shape (items,).
    item_rest : correlation of each item with the rest, shape (items,); NaN where undefined.
    negative_q : adjusted p-value that it is negative, shape (items,).
    precision : reliability and standard error of measurement; of whole clusters where items have them.
    naive : the same had every item been independent; None where no cluster is named.
    split_half : stepped-up correlation of two halves, NaN where undefined.
    items_run : how many of them a model ran (harmonic mean).
    response_model : the two-parameter model; None where it does not apply, and then `no_model` says why and what it
        would need.
    """

    benchmark: str
    reading: str | None
    cluster_key: str | None
    models: int
    families: int | None
    items: tuple[str, ...]
    unit: bool
    share_right: Floats
    item_rest: Floats
    negative_q: Floats
    precision: Precision
    naive: Precision | None
    split_half: float
    items_run: float
    response_model: ResponseModel | None
    no_model: tuple[str, str] = ("", "")

    def table(self) -> pl.DataFrame:
        """One row per item: what it says of models and how well it fits in. Null where undefined."""
        found = {
            "item": self.items,
            "share_right": self.share_right,
            "item_rest": self.item_rest,
            "negative_q": self.negative_q,
        }
        if self.response_model is not None:
            fit = self.response_model.fit
            found |= {
                "slope": fit.slopes,
                "slope_se": fit.slope_se,
                "difficulty": self.response_model.difficulty,
                "misfit_q": self.response_model.misfit_q,
                "kept": np.isin(np.arange(len(self.items)), self.response_model.shortest),
            }
        return pl.DataFrame(found).with_columns(pl.selectors.float().fill_nan(None))


def guessing_of(responses: Responses) -> Callable[[ItemTable], Floats]:
    """What guessing gives on each item of a table: one over its options, else the catalogue's chance, else NaN."""
    options = pl.col("choices").list.len().max()
    rows = responses.frame.filter(pl.col("choices").list.len() > 1).group_by("benchmark", "item").agg(options)
    counted = {(benchmark, item): 1 / count for benchmark, item, count in rows.collect().iter_rows()}

    def of(table: ItemTable) -> Floats:
        facts = lookup(table.benchmark)
        chance = np.nan if facts is None or facts.chance is None else facts.chance
        return np.array([counted.get((table.benchmark, item), chance) for item in table.items], dtype=np.float64)

    return of


def analyse(
    table: ItemTable,
    *,
    level: float,
    rng: np.random.Generator,
    guessing: Floats | None = None,
    families: npt.NDArray[np.int64] | None = None,
) -> ItemAnalysis:
    """The items of one benchmark.

    Parameters
    ----------
    guessing : what guessing gives on each item, shape (items,); NaN (or None for all) where it is not known.
    families : family code of each model, shape (models,); None where no family is known.

    Raises
    ------
    NotApplicable
        Fewer than 5 models or 2 items, or no two items were run by the same models.
    """
    # An item that one model ran has no covariance with any other.
    kept = np.isfinite(table.scores).sum(axis=0) >= 2
    scores = table.scores[:, kept]
    ran_some = np.isfinite(scores).any(axis=1)
    scores, n, k = scores[ran_some], int(ran_some.sum()), int(kept.sum())
    if n < LEAST_MODELS:
        raise NotApplicable(f"{plural(n, 'model')} ran items that another ran", needs=f"at least {LEAST_MODELS} models")
    if k < 2:
        raise NotApplicable(f"{plural(k, 'item')} that several models ran", needs="at least 2 items")
    clusters = None if table.clusters is None else table.clusters[kept]
    families = None if families is None else families[ran_some]
    precision = reliability(scores, clusters, families, level=level)
    # Alpha over models of equal scores is 0 / 0, not 0: nothing to tell apart is not "told apart badly".
    if not np.isfinite(precision.alpha.value):
        raise NotApplicable(
            "the models' scores do not vary, or no two items were run by the same models",
            needs="models that differ, on items (of at least 2 clusters) run in common",
        )
    rest = item_rest(scores, clusters)
    floor = np.full(k, np.nan) if guessing is None else guessing[kept]
    fitted = _response_model(scores, table.binary, floor, rng)
    return ItemAnalysis(
        benchmark=table.benchmark,
        reading=table.reading,
        cluster_key=table.cluster_key,
        models=n,
        families=None if families is None else len(np.unique(families)),
        items=tuple(name for name, use in zip(table.items, kept, strict=True) if use),
        unit=bool(np.nanmin(scores) >= 0 and np.nanmax(scores) <= 1),
        share_right=np.nanmean(scores, axis=0),
        item_rest=rest.correlation,
        negative_q=benjamini_hochberg(rest.p_negative),
        precision=precision,
        # Items of one passage agree beyond ability, which plain alpha counts as reliability.
        naive=None if clusters is None else reliability(scores, families=families, level=level),
        split_half=split_half(scores, rng, clusters),
        items_run=items_run(scores),
        response_model=fitted if isinstance(fitted, ResponseModel) else None,
        no_model=("", "") if isinstance(fitted, ResponseModel) else fitted,
    )


def _response_model(
    scores: Floats, binary: bool, guessing: Floats, rng: np.random.Generator
) -> ResponseModel | tuple[str, str]:
    """The fitted and checked model, or why there is none and what it needs."""
    needs = f"at least {LEAST_MODELS_FITTED} models and {LEAST_ITEMS_FITTED} items that tell them apart"
    if not binary:
        return "there are scores other than 0 and 1, which are never cut in two", f"right and wrong answers, {needs}"
    # Items all right or all wrong carry no slope; they stay in the fit but not in the count.
    varied = int((np.nanmax(scores, axis=0) > np.nanmin(scores, axis=0)).sum())
    if len(scores) < LEAST_MODELS_FITTED or varied < LEAST_ITEMS_FITTED:
        return f"there are {plural(len(scores), 'model')} and {plural(varied, 'item')} that vary", needs
    if varied > MOST_ITEMS_PER_MODEL * len(scores):
        enough = plural(-(-varied // MOST_ITEMS_PER_MODEL), "model")
        return (
            f"each of {varied:,} slopes would rest on the answers of {plural(len(scores), 'model')}",
            f"at most {MOST_ITEMS_PER_MODEL} items per model: {enough}, or a part of the items",
        )
    fit = _fit(scores, guessing)
    if fit is None:
        return (
            "the options of its items are not known, and these answers do not rule out that some were guessed, which "
            "would change the slopes",
            "the options of each item, or more models and items",
        )
    # The more items there are, the longer a refit takes and the less the scale varies from one to the next; answers
    # that are not all there take several times as long.
    cost = scores.shape[1] if np.isfinite(scores).all() else scores.size / 200
    # At least 4, or there is no standard deviation between replicates worth a t interval.
    replicates = int(np.clip(3_000 / cost, 4, 20))
    check = check_scale(fit, np.isfinite(scores), replicates, rng)
    if (sure := check.within(SCALE_WITHIN)) < LEAST_SURE:
        return (
            f"of fits to answers like these only {percent(sure)} have slopes on a scale that is right to within "
            f"{percent(SCALE_WITHIN)}",
            "more models or items",
        )
    misfit_q = np.full(scores.shape[1], np.nan)
    if len(scores) >= LEAST_MODELS_MISFIT:
        misfit_q = benjamini_hochberg(2 * ndtr(-np.abs(misfit(scores, fit))))
    shortest = fewest_items(fit, check, KEPT_INFORMATION)
    return ResponseModel(fit, check, 1 - expected_scores(fit), misfit_q, shortest)


def _fit(scores: Floats, guessing: Floats) -> TwoParameter | None:
    """The fit with guessing as far as it is known; None where the slopes hang on it and the answers do not tell."""
    known = np.isfinite(guessing)
    if known.all() and not guessing.any():
        return fit_two_parameter(scores)
    some = np.unique(np.linspace(0, len(known) - 1, min(len(known), MOST_COMPARED)).astype(int))
    plain = fit_two_parameter(scores[:, some])
    guessed = fit_two_parameter(scores[:, some], np.where(known, guessing, GUESSED)[some])
    # Also where options are known: models that refuse, or answer freely, fall below what guessing would give.
    if plain.log_likelihood - guessed.log_likelihood > RULED_OUT:
        return fit_two_parameter(scores)
    if known.all():
        return fit_two_parameter(scores, guessing)
    return fit_two_parameter(scores) if abs(scale_ratio(plain, guessed) - 1) < SCALE_WITHIN else None
