"""The whole loop over HTTP: cut off, killed at every stage, cancelled, refused; feedback is used up once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import BadLine, Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.torch]
SECONDS = 12


@pytest.fixture
def world(site: Site) -> Iterator[dict[str, Any]]:
	made = site.arrange("prepare")
	yield made
	site.arrange("remove", made["agent"])


def trainer(
	url: str, world: dict[str, Any], folder: Path, *more: str, who: str = "trainer", action: str = "run"
) -> subprocess.Popen:
	"""The command as a process of its own; its secret is in its environment alone."""
	key, secret = world[who]
	command = [sys.executable, "-m", "rl_replenishment", "remote", action, "--site", url, "--json"]
	command += ["--agent", world["agent"], "--work", str(folder), "--seconds", str(SECONDS), *more]
	command += ["--once"] if action == "run" else []
	environment = {
		**os.environ,
		"OMP_NUM_THREADS": "1",
		"RL_REPLENISHMENT_API_KEY": key,
		"RL_REPLENISHMENT_API_SECRET": secret,
	}
	return subprocess.Popen(
		command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
	)


def ended(process: subprocess.Popen) -> dict[str, Any]:
	printed, errors = process.communicate(timeout=600)
	assert process.returncode == 0, errors
	return json.loads(printed)


def refused(process: subprocess.Popen) -> str:
	printed, errors = process.communicate(timeout=300)
	assert (process.returncode, printed) == (2, ""), errors
	return errors.strip().splitlines()[-1]


def standing(folder: Path) -> dict[str, Any]:
	try:
		return json.loads((folder / "training.json").read_text())
	except (FileNotFoundError, ValueError):
		return {"run": "", "stage": ""}


def wait_until(is_so: Callable[[], bool], seconds: float = 120) -> None:
	for _ in range(int(seconds * 20)):
		if is_so():
			return
		time.sleep(0.05)
	pytest.fail("it did not come to that")


def check(site: Site, world: dict[str, Any], told: dict[str, Any]) -> None:
	"""One training, one policy, and each answer used up once, by it."""
	found = site.arrange("what_came_of", world["agent"])
	runs = [run for run in found["RL Training Run"] if run["status"] == "Completed"]
	assert [run["name"] for run in runs] == [told["training_run"]]
	assert runs[0]["is_remote"]
	learned = [policy for policy in found["RL Policy"] if policy["training_run"]]
	assert [policy["name"] for policy in learned] == [told["policy"]]
	assert learned[0]["status"] == ("Active" if told["promoted"] else "Candidate")
	assert {row["name"]: row["training_run"] for row in found["RL Feedback"]} == dict.fromkeys(
		world["answers"], told["training_run"]
	)
	assert told["feedback_rows"] == len(world["answers"])


def test_the_loop_on_a_line_that_is_cut(site: Site, world: dict[str, Any], tmp_path: Path) -> None:
	line = BadLine(site.url, every=3)
	try:
		told = ended(trainer(line.url, world, tmp_path / "work"))
	finally:
		line.close()
	assert line.cuts >= 3
	check(site, world, told)


def test_the_trainer_is_killed_at_every_stage(site: Site, world: dict[str, Any], tmp_path: Path) -> None:
	folder = tmp_path / "work"
	at: dict[str, Callable[[], bool]] = {
		"begun": lambda: standing(folder)["run"] != "",
		"pulled": lambda: standing(folder)["stage"] == "pulled",
		"trained": lambda: standing(folder)["stage"] == "trained",
	}
	names = set()
	for is_there in at.values():
		process = trainer(site.url, world, folder)
		wait_until(is_there)
		process.kill()
		process.communicate()
		names.add(standing(folder)["run"])
	told = ended(trainer(site.url, world, folder))
	# it was one training all the time
	assert names == {told["training_run"]}
	check(site, world, told)


def test_step_by_step(site: Site, world: dict[str, Any], tmp_path: Path) -> None:
	folder = tmp_path / "work"
	assert "run remote pull first" in refused(trainer(site.url, world, folder, action="train"))
	pulled = ended(trainer(site.url, world, folder, action="pull"))
	assert pulled["stage"] == "pulled"
	assert "run remote train first" in refused(trainer(site.url, world, folder, action="push"))
	assert ended(trainer(site.url, world, folder, action="train"))["stage"] == "trained"
	told = ended(trainer(site.url, world, folder, action="push"))
	assert told["training_run"] == pulled["training_run"]
	check(site, world, told)
	assert "was pushed already" in refused(trainer(site.url, world, folder, action="push"))
	check(site, world, told)


def test_cancelled_on_the_site(site: Site, world: dict[str, Any], tmp_path: Path) -> None:
	"""The best so far stays as a candidate; no answer is used up."""
	folder = tmp_path / "work"
	process = trainer(site.url, world, folder, "--seconds", "300")
	wait_until(lambda: standing(folder)["stage"] == "pulled")
	time.sleep(15)
	site.arrange("cancel", world["agent"])
	process.communicate(timeout=200)
	found = site.arrange("what_came_of", world["agent"])
	assert [run["status"] for run in found["RL Training Run"]] == ["Cancelled"]
	assert not any(row["consumed"] for row in found["RL Feedback"])


def test_who_may_not(site: Site, world: dict[str, Any], tmp_path: Path) -> None:
	folder = tmp_path / "work"
	assert "does not allow it" in refused(trainer(site.url, world, folder, who="stranger"))
	wrong = {**world, "trainer": [world["trainer"][0], "wrong"]}
	assert "does not know this API key" in refused(trainer(site.url, wrong, tmp_path / "a"))
	nobody = {**world, "agent": "Nobody"}
	assert "Nobody" in refused(trainer(site.url, nobody, tmp_path / "b"))
	found = site.arrange("what_came_of", world["agent"])
	assert found["RL Training Run"] == []
