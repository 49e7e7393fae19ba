"""The weekly e-mail to managers: what waits, what buyers made of the week's proposals, and what is wrong."""

from __future__ import annotations

from datetime import date
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.query_builder import Case
from frappe.query_builder.functions import Count, Sum
from frappe.utils import add_days, cint, flt, fmt_money

from rl_replenishment.bridge.desk.overview import overview
from rl_replenishment.bridge.desk.reporting import awaiting_approval, decided
from rl_replenishment.bridge.each_agent import for_each_agent
from rl_replenishment.bridge.feedback import summary_of
from rl_replenishment.bridge.language import in_the_sites_language
from rl_replenishment.bridge.notifying import readers
from rl_replenishment.setup.roles import MANAGER

_DAYS = 7


@in_the_sites_language()
def send_digests(today: date) -> None:
	"""For each agent that wants it; one that fails stops no other."""
	for_each_agent(
		lambda agent: _send(frappe.get_doc("RL Agent Settings", agent), today),
		"the weekly e-mail was not sent",
		enabled=1,
		weekly_digest=1,
	)


def _send(settings: Document, today: date) -> None:
	if recipients := readers(settings, MANAGER):
		frappe.sendmail(
			recipients=recipients,
			subject=_("Agent {0}: the week in purchasing").format(settings.name),
			template="rl_digest",
			args={"settings": settings, **week_of(settings, today)},
			reference_doctype=settings.doctype,
			reference_name=settings.name,
		)


def week_of(settings: Document, today: date) -> dict[str, Any]:
	"""`facts`, pairs of label and text, and `problems`, of the days before today."""
	currency = frappe.get_cached_value("Company", settings.company, "default_currency")
	row = frappe.qb.DocType("RL Feedback")
	drafted, proposal, total = awaiting_approval()
	waiting, worth = drafted.select(Count("*"), total).where(proposal.agent == settings.name).run()[0]
	since = add_days(today, -_DAYS)
	lines, kept = (
		frappe.qb.from_(row)
		.select(Count("*"), Sum(Case().when(row.reward >= 1, 1).else_(0)))
		.where((row.agent == settings.name) & (row.decision_date >= since) & decided(row))
		.run()[0]
	)
	(value,) = (
		frappe.qb.from_(row)
		.select(Sum(row.edit_value))
		.where((row.agent == settings.name) & (row.edit_value_on >= since) & decided(row))
		.run()[0]
	)
	now = overview(settings)
	facts = [
		(
			_("Waiting for Approval"),
			_("Lines: {0}, worth {1}").format(waiting, fmt_money(flt(worth), currency=currency)),
		),
		(_("Decided This Week"), _("Lines: {0}, of them kept: {1}").format(lines, cint(kept))),
		(_("What Changes Turned Out to Be Worth"), fmt_money(flt(value), currency=currency)),
	]
	if learned := summary_of(settings):
		facts.append((_("What Buyers Taught It"), learned))
	if now["policy"]:
		facts.append((_("Policy in Use"), now["policy"].summary or now["policy"].name))
	if now["next_run"]:
		facts.append((_("Next Run"), frappe.utils.formatdate(now["next_run"])))
	return {"facts": facts, "problems": now["problems"]}
