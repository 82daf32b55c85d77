"""Headless Chromium for the tests of what people see; they are skipped where it is not installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE = {"width": 390, "height": 844, "pixelRatio": 2}


def paths() -> tuple[str, str] | None:
    """Return where Chromium and its driver are (Debian: chromium, chromium-driver), or None."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


needs_browser = pytest.mark.skipif(paths() is None, reason="apt-get install chromium chromium-driver")


@contextmanager
def browser(width: int = 1280, height: int = 900, *, phone: bool = False) -> Iterator[webdriver.Chrome]:
    """Start a browser with an empty profile of its own."""
    found = paths()
    assert found is not None
    options = webdriver.ChromeOptions()
    options.binary_location = found[0]
    for flag in (*FLAGS, f"--window-size={width},{height}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if phone:
        options.add_experimental_option("mobileEmulation", {"deviceMetrics": PHONE})
    driver = webdriver.Chrome(options=options, service=Service(found[1]))
    try:
        yield driver
    finally:
        driver.quit()


def complaints(driver: webdriver.Chrome) -> list[str]:
    """Return what the console of the browser says: a script that was refused, a file that is missing."""
    return [entry["message"] for entry in driver.get_log("browser")]
