"""Whatever a site, or what stands before it, answers: one clear sentence."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fake_site import Answer, refusal, served

from rl_replenishment.remote.access import Access
from rl_replenishment.remote.client import NobodyThere, Refused, Site, SiteError, Unreachable

PAGE = b"<html><title>Sign in to the proxy</title></html>"


def test_asks_in_the_users_name() -> None:
	with served(lambda name, values: Answer({"name": name, **values})) as site:
		assert site.client().ask("about", agent="A & B", kind=None) == {"name": "about", "agent": "A & B"}
		assert site.client().tell("begin", seconds=1.5) == {"name": "begin", "seconds": 1.5}
	assert {headers["Authorization"] for headers in site.headers} == {"token key:secret-of-7"}


@pytest.mark.parametrize(
	("answer", "kind", "sentence"),
	[
		(Answer(body=PAGE, content_type="text/html"), SiteError, "text/html instead of JSON"),
		(Answer(body=b'{"message": [1]}'), SiteError, "something else: that is a page of a proxy"),
		(Answer(body=b'"text"'), SiteError, "something else: that is a page of a proxy"),
		(Answer(body=b'{"message": {"ver'), Unreachable, "JSON that cannot be read: it was cut off"),
		(Answer(body=b"[" * 200_000), Unreachable, "JSON that cannot be read"),
		(
			Answer(status=302, body=b"", Location="/login?to=/a&key=hidden"),
			SiteError,
			"sends on to /login: that",
		),
		(
			Answer(status=308, body=b"", Location="https://b.example.com/api?key=hidden"),
			SiteError,
			"b.example.com;",
		),
		(Answer(status=404, body=PAGE, content_type="text/html"), SiteError, "HTTP 404 with text/html"),
		(Answer(status=301, body=b"", Location="https://www.example.com/"), SiteError, "www.example.com"),
		(
			Answer(status=407, body=PAGE, content_type="text/html"),
			SiteError,
			"A proxy .* look at HTTPS_PROXY",
		),
		(refusal(401, "AuthenticationError", "x"), SiteError, "does not know this API key"),
		(refusal(403, "PermissionError", "No permission for <b>A</b>."), Refused, "No permission for A."),
		(Answer(status=403, body=b"{}"), Refused, "role RL Replenishment Trainer"),
		(
			refusal(417, "ValidationError", "Failed to get method for command x with No module named 'y'"),
			SiteError,
			"not installed there, or is of another version",
		),
		(
			refusal(500, "AppNotInstalledError", "App rl_replenishment is not installed"),
			SiteError,
			"not instal",
		),
		(refusal(417, "ValidationError", "Training T is still going."), Refused, "T is still going."),
		(refusal(500, "OperationalError", ""), SiteError, "failed .HTTP 500"),
		(refusal(503, "SessionStopped", ""), Unreachable, "is in maintenance"),
		(Answer(status=502, body=PAGE, content_type="text/html"), Unreachable, "too busy"),
		(Answer({"a": "b" * 5000}, cut=60), Unreachable, "no whole answer|cannot be reached"),
	],
)
def test_one_sentence_for_each_answer(answer: Answer, kind: type[SiteError], sentence: str) -> None:
	with served(lambda *_: answer) as site, pytest.raises(kind, match=sentence) as told:
		site.client().ask("about")
	text = str(told.value)
	assert type(told.value) is kind
	assert site.url in text
	assert "\n" not in text
	assert "secret-of-7" not in text
	assert "hidden" not in text


def test_what_passes_is_asked_again() -> None:
	answers = [Answer(status=503, body=b""), Answer(status=429, body=b"", Retry_After="0"), Answer({"a": 1})]
	with served(lambda *_: answers.pop(0)) as site:
		assert site.client().ask("about") == {"a": 1}
	assert len(site.asked) == 3


def test_what_was_refused_is_not_asked_again() -> None:
	with served(lambda *_: refusal(417, "ValidationError", "no")) as site, pytest.raises(Refused):
		site.client().tell("begin_training")
	assert len(site.asked) == 1


def test_nobody_there() -> None:
	with socket.socket() as free:
		free.bind(("127.0.0.1", 0))
		url = f"http://127.0.0.1:{free.getsockname()[1]}"
	for address in (url, "https://no-such-host.invalid"):
		with pytest.raises(NobodyThere, match=r"cannot be reached .*; check the address, or try again"):
			Site(Access(address, "k", "s"), tries=1, backoff=0).ask("about")


def test_a_proxy_that_lets_nothing_through(monkeypatch: pytest.MonkeyPatch) -> None:
	with served(lambda *_: Answer({})) as proxy:
		monkeypatch.setenv("HTTPS_PROXY", proxy.url)
		with pytest.raises(
			SiteError, match=r"The proxy on the way to https://erp\.example\.com .*HTTPS_PROXY"
		):
			Site(Access("https://erp.example.com", "k", "s"), tries=0).ask("about")


def test_what_another_version_answers() -> None:
	with served(lambda *_: Answer({"page_bytes": "many"})) as site:
		told = site.client().ask("about")
		for look in (lambda: told["records_format"], lambda: told.number("page_bytes")):
			with pytest.raises(
				SiteError, match=r"answered without .*: rl_replenishment is of another version"
			):
				look()


def test_a_certificate_of_ones_own(tmp_path: Path) -> None:
	"""Is told at once, not after half a minute of trying."""
	if not (openssl := shutil.which("openssl")):
		pytest.skip("there is no openssl to make a certificate with")
	key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
	made = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate)
	more = ("-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
	subprocess.run([openssl, *made, *more], check=True, capture_output=True)
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
	context.load_cert_chain(certificate, key)
	server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
	server.socket = context.wrap_socket(server.socket, server_side=True)
	threading.Thread(target=server.serve_forever, daemon=True).start()
	try:
		with pytest.raises(SiteError, match=r"no certificate that can be trusted .*self.signed"):
			Site(Access(f"https://localhost:{server.server_port}", "k", "s"), backoff=60).ask("about")
	finally:
		server.shutdown()
		server.server_close()


def test_no_certificate() -> None:
	"""A server that speaks no TLS has none."""
	with served(lambda *_: Answer({})) as site:
		url = site.url.replace("http:", "https:")
		with pytest.raises(SiteError, match="answers without TLS; check the port"):
			Site(Access(url, "k", "s"), tries=0).ask("about")
