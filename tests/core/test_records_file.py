"""What a site has written down travels to another machine and comes out the same."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.imputation import Unseen
from rl_replenishment.core.demand.known_events.event import Event
from rl_replenishment.core.edits.answers import Answers
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import ARRAY_FIELDS, ItemKey, ItemTable
from rl_replenishment.core.training.of_records import Ask, Records, prepare
from rl_replenishment.core.training.records_file import pack_records, unpack_records

ASK = Ask("Continual", "Pathwise", None, 2000, 3)
KEYS = (ItemKey("Tea", "Stores"), ItemKey("Käse", "Stores"), ItemKey("Tea", "Shop"))


def records() -> Records:
	rng = np.random.default_rng(0)
	days = 200
	demand = rng.poisson(3, (days, len(KEYS))).astype(np.float32)
	out = np.zeros((days, len(KEYS)), bool)
	out[100:110, 1] = True
	demand[100:110, 1] = 0
	demand[50, 0] = 500
	rows = FeedbackRows(
		keys=(KEYS[0], KEYS[1], ItemKey("Gone", "Stores")),
		proposed_qty=np.array([10.0, 4.0, 7.0]),
		ordered_qty=np.array([12.0, 4.0, 0.0]),
		date=np.array(["2025-06-01", "2025-06-08", "2025-06-15"], "datetime64[D]"),
		on_hand=np.array([3.0, np.nan, 1.0]),
		on_order=np.array([0.0, np.nan, 0.0]),
		reason=("Budget", "", ""),
		buyer=("a@example.com", "", "b@example.com"),
	)
	return Records(
		items=ItemTable.create(KEYS, ["A", "", "B"], ["Food", "Food", ""], lead_time_days=[3, 5, 7]),
		booked=DemandHistory(
			KEYS,
			np.datetime64("2025-01-01"),
			demand,
			events=(
				Event("Sale", np.datetime64("2025-03-03"), np.datetime64("2025-03-09"), ("Tea",), (), 20.0),
			),
		),
		unseen=Unseen(out, np.zeros_like(out), np.array([0, 0, 30])),
		real=((KEYS[0], np.datetime64("2025-02-20")),),
		answers=Answers(
			rows, ["F1", "F2", "F3"], np.array([True, False, True]), np.array([np.nan, 2.5, 0.0])
		),
		followed=np.array([1.0, 1.24, 0.8], np.float32),
		changed_on={"F1": "2025-07-01 10:00:00.000001", "F3": "2025-07-02 10:00:00"},
		rival=None,
		review_days=7,
		unmet_demand="lost",
		holdout_days=60,
		feedback_weight=1.0,
	)


def test_records_travel_unchanged() -> None:
	sent = records()
	got, ask = unpack_records(pack_records(sent, ASK), "the file")
	assert ask == ASK
	assert (got.items.keys, got.items.suppliers, got.items.groups) == (
		sent.items.keys,
		sent.items.suppliers,
		sent.items.groups,
	)
	for name in ARRAY_FIELDS:
		np.testing.assert_array_equal(getattr(got.items, name), getattr(sent.items, name))
	np.testing.assert_array_equal(got.booked.demand, sent.booked.demand)
	assert got.booked.start == sent.booked.start
	assert got.booked.events == sent.booked.events
	np.testing.assert_array_equal(got.followed, sent.followed)
	for name in ("out_of_stock", "sold_out", "introduced"):
		np.testing.assert_array_equal(getattr(got.unseen, name), getattr(sent.unseen, name))
	for name in ("proposed_qty", "ordered_qty", "date", "on_hand", "on_order", "keys", "reason", "buyer"):
		np.testing.assert_array_equal(getattr(got.answers.rows, name), getattr(sent.answers.rows, name))
	np.testing.assert_array_equal(got.answers.values, sent.answers.values)
	assert (got.real, got.changed_on, got.answers.new_names) == (sent.real, sent.changed_on, ["F1", "F3"])


def test_what_is_learned_from_is_the_same_on_both_sides() -> None:
	"""Gaps filled, real bookings kept, answers on items that are gone left out."""
	sent = records()
	here = prepare(sent, ASK)
	there = prepare(*unpack_records(pack_records(sent, ASK), "the file"))
	np.testing.assert_array_equal(here.history.demand, there.history.demand)
	assert (here.history.demand[100:110, 1] > 0).any()
	assert here.history.demand[50, 0] == 500
	np.testing.assert_array_equal(here.evidence, there.evidence)
	assert (here.held, here.rows_read, len(here.rows)) == (50, there.rows_read, 1)
	assert set(here.rows_read) == {"F1", "F3"}


def test_a_damaged_file_is_told_in_one_sentence() -> None:
	data = pack_records(records(), ASK)
	for broken in (b"", b"<html>", data[:-200], data[:200]):
		with pytest.raises(InputError, match=r"^the file .*\.$"):
			unpack_records(broken, "the file")


def test_a_file_of_another_version_is_refused() -> None:
	data = pack_records(records(), ASK)
	changed = io.BytesIO()
	with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(changed, "w") as target:
		for name in source.namelist():
			text = source.read(name)
			target.writestr(name, text.replace(b'"format_version": 1', b'"format_version": 99'))
	with pytest.raises(InputError, match="different versions"):
		unpack_records(changed.getvalue(), "the file")
