"""Pictures for print: size, and names that overlap nothing."""

from __future__ import annotations

import itertools
import struct
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from measurand.report.paper_figures import (
    COLUMN,
    Forest,
    Row,
    Scatter,
    _Box,
    _placed,
    _Scale,
    as_file,
    spec,
    text_width,
    ticks,
)


def scatter(x: list[float], y: list[float], names: list[str] | None = None, band: bool = True) -> Scatter:
    at = np.linspace(min(x) - 0.1, max(x) + 0.1, 11)
    slope, start = np.polyfit(x, y, 1)
    line = start + slope * at
    return Scatter(
        x_title="General capability (SD; 5 benchmarks)",
        y_title="TrustBench score (%)",
        said=("ρ = 0.89 [0.74, 0.96]", "25 models, 6 families"),
        names=tuple(names or [f"model-{place}" for place in range(len(x))]),
        x=tuple(x),
        y=tuple(y),
        at=tuple(at.tolist()),
        line=tuple(line.tolist()),
        low=tuple((line - 1).tolist()) if band else (),
        high=tuple((line + 1).tolist()) if band else (),
    )


PLOT = scatter([-1.5, -1.0, 0.0, 0.5, 1.0, 1.5], [40.0, 45.0, 50.0, 61.0, 52.0, 65.0])
FOREST = Forest(x_title="score (%)", rows=(Row("a", 80.0, 70.0, 90.0), Row("b", 60.0, None, None, False)), rule=0.0)


@pytest.mark.parametrize("figure", [PLOT, FOREST], ids=["scatter", "forest"])
@pytest.mark.parametrize("width", [COLUMN, 6.75])
def test_every_format_has_the_width_asked_for(figure: Scatter | Forest, width: float) -> None:
    made = spec(figure, width)
    png = as_file(made, "png")
    assert abs(struct.unpack(">I", png[16:20])[0] - 300 * width) <= 1
    root = ET.fromstring(as_file(made, "svg"))
    assert root.attrib["width"] == f"{width:g}in"
    box = b"/MediaBox"
    pdf = as_file(made, "pdf")
    assert f"{72 * width:g}".encode() in pdf[pdf.index(box) : pdf.index(box) + 60]


def test_texts_have_the_sizes_of_print_and_there_is_no_title() -> None:
    made = spec(PLOT)
    assert "title" not in made
    sizes = {layer["mark"].get("fontSize") for layer in made["layer"] if layer["mark"]["type"] == "text"}
    assert sizes == {7.0, 8.0}
    assert made["config"]["axis"]["titleFontSize"] == 7.4
    texts = {
        "".join(each.itertext()) for each in ET.fromstring(as_file(made, "svg")).iter() if each.tag.endswith("text")
    }
    assert {"ρ = 0.89 [0.74, 0.96]", "25 models, 6 families", "TrustBench score (%)"} <= texts


def test_grid_lines_are_horizontal_only() -> None:
    axes = [layer["encoding"] for layer in spec(PLOT)["layer"] if layer["mark"]["type"] == "point"]
    assert axes[0]["y"]["axis"]["grid"] is True
    assert axes[0]["x"]["axis"]["grid"] is False


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.floats(-2, 2), st.floats(0, 100)), min_size=8, max_size=40, unique_by=lambda each: each[0]),
    st.integers(1, 60),
)
def test_names_lie_in_the_frame_and_overlap_no_dot_and_no_other_name(
    points: list[tuple[float, float]], long: int
) -> None:
    x, y = (list(each) for each in zip(*points, strict=True))
    if np.ptp(x) < 0.01 or np.ptp(y) < 0.01:
        return
    plot = scatter(x, y, [f"{place}{'x' * long}" for place in range(len(x))])
    across, up = _Scale(min(x) - 0.3, max(x) + 0.3, 0, 200), _Scale(min(y) - 10, max(y) + 10, 160, 0)
    labels = _placed(plot, across, up, _Box(0, 0, 90, 25), _Box(0, 0, 200, 160))
    assert len(labels) <= 3
    boxes = []
    for each in labels:
        wide = text_width(each.text, 7)
        left = each.x - wide if each.align == "right" else each.x
        boxes.append(_Box(left, each.y - 5.4, left + wide, each.y + 1.6))
    for box in boxes:
        assert box.left >= -1e-6
        assert box.right <= 200 + 1e-6
        assert not box.meets(_Box(0, 0, 90, 25))
        for px, py in zip(map(across, x), map(up, y), strict=True):
            assert not box.meets(_Box(px - 3, py - 3, px + 3, py + 3))
    assert not any(one.meets(other) for one, other in itertools.combinations(boxes, 2))


def test_equal_scores_of_all_models_but_some_and_no_band_are_drawn() -> None:
    flat = scatter([float(place) for place in range(9)], [0.0] * 8 + [1.0], band=False)
    assert as_file(spec(flat), "pdf").startswith(b"%PDF")


def test_names_that_would_like_to_be_code_are_text() -> None:
    names = ["toString", "<b>x</b>", "datum.x", "${x}", "a\nb", "模型", "__proto__", "\u202eabc"]
    plot = scatter([float(place) for place in range(8)], [0, 9, 1, 8, 2, 7, 3, 6.0], names)
    rows = tuple(Row(name, 1.0, 0.5, 2.0) for name in names)
    for made in (spec(plot), spec(Forest(x_title="x", rows=rows))):
        root = ET.fromstring(as_file(made, "svg"))
        assert not {each.tag.split("}")[1] for each in root.iter()} & {"script", "b", "a", "image"}
    written = set(root.itertext())
    assert {"toString", "<b>x</b>", "datum.x", "${x}", "模型", "__proto__"} <= written


@pytest.mark.parametrize("low", [-3.0, 0.0, 1e-6, 900.0])
@pytest.mark.parametrize("span", [1e-5, 0.3, 1.0, 7.0, 12345.0])
def test_ticks_are_few_round_and_inside(low: float, span: float) -> None:
    values, decimals = ticks(low, low + span)
    assert 1 <= len(values) <= 6
    slack = 1e-9 * span + 1e-12
    assert all(low - slack <= value <= low + span + slack for value in values)
    assert all(abs(round(value, decimals) - value) < 1e-9 for value in values)


def test_ranks_count_from_the_first_place() -> None:
    assert ticks(0.6, 12.4, whole=True)[0] == [1.0, 5.0, 10.0]
    assert ticks(0.6, 3.4, whole=True)[0] == [1.0, 2.0, 3.0]
