"""The report in a real browser: no error, no request, the table's numbers, sorting, another
reference, phone width, keyboard.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.evaluate import Evaluation, evaluate
from tests.helpers.chromium import PATIENCE_MS

HEADLINE = "served_value_fraction"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three policies on Tiny, played and reported."""
    out = tmp_path_factory.mktemp("tiny") / "out"
    evaluate(
        Evaluation(
            policies=("eft", "eft_admit", "random"),
            scenario="Tiny",
            seeds=3,
            out=str(out),
            processes=1,
        )
    )
    return out


@pytest.fixture(params=[(1280, "light"), (375, "dark")], ids=["desktop", "phone"])
def page(browser: Any, folder: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The report, open; whatever the console or the network says fails the test."""
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    new_page, events = context.new_page(), []
    new_page.set_default_timeout(PATIENCE_MS)
    new_page.on("console", lambda message: events.append(f"console: {message.text}"))
    new_page.on("pageerror", lambda error: events.append(f"error: {error}"))
    new_page.on("request", lambda request: events.append(f"request: {request.url}"))
    address = (folder / "report.html").as_uri()
    new_page.goto(address)
    yield new_page
    context.close()
    assert events == [f"request: {address}"]


def column(page: Any, metric: str) -> dict[str, float]:
    """A column of the table by policy, in the order shown."""
    read = (
        "cells => cells.map(cell => [cell.parentElement.dataset.policy, "
        "parseFloat(cell.dataset.sort)])"
    )
    return dict(page.locator(f'tbody td[data-metric="{metric}"]').evaluate_all(read))


def test_the_table_holds_the_numbers_of_the_results(page: Any, folder: Path) -> None:
    policies = json.loads((folder / "results.json").read_text())["policies"]
    for metric in (HEADLINE, "value_per_orbit", "latency_p95_s"):
        assert column(page, metric) == {
            name: metrics[metric]["mean"] for name, metrics in policies.items()
        }
    cell = page.locator(f'tr[data-policy="random"] td[data-metric="{HEADLINE}"]').inner_text()
    assert cell.startswith(f"{policies['random'][HEADLINE]['mean']:.3f}")


def test_headings_sort_by_mouse_and_by_keyboard(page: Any) -> None:
    heading = page.locator(f'th[data-metric="{HEADLINE}"]')
    first = column(page, HEADLINE)
    assert (
        list(first.values()) == sorted(first.values(), reverse=True)
        and heading.get_attribute("aria-sort") == "descending"
    )
    heading.locator("button").focus()
    page.keyboard.press("Enter")
    assert (
        list(column(page, HEADLINE)) == list(first)[::-1]
        and heading.get_attribute("aria-sort") == "ascending"
    )
    page.keyboard.press("Enter")
    assert (
        list(column(page, HEADLINE)) == list(first)
        and heading.get_attribute("aria-sort") == "descending"
    )
    page.locator("thead th button").first.click()
    assert (
        list(column(page, HEADLINE)) == sorted(first) and heading.get_attribute("aria-sort") is None
    )


def test_another_reference_changes_the_differences(page: Any) -> None:
    means = column(page, HEADLINE)
    page.select_option("select.reference", "random")
    expected = {name: value - means["random"] for name, value in means.items()}
    assert column(page, "difference") == pytest.approx(expected)
    assert (
        page.locator('tr[data-policy="random"] td[data-metric="difference"]').inner_text()
        == "reference"
    )
    assert page.locator("th .other").inner_text() == "random"


def test_nothing_is_wider_than_the_page_and_pictures_follow_the_theme(page: Any) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    ink = page.evaluate("getComputedStyle(document.querySelector('#served-value svg text')).fill")
    assert ink == page.evaluate("getComputedStyle(document.body).color")
    page.locator('nav a[href="#flow"]').click()
    assert page.evaluate("location.hash") == "#flow" and page.locator("#flow h2").is_visible()
