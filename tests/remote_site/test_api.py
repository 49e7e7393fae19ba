"""The examples of docs/api.md, as they stand there, against a site and as a user with one role alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from conftest import Site

PAGE = (Path(__file__).parents[2] / "docs/api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```(sh|python)\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(scope="module")
def world(site: Site) -> Iterator[dict[str, Any]]:
	made = site.arrange("prepare_api")
	yield made
	site.arrange("remove", made["agent"])


def run(site: Site, world: dict[str, Any], language: str, text: str) -> str:
	key, secret = world["reader"]
	told = {"SITE": site.url, "KEY": key, "SECRET": secret, "AGENT": world["agent"]}
	command = ["bash", "-euo", "pipefail", "-c"] if language == "sh" else [sys.executable, "-c"]
	done = subprocess.run(
		[*command, text], env={**os.environ, **told}, capture_output=True, text=True, timeout=120
	)
	assert done.returncode == 0, done.stderr
	return done.stdout


@pytest.mark.parametrize(("language", "text"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_example(site: Site, world: dict[str, Any], language: str, text: str) -> None:
	printed = run(site, world, language, text)
	if language == "python":
		assert int(printed.split()[0]) >= 3, printed
		return
	answer = json.loads(printed)
	rows = answer["message"]["rows"] if "message" in answer else answer["data"]
	assert rows, printed


def ask(site: Site, keys: list[str], verb: str, path: str, **sent: Any) -> requests.Response:
	where = {"params" if verb == "GET" else "data": sent}
	headers = {"Authorization": "token " + ":".join(keys)}
	return requests.request(verb, f"{site.url}/api/{path}", headers=headers, timeout=60, **where)


def test_what_is_refused(site: Site, world: dict[str, Any]) -> None:
	"""As the page has it: the status of each, and no word of what the user may not see."""
	reader, agent, state = world["reader"], world["agent"], "method/rl_replenishment.remote_api.state"
	steer = "method/rl_replenishment.api.propose_now"
	for status, verb, path, keys, sent in (
		(401, "GET", state, [reader[0], "wrong"], {"agent": agent}),
		(403, "GET", state, world["stranger"], {"agent": agent}),
		(404, "GET", state, reader, {"agent": "no such agent"}),
		(403, "POST", steer, reader, {"agent": agent}),
		(403, "GET", "resource/RL Feedback", world["stranger"], {}),
		(403, "POST", "resource/RL Feedback", reader, {"agent": agent}),
		(417, "GET", state, reader, {"agent": agent, "limit": "many"}),
	):
		answer = ask(site, keys, verb, path, **sent)
		assert answer.status_code == status, (path, sent, answer.text[:300])
		assert "Traceback" not in answer.json().get("message", "") if answer.text.startswith("{") else True
	assert "limit" in ask(site, reader, "GET", state, agent=agent, limit="many").text


def test_a_user_who_is_disabled_is_let_in_no_more(site: Site, world: dict[str, Any]) -> None:
	path = "method/rl_replenishment.remote_api.about"
	assert ask(site, world["leaver"], "GET", path).status_code == 200
	site.arrange("disable", world["leaver"][0])
	assert ask(site, world["leaver"], "GET", path).status_code in (401, 403)
