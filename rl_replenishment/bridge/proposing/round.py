"""One round of proposals: from the state through the policy to RL Proposals and Material Requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import frappe
import numpy as np
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, flt, fmt_money, formatdate, getdate

from rl_replenishment.bridge import feedback, figures
from rl_replenishment.bridge.guarding import plain
from rl_replenishment.bridge.policies import classical_rule
from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.bridge.policies.service_targets import serving, targets_of
from rl_replenishment.bridge.proposing import parts
from rl_replenishment.bridge.proposing import rows as proposal_rows
from rl_replenishment.bridge.proposing.buying import as_bought
from rl_replenishment.bridge.proposing.decided import read_decided
from rl_replenishment.bridge.proposing.grouping import OrderLine
from rl_replenishment.bridge.proposing.lessons import lessons_by_now
from rl_replenishment.bridge.proposing.limits import within_cover
from rl_replenishment.bridge.proposing.material_requests import Emitted, emit, groups_of, named
from rl_replenishment.bridge.proposing.notes import notes, targets_to_come
from rl_replenishment.bridge.proposing.on_hold import without_held
from rl_replenishment.bridge.proposing.rows import Entry
from rl_replenishment.bridge.proposing.snoozed import without_snoozed
from rl_replenishment.bridge.proposing.supplier_terms import read_under_terms, with_order_days
from rl_replenishment.bridge.state.budget import read_budget
from rl_replenishment.bridge.state.situation import Situation, read_situation
from rl_replenishment.core.demand.known_events.stored import events_known_to
from rl_replenishment.core.demand.known_events.telling import with_events_told
from rl_replenishment.core.edits.constraints import LEARNED_CONSTRAINTS, constrained
from rl_replenishment.core.errors import PolicyFileError
from rl_replenishment.core.lessons.following import Following
from rl_replenishment.core.policies.adaptation import adapted_to
from rl_replenishment.core.policies.base import protection_days
from rl_replenishment.core.policies.store import StoredPolicy
from rl_replenishment.core.proposal import Proposal, propose
from rl_replenishment.core.service.reasons import with_targets_told
from rl_replenishment.core.transfers import TransferTerms, after_transfers, before_buying


@dataclass(frozen=True, eq=False)
class Round:
	"""What came of a round."""

	situation: Situation
	#: name of the RL Policy that was asked
	policy: str | None
	#: of every item-warehouse
	proposals: list[Proposal] = field(default_factory=list)
	#: those of which something was ordered, most urgent first, and the others
	ordered: list[int] = field(default_factory=list)
	not_ordered: list[int] = field(default_factory=list)
	#: of what was ordered, in the company's currency
	value: float = 0.0
	#: names of the Material Requests
	requests: list[str] = field(default_factory=list)
	#: how many of the proposals ERPNext refused to request
	refused: int = 0
	#: how many jobs are to write the Material Requests, 0 where they are written
	parts: int = 0
	messages: list[str] = field(default_factory=list)


def carry_out(
	run: str,
	settings: Document,
	today: date,
	progress: Callable[[float, str], None],
	*,
	lines_per_part: int = 0,
) -> Round:
	"""Read, decide and write, for an RL Proposal Run; does not commit.

	`progress` is told the percent done and what comes next. With `lines_per_part`, the Material Requests of
	more lines than that are left to several jobs, see `parts`.
	"""
	progress(0, _("Looking at stock and demand"))
	situation = _look(settings, today)
	if not situation.scope.keys:
		return Round(situation, policy_store.active_policy(settings.name), messages=[_nothing_in_scope()])
	progress(10, _("Asking the policy"))
	policy_name, stored = policy_store.policy_in_use(
		settings,
		lambda share: progress(10 + 10 * share, _("Tuning the classical rule on the agent's history")),
	)
	taught = lessons_by_now(settings, situation, stored, today)
	situation, proposals, transfers, messages = _decide(settings, situation, stored, taught, today)
	at = [i for i in proposal_rows.by_urgency(situation) if proposals[i].proposed_qty > 0]
	moved = {i for i, _transfer in transfers}
	wanted = [*((i, proposals[i]) for i in at), *transfers]
	entries = [Entry(i, frappe.generate_hash(length=10), proposal) for i, proposal in wanted]
	if frappe.db.get_value("RL Policy", policy_name, "algorithm") == classical_rule.CLASSICAL:
		messages.append(_("No learned policy is in use: quantities are those of the best classical rule."))
	proposal_rows.supersede(settings.name)
	proposal_rows.insert(run, settings, policy_name, situation, entries, today)
	emitted, jobs = Emitted(), 0
	if settings.mode != "Shadow" and entries:
		lines = [_order_line(settings, situation, entry, today) for entry in entries]
		if lines_per_part and len(lines) > lines_per_part:
			groups = named(settings, policy_name, run, today, groups_of(settings, lines))
			jobs = parts.divide(run, groups, lines_per_part)
		else:
			emitted = emit(
				settings,
				policy_name,
				run,
				today,
				lines,
				lambda share: progress(20 + 75 * share, _("Writing Material Requests")),
			)
			parts.link(emitted.requests)
			messages += parts.refusals(parts.refused(emitted, lines))
	bought = situation.purchasing
	return Round(
		situation,
		policy_name,
		ordered=[entry.position for entry in entries],
		not_ordered=[
			i for i, proposal in enumerate(proposals) if not proposal.proposed_qty > 0 and i not in moved
		],
		proposals=proposals,
		value=figures.money(
			sum(bought.in_stock_units(i, proposals[i].proposed_qty) * bought.rates[i] for i in at)
		),
		requests=emitted.requests,
		refused=len(emitted.failed),
		parts=jobs,
		messages=messages,
	)


def _look(settings: Document, today: date) -> Situation:
	"""The state, less what waits for demand that buyers announced."""
	situation = read_situation(settings, today)
	announced = feedback.read_set_aside(settings, situation.items, situation.recent, today)
	return replace(situation, state=replace(situation.state, set_aside=announced))


def preview(agent: str) -> dict[str, Any]:
	"""What a run would propose now, most urgent first; writes nothing.

	Where a rule has to be tuned first that takes long, that is begun in the background: until it is done,
	`waiting` says how far it is, and nothing else is known.
	"""
	settings = frappe.get_doc("RL Agent Settings", agent)
	today = getdate()
	# an agent that never proposed has no policy yet
	active = policy_store.active_policy(agent)
	try:
		stored = policy_store.load(active) if active else None
	except PolicyFileError as error:
		frappe.throw(str(error), title=_("Policy Cannot Be Used"))
	if stored and classical_rule.may_be_tuned(stored, settings):
		# as the run will: there may be enough to tune on by now
		stored = None
	if not stored and (waiting := classical_rule.wait_for_first_rule(settings)):
		return {"waiting": waiting}
	situation = _look(settings, today)
	if not situation.scope.keys:
		return {"lines": [], "messages": [_nothing_in_scope()], "considered": 0, "value": 0.0}
	stored = stored or classical_rule.first_rule(settings)
	taught = lessons_by_now(settings, situation, stored, today, keep=False)
	situation, proposals, transfers, messages = _decide(settings, situation, stored, taught, today)
	bought = situation.purchasing
	lines = []
	ordered = ((i, proposals[i]) for i in proposal_rows.by_urgency(situation))
	for i, proposal in (*ordered, *transfers):
		if not proposal.proposed_qty > 0:
			continue
		quantity = bought.in_stock_units(i, proposal.proposed_qty)
		lines.append(
			{
				"item_code": proposal.item_code,
				"item_name": bought.item_names[i],
				"warehouse": proposal.warehouse,
				"from_warehouse": proposal.from_warehouse,
				"supplier": proposal.supplier,
				"proposed_qty": quantity,
				"baseline_qty": bought.in_stock_units(i, proposal.baseline_qty),
				"uom": bought.stock_uoms[i],
				# what is moved costs no money
				"value": figures.money(0 if proposal.from_warehouse else quantity * float(bought.rates[i])),
				"reason": proposal.reason,
			}
		)
	value = figures.money(sum(line["value"] for line in lines))
	return {"lines": lines, "messages": messages, "considered": len(proposals), "value": value}


def _decide(
	settings: Document, situation: Situation, stored: StoredPolicy, taught: feedback.Taught, today: date
) -> tuple[Situation, list[Proposal], list[tuple[int, Proposal]], list[str]]:
	"""What a policy proposes for every item-warehouse now, what is moved there instead of being bought, and
	messages on what was cut or left out."""
	policy = adapted_to(stored, situation.scope.keys).policy
	policy = serving(settings, policy, situation.items, situation.state.demand)
	for learned in (stored.about.get(LEARNED_CONSTRAINTS, ()), taught.constraints):
		situation = situation.with_items(constrained(situation.items, learned))
	under = read_under_terms(settings, situation, today)
	events = events_known_to(stored.about)
	situation = with_order_days(situation, under).with_events(events.effects)
	state, number = situation.state, figures.writer()
	decided = read_decided(settings, situation.scope.keys, situation.stock.projected, today)
	money = figures.money_writer(settings.company)
	asked = propose(policy, state, _, number=number, money=money, lessons=taught.lessons)
	asked = with_targets_told(asked, targets_of(settings), situation.items, state.demand, _, number)
	if situation.expected is not None:
		known = replace(events, events=situation.expected.events)
		horizon = protection_days(state.items, state.review_days)
		asked = with_events_told(asked, known, state.items, state.today, horizon, _, number, _written_day)
	following = Following(policy, taught.lessons.factor(state.items, np.datetime64(today, "D")))
	proposals = decided.bounded(asked, state, following.order_quantities)
	# before the limits, so that what is snoozed takes no other line's place
	proposals, snoozed = without_snoozed(settings.name, today, proposals)
	proposals, on_hold = without_held(today, proposals)
	proposals, cut = within_cover(settings, situation, proposals)
	transfers: list[tuple[int, Proposal]] = []
	rest = situation
	if cint(settings.transfer_before_buying):
		terms = TransferTerms(flt(settings.transfer_cost), cint(settings.transfer_lead_time_days))
		proposals, transfers = _moved(settings, situation, proposals, terms)
		# what is moved somewhere is not bought for it, too
		rest = replace(situation, state=after_transfers(state, transfers, terms))
	budget = read_budget(settings, today)
	proposals, not_bought = as_bought(settings, rest, proposals, under, budget)
	cut += not_bought
	messages = [*notes(situation), *targets_to_come(settings), *snoozed, *on_hold, *cut]
	if not transfers and not any(proposal.proposed_qty > 0 for proposal in proposals):
		messages.append(_("Nothing to order now: what is in stock, requested or ordered already is enough."))
	return situation, proposals, transfers, messages


def _written_day(day: np.datetime64) -> str:
	return str(formatdate(day.astype(object)))


def _moved(
	settings: Document, situation: Situation, proposals: list[Proposal], terms: TransferTerms
) -> tuple[list[Proposal], list[tuple[int, Proposal]]]:
	"""What is still to be bought, and what comes from the agent's other warehouses before that."""
	currency = frappe.get_cached_value("Company", settings.company, "default_currency")
	return before_buying(
		proposals,
		situation.state,
		terms,
		_,
		figures.writer(),
		lambda value: fmt_money(value, currency=currency),
	)


def _nothing_in_scope() -> str:
	return _("No item-warehouse is in the agent's scope; look at its warehouses and items.")


def _order_line(settings: Document, situation: Situation, entry: Entry, today: date) -> OrderLine:
	i, proposal, bought = entry.position, entry.proposal, situation.purchasing
	is_moved = bool(proposal.from_warehouse)
	# what is moved is counted in its own unit
	conversion = 1.0 if is_moved else float(bought.conversion[i]) or 1.0
	proposed = bought.in_stock_units(i, proposal.proposed_qty)
	qty = flt(proposed / conversion, frappe.get_precision("Material Request Item", "qty"))
	if bought.purchase_whole[i] and not is_moved:
		qty = float(np.ceil(qty - 1e-4))
	return OrderLine(
		item_code=proposal.item_code,
		warehouse=proposal.warehouse,
		supplier=proposal.supplier,
		qty=qty,
		uom=bought.stock_uoms[i] if is_moved else bought.purchase_uoms[i],
		stock_uom=bought.stock_uoms[i],
		conversion_factor=conversion,
		schedule_date=proposal_rows.due_on(settings, situation, i, proposal, today),
		proposed_qty=proposed,
		explanation=plain(proposal.reason),
		proposal=entry.name,
		# what is moved costs no money
		value=0.0 if is_moved else figures.money(proposed * float(bought.rates[i])),
		from_warehouse=proposal.from_warehouse,
	)
