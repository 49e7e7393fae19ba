"""What an agent's buyers taught: fitted from their settled decisions, kept, listed and switched off.

All that serving needs is kept with the agent, as JSON. Each lesson is an RL Lesson besides, for people to
read, to switch off, and to have forgotten.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import frappe
import numpy as np
from frappe import _
from frappe.model.document import Document
from frappe.query_builder.functions import Max
from frappe.utils import cint, flt, get_datetime, now_datetime

from rl_replenishment.bridge import figures
from rl_replenishment.bridge.feedback.learning import answers_of, is_bought
from rl_replenishment.bridge.guarding import plain
from rl_replenishment.bridge.language import in_the_sites_language
from rl_replenishment.bridge.queries import Keys
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.edits.constraints import learn_constraints
from rl_replenishment.core.errors import PolicyFileError
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.lessons.fitting import fit_lessons
from rl_replenishment.core.lessons.following import affordable, last_quarter
from rl_replenishment.core.lessons.lessons import Lesson, Lessons, lessons_from
from rl_replenishment.core.lessons.wording import lesson_words, subject, summary
from rl_replenishment.core.policies.residual_network import ResidualNetwork

#: by kind, the field of RL Lesson that names what it is about
_NAMED = {"warehouse": "warehouse", "supplier": "supplier", "group": "item_group", "item": "item_code"}
_LABELS = {
	"agent": "All Items",
	"warehouse": "Warehouse",
	"supplier": "Supplier",
	"group": "Item Group",
	"season": "Season",
	"item": "Item",
}


@dataclass(frozen=True, eq=False)
class Taught:
	"""What is known of an agent's buyers."""

	#: those that somebody switched off among them
	lessons: Lessons
	#: packs and minimum orders, see `core.edits.constraints.constrained`
	constraints: Sequence[dict[str, Any]] = ()


def read_lessons(settings: Document) -> Taught:
	"""What was fitted last, without what has been switched off since."""
	stored = json.loads(frappe.db.get_value("RL Agent Settings", settings.name, "lessons") or "{}")
	if not stored:
		return Taught(Lessons())
	try:
		lessons = lessons_from(stored)
	except PolicyFileError:
		# of another version: the next fit writes it anew
		return Taught(Lessons())
	rows = _rows(settings.name)
	off = [each.key for each in lessons.lessons if not cint(_row(rows, settings.name, each).enabled)]
	return Taught(lessons.without(off), stored.get("constraints", ()))


def is_due(settings: Document) -> bool:
	"""Whether a decision has settled, or somebody has changed a lesson, since the last fit."""
	fitted = frappe.db.get_value("RL Agent Settings", settings.name, "lessons_on")
	latest = []
	for doctype, condition in (("RL Feedback", "settled"), ("RL Lesson", None)):
		row = frappe.qb.DocType(doctype)
		query = frappe.qb.from_(row).select(Max(row.modified)).where(row.agent == settings.name)
		latest += [day for (day,) in (query.where(row[condition] == 1) if condition else query).run() if day]
	return bool(latest) and (not fitted or max(map(get_datetime, latest)) > get_datetime(fitted))


def fit(
	settings: Document, items: ItemTable, history: DemandHistory, policy: ResidualNetwork, today: date
) -> Taught:
	"""Fit to all settled decisions on the agent's items, followed as far as they may cost; writes nothing.

	`history` is that of the items; on its last quarter the `policy` is simulated with and without lessons.
	"""
	found = _answers(settings.name)
	answers = answers_of(found)
	at = Keys(items.keys)
	place = np.array([at.position(*key) for key in answers.rows.keys], dtype=np.intp)
	known = np.flatnonzero(place >= 0)
	answers, index, day = answers.take(known), place[known], np.datetime64(today, "D")
	constraints = learn_constraints(items, answers.rows, index)
	rows = _rows(settings.name)
	lessons = fit_lessons(
		items,
		answers.rows,
		index,
		day,
		values=answers.values,
		restored=constraints.restored,
		suppliers=[found[at].supplier or "" for at in known],
		trust=flt(settings.trust) / 100,
		forgotten={
			row.lesson_key: np.datetime64(row.forget_until, "D") for row in rows.values() if row.forget_until
		},
	)
	lessons = lessons.without([row.lesson_key for row in rows.values() if not cint(row.enabled)])
	unmet, rng = settings.unmet_demand.lower(), np.random.default_rng(0)
	scenario = last_quarter(items, history, settings.review_days, unmet, rng)
	lessons = affordable(lessons, policy, scenario, day).about(items, day)
	return Taught(lessons, constraints.as_json(items))


@in_the_sites_language()
def write(settings: Document, taught: Taught) -> None:
	"""Keep what was fitted; does not commit."""
	stored = {**taught.lessons.as_json(), "constraints": list(taught.constraints)}
	now = now_datetime()
	values = {"lessons": json.dumps(stored), "lessons_on": now}
	frappe.db.set_value("RL Agent Settings", settings.name, values, update_modified=False)
	known = _rows(settings.name)
	new, changed = [], {}
	for lesson in taught.lessons.lessons:
		name = _name(settings.name, lesson)
		row = _as_row(settings, lesson)
		if name in known:
			changed[name] = row
		else:
			new.append({"name": name, "enabled": 1, **_stamp(settings, now), **row})
	gone = known.keys() - {_name(settings.name, lesson) for lesson in taught.lessons.lessons}
	# what somebody decided about a lesson outlasts it
	forgotten = [name for name in gone if cint(known[name].enabled) and not known[name].forget_until]
	if forgotten:
		frappe.db.delete("RL Lesson", {"name": ("in", forgotten)})
	nothing = {"change_percent": 0, "followed": 0, "explanation": _nothing()}
	changed.update({name: nothing for name in gone if name not in forgotten})
	for name, row in changed.items():
		frappe.db.set_value("RL Lesson", name, row, update_modified=False)
	if new:
		frappe.db.bulk_insert("RL Lesson", list(new[0]), [list(row.values()) for row in new])


@in_the_sites_language()
def words_of(agent: str, key: str, is_on: bool) -> str:
	"""A lesson in words, as it was fitted last, with the switch as it is now."""
	stored = json.loads(frappe.db.get_value("RL Agent Settings", agent, "lessons") or "{}")
	try:
		found = [each for each in lessons_from(stored).lessons if each.key == key]
	except PolicyFileError:
		found = []
	if not found:
		return _nothing()
	company = frappe.db.get_value("RL Agent Settings", agent, "company")
	return plain(lesson_words(replace(found[0], is_on=is_on), _, figures.money_writer(company)))


def _nothing() -> str:
	return _("There is nothing to learn from at present.")


def summary_of(settings: Document) -> str:
	"""What proposals follow, in one sentence; "" where there is nothing."""
	return summary(read_lessons(settings).lessons.lessons, _)


def _answers(agent: str) -> list[Any]:
	"""The settled decisions, each as it was corrected last."""
	row, later = frappe.qb.DocType("RL Feedback"), frappe.qb.DocType("RL Feedback").as_("later")
	return (
		frappe.qb.from_(row)
		.left_join(later)
		.on(later.correction_of == row.name)
		.select(
			*(row.name, row.item_code, row.warehouse, row.proposed_qty, row.ordered_qty, row.consumed),
			*(row.decision_date, row.on_hand, row.on_order, row.edit_reason, row.proposal, row.buyer),
			*(row.edit_value, row.edit_value_on, row.policy_qty, row.supplier),
		)
		.where((row.agent == agent) & (row.settled == 1) & row.proposal.isnotnull() & later.name.isnull())
		.where(is_bought(row))
		.orderby(row.decision_date, row.name)
		.run(as_dict=True)
	)


def _rows(agent: str) -> dict[str, Any]:
	"""What people decided about the agent's lessons, by name."""
	row = frappe.qb.DocType("RL Lesson")
	found = (
		frappe.qb.from_(row)
		.select(row.name, row.lesson_key, row.enabled, row.forget_until)
		.where(row.agent == agent)
		.run(as_dict=True)
	)
	return {each.name: each for each in found}


def _row(rows: dict[str, Any], agent: str, lesson: Lesson) -> Any:
	return rows.get(_name(agent, lesson)) or frappe._dict(enabled=1)


def _name(agent: str, lesson: Lesson) -> str:
	"""The same for the same lesson of the same agent, whenever it is fitted."""
	return hashlib.sha256(f"{agent}\n{lesson.key}".encode()).hexdigest()[:20]


def _stamp(settings: Document, now: datetime) -> dict[str, Any]:
	user = frappe.session.user
	return {
		"creation": now,
		"modified": now,
		"owner": user,
		"modified_by": user,
		"agent": settings.name,
		"company": settings.company,
	}


def _as_row(settings: Document, lesson: Lesson) -> dict[str, Any]:
	named = dict.fromkeys(("warehouse", "supplier", "item_group", "item_code"))
	field = _NAMED.get("group" if lesson.kind == "season" else lesson.kind)
	if field:
		named[field] = lesson.name
	if lesson.kind == "item":
		named["warehouse"] = lesson.warehouse
	return {
		**named,
		"lesson_key": lesson.key,
		"kind": _LABELS[lesson.kind],
		"title": plain(subject(lesson, _))[:140],
		"change_percent": round(100 * float(np.expm1(lesson.effect)), 1),
		"followed": round(100 * lesson.share, 0),
		"raised": lesson.raised,
		"cut": lesson.cut,
		"kept": lesson.kept,
		"value": figures.money(lesson.value, "value", "RL Lesson"),
		"judged": lesson.judged,
		"last_on": lesson.last or None,
		"explanation": plain(lesson_words(lesson, _, figures.money_writer(settings.company))),
	}
