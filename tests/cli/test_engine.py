"""--engine: refused in a sentence where it is not there, and otherwise the same results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from cli_samples import Run

from rl_replenishment.cli.engine import RayEngine
from rl_replenishment.core.engine import IN_PROCESS, Told
from rl_replenishment.core.errors import InputError

TRAIN = ("train", "o.csv", "--out", "new", "--timesteps", "3000")
BACKTEST = ("backtest", "o.csv", "--policy", "policy")


@pytest.mark.parametrize(
	("arguments", "says"),
	[
		((*TRAIN, "--address", "host:6379"), "--address is about Ray; add --engine ray"),
		((*BACKTEST, "--workers", "2"), "--workers is about Ray; add --engine ray"),
		((*BACKTEST, "--engine", "spark"), "'spark'"),
		(
			(*BACKTEST, "--engine", "ray", "--address", "a:1", "--workers", "2"),
			"a cluster at --address has its own",
		),
		((*TRAIN, "--seeds", "2", "--resume"), "--resume is for one training on this machine"),
		(
			(*TRAIN, "--setting", "noise", "0", "0.5", "--tensorboard", "x"),
			"--tensorboard is for one training",
		),
		((*TRAIN, "--setting", "noise"), "--setting noise has no value"),
		((*TRAIN, "--setting", "noise", "1", "--setting", "noise", "0"), "--setting noise is there twice"),
		((*TRAIN, "--setting", "colour", "1"), "pathwise has no setting 'colour'"),
		((*TRAIN, "--algorithm", "ppo", "--setting", "noise", "1"), "ppo has no setting 'noise'"),
		((*TRAIN, "--setting", "hidden", "64x"), "Setting hidden is '64x', but must be units by layer"),
		((*TRAIN, "--setting", "columns", "0"), "a whole number from 1"),
		((*TRAIN, "--setting", "shards", "1.5"), "a whole number from 1 to 1,024"),
		((*TRAIN, "--setting", "learning_rate", "nan"), "a number above 0, at most 1"),
		(("benchmark", "engines"), "add --engine ray"),
		(("benchmark", "serving", "--device", "cuda"), "takes no --device; leave it out"),
		((*TRAIN, "--device", "gpu"), "'gpu'"),
	],
)
def test_refusals(run: Run, arguments: tuple[str, ...], says: str) -> None:
	assert says in run(*arguments).sentence


@pytest.mark.parametrize("arguments", [TRAIN, BACKTEST, ("benchmark", "history", "--orders", "o.csv")])
def test_without_ray(run: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
	"""A sentence says how to get it, before anything is read."""
	monkeypatch.setattr("rl_replenishment.cli.options.find_spec", lambda name: None)
	(Path.cwd() / "o.csv").unlink()
	assert "pip install 'rl_replenishment[ray]'" in run(*arguments, "--engine", "ray").sentence


def test_what_is_of_this_machine_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.setattr("rl_replenishment.cli.options.find_spec", lambda name: object())
	assert "this machine alone" in run("benchmark", "serving", "--engine", "ray").sentence


@pytest.mark.torch
@pytest.mark.parametrize(
	"arguments",
	[
		TRAIN,
		(*TRAIN, "--seeds", "2"),
		("benchmark", "device"),
		("remote", "run", "--agent", "A", "--site", "x"),
	],
)
def test_a_gpu_that_is_not_there(
	run: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
	"""Is told before a site is asked, or anything long begins."""
	torch = pytest.importorskip("torch")
	monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
	assert "sees no CUDA device here" in run(*arguments, "--device", "cuda").sentence


@pytest.mark.torch
def test_replays_by_device(run: Run) -> None:
	pytest.importorskip("torch")
	found = run("benchmark", "device", "--replays", "64", "--device", "auto", "--json").document
	assert [row["replays"] for row in found["rows"]] == [64]
	assert found["rows"][0]["cpu"]["measured"] == 64


@pytest.mark.torch
def test_the_best_of_several_trainings_is_kept(run: Run) -> None:
	pytest.importorskip("torch")
	found = run(*TRAIN, "--setting", "hidden", "8", "8x8", "--json").document
	rows = found["trainings"]
	assert [(row["seed"], row["settings"]["hidden"]) for row in rows] == [
		(0, "8"),
		(0, "8x8"),
	]
	kept = [row for row in rows if row["is_kept"]]
	assert len(kept) == 1
	assert kept[0]["validation_cost_vs_base_stock"] == min(
		row["validation_cost_vs_base_stock"] for row in rows
	)
	assert found["validation_cost_ratio"] == kept[0]["validation_cost_ratio"]
	about = json.loads(Path("new/manifest.json").read_text())
	assert kept[0]["settings"]["hidden"] in json.dumps(about).replace("[8, 8]", '"8x8"').replace("[8]", '"8"')


class _RayTaskError(Exception):
	def __init__(self, cause: Exception) -> None:
		super().__init__("a long path through Ray")
		self.cause = cause


class _RayError(Exception):
	pass


class _Task:
	def __init__(self, function: Any, given: tuple[Any, ...]) -> None:
		self.do = lambda: function(*given)


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
	"""Of Ray what the engine asks for: tasks that end in another order than they began."""
	seen = SimpleNamespace(most=0, cancelled=[], error=None)

	def remote(**_options: Any) -> Any:
		return lambda function: SimpleNamespace(remote=lambda *given: _Task(function, given))

	def wait(tasks: list[Any], *, num_returns: int, timeout: float) -> tuple[list[Any], list[Any]]:
		seen.most = max(seen.most, len(tasks))
		return tasks[-num_returns:], tasks[:-num_returns]

	def get(task: Any) -> Any:
		if seen.error:
			raise seen.error
		try:
			return task.do()
		except Exception as error:
			raise _RayTaskError(error) from None

	module: Any = ModuleType("ray")
	module.remote, module.wait, module.get = remote, wait, get
	module.cancel = lambda task, force: seen.cancelled.append(task)
	exceptions: Any = ModuleType("ray.exceptions")
	exceptions.RayError, exceptions.RayTaskError = _RayError, _RayTaskError
	monkeypatch.setitem(sys.modules, "ray", module)
	monkeypatch.setitem(sys.modules, "ray.exceptions", exceptions)
	return seen


def _square(job: int, told: Told) -> int:
	told(1.0)
	return job * job


def _refuse(job: int, _told: Told) -> int:
	raise InputError(f"Job {job} is wrong; mend it.")


def test_results_come_in_the_order_of_the_jobs(ray: SimpleNamespace) -> None:
	shares: list[float] = []
	found = RayEngine(workers=2).map(_square, list(range(9)), shares.append)
	assert found == IN_PROCESS.map(_square, list(range(9))) == [job * job for job in range(9)]
	assert shares == sorted(shares)
	assert shares[-1] == 1
	# not all in memory at once
	assert ray.most == 4


def test_an_error_is_raised_as_it_was(ray: SimpleNamespace) -> None:
	"""And what is at work then is ended."""
	with pytest.raises(InputError, match=r"^Job \d is wrong; mend it.$"):
		RayEngine(workers=2).map(_refuse, list(range(9)))
	assert len(ray.cancelled) == 4


def test_a_lost_worker_is_told_in_a_sentence(ray: SimpleNamespace) -> None:
	ray.error = _RayError("The node\n\nwas terminated")
	with pytest.raises(InputError, match=r"^Ray lost a worker \(The node was terminated\); give its"):
		RayEngine(workers=2).map(_square, [1, 2])


def on_ray(*command: str) -> dict[str, Any]:
	"""As the command is called, since Ray is not to live on in this process."""
	root = str(Path(__file__).parents[2])
	environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
	told = subprocess.run(
		[sys.executable, "-m", "rl_replenishment", *command, "--json", "--engine", "ray", "--workers", "2"],
		capture_output=True,
		text=True,
		check=True,
		env=environment,
	)
	return json.loads(told.stdout)


needs_ray = pytest.mark.skipif(
	find_spec("ray") is None, reason="Ray is not installed: pip install 'rl_replenishment[ray]'"
)


@pytest.mark.slow
@needs_ray
def test_a_backtest_on_ray_is_that_of_one_process(run: Run) -> None:
	here, there = run(*BACKTEST, "--json").document, on_ray(*BACKTEST)
	for one, other in zip(here["policies"], there["policies"], strict=True):
		assert other["name"] == one["name"]
		assert other["cost"] == pytest.approx(one["cost"], rel=1e-6)


@pytest.mark.slow
@pytest.mark.torch
@needs_ray
def test_a_training_in_shards_on_ray_is_that_of_one_process(run: Run) -> None:
	pytest.importorskip("torch")
	command = (*TRAIN, "--setting", "shards", "3")
	here = run(*command, "--json").document
	files = {path.name: path.read_bytes() for path in Path("new").iterdir() if path.is_file()}
	there = on_ray(*command)
	assert there["validation_cost_ratio"] == pytest.approx(here["validation_cost_ratio"], rel=1e-6)
	assert {path.name: path.read_bytes() for path in Path("new").iterdir() if path.is_file()} == files
	assert len(files) > 1
