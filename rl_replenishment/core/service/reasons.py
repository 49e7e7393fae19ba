"""What a service target has to do with a quantity, in its reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rl_replenishment.core.demand.statistics import DemandStatistics
from rl_replenishment.core.explanation import Number, Translate
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.proposal import Proposal
from rl_replenishment.core.service.classes import classes_of
from rl_replenishment.core.service.targets import Target, assigned
from rl_replenishment.core.written import quantity_words


def target_words(target: Target, _: Translate = str, number: Number = quantity_words) -> str:
	"""One sentence on the level that a target sets."""
	about = {
		"all": _("all items"),
		"class": _("class {0}"),
		"group": _("item group {0}"),
		"item": _("this item"),
	}[target.scope].format(target.name)
	if target.fill_rate is None:
		words = _("The level is for a missing unit that counts {0} times, as set for {1}.")
		return words.format(number(target.factor), about)
	share = f"{100 * target.fill_rate:.6g}".replace(".", _decimal_point(number))
	return _("The level is for {0} % of demand met from the shelf, the target of {1}.").format(share, about)


def _decimal_point(number: Number) -> str:
	return "," if "," in number(0.5) else "."


def with_targets_told(
	proposals: Sequence[Proposal],
	targets: Sequence[Target],
	items: ItemTable,
	demand: DemandStatistics,
	_: Translate = str,
	number: Number = quantity_words,
) -> list[Proposal]:
	"""The proposals of N item-warehouses; of what has a target, the reason names it."""
	if not targets:
		return list(proposals)
	told = [target_words(target, _, number) for target in targets]
	at = assigned(targets, items, classes_of(items, demand)).tolist()
	return [
		replace(each, reason=f"{each.reason} {told[row]}") if row >= 0 else each
		for each, row in zip(proposals, at, strict=True)
	]
