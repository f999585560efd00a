"""The page in a real browser, offline: first screen, tabs, charts, hover, phone width, dark mode, print, accessibility.

`AXE_CORE` names the axe.min.js of the npm package axe-core, without which the test of accessibility rules is skipped.
"""

from __future__ import annotations

import base64
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import measurand
from measurand.measures import discover
from measurand.report import MeasureInfo, to_html
from measurand.results import Answer, Audit, Axis, Figure, Status, Table

pytest.importorskip("selenium.webdriver")
ActionChains = pytest.importorskip("selenium.webdriver.common.action_chains").ActionChains
Select = pytest.importorskip("selenium.webdriver.support.ui").Select

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, audit: Audit, measures: tuple[MeasureInfo, ...]) -> str:
    path = tmp_path_factory.mktemp("page") / "audit.html"
    path.write_text(to_html(audit, measures), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def page(driver: Any, address: str) -> Iterator[Any]:
    """The page at desktop width in light colours; whatever a test did must not have logged an error."""
    emulate(driver)
    opened(driver, address)
    yield driver
    errors = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    assert errors == []


def emulate(driver: Any, width: int = 1280, scheme: str = "light") -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def until(check: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if value := check():
            return value
        time.sleep(0.05)
    raise AssertionError(f"waited 10 s for {what}")


def opened(driver: Any, address: str) -> None:
    """Go to a page and wait for its last line: the driver can come back while a large file is still being parsed."""
    driver.get(address)
    until(lambda: driver.current_url == address and driver.find_elements("css selector", "footer"), "the whole page")


def visit(page: Any, id: str) -> None:
    """Go to a part of the page as a link to it does: its screen is shown, and all that is folded around it opened."""
    page.execute_script("location.hash = ''; location.hash = arguments[0]", id)
    until(lambda: page.find_element("id", id).is_displayed(), f"{id} to be shown")


def picture(page: Any, kind: str) -> Any:
    """The first picture of that kind, gone to and drawn."""
    figure = page.find_element("css selector", f'figure[data-kind="{kind}"]')
    visit(page, figure.get_attribute("id"))
    until(lambda: figure.find_elements("css selector", ".chart.drawn svg"), f"{kind} to be drawn")
    return figure


def every_text(page: Any, selector: str) -> list[str]:
    """The texts of all such elements in one step, so that a layout still going on cannot empty one of them."""
    script = "return [...document.querySelectorAll(arguments[0])].map(element => element.textContent)"
    return page.execute_script(script, selector)


def texts(figure: Any) -> list[str]:
    script = "return [...arguments[0].querySelectorAll('svg text')].map(element => element.textContent)"
    return figure.parent.execute_script(script, figure)


def hover(page: Any, element: Any) -> str:
    ActionChains(page).move_to_element(element).perform()
    return until(
        lambda: page.execute_script("return document.querySelector('#vg-tooltip-element.visible')?.innerText"),
        "a tooltip",
    )


SCREENS = ("summary", "validity", "precision", "gaming", "forecast", "data")


def shown_screens(page: Any) -> list[str]:
    return [s.get_attribute("id") for s in page.find_elements("css selector", ".screen") if s.is_displayed()]


def test_one_screen_at_a_time_reached_by_keyboard(page: Any) -> None:
    assert shown_screens(page) == ["summary"]
    for _ in range(4):  # the link to skip to the finding, the name, and two tabs
        ActionChains(page).send_keys("\ue004").perform()
    ActionChains(page).send_keys("\ue007").perform()
    until(lambda: shown_screens(page) == ["validity"], "the screen of validity")
    assert page.find_element("css selector", ".bar [aria-current]").text == "Validity"
    page.back()
    until(lambda: shown_screens(page) == ["summary"], "the summary")


REACHABLE = """
  return [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")]
    .filter(each => each.checkVisibility() && !(each.type === "radio" && !each.checked)).length
"""


@pytest.mark.parametrize("screen", SCREENS)
def test_the_keyboard_reaches_everything(page: Any, screen: str) -> None:
    visit(page, screen)
    page.execute_script("document.activeElement.blur(); scrollTo(0, 0)")
    wanted, seen = page.execute_script(REACHABLE), set()
    page.execute_script("document.querySelector('.skip').focus()")
    for _ in range(wanted + 2):
        seen.add(page.execute_script("return document.activeElement.outerHTML.slice(0, 200) + scrollY") or "")
        ActionChains(page).send_keys("\ue004").perform()
    assert len({text for text in seen if not text.startswith("<body")}) >= wanted


def test_without_script_it_is_one_long_page(driver: Any, address: str) -> None:
    emulate(driver)
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        opened(driver, address)
        shown = driver.find_elements("css selector", ".screen")
        assert [part.get_attribute("id") for part in shown if part.is_displayed()] == list(SCREENS)
    finally:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


@pytest.mark.parametrize("kind", ["intervals", "scatter", "lines", "heatmap"])
def test_each_kind_is_drawn_when_scrolled_to(page: Any, kind: str) -> None:
    figure = picture(page, kind)
    assert len(texts(figure)) > 8
    assert not figure.find_elements("css selector", ".chart-error")


def test_pictures_are_not_drawn_before_they_are_seen(page: Any) -> None:
    time.sleep(0.5)
    assert not page.find_elements("css selector", ".chart.drawn")
    assert page.execute_script("return typeof vegaEmbed") == "undefined"


def test_hovering_a_point_names_the_model(page: Any) -> None:
    figure = picture(page, "scatter")
    groups = figure.find_elements("css selector", "svg g.mark-symbol.role-mark")
    points = groups[-1].find_elements("css selector", "path")
    shown = " ".join(hover(page, points[1]).split())
    assert shown.startswith("model Llama-2-70b benchmark score")
    assert "capabilities score (SD) −1.33" in shown
    assert "family Qwen" in shown


def test_hovering_a_row_names_the_benchmark_and_its_interval(page: Any) -> None:
    figure = picture(page, "intervals")
    rows = figure.find_elements("css selector", "svg g.mark-rect.role-mark path")
    shown = " ".join(hover(page, rows[0]).split())
    assert shown.startswith("benchmark mmlu")
    assert "0 [−0.38, 0.38]" in shown
    assert "models 27" in shown


def test_a_hostile_name_is_text_in_axis_menu_and_hover(page: Any) -> None:
    figure = picture(page, "intervals")
    assert "<script>alert(1)</script>" in texts(figure)
    index = [text for text in texts(figure) if text].index("<script>alert(1)</script>")
    assert index
    rows = figure.find_elements("css selector", "svg g.mark-rect.role-mark path")
    assert "<script>alert(1)</script>" in hover(page, rows[8])


def test_choosing_another_value_changes_the_chart(page: Any) -> None:
    figure = picture(page, "intervals")
    marks = "[...arguments[0].querySelectorAll('.mark-symbol.role-mark path')]"
    script = f"return {marks}.map(mark => mark.getAttribute('aria-label')).join()"
    before = page.execute_script(script, figure)
    Select(figure.find_element("css selector", "select")).select_by_visible_text("chat")
    until(lambda: page.execute_script(script, figure) != before, "the chart to change")
    assert "winogender_with_a_rather_long_name_of_its_own" in texts(figure)


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_never_scrolls_sideways(page: Any, width: int) -> None:
    emulate(page, width)
    page.refresh()
    for kind in ("intervals", "scatter", "heatmap", "lines"):
        picture(page, kind)
    page.execute_script("document.querySelectorAll('details').forEach(details => details.open = true)")
    for screen in SCREENS:
        visit(page, screen)
        assert page.execute_script("return document.documentElement.scrollWidth") <= width
        assert page.execute_script("return innerWidth") == width


def test_names_are_whole_on_a_phone(page: Any) -> None:
    emulate(page, 390)
    page.refresh()
    figure = picture(page, "intervals")
    assert "winogender_with_a_rather_long_name_of_its_own" in texts(figure)
    box = figure.find_element("css selector", ".box")
    assert page.execute_script("return arguments[0].scrollWidth <= arguments[0].clientWidth", box)


def test_dark_surroundings_change_page_and_charts(page: Any) -> None:
    figure = picture(page, "lines")
    fill = "return arguments[0].querySelector('.role-axis-label text').getAttribute('fill')"
    paper = "return getComputedStyle(document.documentElement).backgroundColor"
    light = page.execute_script(fill, figure), page.execute_script(paper)
    emulate(page, scheme="dark")
    until(lambda: page.execute_script(fill, figure) != light[0], "the chart to change colours")
    assert page.execute_script(paper) != light[1]


def test_findings_are_laid_out_when_opened_sort_and_filter(page: Any) -> None:
    details = page.find_element("id", "measure-1-findings")
    assert not details.find_elements("css selector", "tbody tr")
    visit(page, "measure-1-findings")
    page.execute_script("arguments[0].open = true", details)
    table = details.find_element("css selector", "table")
    until(lambda: len(table.find_elements("css selector", "tbody tr")) == 44, "the findings")
    number = table.find_elements("css selector", "thead th")[2]
    number.find_element("css selector", "button").click()
    assert number.get_attribute("aria-sort") == "ascending"
    script = "return [...arguments[0].tBodies[0].rows].map(row => row.cells[2].dataset.sort)"
    values = page.execute_script(script, table)
    filled = [float(value) for value in values if value]
    assert filled == sorted(filled)
    assert values[len(filled) :] == [""] * 4
    details.find_element("css selector", ".search input").send_keys("issue wmdp")
    until(lambda: details.find_element("css selector", "output").text == "1 of 44", "the search")
    visible = [row for row in table.find_elements("css selector", "tbody tr") if row.is_displayed()]
    assert [row.find_element("css selector", "th").text for row in visible] == ["wmdp_bio · class chat"]


@pytest.mark.parametrize(("format", "start"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("csv", b'"benchmark"')])
def test_a_picture_can_be_saved(page: Any, format: str, start: bytes) -> None:
    figure = picture(page, "intervals")
    name: str = figure.get_attribute("id")
    figure.find_element("css selector", f'[data-format="{format}"]').click()
    path: Path = page.downloads / f"{name}.{format}"
    until(path.exists, f"{path.name} to be saved")
    data = until(path.read_bytes, "its bytes")
    assert data.startswith(start)
    if format == "csv":
        assert b"\"'=cmd()" in data


def test_a_broken_picture_says_so(driver: Any, address: str, tmp_path: Path) -> None:
    source = Path(address.removeprefix("file://")).read_text(encoding="utf-8")
    broken = tmp_path / "broken.html"
    start = source.index("data", source.index('<script type="text/plain" id="figure-2-data">'))
    broken.write_text(source[: start + 200] + "AAAA" + source[start + 204 :], encoding="utf-8")
    opened(driver, broken.as_uri())
    figure = driver.find_element("css selector", 'figure[data-kind="scatter"]')
    visit(driver, figure.get_attribute("id"))
    error = until(lambda: figure.find_elements("css selector", ".chart-error"), "a message")
    assert error[0].text.startswith("This picture could not be drawn: ")
    driver.get_log("browser")


def test_estimates_are_laid_out_when_opened(page: Any, audit: Audit) -> None:
    rows = "return document.querySelectorAll('details.estimates tbody tr').length"
    page.execute_script("document.querySelectorAll('details.estimates').forEach(details => details.open = true)")
    wanted = sum(len(finding.estimates) for finding in audit.findings)
    until(lambda: page.execute_script(rows) == wanted, "every estimate")
    assert "Wilson" in page.execute_script("return document.querySelector('details.estimates table').textContent")


def printed(page: Any) -> bytes:
    result = page.execute_cdp_cmd("Page.printToPDF", {"printBackground": True, "preferCSSPageSize": True})
    return base64.b64decode(result["data"])


def test_paper_is_light_and_shows_every_measure_with_the_pictures_looked_at(page: Any) -> None:
    emulate(page, scheme="dark")
    page.refresh()
    picture(page, "lines")
    script = """
      const seen = window.seen = {};
      matchMedia("print").addEventListener("change", event => {
        if (!event.matches) return;
        seen.closed = document.querySelectorAll(".measure:not([open])").length;
        seen.hidden = [...document.querySelectorAll(".screen")].filter(screen => !screen.checkVisibility()).length;
        seen.ground = getComputedStyle(document.documentElement).backgroundColor;
      });
    """
    page.execute_script(script)
    assert printed(page).startswith(b"%PDF")
    assert page.execute_script("return window.seen") == {"closed": 0, "hidden": 0, "ground": "rgb(255, 255, 255)"}


def test_nothing_is_asked_of_the_network(page: Any, address: str) -> None:
    for kind in ("intervals", "scatter", "heatmap", "lines"):
        picture(page, kind)
    time.sleep(0.2)
    messages = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert any(url == address for url in asked)
    # "chrome:" and "chrome-untrusted:" are the browser's own print preview.
    assert {url.split(":")[0] for url in asked} <= {"file", "data", "blob", "chrome", "chrome-untrusted"}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, audit: Audit, measures: tuple[MeasureInfo, ...]) -> str:
    """A page of 300 models in a picture and in a table."""
    names = tuple(f"model {place}" for place in range(300))
    values = tuple(1 - place / 300 for place in range(300))
    figure = Figure(
        name="P1.many", kind="intervals", title="", caption="", columns={"model": names, "x": values},
        x=Axis("x", "score"), y=Axis("model", "model", "nominal"),
    )  # fmt: skip
    rows = tuple((name, f"{value:.1f}") for name, value in zip(names, values, strict=True))
    table = Table(head=("model", "score"), rows=rows, marks=(Status.PASSED,) * 300, right=(1,), ends=True)
    answers = {"P1": Answer(sentence="All are known.", tables=(table,))}
    path = tmp_path_factory.mktemp("many") / "audit.html"
    path.write_text(to_html(replace(audit, figures={"P1.many": figure}, answers=answers), measures), encoding="utf-8")
    return path.as_uri()


def test_a_picture_of_300_models_shows_both_ends_and_finds_the_others(driver: Any, many: str) -> None:
    emulate(driver)
    opened(driver, many)
    figure = picture(driver, "intervals")
    assert {"model 0", "model 39", "model 260", "model 299"} <= set(texts(figure))
    assert "model 150" not in texts(figure)
    assert "220 more" in figure.find_element("css selector", ".undrawn").text
    assert figure.find_element("css selector", ".box").size["height"] < 2 * 900
    figure.find_element("css selector", "input").send_keys("model 15")
    until(lambda: "model 150" in texts(figure) and "model 0" not in texts(figure), "the search")


def test_a_table_of_300_rows_shows_both_ends_and_finds_the_others(driver: Any, many: str) -> None:
    emulate(driver)
    opened(driver, many)
    box = driver.find_element("css selector", ".answer[id]")
    visit(driver, box.get_attribute("id"))
    rows = (
        "return [...arguments[0].querySelectorAll('tbody tr')].filter(r => r.checkVisibility()).map(r => r.innerText)"
    )
    assert len(driver.execute_script(rows, box)) == 12
    box.find_element("css selector", "input").send_keys("model 150")
    (found,) = until(lambda: len(all := driver.execute_script(rows, box)) == 1 and all, "the search")
    assert "model 150" in found
    box.find_element("css selector", "input").clear()
    box.find_element("css selector", "input").send_keys(" ")
    until(lambda: len(driver.execute_script(rows, box)) == 300, "every row")


def test_on_a_phone_a_tap_shows_the_numbers_of_an_interval(driver: Any, demo: str) -> None:
    emulate(driver, 390)
    opened(driver, demo)
    row = driver.find_element("css selector", ".rows li")
    limits = row.find_element("css selector", ".value small")
    assert not limits.is_displayed()
    row.click()
    assert " to " in limits.text


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The report of the embedded study, as the demo writes it."""
    path = tmp_path_factory.mktemp("demo") / "audit.html"
    measurand.audit(measurand.load_example(), resamples=200).to_html(path)
    return path.as_uri()


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_screen_holds_the_finding_its_picture_and_what_it_means(
    driver: Any, demo: str, width: int, height: int, scheme: str
) -> None:
    emulate(driver, width, scheme)
    opened(driver, demo)
    driver.execute_script("scrollTo(0, 0)")
    script = """
      const shown = [...document.querySelectorAll(arguments[0])].filter(each => each.checkVisibility());
      return [shown.length, Math.max(...shown.map(each => each.getBoundingClientRect().bottom))];
    """
    for selector, count in (("h1", 1), (".counts li", 3), (".rows li", 8), (".ends span", 3)):
        found, bottom = driver.execute_script(script, selector)
        assert found >= count, selector
        assert bottom <= height, selector
    first = driver.execute_script("return document.querySelector('.bullets li').getBoundingClientRect().top")
    assert first < height
    lines = "const h = document.querySelector('h1'); return h.clientHeight / parseFloat(getComputedStyle(h).lineHeight)"
    if width == 1280:
        assert driver.execute_script(lines) < 2.5
        assert driver.execute_script(script, ".card") == [4, pytest.approx(height, abs=60)]


def test_a_switch_shows_the_other_class_of_models(driver: Any, demo: str) -> None:
    emulate(driver)
    opened(driver, demo)
    titles = "return [...document.querySelectorAll('h1')].filter(each => each.checkVisibility()).map(e => e.innerText)"
    (chat,) = driver.execute_script(titles)
    driver.execute_script("document.getElementById('view-1').focus()")
    ActionChains(driver).send_keys("\ue014").perform()
    (base,) = driver.execute_script(titles)
    assert chat != base
    assert "26 models" in chat
    assert "27 models" in base
    # The pictures follow.
    figure = picture(driver, "intervals")
    assert Select(figure.find_element("css selector", "select")).first_selected_option.text == "base"
    driver.execute_script("const first = document.getElementById('view-1'); first.checked = true;"
                          "first.dispatchEvent(new Event('change'))")  # fmt: skip
    assert Select(figure.find_element("css selector", "select")).first_selected_option.text == "chat"


def test_the_demo_report_fits_on_twelve_sheets(driver: Any, demo: str) -> None:
    emulate(driver)
    opened(driver, demo)
    data = printed(driver)
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", data)) <= 12
    assert Path(demo.removeprefix("file://")).stat().st_size < 1_500_000
    # The whole first screen stands on the first sheet: A4 without its margins of 12 mm is 703 by 1,031 px.
    emulate(driver, 703)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert 400 < driver.execute_script("return document.getElementById('summary').offsetHeight") < 1031
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


@pytest.fixture(scope="module")
def axe() -> str:
    path = os.environ.get("AXE_CORE", "")
    if not Path(path).is_file():
        pytest.skip("AXE_CORE should name the axe.min.js of the npm package axe-core")
    return Path(path).read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("of", ["demo", "address"])
def test_no_rule_of_accessibility_is_seriously_broken(
    driver: Any, axe: str, request: pytest.FixtureRequest, of: str, width: int, scheme: str
) -> None:
    emulate(driver, width, scheme)
    opened(driver, request.getfixturevalue(of))
    driver.execute_script(axe)
    script = "const done = arguments[0]; axe.run(document).then(found => done(found.violations), e => done(String(e)))"
    driver.set_script_timeout(120)
    # Of the demo the measures alone: axe takes minutes for thousands of rows, which are like those of the other.
    folds = "details" if of == "address" else ".measure"
    for screen in SCREENS:
        visit(driver, screen)
        driver.execute_script("document.querySelectorAll(arguments[0]).forEach(each => { each.open = true; })", folds)
        until(lambda: not driver.execute_script(EMPTY), "folded tables to be laid out")
        found = driver.execute_async_script(script)
        bad = [
            (screen, each["id"], each["nodes"][0]["html"][:200], each["nodes"][0].get("failureSummary"))
            for each in found
            if each["impact"] in ("serious", "critical")
        ]
        assert bad == []


EMPTY = "return [...document.querySelectorAll('.fold[open] tbody')].filter(body => !body.rows.length).length"


def test_the_demo_report_opens_draws_everything_and_names_the_models(driver: Any, demo: str) -> None:
    emulate(driver)
    driver.get_log("browser")
    opened(driver, demo)
    # Of the embedded study, which holds scores alone; the measures that it answers are these and no others.
    measures = [m for m in discover() if m.code in {*(f"V{i}" for i in range(10)), "F1", "F7"}]
    headings = " ".join(heading.lower() for heading in every_text(driver, ".measure > summary h2"))
    assert [measure.name for measure in measures if measure.name not in headings] == []
    for figure in driver.find_elements("css selector", "figure.picture"):
        visit(driver, figure.get_attribute("id"))
        until(
            lambda shown=figure: shown.find_elements("css selector", ".chart.drawn svg, .chart.drawn canvas"), "a chart"
        )
    scatter = driver.find_element("css selector", 'figure[data-kind="scatter"]')
    visit(driver, scatter.get_attribute("id"))
    point = until(lambda: scatter.find_elements("css selector", ".mark-symbol path"), "points")[0]
    told = hover(driver, point)
    assert any(model in told for model in measurand.load_example().scores.models["model"])
    assert [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"] == []
