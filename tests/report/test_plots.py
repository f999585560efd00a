"""Pictures whose marks are links: everything is drawn, nothing is overdrawn, names end nothing."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from measurand.report.plots import Dot, Span, bar, curve, scatter, spans

BAD = "<script>x</script>\"'&\x1b"


def dots(count: int = 30, seed: int = 0) -> list[Dot]:
    rng = np.random.default_rng(seed)
    xs = rng.normal(0, 2, count).tolist()
    ys = (np.array(xs) + rng.normal(size=count)).tolist()
    return [
        Dot(name=f"model {i}", x=x, y=y, link=f"/?a={i}&b=1", told="Click.", crossed=i == 3)
        for i, (x, y) in enumerate(zip(xs, ys, strict=True))
    ]


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg.replace("hx-get", "data-get"))


@pytest.mark.parametrize("count", [3, 30, 200])
def test_every_dot_is_a_link_with_its_name_and_those_left_out_are_crossed(count):
    root = parsed(scatter(dots(max(count, 4)), [(-3, -3), (3, 3)], x_title="x", y_title="y", shares=False))
    links = root.findall(".//a")
    assert len(links) == max(count, 4)
    assert [link.get("class") for link in links].count("mark out") == 1
    assert all(link.get("href") and link.get("aria-label") for link in links)


def test_labels_lie_inside_and_on_nothing_else():
    root = parsed(scatter(dots(40), [(-3, -3), (3, 3)], x_title="x", y_title="y", shares=False))
    boxes = []
    for text in root.iter("text"):
        if not text.get("class").startswith("label"):
            continue
        wide, x, y = 6.9 * len(text.text), float(text.get("x")), float(text.get("y"))
        left = {"start": x, "middle": x - wide / 2, "end": x - wide}[text.get("class").split()[1]]
        boxes.append((left, y - 11, left + wide, y + 3))
        assert left >= 0
        assert left + wide <= 640
    assert len(boxes) >= 5
    for i, one in enumerate(boxes):
        for other in boxes[i + 1 :]:
            assert not (one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3])


def test_dots_lie_in_the_order_of_their_values():
    given = dots(10)
    root = parsed(scatter(given, [(-1, -1), (1, 1)], x_title="x", y_title="y", shares=False))
    at = {link.get("aria-label").split(":")[0]: link.find("circle[@class='target']") for link in root.findall(".//a")}
    by_x = sorted(given, key=lambda dot: dot.x)
    assert [float(at[dot.name].get("cx")) for dot in by_x] == sorted(float(each.get("cx")) for each in at.values())
    by_y = sorted(given, key=lambda dot: -dot.y)
    assert [float(at[dot.name].get("cy")) for dot in by_y] == sorted(float(each.get("cy")) for each in at.values())


@pytest.mark.parametrize("end", [np.nan, 0.9])
def test_rows_have_their_number_and_no_bar_without_an_interval(end):
    row = Span(name="one", value=0.5, low=float(-end), high=float(end), tone="open", number="+0.50", word="too few")
    root = parsed(spans([row], domain=(-1, 1), marks=[(0.0, "0")], tints=(("rises", 0.5, 1.0),), ends=("a", "b")))
    assert "+0.50" in "".join(root.itertext())
    assert (root.find("line[@class='span open']") is None) == bool(np.isnan(end))
    assert root.find("rect").get("class") == "tint rises"


def test_a_curve_marks_where_it_stands():
    values = tuple(np.linspace(-0.2, 0.9, 300).tolist())
    root = parsed(curve(values, 0.9, threshold=0.5))
    here = float(root.find("line[@class='here']").get("x1"))
    ways = [float(each.split()[0]) for each in root.find("path[@class='way']").get("d").split("M")[1:]]
    assert here >= max(ways) - 1
    assert len(ways) <= 300
    assert "300 ways" in root.get("aria-label")


def test_a_bar_of_ranks():
    root = parsed(bar(1, 3, 2, 5))
    line = root.find("line[@class='span']")
    assert float(line.get("x1")) < float(root.find("circle").get("cx")) < float(line.get("x2"))
    assert parsed(bar(1, 1, 1, 1)) is not None


def test_no_name_ends_an_element():
    hostile = [Dot(name=BAD, x=float(i), y=float(i), link='/?a="><script>', told=BAD) for i in range(5)]
    row = Span(name=BAD, value=0, low=-1, high=1, tone="open", number=BAD, word=BAD)
    for svg in (
        scatter(hostile, [(0, 0), (1, 1)], x_title=BAD, y_title=BAD, shares=True),
        spans([row], domain=(-1, 1), marks=[(0.0, BAD)], ends=(BAD, BAD)),
    ):
        assert "<script" not in svg
        assert not re.search("[\x00-\x08\x0e-\x1f]", svg)
        parsed(svg)
