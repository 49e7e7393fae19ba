"""A site as another machine meets it: its web server and a worker as processes of their own, without torch.

Run by `.ci/remote-tests`, which names bench and site.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

if not os.environ.get("REMOTE_TESTS"):
	# of the tests that need no bench
	collect_ignore_glob = ["test_*.py"]

BENCH = Path(os.environ.get("FRAPPE_BENCH", Path.home() / "frappe-bench"))
SITE = os.environ.get("FRAPPE_SITE", "test_site")
#: of a cut connection, this much of the answer still arrives
LET_THROUGH = 150


def start(*arguments: str, without_torch: Path | None = None, **options: Any) -> subprocess.Popen:
	"""A command of the bench."""
	command = ["../env/bin/python", "-m", "frappe.utils.bench_helper", "frappe", *arguments]
	environment = {**os.environ, "OMP_NUM_THREADS": "1"}
	# the app is the bench's own copy
	environment["PYTHONPATH"] = str(without_torch or "")
	return subprocess.Popen(command, cwd=BENCH / "sites", env=environment, start_new_session=True, **options)


@dataclass
class Site:
	"""Where the site is."""

	url: str
	#: process of its worker
	worker: int = 0

	def arrange(self, function: str, *arguments: Any) -> Any:
		"""Call a function of `rl_replenishment.tests.remote_site` on the site; returns its result."""
		process = start(
			*("--site", SITE, "execute", f"rl_replenishment.tests.remote_site.{function}"),
			*(["--args", repr(list(arguments))] if arguments else []),
			stdout=subprocess.PIPE,
			text=True,
		)
		try:
			printed, _ = process.communicate(timeout=1500)
		except subprocess.TimeoutExpired:
			os.killpg(process.pid, signal.SIGKILL)
			raise
		assert process.returncode == 0, printed
		lines = [line for line in printed.splitlines() if line.startswith(("{", "[", '"'))]
		return json.loads(lines[-1]) if lines else None


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
	"""The site, served, with a worker; neither can import torch."""
	hidden = tmp_path_factory.mktemp("without_torch")
	for name in ("torch", "stable_baselines3"):
		text = f'raise ModuleNotFoundError("No module named {name!r}", name={name!r})\n'
		(hidden / f"{name}.py").write_text(text)
	port = free_port()
	quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "without_torch": hidden}
	serving = [
		start("--site", SITE, "serve", "--port", str(port), "--noreload", **quiet),
		start("worker", "--queue", "long,default,short", **quiet),
	]
	try:
		url = f"http://127.0.0.1:{port}"
		_wait_for(url)
		yield Site(url, serving[1].pid)
	finally:
		for process in serving:
			with suppress(ProcessLookupError):
				os.killpg(process.pid, signal.SIGTERM)
			process.wait(timeout=60)


def free_port() -> int:
	with socket.socket() as free:
		free.bind(("127.0.0.1", 0))
		return int(free.getsockname()[1])


def _wait_for(url: str) -> None:
	for _ in range(90):
		try:
			with urllib.request.urlopen(f"{url}/api/method/ping", timeout=5):
				return
		except OSError:
			time.sleep(1)
	pytest.fail(f"{url} does not answer")


class BadLine:
	"""A way to a site on which every `every`-th answer is cut off: the site has done what it was asked."""

	def __init__(self, url: str, every: int) -> None:
		self._to = ("127.0.0.1", int(url.rsplit(":", 1)[1]))
		self._every = every
		self.connections = self.cuts = 0
		self._listening = socket.create_server(("127.0.0.1", 0))
		self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
		threading.Thread(target=self._serve, daemon=True).start()

	def close(self) -> None:
		self._listening.close()

	def _serve(self) -> None:
		while True:
			try:
				client, _ = self._listening.accept()
			except OSError:
				return
			self.connections += 1
			is_cut = self.connections % self._every == 0
			self.cuts += is_cut
			threading.Thread(target=self._carry, args=(client, is_cut), daemon=True).start()

	def _carry(self, client: socket.socket, is_cut: bool) -> None:
		with closing(client), closing(socket.create_connection(self._to)) as server:
			threading.Thread(target=_copy, args=(client, server), daemon=True).start()
			sent = 0
			while data := server.recv(65536):
				if is_cut and sent + len(data) > LET_THROUGH:
					client.sendall(data[: LET_THROUGH - sent])
					# not only closed: the other direction still waits for what comes
					client.shutdown(socket.SHUT_RDWR)
					return
				with suppress(OSError):
					client.sendall(data)
				sent += len(data)


def _copy(source: socket.socket, target: socket.socket) -> None:
	with suppress(OSError):
		while data := source.recv(65536):
			target.sendall(data)


class Memory:
	"""The most memory that any of a process and those it has begun takes, looked at ten times a second."""

	def __init__(self, root: int) -> None:
		self.root, self.most = root, 0
		self._goes_on = True
		self._thread = threading.Thread(target=self._look, daemon=True)
		self._thread.start()

	def end(self) -> float:
		"""MiB."""
		self._goes_on = False
		self._thread.join()
		return self.most / 2**20

	def _look(self) -> None:
		while self._goes_on:
			parents, sizes = {}, {}
			for folder in Path("/proc").iterdir():
				with suppress(OSError, ValueError, IndexError):
					number = int(folder.name)
					rest = (folder / "stat").read_text().rsplit(")", 1)[1].split()
					parents[number], sizes[number] = int(rest[1]), int(rest[21]) * os.sysconf("SC_PAGE_SIZE")
			family = {self.root}
			while more := {child for child, parent in parents.items() if parent in family} - family:
				family |= more
			# a worker forks: each child alone, since most of what they have they share
			self.most = max([self.most, *(sizes.get(each, 0) for each in family)])
			time.sleep(0.1)
