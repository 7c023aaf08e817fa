#!/usr/bin/env python3
"""Looks at the live page in headless Chromium, on a made-up run that PlayedRun plays.

    swift build -c release -Xswiftc -enable-testing --product PlayedRun
    python3 -m venv .venv && .venv/bin/pip install -r Tests/Browser/requirements.txt
    .venv/bin/python Tests/Browser/look.py .build/release/PlayedRun [--screenshots FOLDER] [--rounds N]

Chromium is the system's (`chromium`). What is checked: signing in by the address and by the form, that the page
updates by itself, has no console error and asks no other host, can be used by keyboard, keeps focus, scroll position and
open details while it updates, fits a phone, and says when the connection is lost.
"""

import argparse
import pathlib
import secrets
import shutil
import subprocess
import sys

from playwright.sync_api import sync_playwright

TOKEN = secrets.token_hex(16)
failures = []


def check(what, holds):
    print(f"  {'ok  ' if holds else 'FAIL'}  {what}")
    if not holds:
        failures.append(what)


def serve(binary, port, seconds, rounds):
    process = subprocess.Popen([binary, str(port), TOKEN, str(seconds), str(rounds)], stdout=subprocess.PIPE, text=True)
    # Standard output is a pipe, so the address may come late; the server is asked instead.
    return process


def wait_for(page, url):
    for _ in range(100):
        try:
            return page.goto(url)
        except Exception:  # noqa: BLE001: not listening yet
            page.wait_for_timeout(100)
    raise SystemExit("the server does not answer")


def open_page(browser, url, width=1280, height=900, scheme="light", **options):
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **options)
    page = context.new_page()
    page.problems = []
    page.hosts = set()
    page.on("console", lambda message: message.type in ("error", "warning") and page.problems.append(message.text))
    page.on("pageerror", lambda error: page.problems.append(str(error)))
    page.on("request", lambda request: page.hosts.add(request.url.split("/")[2]))
    wait_for(page, url)
    return context, page


def signing_in(browser, root):
    context, page = open_page(browser, root)
    check("without the token there is the page for signing in", "needs its token" in page.inner_text("h1"))
    page.keyboard.type("wrong-token-wrong-token")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    check("a wrong token is told", "not the token" in page.inner_text("[role=alert]"))
    page.fill("#token", TOKEN)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-part=state]")
    check("the right one opens the page", "chest x-rays" in page.inner_text("header"))
    check("scripts do not see the cookie", page.evaluate("document.cookie") == "")
    context.close()


def updating(browser, root):
    context, page = open_page(browser, f"{root}/#token={TOKEN}")
    page.wait_for_selector("[data-part=state]")
    check("the address with the token opens the page, and the token is gone from it", page.url == f"{root}/")
    page.wait_for_selector(".link.live")
    page.problems.clear()  # The answer 401 to the first request.
    page.wait_for_selector("#accuracy-chart-title", state="attached", timeout=20000)
    page.evaluate("document.getElementById('numbers').open = true")
    page.focus("#parties-scroll")
    before = page.inner_text("h1"), page.inner_text("[data-part=figures]")
    page.wait_for_function("before => document.querySelector('h1').textContent !== before", arg=before[0], timeout=20000)
    check("the page updates by itself", page.inner_text("h1") != before[0])
    check("focus stays where it was", page.evaluate("document.activeElement.id") == "parties-scroll")
    check("details stay open", page.evaluate("document.getElementById('numbers').open"))
    page.wait_for_function("document.getElementById('announcement').textContent !== ''", timeout=20000)
    check("screen readers are told", "Round" in page.inner_text("#announcement"))
    check("no console error", not page.problems or print(page.problems))
    check("no other host is asked", page.hosts == {root.split("/")[2]})
    reached = set()
    page.evaluate("document.activeElement.blur()")
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
    check("the keyboard reaches the tables, the details and the download", {"parties-scroll", "button"} <= reached)
    return context, page


def phone(browser, root):
    context, page = open_page(browser, f"{root}/#token={TOKEN}", width=390, height=844, device_scale_factor=2)
    page.wait_for_selector("#accuracy-chart-title", state="attached", timeout=20000)
    wide = page.evaluate("document.documentElement.scrollWidth")
    check(f"a phone does not scroll sideways ({wide} px)", wide <= 390)
    context.close()


def screenshots(browser, root, folder, name):
    folder.mkdir(parents=True, exist_ok=True)
    for width in (1280, 390):
        for scheme in ("light", "dark"):
            context, page = open_page(
                browser, f"{root}/#token={TOKEN}", width=width, height=900, scheme=scheme, reduced_motion="reduce")
            page.wait_for_selector(".link.live")
            page.wait_for_timeout(700)
            page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
            context.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--port", type=int, default=18473)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=0.6)
    parser.add_argument("--screenshots", type=pathlib.Path)
    options = parser.parse_args()
    root = f"http://127.0.0.1:{options.port}"
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    server = serve(options.binary, options.port, options.seconds, options.rounds)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            signing_in(browser, root)
            if options.screenshots:
                screenshots(browser, root, options.screenshots, "early")
            context, page = updating(browser, root)
            phone(browser, root)
            if options.screenshots:
                page.wait_for_function(
                    "n => +document.querySelector('progress').value >= n", arg=options.rounds - 8, timeout=120000)
                screenshots(browser, root, options.screenshots, "late")
            server.terminate()
            server.wait()
            page.wait_for_selector(".link.lost", timeout=20000)
            check("a lost connection is told", "trying again" in page.inner_text("#link"))
            browser.close()
    finally:
        server.kill()
        server.wait()
    sys.exit(1 if failures else 0)


main()
