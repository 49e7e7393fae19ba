"""What suppliers accept, and what an item table refuses."""

from typing import Any

import numpy as np
import pytest
from core_samples import codes, mixed_items
from hypothesis import given
from hypothesis import strategies as st

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.items import ARRAY_FIELDS, DEFAULTS, ItemKey, ItemTable, feasible_quantity

#: pack sizes that binary fractions hold exactly
PACKS = (0.0, 0.25, 0.5, 1.0, 2.5, 6.0, 12.0, 144.0)


def accepted(wished: float, **values: float) -> float:
	quantity = feasible_quantity(ItemTable.create(["A"], **values), np.array([wished], np.float32))
	return float(quantity[0])


@given(
	wished=st.lists(st.floats(0, 5000, width=32), min_size=1, max_size=5),
	pack=st.sampled_from(PACKS),
	least=st.sampled_from((0.0, 1.0, 5.0, 30.0, 31.5)),
	most=st.sampled_from((np.inf, 0.0, 4.0, 36.0, 1000.0)),
)
def test_feasible_quantities(wished: list[float], pack: float, least: float, most: float) -> None:
	"""Whole packs between the minimum and the largest order, next above the wish; nothing stays nothing."""
	items = ItemTable.create(codes(len(wished)), order_multiple=pack, min_order_qty=least, max_order_qty=most)
	wish = np.array(wished, np.float32)
	quantity = feasible_quantity(items, wish)
	assert quantity.dtype == np.float32
	step = pack or 1.0
	for asked, given_, smallest, largest in zip(
		wish.tolist(),
		quantity.tolist(),
		items.smallest_order.tolist(),
		items.largest_order.tolist(),
		strict=True,
	):
		if asked <= 1e-4 * step:
			assert given_ == 0
			continue
		if largest == 0:
			assert most < max(smallest, step)
			assert given_ == 0
			continue
		assert smallest <= given_ <= largest <= most
		assert given_ >= least
		if pack:
			assert given_ % pack == 0
		# no more than was asked, than the minimum takes, or than rounding adds
		assert given_ <= max(asked + (pack and step), smallest)
		if asked <= largest:
			assert given_ >= asked - 1.001e-4 * step - 1e-6 * asked
	np.testing.assert_array_equal(feasible_quantity(items, quantity), quantity)
	np.testing.assert_array_equal(wish, np.array(wished, np.float32))


@given(st.floats(0, 1000, width=32), st.floats(0, 1000, width=32), st.sampled_from(PACKS))
def test_wishing_more_never_brings_less(first: float, second: float, pack: float) -> None:
	values = {"order_multiple": pack, "min_order_qty": 7.0, "max_order_qty": 600.0}
	low, high = sorted((first, second))
	assert accepted(low, **values) <= accepted(high, **values)


@pytest.mark.parametrize(
	("wished", "values", "expected"),
	[
		(0, {}, 0),
		(2, {}, 2),
		(2.2, {}, 3),
		(2.2, {"order_multiple": 0}, 2.2),
		(13, {"order_multiple": 12}, 24),
		(12, {"order_multiple": 12}, 12),
		(1, {"min_order_qty": 10}, 10),
		(1, {"min_order_qty": 10, "order_multiple": 4}, 12),
		(0, {"min_order_qty": 10}, 0),
		(100, {"max_order_qty": 50}, 50),
		(100, {"max_order_qty": 50, "order_multiple": 12}, 48),
		(100, {"max_order_qty": 5, "min_order_qty": 10}, 0),
		(100, {"max_order_qty": 11, "order_multiple": 12}, 0),
		(100, {"max_order_qty": 0}, 0),
	],
)
def test_examples(wished: float, values: dict[str, float], expected: float) -> None:
	assert accepted(wished, **values) == pytest.approx(expected)


@pytest.mark.parametrize("pack", [1.0, 6.0, 48.0])
def test_float_noise_costs_no_pack(pack: float) -> None:
	"""A hundred-thousandth of a pack is noise: it neither starts an order nor adds a pack to one."""
	assert accepted(pack * 1e-5, order_multiple=pack) == 0
	assert accepted(-pack, order_multiple=pack) == 0
	assert accepted(pack * 3.00001, order_multiple=pack) == 3 * pack
	assert accepted(pack * 3.01, order_multiple=pack) == 4 * pack


def test_the_minimum_may_equal_the_largest_order_in_decimal_packs() -> None:
	"""Packs of 0.3 kg, three at least and three at most: three can be ordered."""
	assert accepted(0.5, order_multiple=0.3, min_order_qty=0.9, max_order_qty=0.9) == pytest.approx(0.9)


@pytest.mark.parametrize("pack", [0.001, 0.1, 0.3, 2.4])
def test_an_accepted_quantity_is_accepted_as_it_is(pack: float) -> None:
	"""Rounding what was rounded adds no pack: a learned quantity passes through it twice."""
	packs = np.arange(1, 5001)
	items = ItemTable.create(codes(len(packs)), order_multiple=pack)
	once = feasible_quantity(items, (packs * pack).astype(np.float32))
	np.testing.assert_array_equal(np.rint(once / pack), packs)
	np.testing.assert_array_equal(feasible_quantity(items, once), once)


def test_defaults() -> None:
	"""Every property that is not given has its default; costs follow from rates and the unit cost."""
	items = ItemTable.create(["A", ItemKey("B", "Stores")], unit_cost=[10, 20])
	assert items.keys == (ItemKey("A", ""), ItemKey("B", "Stores"))
	assert items.suppliers == ("", "")
	assert len(items) == 2
	assert items.holding_cost.tolist() == pytest.approx([10 * 0.25 / 365, 20 * 0.25 / 365])
	assert items.stockout_cost.tolist() == pytest.approx([5, 10])
	for name in set(ARRAY_FIELDS) & set(DEFAULTS) - {"unit_cost"}:
		assert getattr(items, name).tolist() == pytest.approx([DEFAULTS[name]] * 2)
		assert getattr(items, name).dtype == np.float32


def test_costs_by_rate_or_by_amount() -> None:
	items = ItemTable.create(["A"], unit_cost=8, holding_cost_rate=0.5, stockout_cost_rate=2)
	assert items.holding_cost.tolist() == pytest.approx([8 * 0.5 / 365])
	assert items.stockout_cost.tolist() == [16]
	given_ = ItemTable.create(
		["A"], unit_cost=8, holding_cost=3, stockout_cost=7, holding_cost_rate=1, stockout_cost_rate=1
	)
	assert (given_.holding_cost.tolist(), given_.stockout_cost.tolist()) == ([3], [7])


@pytest.mark.parametrize(
	("values", "sentence"),
	[
		(
			{"lead_time_days": -1},
			r"Item B @ Stores: lead_time_days is -1\.0, but must be a number of 0 or more\.",
		),
		({"unit_cost": np.nan}, r"Item B @ Stores: unit_cost is nan, but must be"),
		({"order_cost": np.inf}, r"Item B @ Stores: order_cost is inf, but must be"),
		({"holding_cost": -0.5}, r"Item B @ Stores: holding_cost is -0\.5, but must be"),
		({"order_multiple": -6}, r"Item B @ Stores: order_multiple is -6\.0, but must be"),
		({"max_order_qty": np.nan}, r"Item B @ Stores: max_order_qty is nan, but must be"),
		({"shelf_life_days": -3}, r"Item B @ Stores: shelf_life_days is -3\.0, but must be"),
	],
)
def test_the_message_names_item_and_property(values: dict[str, float], sentence: str) -> None:
	((name, bad),) = values.items()
	with pytest.raises(InputError, match=sentence):
		ItemTable.create(["A", ItemKey("B", "Stores")], **{name: [1, bad]})


@pytest.mark.parametrize("name", ["max_order_qty", "shelf_life_days"])
def test_some_properties_may_be_infinite(name: str) -> None:
	assert np.isinf(getattr(ItemTable.create(["A"], **{name: np.inf}), name)).all()


def test_unknown_properties_are_refused() -> None:
	with pytest.raises(TypeError, match="unknown item properties: colour, lead_tim"):
		ItemTable.create(["A"], lead_tim=3, colour=2)


def test_arrays_must_fit_the_keys() -> None:
	values: dict[str, Any] = {name: getattr(ItemTable.create(["A"]), name) for name in ARRAY_FIELDS}
	with pytest.raises(ValueError, match=r"lead_time_days has shape \(1,\), expected \(2,\)"):
		ItemTable(keys=(ItemKey("A"), ItemKey("B")), **values)


def test_suppliers_must_fit_the_keys() -> None:
	with pytest.raises(ValueError, match="there are 1 suppliers for 2 item-warehouses"):
		ItemTable.create(["A", "B"], suppliers=("Acme",))


def test_parts_of_a_table() -> None:
	items = mixed_items()
	taken, sliced = items.take([3, 0, 3]), items.slice(slice(1, 3))
	assert taken.keys == (items.keys[3], items.keys[0], items.keys[3])
	assert taken.suppliers == ("Lux", "Acme", "Lux")
	assert sliced.keys == items.keys[1:3]
	assert sliced.suppliers == items.suppliers[1:3]
	for name in ARRAY_FIELDS:
		values = getattr(items, name)
		assert getattr(taken, name).tolist() == values[[3, 0, 3]].tolist()
		assert getattr(sliced, name).tolist() == values[1:3].tolist()


def test_a_table_for_other_keys() -> None:
	"""Known items keep their row, unknown ones take the defaults."""
	items = mixed_items()
	keys = [ItemKey("NEW"), items.keys[4]]
	other = items.reindexed(keys, np.array([-1, 4]))
	new = ItemTable.create(["NEW"])
	assert other.keys == tuple(keys)
	assert other.suppliers == ("", "Lux")
	for name in ARRAY_FIELDS:
		assert getattr(other, name).tolist() == [*getattr(new, name).tolist(), getattr(items, name)[4]]


def test_lead_times_travel_in_whole_days() -> None:
	items = ItemTable.create(codes(3), lead_time_days=[2.4, 2.6, 0.2])
	assert items.whole_lead_time_days.tolist() == [2, 3, 0]


def test_keys_read_well() -> None:
	assert str(ItemKey("A-1")) == "A-1"
	assert str(ItemKey("A-1", "Stores")) == "A-1 @ Stores"
