"""The training algorithms by name; torch is loaded when one is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_replenishment.core.engine import IN_PROCESS, Engine
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.training.interface import Trainer

if TYPE_CHECKING:
	from rl_replenishment.core.training.pathwise import PathwiseTrainer
	from rl_replenishment.core.training.ppo import PPOTrainer

#: by preference
ALGORITHMS = ("pathwise", "ppo")
DEFAULT_ALGORITHM = ALGORITHMS[0]
LIBRARIES = {"pathwise": ("torch",), "ppo": ("torch", "stable_baselines3")}
#: where to train: `AUTO` is the GPU where torch sees one
AUTO = "auto"
DEVICES = ("cpu", "cuda", AUTO)
#: units of a layer, and replays in a step, at most
LARGEST_LAYER, MOST_COLUMNS = 1024, 10_000_000
#: parts of a step, each on a processor of its own at most
MOST_SHARDS = 1024
#: what may be set of each algorithm, see their settings
SETTINGS = {
	"pathwise": ("hidden", "columns", "shards", "learning_rate", "weight_decay", "noise"),
	"ppo": ("hidden", "columns", "learning_rate"),
}


def make_trainer(
	name: str,
	*,
	tensorboard: Path | None = None,
	feedback_weight: float | None = None,
	settings: Mapping[str, Any] | None = None,
	device: str = "cpu",
	engine: Engine = IN_PROCESS,
) -> Trainer:
	"""The trainer of an algorithm; `InputError` where it is unknown or its libraries are not installed.

	`feedback_weight`, above 0, is what the buyer's answers count for beside the simulation: in pathwise
	training the weight of their distance, in PPO the number of them seen for each simulated decision. None is
	the algorithm's own. `settings` are some of `SETTINGS`, as `parse_setting` makes them. `device` is one of
	`DEVICES`; `InputError` where torch does not see it. The `engine` replays the shards of pathwise training.
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
	from rl_replenishment.core.training.devices import device_of

	chosen, where = settings or {}, device_of(device)
	if name == "pathwise":
		return replace(_pathwise(feedback_weight, chosen), device=where, engine=engine)
	return replace(_ppo(tensorboard, feedback_weight, chosen), device=where)


def parse_setting(algorithm: str, name: str, text: str) -> float | int | tuple[int, ...]:
	"""The value of one of `SETTINGS` as people write it; `InputError` says what is wrong with it."""
	known = SETTINGS[algorithm]
	if name not in known:
		raise InputError(f"{algorithm} has no setting {name!r} to choose; choose among: {', '.join(known)}.")
	try:
		if name == "hidden":
			sizes = tuple(int(size) for size in text.split("x"))
			if all(0 < size <= LARGEST_LAYER for size in sizes):
				return sizes
		elif name in ("columns", "shards"):
			if 0 < (count := int(text)) <= (MOST_COLUMNS if name == "columns" else MOST_SHARDS):
				return count
		elif (name != "learning_rate" and float(text) == 0) or 0 < float(text) <= 1:
			return float(text)
	except ValueError:
		pass
	wanted = {
		"hidden": f"units by layer, as in 64x64, each of at most {LARGEST_LAYER}",
		"columns": f"a whole number from 1 to {MOST_COLUMNS:,}",
		"shards": f"a whole number from 1 to {MOST_SHARDS:,}",
		"learning_rate": "a number above 0, at most 1",
	}.get(name, "a number from 0 to 1")
	raise InputError(f"Setting {name} is {text!r}, but must be {wanted}.")


def written(value: Any) -> str:
	"""The value of a setting as `parse_setting` reads it."""
	return "x".join(map(str, value)) if isinstance(value, tuple) else f"{value:g}"


def _pathwise(feedback_weight: float | None, chosen: Mapping[str, Any]) -> PathwiseTrainer:
	from rl_replenishment.core.training.pathwise import PathwiseSettings, PathwiseTrainer

	settings = replace(PathwiseSettings(), **chosen)
	if feedback_weight is not None:
		settings = replace(settings, feedback_weight=feedback_weight)
	return PathwiseTrainer(settings)


def _ppo(tensorboard: Path | None, feedback_weight: float | None, chosen: Mapping[str, Any]) -> PPOTrainer:
	from rl_replenishment.core.training.ppo import PPOSettings, PPOTrainer

	settings = replace(PPOSettings(), **chosen)
	if feedback_weight is not None:
		settings = replace(settings, feedback_columns=max(round(feedback_weight * settings.columns), 1))
	return PPOTrainer(settings, tensorboard)
