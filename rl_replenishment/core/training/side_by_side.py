"""Several trainings on one history, with other seeds and settings, and which of them is best."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.engine import Told
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.training.algorithms import make_trainer
from rl_replenishment.core.training.from_history import Trained, TrainingOptions, train_on_history
from rl_replenishment.core.training.interface import Progress

#: share of a training's progress that its rules take
_TUNING = 0.1


@dataclass(frozen=True, eq=False)
class Training:
	"""One of several."""

	history: DemandHistory
	items: ItemTable
	options: TrainingOptions
	#: of the algorithm, by name; the rest is as usual
	settings: Mapping[str, Any]
	#: one of `DEVICES`, on the machine that it is done on
	device: str = "cpu"


def trainings(
	history: DemandHistory,
	items: ItemTable,
	options: TrainingOptions,
	seeds: int,
	settings: Mapping[str, Sequence[Any]],
	device: str = "cpu",
) -> list[Training]:
	"""Every combination of settings with as many seeds, counted on from that of `options`."""
	return [
		Training(
			history,
			items,
			replace(options, seed=options.seed + number),
			dict(zip(settings, values, strict=True)),
			device,
		)
		for values in itertools.product(*settings.values())
		for number in range(seeds)
	]


def carry_out(training: Training, told: Told) -> Trained:
	"""Train, as an engine does it; `told` is told the share done."""

	def progress(now: Progress) -> None:
		told(_TUNING + (1 - _TUNING) * now.share)

	trained = train_on_history(
		training.history,
		training.items,
		make_trainer(training.options.algorithm, settings=training.settings, device=training.device),
		training.options,
		progress=progress,
		tuning_progress=lambda share: told(_TUNING * share),
	)
	if training.settings:
		trained.stored.about["settings"] = dict(training.settings)
	return trained


def best_of(found: Sequence[Trained]) -> int:
	"""The one that cost least on the validation days, against a rule that is the same for all."""
	return min(range(len(found)), key=lambda each: found[each].validation_cost)
