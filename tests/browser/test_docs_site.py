"""The site builds without network and warnings, and its pages work in a browser."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.chromium import PATIENCE_MS
from tests.helpers.pages import ROOT


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; a warning is an error in strict mode."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(folder)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and not done.stderr.strip(), done.stderr
    return folder


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """The site on a port of this machine."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_pages_hold_what_they_are_about(site: Path) -> None:
    api = (site / "reference" / "api" / "index.html").read_text(encoding="utf-8")
    assert "action_masks" in api and "sample_future" in api
    observation = (site / "reference" / "observation" / "index.html").read_text(encoding="utf-8")
    assert "plan_delivery" in observation


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (375, "dark")])
def test_pages_open_in_a_browser(browser: Any, address: str, width: int, scheme: str) -> None:
    """No error, no request beyond the site, no sideways scroll, and search finds a page."""
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    troubles: list[str] = []
    requests: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: message.type == "error" and troubles.append(message.text))
    page.on("request", lambda request: requests.append(request.url))
    for name in ("", "concepts/", "environments/Ring12/", "reference/observation/"):
        page.goto(f"{address}/{name}")
        assert page.locator("h1").first.inner_text().strip()
        assert page.evaluate("document.body.scrollWidth <= window.innerWidth"), name
    if width > 1000:
        page.goto(f"{address}/")
        page.locator("nav.md-nav a", has_text="FAQ").first.click()
        page.wait_for_url("**/faq/")
        page.locator("input.md-search__input").first.click()
        page.keyboard.type("relaxed system", delay=20)
        page.wait_for_selector(".md-search-result__link")
        assert page.locator(".md-search-result__link").count() > 0
    assert troubles == []
    assert [url for url in requests if not url.startswith((address, "data:", "blob:"))] == []
    context.close()
