"""Judges candidates on the validation days and keeps the best, whichever algorithm makes them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.policies.base import Policy
from rl_replenishment.core.policies.residual_network import Network, Normaliser, ResidualNetwork
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.training.interface import Evaluation, TrainingProblem


class Judge:
	"""Keeps the best network seen.

	Without feedback the best is the cheapest, where a candidate counts as dear as its ratio plus one standard
	error: the luckiest of many noisy candidates must not pass for the best, and none that is only lucky for
	better than the rule. With feedback it is the one that comes closest to the buyer
	among those that cost at most `largest_cost_increase` more than the first one looked at, the parent.
	"""

	def __init__(
		self, problem: TrainingProblem, normaliser: Normaliser, *, patience: int, largest_cost_increase: float
	) -> None:
		self._problem = problem
		self._normaliser = normaliser
		self._patience = patience
		self._largest_cost_increase = largest_cost_increase
		self._statistics = list(problem.validation.statistics())
		self._rule_cost = self._cost(problem.task.classical)
		self._looks_since_best = 0
		self.evaluations: list[Evaluation] = []
		self.best: Evaluation | None = None
		self.best_network: Network | None = None

	@property
	def has_lost_patience(self) -> bool:
		"""Whether nothing better came for so long that training may end."""
		return self._looks_since_best >= self._patience

	def verdict(self) -> tuple[ResidualNetwork, Evaluation]:
		"""The best policy so far and what was found of it; there is one from the first look on."""
		if self.best_network is None or self.best is None:
			raise RuntimeError("no candidate was looked at")
		return self._policy(self.best_network), self.best

	def restore(self, evaluations: list[Evaluation], best: Evaluation, network: Network) -> None:
		"""Take up the verdicts of an earlier part of the same training."""
		self.evaluations, self.best, self.best_network = evaluations, best, network

	def look(self, network: Network, *, seconds: float, timesteps: int) -> Evaluation:
		"""Judge a candidate."""
		policy = self._policy(network)
		feedback = self._problem.feedback
		reward = distance = None
		if feedback is not None:
			action = policy.actions(feedback.situation)
			reward, distance = float(feedback.rewards(action).mean()), feedback.distance(action)
		ratio, error = self._compare(policy)
		evaluation = Evaluation(seconds, timesteps, ratio, error, reward, distance)
		self.evaluations.append(evaluation)
		self._looks_since_best += 1
		if self.best is None or self._is_better(evaluation, self.best):
			self.best, self.best_network = evaluation, network
			self._looks_since_best = 0
		return evaluation

	def _is_better(self, candidate: Evaluation, best: Evaluation) -> bool:
		if not np.isfinite(candidate.cost_ratio):
			return False
		if candidate.feedback_distance is None or best.feedback_distance is None:
			return candidate.cost_ratio + candidate.cost_ratio_error < best.cost_ratio + best.cost_ratio_error
		allowed = self.evaluations[0].cost_ratio * (1 + self._largest_cost_increase)
		return candidate.cost_ratio <= allowed and candidate.feedback_distance < best.feedback_distance

	def _compare(self, policy: Policy) -> tuple[float, float]:
		"""Cost over the rule's, and its standard error by the paired differences of the item-warehouses."""
		total = self._rule_cost.sum()
		if not total:
			return 1.0, 0.0
		difference = self._cost(policy) - self._rule_cost
		# the varied copies of an item share its days and its luck: they count as one
		per_item = difference.reshape(-1, len(self._problem.task.items)).sum(axis=0)
		error = np.sqrt(len(per_item)) * per_item.std() / total
		return float(1 + difference.sum() / total), float(error)

	def _cost(self, policy: Policy) -> npt.NDArray[np.float64]:
		return run(policy, self._problem.validation, statistics=self._statistics).cost

	def _policy(self, network: Network) -> ResidualNetwork:
		return ResidualNetwork("learned policy", self._problem.task.classical, self._normaliser, network)
