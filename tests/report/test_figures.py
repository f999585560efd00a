"""Charts: the rows that are drawn, the choices, the formats, and names that would like to be code."""

from __future__ import annotations

import dataclasses
import json
import struct
import xml.etree.ElementTree as ET
from textwrap import wrap

import pytest
import vl_convert

from measurand.errors import InputError, UnknownName
from measurand.report import chart, choices, render
from measurand.report.figures import LINE
from measurand.results import Audit, Axis, Figure

NAMES = ["V1.intervals", "V1.scatter", "P1.agreement", "F2.forecast"]
X, Y = Axis("x", "x"), Axis("y", "y")


def texts(svg: bytes) -> set[str]:
    """Every text of a picture; of one over several lines each line too."""
    name = "{http://www.w3.org/2000/svg}"
    held = [each for kind in ("text", "tspan") for each in ET.fromstring(svg).iter(f"{name}{kind}")]
    return {"".join(element.itertext()) for element in held}


@pytest.mark.parametrize("name", NAMES)
def test_a_chart_is_plain_json_that_vega_lite_compiles(audit: Audit, name: str) -> None:
    spec = chart(audit.figures[name])
    compiled = vl_convert.vegalite_to_vega(json.dumps(spec, allow_nan=False), vl_version="6.4")
    assert spec["$schema"].endswith("v6.json")
    assert compiled["marks"]


def test_every_row_of_the_choice_is_drawn(audit: Audit) -> None:
    figure = audit.figures["V1.intervals"]
    rows = chart(figure, {"class": "chat"})["datasets"]["rows"]
    assert len(rows) == figure.columns["class"].count("chat") == 21
    assert {row["x"] for row in rows} != {row["x"] for row in chart(figure)["datasets"]["rows"]}


def test_all_names_are_written_in_full(audit: Audit) -> None:
    written = texts(render(audit.figures["V1.intervals"]))
    for name in ("winogender_with_a_rather_long_name_of_its_own", "machiavelli-power.Σ", "<script>alert(1)</script>"):
        assert name in written
    assert {"capabilities", "bias", "issue", "caution"} <= written


def test_choices_are_the_values_in_order(audit: Audit) -> None:
    assert choices(audit.figures["V1.scatter"]) == {
        "benchmark": ("mmlu", "<script>alert(1)</script>", "machiavelli-power.Σ"),
        "class": ("base", "chat"),
    }
    assert choices(audit.figures["F2.forecast"]) == {}


def test_a_picture_by_itself_says_which_of_several_it_is(audit: Audit) -> None:
    written = texts(render(audit.figures["V1.scatter"], {"benchmark": "mmlu", "class": "chat"}))
    assert "mmlu, chat" in written
    # What its marks are, over as many lines as that takes.
    caption = audit.figures["V1.scatter"].caption
    assert " ".join(line for line in wrap(caption, LINE) if line in written) == caption
    # Where a title says what was found, it has the name.
    found = texts(render(audit.figures["V1.scatter"], {"benchmark": "mmlu", "class": "chat"}, title="mmlu: rises"))
    assert "mmlu: rises" in found
    assert "mmlu, chat" not in found
    # Of what there is nothing to choose, nothing is said.
    only = dataclasses.replace(audit.figures["V1.scatter"], select=())
    assert not any(", chat" in text for text in texts(render(only)))


def test_a_choice_that_is_not_there_is_an_error_with_near_names(audit: Audit) -> None:
    figure = audit.figures["V1.scatter"]
    with pytest.raises(UnknownName, match="did you mean 'mmlu'"):
        chart(figure, {"benchmark": "mmul"})
    with pytest.raises(UnknownName, match="did you mean 'class'"):
        chart(figure, {"clas": "base"})


def test_values_that_never_meet_are_an_error_and_defaults_do_meet() -> None:
    columns = {"a": ("1", "2"), "b": ("u", "v"), "x": (0.0, 1.0), "y": (0.0, 1.0)}
    figure = Figure(name="f", kind="scatter", title="", caption="", columns=columns, x=X, y=Y, select=("a", "b"))
    with pytest.raises(InputError, match="no rows with"):
        chart(figure, {"a": "1", "b": "v"})
    assert chart(figure, {"b": "v"})["datasets"]["rows"] == [{"x": 1.0, "y": 1.0}]


def test_a_choice_may_be_given_as_text() -> None:
    columns = {"k": (1, 2, 5), "x": (0.1, 0.2, 0.3), "y": (1.0, 2.0, 3.0)}
    figure = Figure(name="f", kind="scatter", title="", caption="", columns=columns, x=X, y=Y, select=("k",))
    assert chart(figure, {"k": "5"}) == chart(figure, {"k": 5})
    assert chart(figure, {"k": 5})["datasets"]["rows"] == [{"x": 0.3, "y": 3.0}]


def test_rows_without_a_place_are_left_out() -> None:
    columns = {"x": (1.0, 0.0, -1.0, None, float("nan"), 100.0), "y": (1.0, 1.0, 1.0, 1.0, 1.0, None)}
    figure = Figure(name="f", kind="scatter", title="", caption="", columns=columns, x=Axis("x", "x", "log"), y=Y)
    assert chart(figure)["datasets"]["rows"] == [{"x": 1.0, "y": 1.0}]


def test_numbers_are_rounded_for_drawing_and_never_nan() -> None:
    columns = {"x": (1 / 3,), "y": (2e24 / 3,), "more": (float("inf"),)}
    row = chart(Figure(name="f", kind="scatter", title="", caption="", columns=columns, x=X, y=Y))["datasets"]["rows"][
        0
    ]
    assert row == {"x": 0.333333, "y": 6.66667e23, "extra_0": None}


def test_a_missing_column_is_named(audit: Audit) -> None:
    figure = dataclasses.replace(audit.figures["V1.intervals"], low="lwo")
    with pytest.raises(UnknownName, match="did you mean 'low'"):
        chart(figure)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_formats(audit: Audit, name: str, theme: str) -> None:
    figure = audit.figures[name]
    svg = render(figure, theme=theme)
    assert figure.title in texts(svg)
    png = render(figure, format="png", scale=1, theme=theme)
    assert png.startswith(b"\x89PNG")
    wide = struct.unpack(">I", render(figure, format="png", scale=2, theme=theme)[16:20])[0]
    assert wide == pytest.approx(2 * struct.unpack(">I", png[16:20])[0], abs=2)
    assert render(figure, format="pdf", theme=theme).startswith(b"%PDF")


def test_a_format_or_scale_that_is_none_is_an_error(audit: Audit) -> None:
    with pytest.raises(UnknownName, match="did you mean 'svg'"):
        render(audit.figures["F2.forecast"], format="sgv")
    with pytest.raises(InputError, match="scale should be in"):
        render(audit.figures["F2.forecast"], scale=0)


@pytest.mark.parametrize("kind", ["intervals", "scatter", "lines", "heatmap"])
@pytest.mark.parametrize("name", ['a"b', "a\\", "a.b[0]", "datum['x']", "a'b", "", "</script>", "\x00\x1b[31m", "Σ"])
def test_a_column_of_any_name_is_drawn(kind: str, name: str) -> None:
    nominal = "nominal" if kind == "heatmap" else "linear"
    columns = {
        name: (1.0, 2.0, 3.0),
        f"{name} y": ("p", "q", name or "r") if kind in ("intervals", "heatmap") else (1, 2, 4),
    }
    columns |= {f"{name} c": (0.5, 0.1, -0.3), f"{name} e": (name, "x", "y")}
    figure = Figure(
        name=name, kind=kind, title=name, caption=name, columns=columns, x=Axis(name, name, nominal),
        y=Axis(f"{name} y", name, "nominal" if kind in ("intervals", "heatmap") else "linear"),
        label=f"{name} e", color=f"{name} c",
    )  # fmt: skip
    marks = ET.fromstring(render(figure)).findall(".//*[@aria-roledescription]")
    assert len(marks) >= 3


def test_one_sided_and_absent_limits_keep_their_row() -> None:
    columns = {
        "x": (0.2, 0.4, 0.6),
        "y": ("a", "b", "c"),
        "l": (0.1, None, None),
        "h": (0.3, 0.9, None),
        "g": ("p",) * 3,
    }
    figure = Figure(
        name="f",
        kind="intervals",
        title="",
        caption="",
        columns=columns,
        x=X,
        y=Axis("y", "", "nominal"),
        low="l",
        high="h",
        group="g",
    )
    assert {"a", "b", "c", "p"} <= texts(render(figure))


def test_statuses_wear_their_colours_worst_first(audit: Audit) -> None:
    layers = chart(audit.figures["V1.intervals"])["spec"]["layer"]
    scale = next(layer["encoding"]["color"]["scale"] for layer in layers if "color" in layer["encoding"])
    assert scale["domain"] == ["issue", "caution", "passed"]
    assert len(set(scale["range"])) == 3


def test_a_name_twice_in_a_picture_is_told_apart_by_an_offset() -> None:
    columns = {"x": (0.1, 0.2), "y": ("mmlu", "mmlu"), "class": ("base", "chat")}
    figure = Figure(
        name="f",
        kind="intervals",
        title="",
        caption="",
        columns=columns,
        x=X,
        y=Axis("y", "", "nominal"),
        color="class",
    )
    dot = chart(figure)["layer"][-1]["encoding"]
    assert dot["yOffset"]["field"] == "color"
    single = dataclasses.replace(figure, color=None, select=("class",))
    assert "yOffset" not in chart(single)["layer"][-1]["encoding"]


@pytest.mark.parametrize(
    ("x", "y", "method"),
    [("linear", "linear", "linear"), ("log", "linear", "log"), ("linear", "log", "exp"), ("log", "log", "pow")],
)
def test_the_fitted_line_is_straight_on_its_scales(x: str, y: str, method: str) -> None:
    columns = {"x": (1.0, 10.0, 100.0), "y": (1.0, 2.0, 4.0)}
    figure = Figure(
        name="f",
        kind="scatter",
        title="",
        caption="",
        columns=columns,
        x=Axis("x", "", x),
        y=Axis("y", "", y),
        fit=True,
    )
    assert chart(figure)["layer"][0]["transform"][0]["method"] == method
    assert b"<svg" in render(figure)


def test_an_empty_figure_is_drawn() -> None:
    figure = Figure(
        name="f", kind="scatter", title="nothing here", caption="", columns={"x": (), "y": ()}, x=X, y=Y, select=()
    )
    assert "nothing here" in texts(render(figure))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_bars_without_a_category_are_not_black(theme: str) -> None:
    columns = {"x": (0.1, 0.2), "y": ("a", "b"), "l": (0.0, 0.1), "h": (0.2, 0.3)}
    figure = Figure(
        name="f",
        kind="intervals",
        title="",
        caption="",
        columns=columns,
        x=X,
        y=Axis("y", "", "nominal"),
        low="l",
        high="h",
    )
    svg = ET.fromstring(render(figure, theme=theme))
    bars = [e for e in svg.iter() if e.get("aria-roledescription") == "rule mark"]
    assert len(bars) == 2
    assert {bar.get("stroke") for bar in bars}.isdisjoint({"black", "#000", "#000000", None})


def violin(**more) -> Figure:
    rows = [
        (0.1, "m1", -0.5, 0.5, "prompts", None),
        (0.2, "m1", -1.0, 1.0, "prompts", None),
        (0.1, "m1", -0.2, 0.2, "noise", None),
        (0.3, "m1", -0.9, 0.9, "noise", None),
        (0.15, "m1", 0.0, 0.0, "prompts", "be brief"),
        (0.5, 'm"2', -0.5, 0.5, "prompts", None),
        (0.6, 'm"2', -0.5, 0.5, "prompts", None),
    ]
    names = ("x", "model", "from", "to", "of", "prompt")
    columns = {name: tuple(row[place] for row in rows) for place, name in enumerate(names)}
    y = Axis("model", "model", "nominal")
    return Figure(
        name="f",
        kind="violin",
        title="violins",
        caption="",
        columns=columns,
        x=X,
        y=y,
        low="from",
        high="to",
        label="prompt",
        color="of",
        **more,
    )


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_violin_has_a_row_for_each_name_filled_once_and_outlined_once(theme: str) -> None:
    svg = ET.fromstring(render(violin(), theme=theme))
    assert {"m1", 'm"2', "prompts", "noise", "violins"} <= texts(ET.tostring(svg))
    marks = [e for e in svg.iter() if e.get("aria-roledescription") in ("area mark", "tick")]
    paths = [e for e in svg.iter() if (e.get("class") or "").startswith("mark-area")]
    drawn = [e for group in paths for e in group.iter() if e.tag.endswith("path") and e.get("d")]
    filled = [e for e in drawn if e.get("fill") not in (None, "none", "transparent")]
    outlined = [e for e in drawn if e.get("fill") in (None, "none", "transparent") and e.get("stroke")]
    assert marks
    assert len(filled) == 2
    assert len(outlined) == 1
    assert {e.get("stroke") for e in outlined}.isdisjoint({e.get("fill") for e in filled})


def test_a_violin_of_one_colour_and_with_choices_is_drawn() -> None:
    plain_violin = dataclasses.replace(violin(), color=None)
    assert b"<svg" in render(plain_violin)
    chosen = dataclasses.replace(violin(), select=("model",))
    assert len(chart(chosen, {"model": 'm"2'})["datasets"]["rows"]) == 2


def test_a_violin_has_no_panels() -> None:
    with pytest.raises(InputError, match="violin has no panels"):
        chart(violin(group="of"))


def band(columns: dict[str, tuple[object, ...]], kind: str, color: str | None = None) -> Figure:
    return Figure(
        name="F1.fan",
        kind=kind,
        title="",
        caption="",
        columns=columns,
        x=Axis("x", "x"),
        y=Axis("y", "y"),
        low="low",
        high="high",
        label="name",
        color=color,
    )


def test_dots_beside_a_band_are_joined_by_no_line() -> None:
    columns = {"x": (1.0, 2.0, 1.5, 1.8), "y": (1.0, 2.0, 3.0, 4.0), "low": (0.5, 1.5, None, None)}
    columns |= {"high": (1.5, 2.5, None, None), "name": ("", "", "a", "b"), "what": ("fit", "fit", "model", "model")}
    drawn = ET.fromstring(render(band(columns, "lines", color="what")))
    lines = [path for path in drawn.iter() if path.get("aria-roledescription") == "line mark"]
    assert len(lines) == 1
    columns |= {"name": ("", "", "", "")}
    drawn = ET.fromstring(render(band(columns, "lines", color="what")))
    assert len([path for path in drawn.iter() if path.get("aria-roledescription") == "line mark"]) == 2


def test_points_have_bars_along_y_where_they_have_limits() -> None:
    columns = {"x": (2023.5, 2024.0), "y": (1.0, 2.0), "low": (0.5, None), "high": (1.5, None), "name": ("a", "b")}
    spec = chart(band(columns, "scatter"))
    (bar,) = (layer for layer in spec["layer"] if layer["mark"].get("type") == "rule")
    assert (bar["encoding"]["y"]["field"], bar["encoding"]["y2"]["field"]) == ("low", "high")
    plain = dataclasses.replace(band(columns, "scatter"), low=None, high=None)
    assert all(layer["mark"].get("type") != "rule" for layer in chart(plain)["layer"])


def test_parts_of_years_have_no_thousands_separator() -> None:
    columns = {"x": (2023.0, 2023.5, 2024.0), "y": (1.0, 2.0, 3.0), "low": (0.0,) * 3, "high": (4.0,) * 3}
    written = texts(render(band(columns | {"name": ("a", "b", "c")}, "scatter")))
    assert {"2023", "2024"} <= written
    assert not any("," in text for text in written)


@pytest.mark.parametrize("name", ["toString", "constructor", "__proto__", "valueOf", "hasOwnProperty", "prototype"])
@pytest.mark.parametrize("kind", ["intervals", "scatter", "lines", "heatmap", "violin"])
def test_names_that_every_object_of_javascript_has_are_drawn_like_others(kind: str, name: str) -> None:
    # As title, axis, colour, panel, row, label and further column: facts and models are called what users call them.
    number, rows = (0.1, 0.2, 0.3), (name, "b", "c")
    along = kind in ("scatter", "lines")
    columns = {"x": rows if kind == "heatmap" else number, "y": number if along else rows, name: (name, "u", "v")}
    figure = Figure(
        name="V1.any",
        kind=kind,
        title=name,
        caption="",
        columns={**columns, "low": (0.0, 0.1, 0.2), "high": (0.2, 0.3, 0.4), "at": rows, "size": number},
        x=Axis("x", name, "nominal" if kind == "heatmap" else "linear"),
        y=Axis("y", name, "linear" if along else "nominal"),
        low="low",
        high="high",
        label="at",
        color="size" if kind == "heatmap" else name,
        group=None if kind == "violin" else name,
    )
    assert name in {text.strip() for text in texts(render(figure))}


def test_a_legend_names_only_what_is_drawn_and_colours_stay() -> None:
    columns = {"k": ("a", "b"), "x": (0.1, 0.2), "y": ("p", "q"), "c": ("red", "blue")}
    figure = Figure(
        name="V1.x", kind="intervals", title="", caption="", columns=columns, x=X, y=Axis("y", "y", "nominal"),
        color="c", select=("k",),
    )  # fmt: skip
    color = chart(figure, {"k": "b"})["layer"][-1]["encoding"]["color"]
    assert color["legend"]["values"] == ["blue"]
    assert color["scale"]["domain"] == ["red", "blue"]


def test_dates_are_read_as_months() -> None:
    columns = {"x": (2023.2, 2024.0), "y": (0.1, 0.2)}
    figure = Figure(name="F7.x", kind="scatter", title="", caption="", columns=columns, x=Axis("x", "released"), y=Y)
    written = texts(render(figure))
    assert "2024" in written
    assert not any(text.startswith("2023.") for text in written)
    assert any(text.endswith(" 2023") for text in written)


def test_panels_of_lines_have_an_axis_each() -> None:
    columns = {"m": ("share", "share", "points", "points"), "x": (1, 2, 1, 2), "y": (0.1, 0.9, 10.0, 90.0)}
    figure = Figure(name="V10.x", kind="lines", title="", caption="", columns=columns, x=X, y=Y, group="m")
    written = texts(render(figure))
    assert {"0.5", "50"} <= written


def test_a_heat_map_of_names_against_themselves_has_its_diagonal_and_leaves_it_empty() -> None:
    names = ("a", "b", "c")
    pairs = [(first, second) for first in names for second in names if first != second]
    columns = {
        "one": tuple(first for first, _ in pairs), "other": tuple(second for _, second in pairs),
        "ahead": tuple(0.9 for _ in pairs),
    }  # fmt: skip
    figure = Figure(
        name="P9.x", kind="heatmap", title="", caption="", columns=columns, x=Axis("other", "", "nominal"),
        y=Axis("one", "", "nominal"), color="ahead",
    )  # fmt: skip
    rows = chart(figure)["datasets"]["rows"]
    assert [(row["y"], row["x"]) for row in rows] == [(first, second) for first in names for second in names]
    assert [row["color"] for row in rows if row["x"] == row["y"]] == [None] * 3
    cells = [e for e in ET.fromstring(render(figure)).iter("{http://www.w3.org/2000/svg}path") if e.get("aria-label")]
    assert sum(cell.get("fill-opacity") == "0" for cell in cells) == 3


def test_a_large_heat_map_ends_where_a_page_does() -> None:
    names = tuple(f"benchmark {place}" for place in range(40))
    pairs = [(first, second) for first in names for second in names]
    columns = {"one": tuple(p[0] for p in pairs), "other": tuple(p[1] for p in pairs), "v": (0.5,) * len(pairs)}
    figure = Figure(
        name="V8.x", kind="heatmap", title="", caption="", columns=columns, x=Axis("other", "", "nominal"),
        y=Axis("one", "", "nominal"), color="v",
    )  # fmt: skip
    spec = chart(figure)
    assert 40 * spec["width"]["step"] <= 760
    assert [layer["mark"]["type"] for layer in spec["layer"]] == ["rect"]
