"""The static explorer in a real browser, from a file: choosing, leaving out, links."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

import measurand
from measurand.web.entanglement import Settings, explore
from measurand.web.site import site

pytest.importorskip("selenium.webdriver")
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("static")
    site(folder, folder / "out")
    return (Path(folder) / "out" / "explorers" / "safetywashing_2024.html").as_uri()


def opened(driver: Any, address: str) -> None:
    driver.get("about:blank")  # a change of the fragment alone would load nothing
    driver.get_log("browser")
    driver.get(address)
    until = time.monotonic() + 15
    while not driver.find_elements("css selector", "svg.scatter") and time.monotonic() < until:
        time.sleep(0.05)


def title(driver: Any) -> str:
    return str(driver.find_element("id", "title").text)


def test_it_shows_what_python_finds_and_a_link_gives_it_again(driver: Any, address: str) -> None:
    opened(driver, f"{address}#class=chat&benchmark=truthfulqa_mc1")
    found = explore(measurand.load_example().scores, Settings(of="safetywashing_2024", benchmark="truthfulqa_mc1"))
    assert title(driver) == found.title
    driver.execute_script(
        "document.querySelector('.mark[aria-label^=\"Mistral-7B-Instruct-v0.2\"]')"
        ".dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}))"
    )
    without = explore(
        measurand.load_example().scores,
        Settings(of="safetywashing_2024", benchmark="truthfulqa_mc1", drop=["Mistral-7B-Instruct-v0.2"]),
    )
    assert title(driver) == without.title
    assert f"{without.now.value:+.2f}" in driver.find_element("id", "change").text
    link = driver.current_url
    opened(driver, link)
    assert title(driver) == without.title
    assert [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"] == []


@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits(driver: Any, address: str, width: int) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    opened(driver, address)
    wide, screen = driver.execute_script(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert wide <= screen
