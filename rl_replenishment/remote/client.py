"""Requests to a site, and one clear sentence for whatever goes wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError
from urllib3.util import Retry

from rl_replenishment import __version__
from rl_replenishment.core.errors import InputError
from rl_replenishment.remote.access import Access

#: seconds to connect, and between two bytes of an answer
CONNECT_SECONDS, READ_SECONDS = 10, 120
#: tries after the first, each waiting twice as long, from this many seconds on
TRIES, BACKOFF_SECONDS, LONGEST_WAIT_SECONDS = 6, 0.5, 60
#: what a proxy or a site that restarts answers for a while
_PASSING = (429, 502, 503, 504)
_API = "rl_replenishment.remote_api"
_LONGEST_REASON = 400


class SiteError(InputError):
	"""A site that cannot be reached, does not let us in, or answers something else than was asked for."""


class Refused(SiteError):
	"""The site understood and will not: its own sentence says why."""


class Unreachable(SiteError):
	"""No answer for as long as was waited: it may come later."""


class NobodyThere(Unreachable):
	"""Nothing answers at the address at all."""


class Told(dict[str, Any]):
	"""What a method of a site answers; what is not in it, another version would have put there."""

	def __init__(self, url: str, values: Mapping[str, Any]) -> None:
		super().__init__(values)
		self._url = url

	def __missing__(self, name: str) -> Any:
		raise SiteError(
			f"{self._url} answered without {name}: rl_replenishment is of another version there than"
			f" {__version__}; bring both to the same."
		)

	def number(self, name: str) -> int:
		"""A value that is a whole number."""
		try:
			return int(self[name])
		except (TypeError, ValueError):
			return int(self.__missing__(name))


class Site:
	"""A site's API for one user. TLS certificates are verified; nothing is followed to another address.

	A request is sent again only where that is safe: where it changes nothing, or where the site does once
	what is sent twice, which all of its methods for trainers do.
	"""

	def __init__(
		self,
		access: Access,
		*,
		tries: int = TRIES,
		timeout: tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS),
		backoff: float = BACKOFF_SECONDS,
	) -> None:
		self.url = access.url
		self._timeout = timeout
		self._session = requests.Session()
		# credentials of a .netrc are somebody else's; proxies come from the environment all the same
		self._session.auth = _Token(access)
		self._session.headers["User-Agent"] = f"rl-replenishment/{__version__}"
		self._session.headers["Accept"] = "application/json"
		retry = Retry(
			total=tries,
			redirect=0,
			# a certificate that is not trusted now is not in a second either
			other=0,
			backoff_factor=backoff,
			backoff_max=LONGEST_WAIT_SECONDS,
			status_forcelist=_PASSING,
			allowed_methods=None,
			raise_on_status=False,
			respect_retry_after_header=True,
		)
		for scheme in ("https://", "http://"):
			self._session.mount(scheme, HTTPAdapter(max_retries=retry))

	def ask(self, method: str, **values: Any) -> Told:
		"""What one of the app's methods answers; it changes nothing."""
		return self._call("GET", method, params=_given(values))

	def tell(self, method: str, **values: Any) -> Told:
		"""Have one of the app's methods do something, which it does once however often it is told."""
		return self._call("POST", method, json=_given(values))

	def _call(self, verb: str, method: str, **sent: Any) -> Told:
		address = f"{self.url}/api/method/{_API}.{method}"
		try:
			answer = self._session.request(
				verb, address, timeout=self._timeout, allow_redirects=False, **sent
			)
			text = answer.content
		except requests.exceptions.SSLError as error:
			if "wrong version number" in str(error):
				raise SiteError(
					f"{self.url} answers without TLS; check the port, and that https is served there."
				) from None
			raise SiteError(f"{self.url} has no certificate that can be trusted ({_cause(error)}).") from None
		except requests.exceptions.ProxyError as error:
			raise SiteError(
				f"The proxy on the way to {self.url} does not let this through ({_cause(error)}); look at"
				" HTTPS_PROXY and NO_PROXY."
			) from None
		except (requests.exceptions.Timeout, requests.exceptions.ConnectionError) as error:
			if _is_nobody_there(error):
				raise NobodyThere(
					f"{self.url} cannot be reached ({_cause(error)}); check the address, or try again later."
				) from None
			raise Unreachable(f"{self.url} cannot be reached ({_cause(error)}); try again later.") from None
		except requests.exceptions.RequestException as error:
			if isinstance(error, ValueError):
				# requests' own word for what cannot be asked at all
				raise SiteError(f"{self.url} cannot be asked ({_cause(error)}); check the address.") from None
			raise Unreachable(f"{self.url} gave no whole answer, it was cut off; try again.") from None
		return self._read(answer.status_code, answer.headers, text)

	def _read(self, status: int, headers: Mapping[str, str], content: bytes) -> Told:
		if 300 <= status < 400:
			raise SiteError(self._sent_on(headers.get("Location", "")))
		try:
			document = json.loads(content)
		except (ValueError, RecursionError):
			document = None
		if status == 200 and document is None and _kind(headers) == "application/json":
			raise Unreachable(
				f"{self.url} sent JSON that cannot be read: it was cut off, or something before the site has"
				" changed it; try again."
			)
		if status == 200:
			message = document.get("message") if isinstance(document, dict) else None
			if not isinstance(message, dict):
				what = "something else" if document is not None else f"{_kind(headers)} instead of JSON"
				raise SiteError(
					f"{self.url} answered with {what}: that is a page of a proxy, or no site of Frappe;"
					" check the address."
				)
			return Told(self.url, message)
		raise self._error(status, headers, document if isinstance(document, dict) else None)

	def _sent_on(self, location: str) -> str:
		"""What to do about a site that sends on, without what an address asks for: that may be secret."""
		target = urlsplit(urljoin(f"{self.url}/", location))
		place = f"{target.scheme}://{target.netloc}"
		if place == "{0.scheme}://{0.netloc}".format(urlsplit(self.url)):
			return (
				f"{self.url} sends on to {target.path or '/'}: that is a page to sign in or to read, and not"
				" its API; check the address, and what stands before the site."
			)
		return f"{self.url} sends on to {place}; give that address as the site if it is yours."

	def _error(self, status: int, headers: Mapping[str, str], document: dict[str, Any] | None) -> SiteError:
		reason = _reason(document)
		kind = str((document or {}).get("exc_type", ""))
		if status == 401:
			return SiteError(
				f"{self.url} does not know this API key and secret, or their user is disabled; enable the"
				" user, or make new ones."
			)
		if status == 407:
			return SiteError(
				f"A proxy on the way to {self.url} wants a name and password (HTTP 407); look at HTTPS_PROXY"
				" and NO_PROXY."
			)
		if status in _PASSING:
			state = "is in maintenance" if kind == "SessionStopped" or status == 503 else "is too busy"
			return Unreachable(f"{self.url} {state} (HTTP {status}); try again later.")
		is_missing = "rl_replenishment" in reason and ("not installed" in reason or "No module" in reason)
		if document is not None and (is_missing or _is_unknown_method(document, reason)):
			return SiteError(
				f"{self.url} does not have this method: rl_replenishment is not installed there, or is of"
				f" another version than {__version__}; bring both to the same."
			)
		if document is None or (status == 404 and not reason):
			return SiteError(
				f"{self.url} answered HTTP {status} with {_kind(headers)}; check the address of the site."
			)
		if status == 403:
			reason = reason or "The user lacks the role RL Replenishment Trainer."
			return Refused(f"{self.url} does not allow it: {reason}")
		if status >= 500:
			return SiteError(f"{self.url} failed (HTTP {status}, {kind or 'no reason'}); see its Error Log.")
		return Refused(f"{self.url}: {reason or f'HTTP {status}'}")


class _Token(requests.auth.AuthBase):
	"""Frappe's API token, in a header that is neither printed nor part of an address."""

	def __init__(self, access: Access) -> None:
		self._access = access

	def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
		request.headers["Authorization"] = f"token {self._access.api_key}:{self._access.api_secret}"
		return request


def _given(values: dict[str, Any]) -> dict[str, Any]:
	return {name: value for name, value in values.items() if value is not None}


def _kind(headers: Mapping[str, str]) -> str:
	return headers.get("Content-Type", "").split(";")[0] or "something"


def _is_nobody_there(error: Exception) -> bool:
	cause = getattr(error.args[0], "reason", None) if error.args else None
	return isinstance(error, requests.exceptions.ConnectTimeout) or isinstance(cause, NewConnectionError)


def _cause(error: Exception) -> str:
	"""The last cause in words, without addresses."""
	cause: BaseException = error
	while (deeper := getattr(cause, "reason", None) or cause.__cause__ or cause.__context__) is not None:
		if not isinstance(deeper, BaseException):
			break
		cause = deeper
	words = re.sub(r"^<[^>]*>:? ?|^\w+\(.*?\): ", "", str(cause)).strip(" .'\"")
	return (words or type(cause).__name__)[:_LONGEST_REASON]


def _reason(document: dict[str, Any] | None) -> str:
	"""What the site says to its user, without markup."""
	texts: list[str] = []
	try:
		for message in json.loads((document or {}).get("_server_messages") or "[]"):
			told = json.loads(message)
			texts.append(str(told.get("message", "")) if isinstance(told, dict) else str(told))
	except (ValueError, TypeError):
		texts = []
	if not texts and document:
		texts = [str(document.get("exception") or document.get("_error_message") or "")]
	plain = " ".join(unescape(re.sub(r"<[^>]*>", "", text)) for text in texts)
	plain = re.sub(r"^[\w.]+(Error|Exception): ", "", plain)
	return " ".join(plain.split())[:_LONGEST_REASON]


def _is_unknown_method(document: dict[str, Any], reason: str) -> bool:
	return "Failed to get method" in reason or "Failed to get method" in str(document.get("exc", ""))
