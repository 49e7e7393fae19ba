"""Which policy orders: what a candidate has to show, and who put which to use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import frappe
import numpy as np
from frappe import _

from rl_replenishment.bridge.figures import percent
from rl_replenishment.bridge.policies.store import activate, active_policy, load, policy_name
from rl_replenishment.bridge.state.purchases import Bought
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.known_events.stored import events_known_to
from rl_replenishment.core.errors import PolicyFileError
from rl_replenishment.core.evaluation.as_ordered import AsOrdered, balance, starting_from_books, touches
from rl_replenishment.core.evaluation.backtest import Backtest, BacktestRow, backtest
from rl_replenishment.core.evaluation.bootstrap import relative_difference
from rl_replenishment.core.evaluation.drift import Band, weekly
from rl_replenishment.core.evaluation.tuning import TunedRules
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies.base import Policy, State
from rl_replenishment.core.policies.store import StoredPolicy
from rl_replenishment.core.simulation.rollout import Ledger
from rl_replenishment.core.simulation.scenario import Scenario, replay

#: an interval over fewer item-warehouses says nothing
LEAST_ITEMS = 5
CANDIDATE = "candidate"
#: what was really bought is compared where books balance for this share of what was sold, or more
LEAST_BALANCED = 0.5


@dataclass(frozen=True)
class Difference:
	"""What a candidate costs more than another policy on the same days, as a share; negative is cheaper."""

	name: str
	share: float
	#: 95 % interval over item-warehouses
	low: float
	high: float

	def as_json(self) -> dict[str, Any]:
		"""As in a run's metrics; what is not a number becomes null."""
		share, low, high = (
			float(value) if np.isfinite(value) else None for value in (self.share, self.low, self.high)
		)
		return {"policy": self.name, "difference": share, "ci95": [low, high]}


@dataclass(frozen=True)
class Verdict:
	"""Whether a candidate deserves to be promoted."""

	passed: bool
	#: one or two sentences
	reason: str
	#: for the metrics of the run and the policy
	figures: dict[str, Any]
	#: the same per item-warehouse beside the best rule, as columns
	by_item: dict[str, list[Any]] = field(default_factory=dict)


class _Watched:
	"""A policy under which somebody looks whenever it orders."""

	def __init__(self, name: str, policy: Policy, look: Callable[[], None]) -> None:
		self.name = name
		self._policy = policy
		self._look = look

	def order_quantities(self, state: State) -> FloatArray:
		self._look()
		return self._policy.order_quantities(state)


def judge(
	candidate: StoredPolicy,
	in_use: tuple[str, StoredPolicy] | None,
	history: DemandHistory,
	items: ItemTable,
	held: int,
	rules: TunedRules,
	look: Callable[[], None],
	*,
	earlier: Sequence[tuple[str, StoredPolicy]] = (),
	bought: Bought | None = None,
	seed: int = 0,
) -> Verdict:
	"""Replay the last `held` days of a history that `candidate` has not seen, under the same luck for all.

	It passes where it costs no more than the policy in use, and less than the best of the classical rules by
	a margin that luck does not explain: the paired 95 % interval over item-warehouses lies below 0. `rules`
	are tuned on the days before. `in_use` is a learned policy, with its name, for the items of `history`; a
	classical one is compared as one of the rules, since it was tuned on the held-out days itself. `earlier`
	ones decide nothing: they are compared anew, since figures of other days or another luck say nothing
	beside these. So does what was really `bought` on those days, where the books balance for most of what was
	sold: then all start from the stock and the open orders of the books. `look` is called whenever a policy
	orders; what it raises ends the comparison.
	"""
	if held < 1:
		return Verdict(False, _("No days were held out, so nothing shows whether it is better."), {})
	policies: list[Policy] = [_Watched(CANDIDATE, candidate.policy, look)]
	if in_use:
		policies.append(_Watched(in_use[0], in_use[1].policy, look))
	policies += [_Watched(name, stored.policy, look) for name, stored in earlier]
	scenario = replay(
		items,
		history,
		days=held,
		review_days=candidate.review_days,
		unmet_demand=candidate.unmet_demand,
		rng=np.random.default_rng(seed),
		effects=events_known_to(candidate.about).effects,
	)
	baselines = [_Watched(rule.name, rule, look) for rule in rules.rules]
	replayed = []
	if bought and touches(scenario, bought.purchases):
		from_books = starting_from_books(scenario, bought.purchases, bought.opening)
		if _balances(from_books, bought):
			scenario, replayed = from_books, [AsOrdered(bought.purchases)]
	result = backtest(
		policies, baselines, scenario, np.random.default_rng(seed), replayed=replayed, keep_paths=True
	)
	return _verdict(result, bool(in_use), np.random.default_rng(seed))


def _balances(scenario: Scenario, bought: Bought) -> bool:
	found, price = balance(scenario, bought.purchases), scenario.items.unit_cost
	sound = ~found.is_odd(scenario.items) & (found.unexplained <= scenario.items.order_noise)
	return float((found.sold * price)[sound].sum()) >= LEAST_BALANCED * float((found.sold * price).sum())


def _verdict(result: Backtest, has_rival: bool, rng: np.random.Generator) -> Verdict:
	first, best = result.rows[0], result.best_baseline
	against_rules = Difference(best.ledger.policy, first.cost_vs_best_baseline, *first.ci95)
	against_rival = _difference(first, result.rows[1], rng) if has_rival else None
	figures = {
		**result.as_json(),
		"vs_best_rule": against_rules.as_json(),
		"vs_policy_in_use": against_rival.as_json() if against_rival else None,
		"band": _band(result),
	}
	if not np.isfinite(against_rules.share):
		return Verdict(
			False,
			_("On the held-out days even the rules cost nothing: there is nothing to compare."),
			figures,
		)
	failed = _why_not(against_rules, against_rival, len(result.scenario.items))
	compared = _("On {0} held-out days it costs {1}").format(
		result.scenario.days,
		_in_words(against_rules, _("the best classical rule, {0}").format(policy_name(against_rules.name))),
	)
	if against_rival:
		rival = _("the policy then in use, {0}").format(against_rival.name)
		compared += _(", and {0}").format(_in_words(against_rival, rival))
	if result.as_ordered:
		really = _difference(first, result.as_ordered, rng)
		figures["vs_as_ordered"] = really.as_json()
		compared += _(", and {0}").format(_in_words(really, _("what was really ordered")))
	by_item = _by_item(result.scenario.items, first.ledger, best.ledger)
	return Verdict(not failed, f"{compared}. {failed}".strip(), figures, by_item)


def _by_item(items: ItemTable, policy: Ledger, rule: Ledger) -> dict[str, list[Any]]:
	"""Cost, fill rate (None without demand) and average stock of both, a list of N each."""
	found: dict[str, list[Any]] = {
		"item_code": [key.item_code for key in items.keys],
		"warehouse": [key.warehouse for key in items.keys],
	}
	for prefix, ledger in (("", policy), ("rule_", rule)):
		found[f"{prefix}cost"] = [round(cost, 2) for cost in ledger.cost.tolist()]
		found[f"{prefix}fill_rate"] = [
			round(sold / demanded, 4) if demanded else None
			for sold, demanded in zip(ledger.sales.tolist(), ledger.demand.tolist(), strict=True)
		]
		found[f"{prefix}average_stock"] = [
			round(days / ledger.days, 2) for days in ledger.stock_days.tolist()
		]
	return found


def _band(result: Backtest) -> dict[str, float] | None:
	"""What the candidate's weeks should keep to once it is in use, see `core.evaluation.drift`."""
	paths = result.rows[0].ledger.paths
	if paths is None:
		return None
	band = Band.around(weekly(result.scenario.items, paths.on_hand, paths.unmet, paths.ordered))
	return asdict(band) if band else None


def _difference(row: BacktestRow, other: BacktestRow, rng: np.random.Generator) -> Difference:
	share, interval = relative_difference(row.ledger.cost, other.ledger.cost, rng)
	return Difference(other.ledger.policy, share, *interval)


def _why_not(rules: Difference, rival: Difference | None, count: int) -> str:
	"""Why a candidate does not pass, "" where it does."""
	if count < LEAST_ITEMS:
		return _("{0} item-warehouses are too few to tell better from luckier; {1} are needed.").format(
			count, LEAST_ITEMS
		)
	if not rules.high < 0:
		return _("It is not better than the rule by more than luck explains.")
	if rival and not rival.share <= 0:
		return _("It is worse than {0}.").format(rival.name)
	return ""


def _in_words(difference: Difference, other: str) -> str:
	amount = percent(abs(difference.share))
	if round(abs(100 * difference.share), 1) == 0:
		text = _("as much as {1}")
	elif difference.share > 0:
		text = _("{0} more than {1}")
	else:
		text = _("{0} less than {1}")
	low, high = (
		f"{'+' if bound >= 0 else ''}{percent(bound)}" for bound in (difference.low, difference.high)
	)
	interval = _("95 % interval {0} to {1}").format(low.removesuffix(" %"), high)
	return f"{text.format(amount, other)} ({interval})"


def is_luck(interval: Sequence[float | None] | None) -> bool:
	"""Whether a difference with such an interval may be none at all; True where there is no interval."""
	low, high = interval or (None, None)
	return low is None or high is None or low <= 0 <= high


def promote(policy: str, reason: str = "") -> None:
	"""Put a policy to use by hand; one whose file cannot be used, or that is in use already, is refused."""
	# of several who ask at once, the others wait here, and see what the first has done
	present = active_policy(frappe.db.get_value("RL Policy", policy, "agent"), lock=True)
	status = frappe.db.get_value("RL Policy", policy, "status", for_update=True)
	if status == "Active" and present == policy:
		frappe.throw(_("Policy {0} is in use already.").format(policy))
	_check_file(policy)
	activate(policy, reason or _("Promoted by hand."))


def policy_before(agent: str, *, lock: bool = False) -> str | None:
	"""The policy that was in use before the present one, None where there was no other.

	With `lock` as it is now, not as it was when the transaction began.
	"""
	present, past = active_policy(agent, lock=lock), _succession(agent, lock=lock)
	if past[-1:] == [present]:
		past.pop()
	return past[-1] if present and past else None


def roll_back(agent: str, reason: str = "") -> str:
	"""Go back to the policy that was in use before the present one; returns its name."""
	seen = active_policy(agent)
	present = active_policy(agent, lock=True)
	if present != seen:
		# somebody else was quicker: going back once more is not what was asked for
		frappe.throw(_("Policy {0} has just come into use; look again.").format(present))
	earlier = policy_before(agent, lock=True)
	if not earlier:
		frappe.throw(
			_("Agent {0} has no earlier policy to go back to; use Promote beside the one you want.").format(
				agent
			)
		)
	_check_file(earlier)
	activate(earlier, reason or _("Rolled back from {0}.").format(present), leaving="Rolled back")
	return earlier


def _check_file(policy: str) -> None:
	try:
		load(policy)
	except PolicyFileError as error:
		frappe.throw(str(error), title=_("Policy Cannot Be Used"))


def _succession(agent: str, *, lock: bool) -> list[str]:
	"""The policies that rolling back goes through, the present one last."""
	row, policy = frappe.qb.DocType("RL Policy Promotion"), frappe.qb.DocType("RL Policy")
	trail = (
		frappe.qb.from_(row)
		.join(policy)
		.on(policy.name == row.parent)
		.select(policy.name, row.action)
		.where((policy.agent == agent) & (row.parenttype == "RL Policy") & (row.action != "Archived"))
		.orderby(row.done_on)
	)
	past: list[str] = []
	for name, action in (trail.for_update() if lock else trail).run():
		if action == "Rolled back":
			if past[-1:] == [name]:
				past.pop()
		elif past[-1:] != [name]:
			past.append(name)
	return past
