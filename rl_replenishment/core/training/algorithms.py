"""The training algorithms by name; torch is loaded when one is asked for."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.training.interface import Trainer

#: by preference
ALGORITHMS = ("pathwise", "ppo")
DEFAULT_ALGORITHM = ALGORITHMS[0]
LIBRARIES = {"pathwise": ("torch",), "ppo": ("torch", "stable_baselines3")}


def make_trainer(
	name: str, *, tensorboard: Path | None = None, feedback_weight: float | None = None
) -> Trainer:
	"""The trainer of an algorithm; `InputError` where it is unknown or its libraries are not installed.

	`feedback_weight`, above 0, is what the buyer's answers count for beside the simulation: in pathwise
	training the weight of their distance, in PPO the number of them seen for each simulated decision. None is
	the algorithm's own.
	"""
	if name not in ALGORITHMS:
		raise InputError(f"There is no algorithm {name!r}; choose one of: {', '.join(ALGORITHMS)}.")
	if tensorboard is not None and name != "ppo":
		raise InputError("--tensorboard shows a training with PPO only; add --algorithm ppo or leave it out.")
	try:
		for library in LIBRARIES[name]:
			import_module(library)
	except ModuleNotFoundError as error:
		raise InputError(
			f"Training needs {error.name}, which is not installed; "
			"run: pip install 'rl_replenishment[train]'."
		) from None
	if tensorboard is not None and find_spec("tensorboard") is None:
		raise InputError(
			"--tensorboard needs tensorboard, which is not installed; run: pip install tensorboard."
		)
	return _pathwise(feedback_weight) if name == "pathwise" else _ppo(tensorboard, feedback_weight)


def _pathwise(feedback_weight: float | None) -> Trainer:
	from rl_replenishment.core.training.pathwise import PathwiseSettings, PathwiseTrainer

	settings = PathwiseSettings()
	if feedback_weight is not None:
		settings = replace(settings, feedback_weight=feedback_weight)
	return PathwiseTrainer(settings)


def _ppo(tensorboard: Path | None, feedback_weight: float | None) -> Trainer:
	from rl_replenishment.core.training.ppo import PPOSettings, PPOTrainer

	settings = PPOSettings()
	if feedback_weight is not None:
		settings = replace(settings, feedback_columns=max(round(feedback_weight * settings.columns), 1))
	return PPOTrainer(settings, tensorboard)
