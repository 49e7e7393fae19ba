"""The training algorithms by name; torch is loaded when one is asked for."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.training.interface import Trainer

ALGORITHMS = ("ppo",)


def make_trainer(name: str, *, tensorboard: Path | None = None) -> Trainer:
	"""The trainer of an algorithm; `InputError` where it is unknown or its libraries are not installed."""
	if name not in ALGORITHMS:
		raise InputError(f"There is no algorithm {name!r}; choose one of: {', '.join(ALGORITHMS)}.")
	try:
		from rl_replenishment.core.training.ppo import PPOTrainer
	except ModuleNotFoundError as error:
		raise InputError(
			f"Training needs {error.name}, which is not installed; "
			"run: pip install 'rl_replenishment[train]'."
		) from None
	if tensorboard is not None and find_spec("tensorboard") is None:
		raise InputError(
			"--tensorboard needs tensorboard, which is not installed; run: pip install tensorboard."
		)
	return PPOTrainer(tensorboard=tensorboard)
