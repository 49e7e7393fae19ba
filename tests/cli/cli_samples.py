"""Small files, a policy that no training made, and what a run of the command leaves."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.environments.spaces import ACTION_SPACE
from rl_replenishment.core.items import ItemKey, ItemTable
from rl_replenishment.core.policies.network import Network, Normaliser
from rl_replenishment.core.policies.observation import OBSERVATION_SIZE
from rl_replenishment.core.policies.order_up_to import ForecastLevels, OrderUpTo
from rl_replenishment.core.policies.parameters import ItemParameters
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.policies.store import StoredPolicy, policy_files
from rl_replenishment.core.training.from_history import snapshot

START = np.datetime64("2024-01-01")
DAYS = 120
#: of which a policy is made: the last days are for the test
SEEN = 90
CODES = ("Apple", "Bread", "Cheese")
STOCK = (
	"item_code,on_hand,on_order,expected_date,reserved\nApple,3,5,2024-05-02,0\nBread,0,,,\nCheese,7,2,,1\n"
)
FEEDBACK = (
	"item_code,proposed_qty,ordered_qty,date,on_hand,on_order,reason\n"
	"Apple,10,12,2024-03-04,3,0,promotion\nBread,5,5,2024-03-11,2,1,\n"
)


def quantity(item: int, day: int) -> int:
	return (item + day) % 5


def orders(
	codes: Sequence[str] = CODES,
	*,
	days: int = DAYS,
	start: np.datetime64 = START,
	sold: Callable[[int, int], object] = quantity,
	warehouses: Sequence[str] = (),
) -> str:
	"""The text of an ORDERS file, a line for each item, day and warehouse."""
	lines = ["item_code,date,qty,warehouse" if warehouses else "item_code,date,qty"]
	for day in range(days):
		for item, code in enumerate(codes):
			line = f"{code},{start + np.timedelta64(day, 'D')},{sold(item, day)}"
			lines += [f"{line},{warehouse}" for warehouse in warehouses] if warehouses else [line]
	return "\n".join(lines) + "\n"


def stored_policy(keys: Sequence[ItemKey] = tuple(map(ItemKey, CODES))) -> StoredPolicy:
	"""A policy that corrects nothing; its items differ in lead time, cost and safety factor."""
	numbers = np.arange(len(keys))
	items = ItemTable.create(
		keys,
		[f"Supplier {n}" for n in numbers],
		lead_time_days=2 + 3 * numbers,
		unit_cost=4 + numbers,
		order_cost=2,
	)
	demand = [[quantity(item, day) for item in numbers] for day in range(SEEN)]
	history = DemandHistory(tuple(keys), START, np.array(demand, np.float32))
	parameters = ItemParameters.per_item(
		items, safety_factor=(1 + numbers).astype(np.float32), gap=0.5, cap=np.float32(np.inf)
	)
	size = ACTION_SPACE.shape[0]
	network = Network([(np.zeros((size, OBSERVATION_SIZE), np.float32), np.zeros(size, np.float32))])
	normaliser = Normaliser(np.zeros(OBSERVATION_SIZE, np.float32), np.ones(OBSERVATION_SIZE, np.float32))
	rule = OrderUpTo("(s, S)", ForecastLevels(parameters, "91 days"))
	return StoredPolicy(
		policy=ResidualNetwork("learned policy", rule, normaliser, network),
		snapshot=snapshot(history, items, 7),
		review_days=7,
		unmet_demand="lost",
		about={"data": {"first_day": "2024-01-01", "last_day": "2024-03-30"}, "options": {"seed": 0}},
	)


def write_policy(folder: Path, stored: StoredPolicy) -> None:
	folder.mkdir()
	for name, contents in policy_files(stored).items():
		(folder / name).write_bytes(contents)


@dataclass(frozen=True)
class Outcome:
	status: int
	out: str
	err: str
	#: what is in the folder since, hidden or not
	written: set[str]

	@property
	def document(self) -> dict[str, Any]:
		document = json.loads(self.out)
		assert isinstance(document, dict)
		return document

	@property
	def sentence(self) -> str:
		"""The one line of a refusal, after which nothing is left behind."""
		assert self.status == 2, self
		assert not self.out
		assert not self.written
		(line,) = self.err.splitlines()
		assert line.startswith("rl-replenishment: ")
		assert line.endswith(".")
		return line.removeprefix("rl-replenishment: ")


Run = Callable[..., Outcome]
