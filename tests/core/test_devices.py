"""Training on another device: refused where torch sees none, and nothing of it is mixed up with the CPU.

Machines that run this have no GPU. A pretended one keeps its tensors in the CPU's memory and refuses what a
real one would: an operation on tensors of both devices, and a plain array of its own tensors.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("stable_baselines3")

from torch.overrides import TorchFunctionMode  # noqa: E402
from torch.utils._pytree import tree_leaves  # noqa: E402
from training_samples import small_pathwise_trainer, small_problem  # noqa: E402

from rl_replenishment.core.environments.feedback import recall_situations  # noqa: E402
from rl_replenishment.core.errors import InputError  # noqa: E402
from rl_replenishment.core.files.feedback import FeedbackRows  # noqa: E402
from rl_replenishment.core.policies.residual_network import ResidualNetwork  # noqa: E402
from rl_replenishment.core.training import checkpoint as checkpoints  # noqa: E402
from rl_replenishment.core.training import devices, pathwise  # noqa: E402
from rl_replenishment.core.training.algorithms import make_trainer  # noqa: E402
from rl_replenishment.core.training.interface import Budget  # noqa: E402
from rl_replenishment.core.training.networks import make_perceptron  # noqa: E402

pytestmark = pytest.mark.torch
#: steps of one update of the small trainer
UPDATE = 32 * 8
GPU = torch.device("cuda")
#: what may be done with tensors of two devices: copying from one to the other, and asking about them
MIXING = ("copy_", "__set__", "_has_compatible_shallow_copy_type")


class PretendedGPU(TorchFunctionMode):
	"""Knows which memory is a GPU's, and what may be done with it."""

	def __init__(self) -> None:
		super().__init__()
		#: storages, kept so that no other takes their place
		self.memory: dict[int, Any] = {}
		self.steps = 0

	def is_there(self, tensor: Any) -> bool:
		return tensor.untyped_storage().data_ptr() in self.memory

	def keep(self, tensor: Any) -> Any:
		self.memory[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
		return tensor

	def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
		kwargs = dict(kwargs or {})
		name = getattr(func, "__name__", str(func))
		tensors = [each for each in tree_leaves((args, kwargs)) if isinstance(each, torch.Tensor)]
		if getattr(func, "__self__", None) is torch.Tensor.device:
			return GPU if self.is_there(args[0]) else devices.CPU
		if name == "__get__" or not hasattr(func, "__name__"):
			return self.marked(func(*args, **kwargs), tensors)
		if name in ("to", "cuda") and GPU in (*args, *kwargs.values()):
			return self.keep(args[0].clone())
		if name == "cpu":
			return args[0].clone()
		assert not (name == "numpy" and self.is_there(args[0])), "a plain array of a GPU's tensor"
		if kwargs.get("device") == GPU:
			kwargs["device"] = devices.CPU
			return self.keep(func(*args, **kwargs))
		if name not in MIXING:
			places = {self.is_there(each) for each in tensors if each.dim()}
			assert len(places) < 2, f"{name} of tensors on the GPU and on the CPU"
		return self.marked(func(*args, **kwargs), tensors)

	def marked(self, found: Any, given: list[Any]) -> Any:
		if any(self.is_there(each) for each in given):
			self.steps += 1
			for each in tree_leaves(found):
				if isinstance(each, torch.Tensor):
					self.keep(each)
		return found


@contextmanager
def pretended_gpu(monkeypatch: pytest.MonkeyPatch, parent: ResidualNetwork | None) -> Iterator[PretendedGPU]:
	"""With the luck of the CPU, whose generator has drawn the first weights before."""

	def generator_on(device: Any, seed: int) -> Any:
		generator = torch.Generator().manual_seed(seed)
		make_perceptron(parent.network.hidden if parent else (16, 16), generator)
		return generator

	monkeypatch.setattr(pathwise, "generator_on", generator_on)
	with PretendedGPU() as gpu:
		yield gpu


def answered(problem: Any) -> Any:
	"""The problem of a training that goes on from a policy, with a buyer who ordered twice as much."""
	trainer = small_pathwise_trainer()
	parent = trainer.train(problem, budget=Budget(None, UPDATE), seed=3).policy
	items, history = problem.task.items, problem.task.history
	count = len(items)
	rows = FeedbackRows(
		keys=items.keys,
		proposed_qty=np.full(count, 5.0),
		ordered_qty=np.full(count, 10.0),
		date=np.full(count, history.end),
		on_hand=np.full(count, np.nan),
		on_order=np.full(count, np.nan),
		reason=("",) * count,
	)
	situations = recall_situations(parent, items, history, rows, np.arange(count), problem.task.review_days)
	return replace(problem, parent=parent, feedback=situations)


def perishable(problem: Any) -> Any:
	items = replace(problem.task.items, shelf_life_days=np.array([5, np.inf, 9], np.float32))
	return replace(problem, task=replace(problem.task, items=items, unmet_demand="backorder"))


@pytest.mark.parametrize(
	("gap", "changed"),
	[(0.0, lambda each: each), (1.5, lambda each: each), (1.5, perishable), (0.0, answered)],
)
def test_the_same_on_another_device(
	monkeypatch: pytest.MonkeyPatch, tmp_path: Path, gap: float, changed: Any
) -> None:
	"""Losses, gradients, checkpoints: all of it is on the device, and the policy is the same."""
	problem, budget = changed(small_problem(gap=gap)), Budget(None, 3 * UPDATE)
	trainer = small_pathwise_trainer(copies=2, rounding=0.5)
	trainer.train(problem, budget=budget, seed=1, checkpoint=tmp_path / "here")
	there = tmp_path / "there"
	with pretended_gpu(monkeypatch, problem.parent) as gpu:
		found = replace(trainer, device=GPU).train(problem, budget=budget, seed=1, checkpoint=there)
	assert gpu.steps > 1000
	expected, trained = (checkpoints.load(folder).tensors for folder in (tmp_path / "here", there))
	assert expected.keys() == trained.keys()
	for name, values in expected.items():
		np.testing.assert_allclose(trained[name], values, rtol=1e-5, atol=1e-7, err_msg=name)
	# what was trained there goes on here
	further = trainer.train(problem, budget=budget, seed=1, checkpoint=there, resume=True)
	assert further.timesteps > found.timesteps


def test_a_mistake_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
	"""The pretended GPU refuses what a real one does."""
	with pretended_gpu(monkeypatch, None):
		there = devices.there(np.ones(3, np.float32), GPU)
		assert devices.here(there * 2).tolist() == [2, 2, 2]
		with pytest.raises(AssertionError, match="on the GPU and on the CPU"):
			there + torch.ones(3)
		with pytest.raises(AssertionError, match="plain array"):
			there.detach().numpy()


@pytest.mark.parametrize("algorithm", ["pathwise", "ppo"])
def test_which_device(algorithm: str, monkeypatch: pytest.MonkeyPatch) -> None:
	for sees, name, kind in (
		(False, "cpu", "cpu"),
		(False, "auto", "cpu"),
		(True, "auto", "cuda"),
		(True, "cuda", "cuda"),
	):
		monkeypatch.setattr(torch.cuda, "is_available", lambda sees=sees: sees)
		assert make_trainer(algorithm, device=name).device.type == kind  # type: ignore[attr-defined]
	monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
	with pytest.raises(InputError, match="sees no CUDA device here; install a build of torch for CUDA"):
		make_trainer(algorithm, device="cuda")
