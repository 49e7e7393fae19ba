"""The desk in a browser, on a bench: its site with a sample company, a web server, a worker, and users.

Run by `.ci/browser-tests`, which names bench and site. Every page has to end without an error in the console
and without a failed request.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

if not os.environ.get("BROWSER_TESTS"):
	# of the tests that need no bench
	collect_ignore_glob = ["test_*.py"]

BENCH = Path(os.environ.get("FRAPPE_BENCH", Path.home() / "frappe-bench"))
SITE = os.environ.get("FRAPPE_SITE", "test_site")
#: no site of these tests has one, and the desk works without
NOT_SERVED = "socket.io"
#: charts of Frappe's workspaces may draw themselves once more when they are gone
NOT_OURS = "ResizeObserver.boundDrawFn"
#: as `rl_replenishment.tests.browser_site` answers
ANSWER = "=> "


def start(*arguments: str, **options: Any) -> subprocess.Popen:
	"""A command of the bench."""
	command = ["../env/bin/python", "-m", "frappe.utils.bench_helper", "frappe", *arguments]
	environment = {**os.environ, "OMP_NUM_THREADS": "1"}
	return subprocess.Popen(command, cwd=BENCH / "sites", env=environment, **options)


@dataclass
class Site:
	"""Where the desk is, and how to change what is behind it."""

	url: str
	password: str
	servant: subprocess.Popen
	company: str = ""
	warehouses: list[str] = field(default_factory=list)
	users: dict[str, str] = field(default_factory=dict)

	def arrange(self, function: str, **values: Any) -> Any:
		"""Call a function of `rl_replenishment.tests.browser_site` on the site; returns its result."""
		assert self.servant.stdin
		assert self.servant.stdout
		self.servant.stdin.write(f"{json.dumps([function, values])}\n")
		self.servant.stdin.flush()
		for line in self.servant.stdout:
			if line.startswith(ANSWER):
				answer = json.loads(line.removeprefix(ANSWER))
				assert "error" not in answer, answer["error"]
				return answer["result"]
		pytest.fail(f"{function}: the site does not answer")


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
	"""The site, served, with a worker and a sample company."""
	with socket.socket() as free:
		free.bind(("127.0.0.1", 0))
		port = free.getsockname()[1]
	talk = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
	servant = start("--site", SITE, "execute", "rl_replenishment.tests.browser_site.obey", **talk)
	quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
	serving = [
		start("--site", SITE, "serve", "--port", str(port), "--noreload", **quiet),
		start("worker", "--queue", "long,short,default", **quiet),
	]
	found = Site(f"http://127.0.0.1:{port}", secrets.token_urlsafe(24), servant)
	try:
		prepared = found.arrange("prepare", password=found.password)
		found.company, found.warehouses = prepared["company"], prepared["warehouses"]
		found.users = prepared["users"]
		_wait_for(found.url)
		yield found
	finally:
		for process in serving:
			process.terminate()
			process.wait(timeout=30)
		found.arrange("clean")
		servant.communicate(timeout=30)


def _wait_for(url: str) -> None:
	for _ in range(60):
		try:
			with urllib.request.urlopen(f"{url}/api/method/ping", timeout=5):
				return
		except OSError:
			time.sleep(1)
	pytest.fail(f"{url} does not answer")


@pytest.fixture(scope="session")
def sign_in(site: Site) -> Iterator[Callable[..., Any]]:
	"""Sign in as one of the site's users, once per width of the window: a browser's context."""
	from playwright.sync_api import expect, sync_playwright

	# a busy machine is no failure
	expect.set_options(timeout=20_000)
	chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
	contexts: dict[tuple[str, int], Any] = {}
	with sync_playwright() as browsers:
		browser = browsers.chromium.launch(executable_path=chromium, args=["--no-sandbox"])

		def sign_in(who: str, width: int) -> Any:
			if (who, width) not in contexts:
				context = browser.new_context(viewport={"width": width, "height": 900}, base_url=site.url)
				form = {"usr": site.users[who], "pwd": site.password}
				assert context.request.post("/api/method/login", form=form).ok
				contexts[who, width] = context
			return contexts[who, width]

		yield sign_in
		browser.close()


@pytest.fixture
def desk(sign_in: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
	"""A page for one of the site's users: `open(path)` goes to a page of the desk and waits for it.

	`settle()` waits until what was done there has been answered and drawn.

	What goes wrong on it fails the test, unless it is not to be heeded: ERPNext's own pages have faults.
	"""
	wrong: list[str] = []
	pages = []

	def look(who: str, *, width: int = 1366, heed: bool = True) -> Any:
		page = sign_in(who, width).new_page()
		pages.append(page)
		page.set_default_timeout(20_000)
		if heed:
			page.on("console", lambda message: _hear(wrong, message))
			page.on("pageerror", lambda error: _catch(wrong, error))
			page.on("response", lambda answer: _see(wrong, answer))
		page.open = lambda path: _open(page, path)
		page.settle = lambda: _settle(page)
		return page

	yield look
	for page in pages:
		page.close()
	assert "\n".join(wrong) == ""


def _hear(wrong: list[str], message: Any) -> None:
	where = f"{message.text} {message.location}"
	if message.type == "error" and NOT_SERVED not in where:
		wrong.append(f"console: {where}")


def _catch(wrong: list[str], error: Any) -> None:
	if NOT_OURS not in (error.stack or ""):
		wrong.append(f"error: {error.stack}")


def _see(wrong: list[str], answer: Any) -> None:
	if answer.status >= 400 and NOT_SERVED not in answer.url:
		wrong.append(f"{answer.status}: {answer.url} {answer.text()[:300]}")


def _open(page: Any, path: str) -> None:
	page.goto(f"/app/{path}")
	page.wait_for_function("() => window.frappe?.boot")
	page.wait_for_load_state("networkidle")
	_settle(page)


def _settle(page: Any) -> None:
	# one answer may ask for more
	for _ in range(3):
		page.wait_for_timeout(300)
		page.wait_for_function("() => !frappe.request.ajax_count")
