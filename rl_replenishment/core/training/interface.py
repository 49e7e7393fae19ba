"""What a trainer is given and gives back, whatever its algorithm. Knows no torch and no screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from rl_replenishment.core.environments.batch import ReplenishmentTask
from rl_replenishment.core.environments.feedback import FeedbackSituations
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.simulation.scenario import Scenario

EndedBy: TypeAlias = Literal["budget", "early stopping", "cancelled"]


@dataclass(frozen=True)
class Budget:
	"""When training ends, whichever comes first. Only without `seconds` is the policy the same each time."""

	#: wall-clock seconds; None for no limit
	seconds: float | None = 60.0
	#: environment steps (one item-warehouse, one review interval); None for no limit
	timesteps: int | None = None


@dataclass(frozen=True)
class Progress:
	"""Where training stands."""

	#: share of the budget used, 0..1
	share: float
	seconds: float
	timesteps: int
	#: cost on the validation days over the classical rule's, of the best policy so far; 1 before anything is
	#: learned
	best_cost_ratio: float
	#: mean reward of the last batch of steps
	mean_reward: float


#: told of the progress now and then; returning False ends training, and the best policy so far is kept
ProgressCallback: TypeAlias = Callable[[Progress], "bool | None"]


@dataclass(frozen=True)
class Evaluation:
	"""A policy on the validation days."""

	seconds: float
	timesteps: int
	#: cost over the classical rule's
	cost_ratio: float
	#: standard error of that ratio, over item-warehouses
	cost_ratio_error: float
	#: share of what was learned: halved shifts are closer to the rule
	share: float = 1.0
	#: mean feedback reward on the buyer's answers; None where there are none
	feedback_reward: float | None = None
	#: distance to the buyer's quantities, see `FeedbackSituations.distance`; None where there are none
	feedback_distance: float | None = None


@dataclass(frozen=True, eq=False)
class TrainingProblem:
	"""What to learn from and what to be judged on."""

	task: ReplenishmentTask
	#: days after those of the task, on which the best policy is chosen; where `share` is given, they only
	#: tell what the result costs
	validation: Scenario
	#: the buyer's answers to past proposals; None for a first training
	feedback: FeedbackSituations | None = None
	#: the policy to continue from; None to start at the classical rule
	parent: ResidualNetwork | None = None
	#: for a training that repeats on other days what an earlier one found best: nothing is chosen, the result
	#: is the last network, this share of it; None to choose
	share: float | None = None


@dataclass(frozen=True, eq=False)
class TrainingResult:
	"""The best policy found and how it was found."""

	policy: ResidualNetwork
	#: the verdict on `policy`
	chosen: Evaluation
	#: all verdicts, the first one on where training started
	evaluations: list[Evaluation]
	seconds: float
	timesteps: int
	ended_by: EndedBy


class Trainer(Protocol):
	"""An algorithm."""

	def train(
		self,
		problem: TrainingProblem,
		*,
		budget: Budget,
		seed: int,
		progress: ProgressCallback | None = None,
		checkpoint: Path | None = None,
		resume: bool = False,
	) -> TrainingResult:
		"""Train; writes its state to the folder `checkpoint` at times and goes on from it with `resume`."""
		...
