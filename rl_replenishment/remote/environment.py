"""A site's agent as a Gymnasium environment: the state is the site's, an action is a Material Request."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.feedback import feedback_reward
from rl_replenishment.core.items import FloatArray, ItemKey
from rl_replenishment.core.policies.network import OBSERVATION_BOUND
from rl_replenishment.core.policies.observation import OBSERVATION_SIZE
from rl_replenishment.remote.client import Site, Unreachable

#: of an item's request, times the demand of a lead time and a day, where nothing else is said
LARGEST_INTERVALS = 3.0
#: rows of the state in one request
PAGE = 500


class Undecided(TimeoutError):
	"""The buyer has not decided within the time; the request waits, and `resume` goes on with it."""

	def __init__(self, material_request: str, seconds: float) -> None:
		super().__init__(
			f"Nothing was decided about {material_request} within {seconds:g} s; go on with"
			f" resume({material_request!r})."
		)
		self.material_request = material_request


@dataclass(frozen=True, eq=False)
class SiteState:
	"""N item-warehouses as the site's policy sees them, arrays of shape (N,)."""

	keys: tuple[ItemKey, ...]
	on_hand: FloatArray
	on_order: FloatArray
	daily_demand: FloatArray
	lead_time_days: FloatArray
	#: what a difference of 1 reward is, see `core.feedback`
	scale: FloatArray
	#: whether the stock UOM must be a whole number
	whole: npt.NDArray[np.bool_]
	#: what the policy in use would order
	policy_qty: FloatArray
	#: shape (N, OBSERVATION_SIZE), as in training
	observation: FloatArray


def read_state(site: Site, agent: str) -> SiteState:
	"""The state of an agent now, in pages that are all of one moment."""
	page = site.ask("state", agent=agent, start=0, limit=PAGE)
	rows = list(page["rows"])
	while len(rows) < page["total"]:
		more = site.ask("state", agent=agent, start=len(rows), limit=PAGE, moment=page["moment"])
		if not more["rows"]:
			raise InputError(f"{site.url} sent a page of the state that was cut off; read it again.")
		rows += more["rows"]
	if not rows:
		raise InputError(f"Agent {agent} of {site.url} orders for nothing; look at its warehouses and items.")

	def column(name: str, *shape: int) -> FloatArray:
		return np.array([row[name] for row in rows], dtype=np.float32).reshape(len(rows), *shape)

	try:
		return SiteState(
			keys=tuple(ItemKey(row["item_code"], row["warehouse"]) for row in rows),
			on_hand=column("on_hand"),
			on_order=column("on_order"),
			daily_demand=column("daily_demand"),
			lead_time_days=column("lead_time_days"),
			scale=column("scale"),
			whole=column("whole").astype(bool),
			policy_qty=column("policy_qty"),
			observation=column("observation", OBSERVATION_SIZE),
		)
	except (KeyError, TypeError, ValueError):
		raise InputError(
			f"{site.url} observes otherwise than this version; bring both to the same version."
		) from None


class ErpNextEnv(gym.Env[FloatArray, FloatArray]):
	"""A live site: what an agent asks for is requested, and its buyer's orders are the reward.

	## Description
	The N item-warehouses of an agent (RL Agent Settings) of a site. Each step posts one Material Request with
	the quantities asked for, waits until the buyer has decided, and looks at the site again. As in the
	original system, the environment is the live system, for any number of items.

	## Action space
	`Box(0, largest, (N,))`: units to order of each item-warehouse, in stock UOM; rounded to whole numbers
	where the UOM must be one, to two decimals elsewhere.
	What is 0 is not on the request; where all are 0 nothing is posted.

	## Observation space
	`Box(-5, 5, (N, 57))`: for each item-warehouse the observation of training, by the rule and the normaliser
	of the policy in use; see `Replenishment-v0`.

	## Rewards
	The mean over what was asked for or ordered: 1 where the buyer ordered the quantity asked for, else minus
	the difference over the larger of a pack and a review interval's demand, at most 3 below 0: the feedback
	reward of training (`core.feedback`). Where nothing was posted: 0.

	## Starting state
	The site as it is.

	## Episode end
	Truncated after `steps` steps, if given. Never terminated.

	## Waiting
	`step` waits up to `patience` seconds, asking more and more seldom, and raises `Undecided` after that,
	which names the request; `resume(name)` waits for that one, also in another process, and returns what
	`step` would have. A request is posted once, also where its answer is lost. A decision is there when each
	line still on the request has been ordered (submitted Purchase Orders), or the request was stopped or
	cancelled.

	## Arguments
	`site`: a `rl_replenishment.remote.client.Site`. `agent`: name of its RL Agent Settings. `largest`:
	largest quantity, one number or N of them; by default three times the demand of a lead time and a day, at
	least the reward's scale. `submit`: submit requests, which the user has to be allowed to; by default they
	are drafts.
	`patience`: seconds, by default an hour. `steps`: of an episode, by default no end.

	## Version history
	v0: first version.
	"""

	def __init__(
		self,
		site: Site,
		agent: str,
		*,
		largest: npt.ArrayLike | None = None,
		submit: bool = False,
		patience: float = 3600.0,
		steps: int | None = None,
		sleep: Callable[[float], object] = time.sleep,
		clock: Callable[[], float] = time.monotonic,
	) -> None:
		self.metadata = {"render_modes": []}
		self._site, self._agent = site, agent
		self._submit, self._patience, self._steps = submit, patience, steps
		self._sleep, self._clock = sleep, clock
		self._done = 0
		self.state = read_state(site, agent)
		count = len(self.state.keys)
		if largest is None:
			usual = LARGEST_INTERVALS * self.state.daily_demand * (self.state.lead_time_days + 1)
			largest = np.ceil(np.maximum(usual, self.state.scale))
		high = np.broadcast_to(np.asarray(largest, np.float32), (count,)).copy()
		self.action_space = gym.spaces.Box(np.zeros(count, np.float32), high, dtype=np.float32)
		bound = float(OBSERVATION_BOUND)
		self.observation_space = gym.spaces.Box(-bound, bound, (count, OBSERVATION_SIZE), np.float32)

	def reset(
		self, *, seed: int | None = None, options: dict[str, Any] | None = None
	) -> tuple[FloatArray, dict[str, Any]]:
		super().reset(seed=seed)
		self._done = 0
		return self._look(), self._info()

	def step(self, action: FloatArray) -> tuple[FloatArray, float, bool, bool, dict[str, Any]]:
		within = np.clip(action, self.action_space.low, self.action_space.high).astype(float)  # type: ignore[attr-defined]
		asked = np.where(self.state.whole, np.round(within), np.round(within, 2))
		lines = [
			{"item_code": key.item_code, "warehouse": key.warehouse, "qty": float(quantity)}
			for key, quantity in zip(self.state.keys, asked, strict=True)
			if quantity > 0
		]
		if not lines:
			return self._after(0.0, None)
		answer = self._site.tell(
			"request_material",
			agent=self._agent,
			lines=json.dumps(lines),
			key=uuid.uuid4().hex,
			submit=self._submit,
		)
		return self.resume(answer["material_request"])

	def resume(self, material_request: str) -> tuple[FloatArray, float, bool, bool, dict[str, Any]]:
		"""Wait for the decision about a request that was posted; returns what `step` would have."""
		began, wait = self._clock(), 1.0
		while True:
			try:
				found = self._site.ask("outcome_of_request", material_request=material_request)
				if found["is_decided"]:
					return self._after(self._reward(found["lines"]), found)
			except Unreachable:
				# it may come back
				pass
			left = self._patience - (self._clock() - began)
			if left <= 0:
				raise Undecided(material_request, self._patience)
			self._sleep(min(wait, left))
			wait = min(2 * wait, 60.0)

	def _reward(self, lines: list[dict[str, Any]]) -> float:
		scale = dict(zip(self.state.keys, self.state.scale, strict=True))
		proposed, ordered, per = (
			np.array(values, dtype=np.float32)
			for values in zip(
				*(
					(
						line["proposed_qty"],
						line["ordered_qty"],
						scale.get(ItemKey(line["item_code"], line["warehouse"]), np.float32(1)),
					)
					for line in lines
				),
				strict=True,
			)
		)
		return float(feedback_reward(proposed, ordered, per).mean())

	def _after(
		self, reward: float, found: dict[str, Any] | None
	) -> tuple[FloatArray, float, bool, bool, dict[str, Any]]:
		self._done += 1
		is_truncated = self._steps is not None and self._done >= self._steps
		observation = self._look()
		info = {**self._info(), "material_request": found and found["material_request"]}
		return observation, reward, False, is_truncated, {**info, "lines": found["lines"] if found else []}

	def _look(self) -> FloatArray:
		now = read_state(self._site, self._agent)
		if now.keys != self.state.keys:
			raise InputError(
				f"Agent {self._agent} orders for other items now than at first; make the environment anew."
			)
		self.state = now
		bound = np.float32(OBSERVATION_BOUND)
		return np.clip(now.observation, -bound, bound)

	def _info(self) -> dict[str, Any]:
		return {
			"items": [str(key) for key in self.state.keys],
			"stock": self.state.on_hand.copy(),
			"policy_qty": self.state.policy_qty.copy(),
		}
