"""The sample company: reproducible, plausible, and the same in files."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from rl_replenishment.core.demand.history import from_events
from rl_replenishment.core.items import ARRAY_FIELDS, ItemKey, ItemTable, feasible_quantity
from rl_replenishment.core.sample.catalogue import CATALOGUE, SUPPLIERS, WINTER_GOODS
from rl_replenishment.core.sample.company import TODAY, SampleCompany, sample_company
from rl_replenishment.core.sample.csv_files import write_files


@pytest.fixture(scope="module")
def company() -> SampleCompany:
	return sample_company(np.random.default_rng(0))


def test_the_mix(company: SampleCompany) -> None:
	assert Counter(company.patterns) == {
		"smooth": 24,
		"seasonal": 14,
		"intermittent": 14,
		"lumpy": 10,
		"trending": 8,
		"erratic": 6,
		"new": 4,
	}
	assert len(company.items) == 80
	assert len(set(company.item_names)) == 80
	assert set(company.suppliers) == set(SUPPLIERS)
	assert company.items.suppliers == tuple(supplier.name for supplier in company.suppliers)
	assert {1, 6, 12, 24} <= set(company.items.order_multiple.tolist())
	assert 0.2 < (company.items.min_order_qty > 0).mean() < 0.8
	assert (company.items.stockout_cost < company.items.unit_cost).all()


def test_the_catalogue_fits_together() -> None:
	products = [product for products in CATALOGUE.values() for product in products]
	assert {product.supplier for product in products} == set(SUPPLIERS)
	assert {product.name for product in products} >= WINTER_GOODS
	assert [product.name for product in products if product.pallet % product.pack] == []


def test_same_seed_same_company(company: SampleCompany) -> None:
	again = sample_company(np.random.default_rng(0))
	other = sample_company(np.random.default_rng(1))
	for name in ARRAY_FIELDS:
		np.testing.assert_array_equal(getattr(again.items, name), getattr(company.items, name))
	for name in ("holding_cost_rate", "pallet_qty", "on_hand", "arrivals"):
		np.testing.assert_array_equal(getattr(again, name), getattr(company, name))
	np.testing.assert_array_equal(again.history.demand, company.history.demand)
	np.testing.assert_array_equal(again.future.demand, company.future.demand)
	assert again.promotions == company.promotions
	assert again.open_orders == company.open_orders
	assert (other.history.demand != company.history.demand).any()


def test_no_other_randomness() -> None:
	"""The generator passed in is the only source: its state tells the next company."""
	rng = np.random.default_rng(0)
	first, second = sample_company(rng, items=8), sample_company(rng, items=8)
	assert (first.history.demand != second.history.demand).any()


def test_history_and_future_meet_today(company: SampleCompany) -> None:
	assert company.today == company.history.end == company.future.start == TODAY
	assert company.history.days == 730
	assert company.future.days == 60
	assert company.history.keys == company.future.keys == company.items.keys
	for history in (company.history, company.future):
		assert (history.demand >= 0).all()
		np.testing.assert_array_equal(history.demand, np.rint(history.demand))


def test_promotions_are_planned_with_notice() -> None:
	for seed in range(5):
		company = sample_company(np.random.default_rng(seed))
		items = company.items
		assert len({promotion.item for promotion in company.promotions}) == len(company.promotions) == 5
		for promotion in company.promotions:
			assert promotion.item_code == items.keys[promotion.item].item_code
			assert promotion.start == company.today + np.timedelta64(promotion.first_day, "D")
			assert np.is_busday(promotion.start, weekmask="Mon")
			notice = items.lead_time_days[promotion.item] + items.lead_time_std_days[promotion.item]
			assert notice <= promotion.first_day <= company.future.days - promotion.days
			assert promotion.days in (7, 10, 14)
			assert 1.8 <= promotion.uplift <= 3.0


def test_promotions_show_in_the_future_only() -> None:
	"""Demand over that of the last four weeks: raised in the promotion, as usual before and a year ago."""
	during, before, year_ago = [], [], []
	for seed in range(8):
		company = sample_company(np.random.default_rng(seed))
		for promotion in company.promotions:
			# whole weeks, so that weekdays balance
			first, last = promotion.first_day, promotion.first_day + 7
			past = company.history.demand[:, promotion.item]
			future = company.future.demand[:, promotion.item]
			during.append(future[first:last].mean() / past[-28:].mean() / promotion.uplift)
			before.append(future[:first].mean() / past[-28:].mean())
			then = company.history.days - 364 + first
			year_ago.append(past[then : then + 7].mean() / past[then - first - 28 : then - first].mean())
	assert np.mean(during) == pytest.approx(1, abs=0.15)
	assert np.mean(before) == pytest.approx(1, abs=0.15)
	assert np.mean(year_ago) == pytest.approx(1, abs=0.15)


def test_no_promotion_where_the_future_is_too_short_for_one() -> None:
	company = sample_company(np.random.default_rng(0), future_days=7)
	assert company.promotions == ()
	assert company.future.days == 7


def test_stock_is_plausible(company: SampleCompany) -> None:
	"""A few items are low with nothing on the way; open orders are such as suppliers accept."""
	rate = company.history.demand[-91:].mean(axis=0)
	cover = company.on_hand / np.maximum(rate * company.items.whole_lead_time_days, 1e-9)
	assert 3 <= (cover < 0.5).sum() <= 12
	assert (company.on_hand >= 0).all()
	low_and_nothing_due = (cover < 0.5) & (company.arrivals.sum(axis=0) == 0)
	assert low_and_nothing_due.sum() >= 3
	assert 15 <= len(company.open_orders) <= 45
	for order in company.open_orders:
		assert 1 <= order.due_in_days <= company.items.whole_lead_time_days[order.item]
		assert order.expected_date == company.today + np.timedelta64(order.due_in_days, "D")
		placed = np.zeros(len(company.items), np.float32)
		placed[order.item] = order.quantity
		np.testing.assert_array_equal(feasible_quantity(company.items, placed), placed)
	assert company.arrivals.sum() == sum(order.quantity for order in company.open_orders)


@pytest.mark.parametrize("items", [1, 5, 200])
def test_any_number_of_items(items: int) -> None:
	company = sample_company(np.random.default_rng(0), items=items, days=100)
	assert len(company.items) == len(set(company.items.keys)) == len(set(company.item_names)) == items
	assert company.history.demand.shape == (100, items)


def test_fewer_items_keep_the_mix(company: SampleCompany) -> None:
	half = Counter(sample_company(np.random.default_rng(0), items=40, days=100).patterns)
	whole = Counter(company.patterns)
	assert all(abs(half[pattern] - whole[pattern] / 2) <= 2 for pattern in whole)


def read(path: Path) -> list[dict[str, str]]:
	with path.open(encoding="utf-8", newline="") as file:
		return list(csv.DictReader(file))


def test_files_hold_the_same_history(company: SampleCompany, tmp_path: Path) -> None:
	orders, _, _ = write_files(company, tmp_path / "new folder")
	rows = read(orders)
	column = {key.item_code: item for item, key in enumerate(company.items.keys)}
	history, unexplained = from_events(
		company.items.keys,
		np.array([column[row["item_code"]] for row in rows]),
		np.array([row["date"] for row in rows], dtype="datetime64[D]"),
		np.array([float(row["qty"]) for row in rows]),
		start=company.history.start,
		end=company.history.end,
	)
	assert unexplained == 0
	np.testing.assert_array_equal(history.demand, company.history.demand)
	# a promotion is the buyer's secret
	assert max(row["date"] for row in rows) < str(company.today)


def test_files_hold_the_same_items(company: SampleCompany, tmp_path: Path) -> None:
	_, items, _ = write_files(company, tmp_path)
	rows = read(items)
	numbers = {
		name: [float(row[name]) for row in rows]
		for name in rows[0]
		if name not in ("item_code", "item_name", "item_group", "supplier")
	}
	table = ItemTable.create(
		[ItemKey(row["item_code"]) for row in rows], [row["supplier"] for row in rows], **numbers
	)
	assert table.keys == company.items.keys
	assert table.suppliers == company.items.suppliers
	for name in ARRAY_FIELDS:
		np.testing.assert_array_equal(getattr(table, name), getattr(company.items, name), err_msg=name)
	assert [row["item_name"] for row in rows] == list(company.item_names)


@pytest.mark.parametrize("seed", range(3))
def test_files_hold_the_same_stock(seed: int, tmp_path: Path) -> None:
	company = sample_company(np.random.default_rng(seed))
	_, _, stock = write_files(company, tmp_path)
	rows = read(stock)
	# some goods from overseas are on the way twice
	assert len(rows) > len(company.items)
	on_hand = {row["item_code"]: float(row["on_hand"]) for row in rows}
	assert list(on_hand) == [key.item_code for key in company.items.keys]
	assert list(on_hand.values()) == company.on_hand.tolist()
	due = [
		(row["item_code"], float(row["on_order"]), row["expected_date"])
		for row in rows
		if row["expected_date"]
	]
	assert due == [
		(order.item_code, order.quantity, str(order.expected_date)) for order in company.open_orders
	]
	assert all(row["on_order"] == "0" for row in rows if not row["expected_date"])


def test_files_are_the_same_each_time(company: SampleCompany, tmp_path: Path) -> None:
	first = [path.read_bytes() for path in write_files(company, tmp_path / "one")]
	again = sample_company(np.random.default_rng(0))
	assert [path.read_bytes() for path in write_files(again, tmp_path / "two")] == first
	assert all(b"\r" not in content for content in first)
