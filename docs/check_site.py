"""Checks the built site in a headless browser: python docs/check_site.py build/site [--pictures FOLDER].

Pages are opened, those of each kind as a file and from a local server, at 390 and at 1440 pixels, light and dark; of a
folder with more than 100 pages, which are all made alike, every tenth. The links of all are followed. It is an error
where a page writes an error to the console, asks for anything that is not there or not of the site, is wider than the
window, or has text without contrast to its ground; where a link leads nowhere; where the search does not show first
what was asked for; and where a chapter of the course has no picture. Needs `pip install playwright` and a Chromium
(that of Debian, or `playwright install chromium`).
"""

from __future__ import annotations

import argparse
import functools
import http.server
import os
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

WIDTHS = (390, 1440)
THEMES = ("light", "dark")
# Pages that stand for a kind each; they are opened in every way, and the others once.
KINDS = (
    "index.html",
    "course/index.html",
    "course/13_convolution.html",
    "course/16_backpropagation.html",
    "guides/from_pytorch.html",
    "benchmarks.html",
    "support/keras_names.html",
    "glossary.html",
    "api/index.html",
)
# What comes first where somebody searches for a word.
SEARCHES = {
    "Conv2D": "layers.Conv2D.html",
    "Adam": "optimizers.Adam.html",
    "fit": "Model.html#fastnn.Model.fit",
    "overfitting": "glossary.html#term-Overfitting",
}

# Of the text in view the least ratio of its luminance to that of its ground, as WCAG computes it, and where.
CONTRAST = """() => {
  const channel = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const parse = c => (c.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const light = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  let least = [21, ''];
  const text = 'article p, article li, article td, article th, article h1, article h2';
  for (const one of document.querySelectorAll(text)) {
    if (!one.textContent.trim() || !one.offsetParent) continue;
    let ground = one, color = [255, 255, 255, 0];
    while (ground && (color = parse(getComputedStyle(ground).backgroundColor)).length === 4 && color[3] < 0.5)
      ground = ground.parentElement;
    const [a, b] = [light(parse(getComputedStyle(one).color)), light(color)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least[0]) least = [ratio, one.textContent.trim().slice(0, 60)];
  }
  return least;
}"""


class _Links(HTMLParser):
    """The links of a page and the places that links may lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes what an element refers to, and its name."""
        found = dict(attrs)
        if tag != "link" or found.get("rel") != "canonical":
            self.links += [value for key in ("href", "src") if (value := found.get(key))]
        self.places |= {value for key in ("id", "name") if (value := found.get(key))}


def dead_links(site: Path) -> Iterator[str]:
    """Yields a line for each link within the site that leads nowhere."""
    here = {str(file) for file in site.rglob("*")}
    pages: dict[str, _Links] = {}
    # Templates of the theme among its files are no pages.
    for file in (file for file in site.rglob("*.html") if "_static" not in file.parts):
        pages[str(file)] = links = _Links()
        links.feed(file.read_text(encoding="utf-8"))
    for file, links in pages.items():
        for link in dict.fromkeys(links.links):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = os.path.normpath(os.path.join(os.path.dirname(file), unquote(parts.path))) if parts.path else file
            where = f"{os.path.relpath(file, site)}: {link}"
            if target not in here:
                yield f"{where} leads to no file"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].places:
                yield f"{where} leads to no place in that page"


def opened(pages: list[str]) -> list[str]:
    """Returns the pages to open: all, but of a folder with very many every tenth."""
    folders: dict[str, list[str]] = {}
    for page in pages:
        folders.setdefault(page.rpartition("/")[0], []).append(page)
    return [page for found in folders.values() for page in (found if len(found) <= 100 else found[::10])]


@contextmanager
def served(site: Path) -> Iterator[str]:
    """Serves a folder on a free port while the block runs."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Prints nothing: the browser tells what is missing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


class Check:
    """Opens pages and collects what is wrong with them.

    Args:
        browser: The browser.
        pictures: A folder for a screenshot of each kind of page, or None.
    """

    def __init__(self, browser: Browser, pictures: Path | None) -> None:
        self.browser = browser
        self.pictures = pictures
        self.wrong: list[str] = []

    @contextmanager
    def page(self, base: str, width: int, theme: str) -> Iterator[Page]:
        """Opens a window; whatever goes wrong in it is noted."""
        context = self.browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
        page = context.new_page()
        page.on("console", lambda m: m.type == "error" and self.note(page, f"console: {m.text}"))
        page.on("pageerror", lambda error: self.note(page, f"script: {error}"))
        page.on("requestfailed", lambda r: self.note(page, f"{r.url} failed: {r.failure}"))
        page.on("response", lambda r: r.status >= 400 and self.note(page, f"{r.url}: status {r.status}"))
        page.on(
            "request",
            lambda r: r.url.startswith((base, "data:", "blob:")) or self.note(page, f"asks for {r.url} from elsewhere"),
        )
        yield page
        context.close()

    def note(self, page: Page, what: str) -> None:
        """Notes what is wrong with a page."""
        self.wrong.append(f"{page.url}: {what}")

    def looks(self, page: Page, width: int, theme: str) -> None:
        """Checks width, theme and contrast of an open page, and takes its picture."""
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            self.note(page, f"is {wide} pixels wide in a window of {width}")
        cut = page.eval_on_selector_all(
            "article h1, article h2, article h3",
            "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.textContent)",
        )
        if cut:
            self.note(page, f"at {width} pixels titles are cut: {cut[:3]}")
        shown = page.evaluate("document.documentElement.dataset.theme")
        if shown != theme:
            self.note(page, f"shows the theme {shown} where the browser asks for {theme}")
        ratio, text = page.evaluate(CONTRAST)
        if ratio < 4.5:
            self.note(page, f"{theme}: contrast of {ratio:.1f}, at least 4.5 is readable, of the text {text!r}")
        if self.pictures:
            name = re.sub(r"\W+", "-", page.url.partition("/site/")[2] or urlsplit(page.url).path).strip("-")
            self.pictures.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=self.pictures / f"{name}-{width}-{theme}.png")

    def search(self, base: str, word: str, expected: str) -> None:
        """Checks that the search shows a page first whose address contains a text."""
        with self.page(base, 1440, "light") as page:
            page.goto(f"{base}/search.html?q={word}")
            page.wait_for_selector("#search-results li a", timeout=30_000)
            page.wait_for_timeout(1000)
            found = page.eval_on_selector_all("#search-results li a", "all => all.map(one => one.getAttribute('href'))")
            if expected not in found[0]:
                self.note(page, f"the search for {word} finds {found[:5]}, not {expected} first")


def main() -> None:
    """Runs all checks and prints what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("site", type=Path, help="the folder that Sphinx wrote")
    parser.add_argument("--pictures", type=Path, help="a folder for screenshots")
    parser.add_argument("--browser", default=shutil.which("chromium"), help="the browser (default: chromium)")
    arguments = parser.parse_args()
    site = arguments.site.resolve()
    pages = sorted(file.relative_to(site).as_posix() for file in site.rglob("*.html") if "_static" not in file.parts)
    if "index.html" not in pages:
        sys.exit(f"{site} holds no index.html: build the site first")
    wrong = list(dead_links(site))
    chapters = [page for page in pages if re.match(r"course/\d\d_", page)]
    for chapter in chapters:
        if "<img" not in (site / chapter).read_text(encoding="utf-8"):
            wrong.append(f"{chapter} has no picture")
    if "<caption>Sequential" not in (site / "course/01_networks.html").read_text(encoding="utf-8"):
        wrong.append("course/01_networks.html does not show the model that ends a cell")
    if len(chapters) != 24:
        wrong.append(f"the course has {len(chapters)} chapters, not 24")

    with sync_playwright() as playwright, served(site) as server:
        browser = playwright.chromium.launch(executable_path=arguments.browser, args=["--no-sandbox"])
        check = Check(browser, arguments.pictures)
        for base in (site.as_uri(), server):
            for width in WIDTHS:
                for theme in THEMES:
                    with check.page(base, width, theme) as page:
                        for name in KINDS:
                            page.goto(f"{base}/{name}")
                            check.looks(page, width, theme)
            for word, expected in SEARCHES.items():
                check.search(base, word, expected)
        check.pictures = None
        with check.page(site.as_uri(), WIDTHS[0], "light") as page:
            for name in opened(pages):
                if name not in KINDS:
                    page.goto(f"{site.as_uri()}/{name}")
                    check.looks(page, WIDTHS[0], "light")
        browser.close()
    wrong += dict.fromkeys(check.wrong)
    print(*wrong, sep="\n")
    print(f"{len(pages)} pages, {len(wrong)} faults")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
