"""Service targets: for which items a policy takes the stock-out cost times what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.statistics import DemandStatistics
from rl_replenishment.core.errors import PolicyFileError
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.policies.service import ServiceShift
from rl_replenishment.core.policies.store import StoredPolicy
from rl_replenishment.core.service.classes import CLASS_NAMES, classes_of, members

#: what a target is about, from broad to narrow; of two that an item is in, the narrower counts
Scope: TypeAlias = Literal["all", "class", "group", "item"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
#: in what is told about a policy: the targets that it serves
SERVICE = "service"
#: no sensible stock-out cost is further from another one
LEAST_FACTOR, LARGEST_FACTOR = 1e-6, 1e6


@dataclass(frozen=True)
class Target:
	"""The service that some items are to have."""

	scope: Scope
	#: of the class, the item group or the item; "" for all
	name: str = ""
	#: of an item, "" for all of its warehouses
	warehouse: str = ""
	#: item groups below that of the name, which are meant as well
	below: tuple[str, ...] = ()
	#: share of demand to be met from the shelf; None where the stock-out cost was given
	fill_rate: float | None = None
	#: what the stock-out cost is taken times, for that
	factor: float = 1.0

	def __post_init__(self) -> None:
		is_known = self.scope in SCOPES and (self.scope != "class" or self.name in CLASS_NAMES)
		if not is_known or bool(self.name) == (self.scope == "all"):
			raise ValueError(f"{self.scope} {self.name!r} is no scope of a service target")
		if self.fill_rate is not None and not 0 < self.fill_rate < 1:
			raise ValueError(f"a fill rate is between 0 and 1, not {self.fill_rate}")
		if not LEAST_FACTOR <= self.factor <= LARGEST_FACTOR:
			raise ValueError(f"a factor is from {LEAST_FACTOR:g} to {LARGEST_FACTOR:g}, not {self.factor}")

	@property
	def words(self) -> str:
		"""What it is about, as the command line takes it."""
		where = f" @ {self.warehouse}" if self.warehouse else ""
		return self.scope if self.scope == "all" else f"{self.scope}:{self.name}{where}"

	def rows(self, items: ItemTable, classes: npt.NDArray[np.str_]) -> npt.NDArray[np.bool_]:
		"""The item-warehouses that it is about, shape (N,)."""
		if self.scope == "class":
			return members(classes, self.name)
		if self.scope == "group":
			meant = {self.name, *self.below}
			return np.array([group in meant for group in items.groups], bool)
		if self.scope == "item":
			return np.array(
				[key.item_code == self.name and self.warehouse in ("", key.warehouse) for key in items.keys],
				bool,
			)
		return np.ones(len(items), bool)


def in_order(targets: Iterable[Target]) -> list[Target]:
	"""From broad to narrow; of two as narrow, the later one last."""
	return sorted(targets, key=lambda each: (SCOPES.index(each.scope), _narrowness(each)))


def _narrowness(target: Target) -> int:
	if target.scope == "class":
		# a class of value before one of variation, both together last
		return 2 if len(target.name) > 1 else int(target.name in "ABC")
	return int(bool(target.warehouse))


def assigned(
	targets: Sequence[Target], items: ItemTable, classes: npt.NDArray[np.str_]
) -> npt.NDArray[np.intp]:
	"""Which of the targets each item-warehouse has, shape (N,); -1 where it has none."""
	found = np.full(len(items), -1, np.intp)
	position = {id(target): i for i, target in enumerate(targets)}
	for target in in_order(targets):
		found[target.rows(items, classes)] = position[id(target)]
	return found


def factors_of(targets: Sequence[Target], items: ItemTable, classes: npt.NDArray[np.str_]) -> FloatArray:
	"""What each item-warehouse's stock-out cost is taken times, shape (N,)."""
	at = assigned(targets, items, classes)
	return np.array([*(target.factor for target in targets), 1.0], np.float32)[at]


def with_targets(
	policy: ResidualNetwork, targets: Sequence[Target], items: ItemTable, demand: DemandStatistics
) -> ResidualNetwork:
	"""The policy with this service, for these item-warehouses; classes are those of `demand`."""
	if not targets:
		return replace(policy, service=None)
	factor = factors_of(targets, items, classes_of(items, demand))
	return replace(policy, service=ServiceShift.per_item(items, factor))


def serving(stored: StoredPolicy, items: ItemTable | None = None) -> StoredPolicy:
	"""A stored policy as it serves the targets that it was given; of `items` where these are newer."""
	targets = targets_from(stored.about.get(SERVICE))
	table = stored.snapshot.items if items is None else items
	return replace(stored, policy=with_targets(stored.policy, targets, table, stored.snapshot.demand))


def as_json(targets: Iterable[Target]) -> list[dict[str, Any]]:
	"""As plain values, for a policy file."""
	return [asdict(target) for target in targets]


def targets_from(kept: Any) -> tuple[Target, ...]:
	"""The targets that a policy file keeps; `PolicyFileError` where they are none."""
	try:
		return tuple(Target(**{**row, "below": tuple(row.get("below", ()))}) for row in kept or ())
	except (TypeError, ValueError, AttributeError) as error:
		raise PolicyFileError(
			f"The policy's service targets cannot be read ({error}); set them again with service-curve."
		) from None
