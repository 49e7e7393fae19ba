"""A policy on the item-warehouses of an ORDERS file."""

from __future__ import annotations

from collections.abc import Sequence

from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.matching import find_items, some
from rl_replenishment.core.items import ItemKey
from rl_replenishment.core.policies.adaptation import adapted
from rl_replenishment.core.policies.store import StoredPolicy


def adapted_to_orders(
	stored: StoredPolicy, keys: Sequence[ItemKey], source: str, screen: Screen, *, with_costs: bool
) -> StoredPolicy:
	"""The policy as it applies to the item-warehouses of an ORDERS file called `source`.

	`with_costs` tells whether costs and lead times are the policy's, too: the note on what it does not know
	says so.
	"""

	def refusal(_: int, problem: str) -> InputError:
		return InputError(f"{source}: for the policy, {problem}.")

	index = find_items(
		keys, stored.snapshot.items.keys, refusal, lambda text: screen.note(f"{source}: {text}")
	)
	unknown = [key for key, position in zip(keys, index, strict=True) if position < 0]
	if unknown:
		costs = ", default costs and a default lead time (--items brings their own)" if with_costs else ""
		screen.note(f"The policy was not trained with {some(unknown)}: typical settings{costs} stand in.")
	return adapted(stored, keys, index)
