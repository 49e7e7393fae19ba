"""What an agent's buyers taught: fitted from their settled decisions, kept, listed and switched off.

All that serving needs is kept with the agent, as JSON. Each lesson is an RL Lesson besides, for people to
read, to switch off, and to have forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from rl_replenishment.core.lessons.lessons import Kind, Lesson, Lessons, is_off, lesson_key, lessons_from
from rl_replenishment.core.lessons.wording import lesson_words, summary, title
from rl_replenishment.core.policies.residual_network import ResidualNetwork

#: by kind, the field of RL Lesson that names what it is about
_NAMED: Mapping[Kind, str] = {
	"warehouse": "warehouse",
	"supplier": "supplier",
	"group": "item_group",
	"season": "item_group",
	"item": "item_code",
}
_LABELS: Mapping[Kind, str] = {
	"agent": "All Items",
	"warehouse": "Warehouse",
	"supplier": "Supplier",
	"group": "Item Group",
	"season": "Season",
	"item": "Item",
}


@dataclass
class _Row:
	"""What people decided about a lesson."""

	name: str
	is_on: bool
	#: the day until which nothing counts, None for none
	forget_until: date | None
	#: other rows of the same lesson, as there are where items or groups were merged
	doubles: list[str] = field(default_factory=list, compare=False)


@dataclass(frozen=True, eq=False)
class Taught:
	"""What is known of an agent's buyers."""

	#: those that somebody switched off among them
	lessons: Lessons
	#: packs and minimum orders, see `core.edits.constraints.constrained`
	constraints: Sequence[dict[str, Any]] = ()
	#: what people had decided about lessons when these were fitted, by key
	decided: Mapping[str, _Row] | None = None
	#: when the latest of what they were fitted to was written, None for nothing
	until: datetime | None = None


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
	return Taught(lessons.without(_off(_rows(settings.name))), stored.get("constraints", ()))


def is_due(settings: Document) -> bool:
	"""Whether a decision has settled, or somebody has changed a lesson, since the last fit."""
	fitted = frappe.db.get_value("RL Agent Settings", settings.name, "lessons_on")
	latest = latest_of(settings.name)
	return latest is not None and (not fitted or latest > get_datetime(fitted))


def latest_of(agent: str) -> datetime | None:
	"""When the latest settled decision, or the latest change of a lesson, was written; None for neither."""
	found = []
	for doctype, condition in (("RL Feedback", "settled"), ("RL Lesson", None)):
		row = frappe.qb.DocType(doctype)
		query = frappe.qb.from_(row).select(Max(row.modified)).where(row.agent == agent)
		found += [day for (day,) in (query.where(row[condition] == 1) if condition else query).run() if day]
	return max(map(get_datetime, found), default=None)


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
			key: np.datetime64(row.forget_until, "D") for key, row in rows.items() if row.forget_until
		},
	)
	lessons = lessons.without(_off(rows))
	unmet, rng = settings.unmet_demand.lower(), np.random.default_rng(0)
	scenario = last_quarter(items, history, settings.review_days, unmet, rng)
	lessons = affordable(lessons, policy, scenario, day).about(items, day)
	return Taught(lessons, constraints.as_json(items), rows, latest_of(settings.name))


@in_the_sites_language()
def write(settings: Document, taught: Taught) -> None:
	"""Keep what was fitted; does not commit.

	What somebody decided about a lesson meanwhile stays as it was told then: the next fit is due, and takes
	it in.
	"""
	stored = {**taught.lessons.as_json(), "constraints": list(taught.constraints)}
	values = {"lessons": json.dumps(stored), "lessons_on": taught.until}
	frappe.db.set_value("RL Agent Settings", settings.name, values, update_modified=False)
	known = _rows(settings.name, to_write=True)
	lessons = {lesson.key: lesson for lesson in taught.lessons.lessons}
	stamp = _stamp(settings, taught.until or now_datetime())
	new = [
		{"name": frappe.generate_hash(length=10), "enabled": 1, **stamp, **_as_row(settings, lesson)}
		for key, lesson in lessons.items()
		if key not in known
	]
	gone = []
	for key, row in known.items():
		if row != (taught.decided or {}).get(key):
			continue
		gone += row.doubles
		# what somebody decided about a lesson outlasts it
		if key not in lessons and row.is_on and not row.forget_until:
			gone.append(row.name)
			continue
		values = _as_row(settings, lessons[key]) if key in lessons else _as_nothing()
		if row.doubles:
			values |= {"enabled": cint(row.is_on), "forget_until": row.forget_until}
		frappe.db.set_value("RL Lesson", row.name, values, update_modified=False)
	if gone:
		frappe.db.delete("RL Lesson", {"name": ("in", gone)})
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
	off = [each for each in _off(_rows(agent)) if each != key]
	lesson = replace(found[0], is_on=is_on and not is_off(found[0], off))
	company = frappe.db.get_value("RL Agent Settings", agent, "company")
	return plain(lesson_words(lesson, _, figures.money_writer(company)))


def tell_seasons(agent: str, item_group: str) -> None:
	"""Write the words of a group's seasons again, which are switched with it."""
	of_group = {"agent": agent, "kind": _LABELS["season"], "item_group": item_group}
	# what is to be learned anew says so
	seasons = {**of_group, "forget_until": ("is", "not set")}
	fields = ["name", "lesson_key", "enabled"]
	for name, key, is_on in frappe.get_all("RL Lesson", seasons, fields, as_list=True):
		words = words_of(agent, key, bool(is_on))
		frappe.db.set_value("RL Lesson", name, "explanation", words, update_modified=False)


def _as_nothing() -> dict[str, Any]:
	return {"change_percent": 0, "followed": 0, "explanation": _nothing()}


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


def _rows(agent: str, *, to_write: bool = False) -> dict[str, _Row]:
	"""What people decided about the agent's lessons, by key.

	With `to_write` as it is committed by now, and nobody else decides before the transaction ends.
	"""
	row = frappe.qb.DocType("RL Lesson")
	query = (
		frappe.qb.from_(row)
		.select(row.name, row.lesson_key, row.kind, row.enabled, row.forget_until)
		.select(*(row[name] for name in dict.fromkeys(_NAMED.values())))
		.where(row.agent == agent)
		.orderby(row.name)
	)
	found: dict[str, _Row] = {}
	for each in (query.for_update() if to_write else query).run(as_dict=True):
		own = _Row(each.name, bool(each.enabled), each.forget_until)
		first = found.setdefault(_key(each), own)
		if first is not own:
			first.doubles.append(own.name)
			first.is_on &= own.is_on
			days = [day for day in (first.forget_until, own.forget_until) if day]
			first.forget_until = max(days, default=None)
	return found


def _off(rows: Mapping[str, _Row]) -> list[str]:
	"""Keys of the lessons that somebody switched off."""
	return [key for key, row in rows.items() if not row.is_on]


def _key(row: Any) -> str:
	"""The key of an RL Lesson by what it names today: what was renamed since keeps its switch."""
	kind = next(kind for kind, label in _LABELS.items() if label == row.kind)
	# the month has no field of its own
	month = cint((row.lesson_key or "").rpartition("\n")[2])
	warehouse = row.warehouse if kind == "item" else ""
	return lesson_key(kind, row.get(_NAMED.get(kind, "")) or "", warehouse or "", month)


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
	named = dict.fromkeys(_NAMED.values())
	if lesson.kind in _NAMED:
		named[_NAMED[lesson.kind]] = lesson.name
	if lesson.kind == "item":
		named["warehouse"] = lesson.warehouse
	return {
		**named,
		"lesson_key": lesson.key,
		"kind": _LABELS[lesson.kind],
		"title": plain(title(lesson, _))[:140],
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
