"""The training algorithms by name; torch is loaded when one is asked for."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.training.interface import Trainer

ALGORITHMS = ("ppo",)


def make_trainer(
	name: str, *, tensorboard: Path | None = None, feedback_weight: float | None = None
) -> Trainer:
	"""The trainer of an algorithm; `InputError` where it is unknown or its libraries are not installed.

	`feedback_weight` is the number of the buyer's answers seen for each simulated decision, above 0; None for
	the algorithm's own.
	"""
	if name not in ALGORITHMS:
		raise InputError(f"There is no algorithm {name!r}; choose one of: {', '.join(ALGORITHMS)}.")
	try:
		from rl_replenishment.core.training.ppo import PPOSettings, PPOTrainer
	except ModuleNotFoundError as error:
		raise InputError(
			f"Training needs {error.name}, which is not installed; "
			"run: pip install 'rl_replenishment[train]'."
		) from None
	if tensorboard is not None and find_spec("tensorboard") is None:
		raise InputError(
			"--tensorboard needs tensorboard, which is not installed; run: pip install tensorboard."
		)
	settings = PPOSettings()
	if feedback_weight is not None:
		settings = replace(settings, feedback_columns=max(round(feedback_weight * settings.columns), 1))
	return PPOTrainer(settings, tensorboard)
