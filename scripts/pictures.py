"""The pictures of the README, taken of a running platform with demo data.

    .venv/bin/python scripts/pictures.py --address http://127.0.0.1:8000 --data var

Needs Chromium (`CHROMIUM=/path`, else the usual places). Run it again after the pages changed; the names stay.
"""

import argparse
import json
import os
import re
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

PLACES = ("chromium", "chromium-browser", "google-chrome")
LAPTOP, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
AT_MOST_BYTES = 200_000
INTO = Path(__file__).parent.parent / "docs" / "images"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", default="http://127.0.0.1:8000")
    parser.add_argument("--data", type=Path, default=Path("var"), help="the folder of `make up`, for its demo logins")
    chosen = parser.parse_args()
    login = json.loads((chosen.data / "demo-logins.json").read_text())["owner GB"]
    executable = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, PLACES)), None)
    flags = ["--disable-gpu"] + (["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else [])
    INTO.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=flags)
        for scheme, size, names in (
            ("light", LAPTOP, ("overview", "calls", "call", "retention", "certificate")),
            ("dark", LAPTOP, ("call",)),
            ("light", PHONE, ("overview", "call")),
            ("dark", PHONE, ("calls",)),
        ):
            suffix = ("-phone" if size is PHONE else "") + ("-dark" if scheme == "dark" else "")
            take(browser, chosen.address, login, scheme, size, {name: f"{name}{suffix}" for name in names})
        browser.close()
    large = [path.name for path in INTO.glob("*.png") if path.stat().st_size > AT_MOST_BYTES]
    if large:
        sys.stderr.write(f"Larger than {AT_MOST_BYTES // 1000} kB: {', '.join(large)}" + "\n")
    return 1 if large else 0


def take(browser: Browser, address: str, login: dict[str, str], scheme: str, size: dict[str, int], files: dict) -> None:
    """One sign-in, then each page of `files` (page -> file name)."""
    context = browser.new_context(viewport=size, color_scheme=scheme, locale="en-GB", reduced_motion="reduce")
    page = context.new_page()
    page.goto(address)
    page.fill("input[name=login]", login["email"])
    page.fill("input[name=password]", login["password"])
    page.press("input[name=password]", "Enter")
    page.wait_for_url("**/o/**")
    home = page.url.rstrip("/")
    for name, file in files.items():
        find(page, home, name)
        page.evaluate("document.querySelectorAll('.toasts').forEach((each) => each.remove())")
        page.screenshot(path=INTO / f"{file}.png", animations="disabled")
    context.close()


def find(page: Page, home: str, name: str) -> None:
    """Goes to the page of this name."""
    if name == "overview":
        page.goto(f"{home}/")
    elif name == "calls":
        page.goto(f"{home}/calls/")
    elif name == "call":
        page.goto(f"{home}/calls/?state=recording")
        page.locator("a.rowlink:visible").nth(1).click()
        page.get_by_role("heading", name="The life of this call").wait_for()
    elif name == "retention":
        page.goto(f"{home}/retention/")
        page.fill("#id_recording-n", "30")
        page.locator("#effect .ghost").first.wait_for()
        page.evaluate("window.scrollTo(0, 0)")
    else:
        page.goto(f"{home}/purges/")
        page.get_by_role("link", name=re.compile(r"^Certificate \d")).first.click()
        page.wait_for_url("**/certificates/**")


if __name__ == "__main__":
    raise SystemExit(main())
