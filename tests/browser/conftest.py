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


def frappe(*arguments: str) -> list[str]:
	"""A command of the bench's site."""
	return ["../env/bin/python", "-m", "frappe.utils.bench_helper", "frappe", *arguments]


@dataclass
class Site:
	"""Where the desk is, and how to change what is behind it."""

	url: str
	password: str
	company: str = ""
	warehouses: list[str] = field(default_factory=list)
	users: dict[str, str] = field(default_factory=dict)

	def arrange(self, function: str, **values: Any) -> Any:
		"""Call a function of `rl_replenishment.tests.browser_site` on the site; returns its result."""
		method = f"rl_replenishment.tests.browser_site.{function}"
		command = frappe("--site", SITE, "execute", method, "--kwargs", json.dumps(values))
		done = subprocess.run(command, cwd=BENCH / "sites", capture_output=True, text=True, timeout=280)
		assert done.returncode == 0, done.stderr[-3000:]
		lines = done.stdout.strip().splitlines()
		return json.loads(lines[-1]) if lines else None


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
	"""The site, served, with a worker and a sample company."""
	with socket.socket() as free:
		free.bind(("127.0.0.1", 0))
		port = free.getsockname()[1]
	found = Site(url=f"http://127.0.0.1:{port}", password=secrets.token_urlsafe(24))
	prepared = found.arrange("prepare", password=found.password)
	found.company, found.warehouses = prepared["company"], prepared["warehouses"]
	found.users = prepared["users"]
	quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
	environment = {**os.environ, "OMP_NUM_THREADS": "1"}
	processes = [
		subprocess.Popen(command, cwd=BENCH / "sites", env=environment, **quiet)
		for command in (
			frappe("--site", SITE, "serve", "--port", str(port), "--noreload"),
			frappe("worker", "--queue", "long,short,default"),
		)
	]
	try:
		_wait_for(found.url)
		yield found
	finally:
		for process in processes:
			process.terminate()
			process.wait(timeout=30)
		found.arrange("clean")


def _wait_for(url: str) -> None:
	for _ in range(60):
		try:
			with urllib.request.urlopen(f"{url}/api/method/ping", timeout=5):
				return
		except OSError:
			time.sleep(1)
	pytest.fail(f"{url} does not answer")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
	from playwright.sync_api import sync_playwright

	chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
	with sync_playwright() as browsers:
		found = browsers.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
		yield found
		found.close()


@pytest.fixture
def desk(site: Site, browser: Any) -> Iterator[Callable[..., Any]]:
	"""Sign in, as "manager" or "buyer": a page whose `open(path)` goes to a page of the desk."""
	wrong: list[str] = []
	contexts = []

	def sign_in(who: str, *, width: int = 1366, height: int = 900) -> Any:
		context = browser.new_context(viewport={"width": width, "height": height}, base_url=site.url)
		contexts.append(context)
		form = {"usr": site.users[who], "pwd": site.password}
		assert context.request.post("/api/method/login", form=form).ok
		page = context.new_page()
		page.set_default_timeout(20_000)
		page.on("console", lambda message: _hear(wrong, message))
		page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
		page.on("response", lambda answer: _see(wrong, answer))
		page.open = lambda path: _open(page, path)
		return page

	yield sign_in
	for context in contexts:
		context.close()
	assert wrong == []


def _hear(wrong: list[str], message: Any) -> None:
	where = f"{message.text} {message.location}"
	if message.type == "error" and NOT_SERVED not in where:
		wrong.append(f"console: {where}")


def _see(wrong: list[str], answer: Any) -> None:
	if answer.status >= 400 and NOT_SERVED not in answer.url:
		wrong.append(f"{answer.status}: {answer.url}")


def _open(page: Any, path: str) -> None:
	page.goto(f"/app/{path}")
	page.wait_for_function("() => window.frappe?.boot && !frappe.request?.ajax_count")
