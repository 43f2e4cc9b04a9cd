"""A headless Chromium for tests that open pages: skipped with a reason where there is none."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
# No sandbox: tests may run as root. SwiftShader: WebGL 2 without a graphics card.
ARGUMENTS = ("--no-sandbox", "--enable-unsafe-swiftshader", "--use-angle=swiftshader")
PATIENCE_MS = 60_000.0  # a busy machine takes its time


@contextmanager
def chromium() -> Iterator[Any]:
    """A running browser."""
    library = pytest.importorskip(
        "playwright.sync_api", reason="playwright (extra dev) is not installed"
    )
    if not CHROMIUM.is_file():
        pytest.skip(f"{CHROMIUM} is not here; CHROMIUM=path names another")
    with library.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


class OpenPage:
    """A page from a file, with everything that it said and asked for."""

    def __init__(self, browser: Any, path: Path, fragment: str = "", **context: Any) -> None:
        """Open the file and wait for it to be loaded."""
        self.url = path.resolve().as_uri()
        self.page = browser.new_page(**context)
        self.page.set_default_timeout(PATIENCE_MS)
        self.troubles: list[str] = []
        self.requests: list[str] = []
        self.page.on(
            "console",
            lambda message: (
                self.troubles.append(message.text) if message.type in ("error", "warning") else None
            ),
        )
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(self.url + fragment)

    @property
    def foreign_requests(self) -> list[str]:
        """Requests other than for the file itself and for what it holds."""
        return [url for url in self.requests if not url.startswith((self.url, "data:", "blob:"))]
