"""The leaderboard explorer: many models by rank, each with the ranks it may have, and what would change the order."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from pydantic import Field

from measurand.auditing import generator
from measurand.errors import NotApplicable
from measurand.measures import find
from measurand.measures.precision.arena import arena
from measurand.measures.precision.rank_stability import rank_stability
from measurand.measures.precision.shared.order import Order, order_words, times_as_many
from measurand.names import resolved
from measurand.results import Table
from measurand.tables import Responses, Study, Votes
from measurand.web.downloads import File, require_kind, tabled
from measurand.web.folder import read_by
from measurand.web.settings import ViewSettings
from measurand.wording import listed, number, percent, plural, signed

__all__ = ["Board", "Place", "Settings", "download", "view"]

PER_PAGE = 50
SEED = 0
"""As an audit has it."""
MOST_CHOSEN = 5


class Settings(ViewSettings):
    """What a reader can set; every view is one address."""

    of: str = Field("", description="A path in the folder served: votes, logs, a store or a table of items.")
    board: str = Field("", description="Which order, of several: a benchmark, or a group of linked models.")
    search: str = Field("", description="Models whose name holds this.")
    chosen: list[str] = Field([], description="Two to five models to compare with each other.")
    page: int = Field(1, ge=1)


@dataclass(frozen=True, kw_only=True)
class Place:
    """A model at its place.

    Parameters
    ----------
    best, worst : the ranks it may have; those of all models hold together.
    apart : whether it is told apart from the next; None for the last.
    more : how many times the evidence would tell it apart from the next; None where it is, or where nothing would.
    """

    rank: int
    model: str
    value: str
    best: int
    worst: int
    apart: bool | None
    more: float | None


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two chosen models, the better first: whether the order is shown."""

    first: str
    second: str
    shown: bool


@dataclass(frozen=True, kw_only=True)
class Board:
    """What is found under some settings.

    Parameters
    ----------
    boards : names of the orders to choose from.
    places : those of this page; `total` how many models there are, `fitting` how many fit the search.
    change : what would change the order.
    """

    settings: Settings
    title: str
    sentence: str
    change: str
    what: str
    boards: tuple[str, ...]
    places: tuple[Place, ...]
    total: int
    fitting: int
    pages: int
    pairs: tuple[Pair, ...]
    command: str
    python: str

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the interface of programs."""
        plain = {name: value for name, value in vars(self).items() if name not in ("settings", "places", "pairs")}
        return {
            "settings": self.settings.model_dump(),
            **plain,
            "places": [asdict(each) for each in self.places],
            "pairs": [asdict(each) for each in self.pairs],
        }


@dataclass(frozen=True, kw_only=True)
class _Order:
    """An order with what is written beside each name."""

    name: str
    order: Order
    values: tuple[str, ...]
    what: str
    units: str


@lru_cache(8)
def _of_votes(votes: Votes) -> tuple[_Order, ...]:
    found = arena(votes, rng=generator(find("P10"), SEED))
    several = len(found.groups) > 1
    return tuple(
        _Order(
            name=f"group {place}" if several else "all votes",
            order=group,
            values=tuple("" if np.isnan(each.value) else signed(each.value, 0) for each in group.strength),
            what="Elo points above the average",
            units="votes",
        )
        for place, group in enumerate(found.groups, start=1)
    )


@lru_cache(8)
def _of_responses(responses: Responses) -> tuple[_Order, ...]:
    found = rank_stability(responses, rng=generator(find("P9"), SEED))
    return tuple(
        _Order(
            name=each.benchmark,
            order=each,
            values=tuple(percent(score) if 0 <= score <= 1 else number(score) for score in each.scores),
            what="score",
            units="clusters" if each.cluster_key else "items",
        )
        for each in found.benchmarks
    )


def _orders(study: Study) -> tuple[_Order, ...]:
    if study.votes is not None:
        return _of_votes(study.votes)
    if study.responses is not None:
        return _of_responses(study.responses)
    raise NotApplicable("there are neither votes nor item-level results", needs="votes, or logs of two models")


def view(study: Study, asked: Settings) -> Board:
    """The models by rank, as far as a search lets through, and some of them against each other.

    Raises
    ------
    NotApplicable
        Neither votes nor item-level results, or none that rank two models.
    UnknownName
        A model or an order that is not there.
    """
    orders = _orders(study)
    boards = tuple(each.name for each in orders)
    if not boards:
        raise NotApplicable("no two models can be ranked", needs="votes or items that two models share")
    board = resolved("benchmark", asked.board, boards) if asked.board else boards[0]
    of = orders[boards.index(board)]
    order = of.order
    chosen = [resolved("model", name, order.models) for name in asked.chosen][:MOST_CHOSEN]
    wanted = asked.search.strip().casefold()
    fitting = [place for place, model in enumerate(order.models) if wanted in model.casefold()]
    pages = max(1, -(-len(fitting) // PER_PAGE))
    settings = asked.changed(board=board if len(boards) > 1 else "", chosen=chosen, page=min(asked.page, pages))
    start = (settings.page - 1) * PER_PAGE
    on = f" on {board}" if of.units != "votes" else ""
    return Board(
        settings=settings,
        title=_title(order, on),
        sentence=order_words(order, plural(len(order.models), "model"), on),
        change=_change(order, of.units),
        what=of.what,
        boards=boards,
        places=tuple(_place(of, place) for place in fitting[start : start + PER_PAGE]),
        total=len(order.models),
        fitting=len(fitting),
        pages=pages,
        pairs=_among(order, chosen),
        command=f"measurand {'arena' if of.units == 'votes' else 'ranking'} {shlex.quote(settings.of)} --all",
        python=_python(settings, "arena" if of.units == "votes" else "rank_stability"),
    )


def _place(of: _Order, place: int) -> Place:
    order = of.order
    last = place == len(order.models) - 1
    apart = None if last else order.apart[place]
    more = None if last or apart or not np.isfinite(order.more[place]) else float(order.more[place])
    best, worst = order.ranks[place]
    return Place(
        rank=place + 1,
        model=order.models[place],
        value=of.values[place],
        best=best,
        worst=worst,
        apart=apart,
        more=more,
    )


def _among(order: Order, chosen: Sequence[str]) -> tuple[Pair, ...]:
    places = sorted(order.models.index(name) for name in chosen)
    return tuple(
        Pair(first=order.models[i], second=order.models[j], shown=bool(order.above[i, j]))
        for at, i in enumerate(places)
        for j in places[at + 1 :]
    )


def _title(order: Order, on: str) -> str:
    """Who comes first, and whether that is settled."""
    others = sum(best == 1 for best, _ in order.ranks) - 1
    if not order.told_apart:
        return f"No two of {plural(len(order.models), 'model')} can be told apart{on}"
    if order.sharing > 1:
        return f"{listed(order.models[: order.sharing])} share the first place{on}"
    settled = f"but {plural(others, 'other')} could" if others else "ahead of all others"
    return f"{order.models[0]} comes first{on}, {settled}"


def _change(order: Order, units: str) -> str:
    """What would settle the order."""
    return times_as_many(order, units).strip() or ("" if order.alike else "Every place is settled.")


def _python(settings: Settings, function: str) -> str:
    return f"import measurand\n\nprint(measurand.{function}({read_by(settings.of)}))"


def download(study: Study, asked: Settings, kind: str) -> File:
    """The whole table of an order.

    Raises
    ------
    UnknownName
        A format that is none.
    """
    require_kind(kind)
    found = view(study, asked)
    of = next(each for each in _orders(study) if each.name == (found.settings.board or found.boards[0]))
    rows = [_place(of, place) for place in range(len(of.order.models))]
    table = Table(
        head=("rank", "model", of.what, "best rank", "worst rank"),
        rows=tuple((str(each.rank), each.model, each.value, str(each.best), str(each.worst)) for each in rows),
        right=(0, 2, 3, 4),
    )
    return tabled("leaderboard", kind, [table])
