"""Judges candidates on the validation days and keeps the best, whichever algorithm makes them."""

from __future__ import annotations

import numpy as np

from rl_replenishment.core.policies.base import Policy
from rl_replenishment.core.policies.residual_network import Network, Normaliser, ResidualNetwork
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.training.interface import Evaluation, TrainingProblem


class Judge:
	"""Keeps the best network seen.

	Without feedback the best is the cheapest. With feedback it is the one that comes closest to the buyer
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
		ratio = self._cost(policy) / self._rule_cost if self._rule_cost else 1.0
		evaluation = Evaluation(seconds, timesteps, ratio, reward, distance)
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
			return candidate.cost_ratio < best.cost_ratio
		allowed = self.evaluations[0].cost_ratio * (1 + self._largest_cost_increase)
		return candidate.cost_ratio <= allowed and candidate.feedback_distance < best.feedback_distance

	def _cost(self, policy: Policy) -> float:
		return float(run(policy, self._problem.validation, statistics=self._statistics).cost.sum())

	def _policy(self, network: Network) -> ResidualNetwork:
		return ResidualNetwork("learned policy", self._problem.task.classical, self._normaliser, network)
