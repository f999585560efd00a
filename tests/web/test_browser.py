"""The explorer in a real browser: every view used as a person would, at both widths, by keyboard and in the dark.

`AXE_CORE` names the axe.min.js of the npm package axe-core, without which the test of accessibility rules is skipped.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import measurand
from measurand.web.app import create_app

uvicorn = pytest.importorskip("uvicorn")
pytest.importorskip("selenium.webdriver")

pytestmark = pytest.mark.browser

VIEWS = {
    "home": "/",
    "entanglement": "/entanglement?benchmark=truthfulqa_mc1&drop=Mistral-7B-Instruct-v0.2",
    "comparison": "/comparison?of=items.parquet",
    "leaderboard": "/leaderboard?of=votes.csv&chosen=model-00&chosen=model-03",
    "claims": "/claims?measure=V1&text=A+claim&source=us",
    "api": "/api",
    "problem": "/entanglement?benchmark=nothing",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, item_rows: Any, vote_rows: Any) -> Iterator[tuple[str, Path]]:
    """Where it is served, and the folder."""
    folder = tmp_path_factory.mktemp("browsed")
    item_rows().write_parquet(folder / "items.parquet")
    vote_rows().write_csv(folder / "votes.csv")
    config = uvicorn.Config(create_app(folder), port=0, log_level="error")
    socket = config.bind_socket()
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([socket],))
    thread.start()
    yield f"http://127.0.0.1:{socket.getsockname()[1]}", folder
    server.should_exit = True
    thread.join()


@pytest.fixture
def page(driver: Any, served: tuple[str, Path]) -> Iterator[Any]:
    """The browser at desktop width; whatever a test did must not have logged an error."""
    emulate(driver)
    driver.get_log("browser")
    driver.base = served[0]
    yield driver
    errors = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    assert errors == []


def emulate(driver: Any, width: int = 1280, scheme: str = "light") -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def until(check: Callable[[], Any], what: str, seconds: float = 20) -> Any:
    from selenium.common.exceptions import WebDriverException

    deadline, problem = time.monotonic() + seconds, ""
    while time.monotonic() < deadline:
        # While one page takes the place of another, there may be no heading to look at.
        try:
            if value := check():
                return value
        except WebDriverException as error:
            problem = f"; {error.msg}"
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds:g} s for {what}{problem}")


def opened(page: Any, path: str) -> None:
    page.get(page.base + path)
    until(lambda: page.execute_script("return document.readyState === 'complete' && !!window.htmx"), path)


def heading(page: Any) -> str:
    return str(page.execute_script("return document.querySelector('h1').textContent"))


def changed(page: Any, act: Callable[[], Any]) -> str:
    """The address once the view was exchanged by what is done."""
    before = page.execute_script("document.querySelector('#view').dataset.old = '1'; return location.href")
    act()
    until(lambda: not page.execute_script("return document.querySelector('#view').dataset.old"), "the view to change")
    until(lambda: not page.execute_script("return document.querySelector('.htmx-request, .htmx-settling')"), "rest")
    assert before
    return str(page.current_url)


def choose(page: Any, name: str, value: str) -> None:
    """Set a field as a person does, with the event that follows."""
    script = """
      const field = document.querySelector(`#view [name="${arguments[0]}"]:not([type=hidden])`);
      field.value = arguments[1];
      field.dispatchEvent(new Event('change', {bubbles: true}));
    """
    page.execute_script(script, name, value)


def click(page: Any, selector: str) -> None:
    element = page.find_element("css selector", selector)
    page.execute_script(
        "arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}))", element
    )


def test_leaving_a_model_out_by_clicking_its_dot(page: Any) -> None:
    opened(page, "/entanglement?benchmark=truthfulqa_mc1")
    before = heading(page)
    dot = '.mark[aria-label^="Mistral-7B-Instruct-v0.2"]'
    address = changed(page, lambda: click(page, dot))
    assert parse_qs(urlsplit(address).query)["drop"] == ["Mistral-7B-Instruct-v0.2"]
    scores = measurand.load_example().scores
    kept = [name for name in scores.models["model"] if name != "Mistral-7B-Instruct-v0.2"]
    found = measurand.capabilities_correlation(scores.only(benchmarks=["truthfulqa_mc1"], models=kept))
    sentence = found.of("truthfulqa_mc1", class_="chat").sentence
    assert page.find_element("id", "sentence").text == sentence
    assert heading(page).startswith("Without Mistral-7B-Instruct-v0.2, TruthfulQA MC1")
    # A link to it gives the same view, and going back undoes it.
    opened(page, address.removeprefix(page.base))
    assert page.find_element("id", "sentence").text == sentence
    changed(page, lambda: click(page, ".pill"))
    assert heading(page) == before


@pytest.mark.parametrize(
    ("name", "value", "key"),
    [
        ("benchmark", "bbq_amb", "benchmark"),
        ("threshold", "0.7", "threshold"),
    ],
)
def test_a_field_changes_view_and_address(page: Any, name: str, value: str, key: str) -> None:
    opened(page, "/entanglement?benchmark=truthfulqa_mc1")
    address = changed(page, lambda: choose(page, name, value))
    assert parse_qs(urlsplit(address).query)[key] == [value]
    told = page.find_element("id", "sentence").text
    assert page.title.startswith(heading(page))
    opened(page, address.removeprefix(page.base))
    assert page.find_element("id", "sentence").text == told


@pytest.mark.parametrize("id_", ["correlation-kendall", "combined-average", "class-1", "capability-mmlu"])
def test_a_choice_changes_the_number_to_that_of_the_interface(page: Any, id_: str) -> None:
    opened(page, "/entanglement?benchmark=truthfulqa_mc1")
    address = changed(page, lambda: click(page, f"#{id_}"))
    script = "const done = arguments[1]; fetch(arguments[0]).then(r => r.json()).then(done)"
    data = page.execute_async_script(script, address.replace("/entanglement", "/api/entanglement"))
    assert page.find_element("id", "sentence").text == data["sentence"]
    assert heading(page) == data["title"]


def test_back_and_forth(page: Any) -> None:
    opened(page, "/entanglement?benchmark=truthfulqa_mc1")
    first = heading(page)
    changed(page, lambda: choose(page, "benchmark", "bbq_amb"))
    second = heading(page)
    page.back()
    until(lambda: heading(page) == first, "the view before")
    page.forward()
    until(lambda: heading(page) == second, "the view after")
    assert first != second
    assert parse_qs(urlsplit(page.current_url).query)["benchmark"] == ["bbq_amb"]


def test_a_pair_its_items_and_the_slider(page: Any) -> None:
    opened(page, "/comparison?of=items.parquet&first=atlas&second=dune&task=reading")
    all_items = page.find_element("css selector", ".chip.on").text
    address = changed(page, lambda: click(page, ".chip:nth-of-type(2)"))
    assert "show=first" in address
    assert page.find_element("css selector", ".chip.on").text != all_items
    changed(page, lambda: choose(page, "second", "borealis"))
    assert page.find_element("id", "pair-title").text == "atlas minus borealis, in points"
    address = changed(page, lambda: choose(page, "items", "600"))
    assert "600 items of this mix" in page.find_element("css selector", ".items-bar output").text
    opened(page, address.removeprefix(page.base))
    assert "600 items of this mix" in page.find_element("css selector", ".items-bar output").text


def test_searching_a_leaderboard_and_choosing_two(page: Any) -> None:
    opened(page, "/leaderboard?of=votes.csv")
    search = page.find_element("id", "search")
    changed(page, lambda: search.send_keys("model-0"))
    rows = page.find_elements("css selector", ".board tbody tr")
    assert len(rows) == 10
    # What is being typed stays where it is.
    assert page.execute_script("return document.activeElement.id") == "search"
    changed(page, lambda: click(page, ".board tr:nth-of-type(1) .choose"))
    changed(page, lambda: click(page, ".board tr:nth-of-type(9) .choose"))
    assert "is shown to be ahead" in page.find_element("css selector", ".pairs").text


def test_writing_a_claim(page: Any) -> None:
    opened(page, "/claims")
    texts = {"text": "TruthfulQA is no capability benchmark", "source": "us", "measured": "honesty"}
    for name, text in (texts | {"population": "chat models"}).items():
        choose(page, name, text)
        script = "return document.getElementById('card')?.textContent.includes(arguments[0])"
        until(lambda text=text, script=script: page.execute_script(script, text), "the card to hold it")
    changed(page, lambda: choose(page, "measure", "V1"))
    assert page.find_element("css selector", "#told p").text == "Still to come: the bound."
    for value in ("class=chat", "benchmark=truthfulqa_mc1"):
        script = """
          const field = [...document.querySelectorAll('[name=about]')]
            .find(each => [...each.options].some(option => option.value === arguments[0]));
          field.value = arguments[0];
          field.dispatchEvent(new Event('change', {bubbles: true}));
        """
        changed(page, lambda value=value, script=script: page.execute_script(script, value))
    address = changed(page, lambda: choose(page, "low", "0.5"))
    assert heading(page) == "Contradicted: “TruthfulQA is no capability benchmark” (us)."
    opened(page, address.removeprefix(page.base))
    assert page.find_element("id", "source").get_attribute("value") == "us"


def test_a_file_dropped_becomes_an_audit(page: Any, served: tuple[str, Path], tmp_path: Path) -> None:
    table = tmp_path / "dropped.csv"
    table.write_text("model,mmlu,gsm8k,mine\n" + "".join(f"m{i},{i / 20},{i / 25},{i % 7 / 9}\n" for i in range(12)))
    opened(page, "/")
    page.find_element("id", "chosen").send_keys(str(table))
    until(lambda: "/jobs/" in page.current_url, "the audit to begin")
    result = until(lambda: shown(page, "result"), "the audit to end", 180)
    assert (served[1] / "uploads" / "dropped.csv").read_bytes() == table.read_bytes()
    page.get(result.get_attribute("href"))
    until(lambda: page.find_elements("css selector", "footer"), "the audit's page")
    assert "sandbox" not in page.page_source[:2000]


def test_a_folder_chosen_becomes_one_audit(page: Any, served: tuple[str, Path], tmp_path: Path) -> None:
    runs = tmp_path / "our runs"
    for place in range(2):
        (runs / f"{place}").mkdir(parents=True)
        rows = "".join(f"m{place},sums,{item},{(item + place) % 3 // 2}\n" for item in range(30))
        (runs / f"{place}" / "items.csv").write_text(f"model,benchmark,item,score\n{rows}")
    (runs / ".DS_Store").write_bytes(b"of the system")
    opened(page, "/")
    page.find_element("id", "chosen-folder").send_keys(str(runs))
    until(lambda: "/jobs/" in page.current_url, "the audit to begin")
    until(lambda: shown(page, "result"), "the audit to end", 180)
    kept = served[1] / "uploads" / "our runs"
    assert sorted(path.relative_to(kept).as_posix() for path in kept.rglob("*.*")) == ["0/items.csv", "1/items.csv"]
    page.find_element("link text", "Look at it").click()
    until(lambda: "/comparison" in page.current_url, "the comparison")
    assert "m0" in page.find_element("css selector", "main").text


def shown(page: Any, id_: str) -> Any:
    found = page.find_elements("id", id_)
    return found[0] if found and found[0].is_displayed() else None


def test_an_audit_can_be_stopped(page: Any, served: tuple[str, Path]) -> None:
    opened(page, "/")
    click(page, "[data-audit='safetywashing_2024']")
    until(lambda: "/jobs/" in page.current_url, "the audit to begin")
    until(lambda: page.execute_script("return document.readyState === 'complete'"), "the page")
    page.find_element("id", "stop").click()
    until(lambda: page.find_element("id", "label").text == "Stopped. Nothing was written.", "it to end")
    assert not (served[1] / "audits" / "safetywashing_2024" / "audit.json").exists()


def test_a_picture_can_be_saved(page: Any) -> None:
    opened(page, VIEWS["entanglement"])
    page.find_element("link text", "SVG").click()
    saved = page.downloads / "truthfulqa_mc1.svg"
    until(lambda: saved.is_file(), "the picture")
    assert b"<svg" in saved.read_bytes()[:200]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("view", VIEWS)
def test_no_view_is_wider_than_the_screen(page: Any, view: str, width: int) -> None:
    emulate(page, width)
    opened(page, VIEWS[view])
    page.get_log("browser")  # the view of a problem is answered by 404, which the browser logs
    script = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    scroll, client = page.execute_script(script)
    assert scroll <= client


def test_by_keyboard_alone(page: Any) -> None:
    opened(page, "/entanglement?benchmark=truthfulqa_mc1")
    keys = pytest.importorskip("selenium.webdriver.common.keys").Keys
    actions = pytest.importorskip("selenium.webdriver.common.action_chains").ActionChains
    reached = []
    for _ in range(60):
        actions(page).send_keys(keys.TAB).perform()
        label = page.execute_script(
            "return document.activeElement.getAttribute('aria-label') || document.activeElement.id"
        )
        reached.append(label)
        if str(label).startswith("Qwen1.5-0.5B-Chat"):
            break
    else:
        raise AssertionError(f"no dot was reached: {reached}")
    assert {"benchmark", "threshold"} <= set(reached)
    changed(page, lambda: actions(page).send_keys(keys.ENTER).perform())
    assert heading(page).startswith("Without Qwen1.5-0.5B-Chat")


@pytest.mark.parametrize("view", ["entanglement", "comparison", "leaderboard", "claims", "home"])
def test_in_the_dark_text_can_be_read(page: Any, view: str) -> None:
    emulate(page, scheme="dark")
    opened(page, VIEWS[view])
    ground, ink = page.execute_script(
        "const s = getComputedStyle(document.documentElement); return [s.backgroundColor, s.color]"
    )
    assert (ground, ink) == ("rgb(16, 21, 28)", "rgb(237, 241, 245)")
    faint = page.execute_script("""
      const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
          .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
      const ground = light('rgb(16, 21, 28)');
      return [...document.querySelectorAll('svg text, svg tspan')].filter(e => e.textContent.trim())
        .filter(e => (light(getComputedStyle(e).fill) + .05) / (ground + .05) < 4.5).map(e => e.textContent);
    """)
    assert faint == []


def test_nothing_is_asked_of_any_other_machine(page: Any) -> None:
    page.get_log("performance")
    for path in VIEWS.values():
        opened(page, path)
    page.get_log("browser")
    messages = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith((page.base, "data:", "chrome"))] == []


@pytest.mark.parametrize("view", VIEWS)
def test_rules_of_accessibility(page: Any, view: str) -> None:
    source = os.environ.get("AXE_CORE")
    if not source:
        pytest.skip("AXE_CORE should name the axe.min.js of the npm package axe-core")
    opened(page, VIEWS[view])
    page.get_log("browser")
    page.execute_cdp_cmd("Runtime.evaluate", {"expression": Path(source).read_text(encoding="utf-8")})
    script = "const done = arguments[0]; axe.run().then(r => done(r.violations))"
    found = page.execute_async_script(script)
    serious = [(each["id"], [node["target"] for node in each["nodes"]]) for each in found
               if each["impact"] in ("serious", "critical")]  # fmt: skip
    assert serious == []


def test_what_cannot_be_shown_is_said_in_place_of_the_picture(page: Any) -> None:
    opened(page, "/entanglement?benchmark=truthfulqa_mc1&class=base")
    changed(page, lambda: choose(page, "benchmark", "LMSYS_Chatbot_Arena"))
    assert "0 base models have both" in page.find_element("css selector", ".lede").text
    # What was chosen can be chosen otherwise at once.
    changed(page, lambda: click(page, "#class-2"))
    assert page.find_element("id", "sentence").text
    page.get_log("browser")  # an answer of 422 is logged by the browser


def test_benchmarks_that_nobody_knows_can_be_named_as_capability(page: Any, served: tuple[str, Path]) -> None:
    rows = "".join(f"m{i},{i},{i * i % 17},{i * 3},{i * 7 % 11},{i + i % 3}\n" for i in range(14))
    (served[1] / "unknown.csv").write_text(f"model,aa,bb,cc,dd,ee\n{rows}")
    opened(page, "/entanglement?of=unknown.csv")
    for name in ("capability-cc", "capability-ee"):
        page.get_log("browser")
        changed(page, lambda name=name: click(page, f"#{name}"))
    address = changed(page, lambda: click(page, "#capability-bb"))
    assert "capability=cc" in address
    assert page.find_element("id", "sentence").text
    page.get_log("browser")
