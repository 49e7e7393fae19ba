"""A site that answers what a test tells it to, over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from rl_replenishment.remote.access import Access
from rl_replenishment.remote.client import Site

API = "/api/method/rl_replenishment.remote_api."


class Answer:
	"""What is sent back; `cut` bytes of it alone, where that is less than it promises."""

	def __init__(
		self,
		message: Any = None,
		*,
		status: int = 200,
		body: bytes | None = None,
		content_type: str = "application/json",
		cut: int | None = None,
		**headers: str,
	) -> None:
		self.status = status
		self.body = json.dumps({"message": message}).encode() if body is None else body
		self.headers = {"Content-Type": content_type, "Content-Length": str(len(self.body))}
		self.headers |= {name.replace("_", "-"): value for name, value in headers.items()}
		self.cut = cut


def refusal(status: int, kind: str, message: str) -> Answer:
	"""As Frappe refuses."""
	document = {
		"exc_type": kind,
		"exception": f"frappe.exceptions.{kind}: {message}",
		"_server_messages": json.dumps([json.dumps({"message": message})]),
	}
	return Answer(status=status, body=json.dumps(document).encode())


#: name of a method and what was sent, to an answer
Answering = Callable[[str, dict[str, Any]], Answer]


class FakeSite:
	"""Where it is, and what it was asked."""

	def __init__(self, url: str) -> None:
		self.url = url
		self.asked: list[tuple[str, dict[str, Any]]] = []
		self.headers: list[dict[str, str]] = []

	def client(self, **options: Any) -> Site:
		return Site(Access(self.url, "key", "secret-of-7"), **{"tries": 2, "backoff": 0.01, **options})

	def names(self) -> list[str]:
		return [name for name, _ in self.asked]


@contextmanager
def served(answering: Answering) -> Iterator[FakeSite]:
	class Handler(BaseHTTPRequestHandler):
		def do_GET(self) -> None:
			self._answer(dict(parse_qsl(urlsplit(self.path).query)))

		def do_POST(self) -> None:
			length = int(self.headers.get("Content-Length") or 0)
			self._answer(json.loads(self.rfile.read(length) or b"{}"))

		def _answer(self, values: dict[str, Any]) -> None:
			name = urlsplit(self.path).path.removeprefix(API)
			found.asked.append((name, values))
			found.headers.append(dict(self.headers))
			answer = answering(name, values)
			self.send_response(answer.status)
			for header, value in answer.headers.items():
				self.send_header(header, value)
			self.end_headers()
			self.wfile.write(answer.body if answer.cut is None else answer.body[: answer.cut])

		def log_message(self, *_: object) -> None:
			pass

	server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
	found = FakeSite(f"http://127.0.0.1:{server.server_port}")
	thread = threading.Thread(target=server.serve_forever, daemon=True)
	thread.start()
	try:
		yield found
	finally:
		server.shutdown()
		server.server_close()
		thread.join()
