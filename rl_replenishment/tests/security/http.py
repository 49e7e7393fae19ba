"""The site as a browser or a script meets it: requests through the whole of Frappe's WSGI application.

Every request runs in a thread of its own, with its own user, session, CSRF token and language, but in the
transaction of the test: what a test makes need not be committed, and its rollback takes everything back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from threading import Thread
from typing import Any
from unittest.mock import patch

import frappe
from frappe.utils import get_test_client
from frappe.utils.password import update_password
from werkzeug.test import TestResponse

PASSWORD = "not to be guessed 7"
_SAVEPOINT = "http_request"


class Visitor:
	"""Somebody at the other end of HTTP; None is nobody in particular."""

	def __init__(self, user: str | None) -> None:
		self.user = user or "Guest"
		self._client = get_test_client()
		self._headers: dict[str, str] = {}
		if user:
			update_password(user, PASSWORD)
			answer = self.post("/api/method/login", usr=user, pwd=PASSWORD)
			assert answer.status_code == 200, answer.text
			sid = self._client.get_cookie("sid").value
			token = frappe.generate_hash()
			session = frappe.cache.hget("session", sid)
			session["data"]["csrf_token"] = token
			frappe.cache.hset("session", sid, session)
			self._headers = {"X-Frappe-CSRF-Token": token}

	def get(self, path: str, /, **values: Any) -> TestResponse:
		return self._ask("GET", path, query_string=_as_text(values))

	def post(self, path: str, /, **values: Any) -> TestResponse:
		return self._ask("POST", path, json=values)

	def put(self, path: str, /, **values: Any) -> TestResponse:
		return self._ask("PUT", path, json=values)

	def delete(self, path: str) -> TestResponse:
		return self._ask("DELETE", path)

	def upload(self, content: bytes, **values: Any) -> TestResponse:
		file = {"file": (BytesIO(content), values.pop("filename", "note.txt"))}
		return self._ask("POST", "/api/method/upload_file", data={**_as_text(values), **file})

	def call(self, endpoint: str, /, **values: Any) -> TestResponse:
		"""A whitelisted method, by POST."""
		return self.post(f"/api/method/{endpoint}", **values)

	def ask(self, endpoint: str, /, **values: Any) -> TestResponse:
		"""A whitelisted method, by GET."""
		return self.get(f"/api/method/{endpoint}", **values)

	def without_token(self, path: str, **values: Any) -> TestResponse:
		"""As another site's page would have the browser post it."""
		return _in_thread(lambda: self._client.post(path, json=values))

	def _ask(self, verb: str, path: str, **options: Any) -> TestResponse:
		return _in_thread(lambda: self._client.open(path, method=verb, headers=self._headers, **options))


def _as_text(values: dict[str, Any]) -> dict[str, str]:
	return {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}


def _in_thread(ask: Callable[[], TestResponse]) -> TestResponse:
	found: list[TestResponse] = []
	failed: list[BaseException] = []

	def run() -> None:
		try:
			answer = ask()
			answer.get_data()
			found.append(answer)
		except BaseException as error:
			failed.append(error)

	thread = Thread(target=run)
	thread.start()
	thread.join()
	if failed:
		raise failed[0]
	# what this thread remembers of documents may have changed
	frappe.local.document_cache = {}
	frappe.db.value_cache.clear()
	return found[0]


@contextmanager
def served() -> Iterator[None]:
	"""The site answers requests within the transaction of this thread; nothing is committed or queued."""
	site, shared = frappe.local.site, frappe.local.db
	really_roll_back = shared.rollback

	def connect(site: str | None = None, db_name: str | None = None, set_admin_as_user: bool = True) -> None:
		frappe.local.db = shared
		shared.savepoint(_SAVEPOINT)
		if set_admin_as_user:
			frappe.set_user("Administrator")

	def roll_back(*, save_point: str | None = None, chain: bool = False) -> None:
		really_roll_back(save_point=save_point or _SAVEPOINT)
		if not save_point:
			shared.after_rollback.run()
			shared.value_cache.clear()

	with ExitStack() as stack:
		for target, replacement in (
			("frappe.app.get_site_name", lambda host: site),
			("frappe.connect", connect),
			("rq.Queue.enqueue_call", lambda *args, **kwargs: None),
		):
			stack.enter_context(patch(target, replacement))
		for name, replacement in (
			("commit", lambda *args, **kwargs: None),
			("rollback", roll_back),
			("close", lambda: None),
		):
			stack.enter_context(patch.object(shared, name, replacement))
		yield
	really_roll_back()
