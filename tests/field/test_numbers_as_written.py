"""Numbers in proposals are those that people write."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from field_samples import bolt_policy, bolt_state, names, proposal
from hypothesis import given
from hypothesis import strategies as st

from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.written import as_written, quantity_words, written_quantities


@given(st.decimals(-99_999, 99_999, places=2))
def test_single_precision_leaves_no_trace(value) -> None:
	assert as_written(np.float32(value)).tolist() == float(value)


@pytest.mark.parametrize(
	("value", "expected"),
	[
		(np.float32(704.8), 704.8),
		(np.float32(33.33), 33.33),
		(np.float32(10_849_860), 10_849_860.0),
		(np.float32(16_777_216), 16_777_216.0),
		(np.float32(0.001), 0.001),
		(np.float32(1e-7), 1e-7),
		(0.0, 0.0),
		(np.inf, np.inf),
	],
)
def test_examples(value: float, expected: float) -> None:
	assert as_written(value).tolist() == expected


@pytest.mark.parametrize(
	("pack", "quantity", "expected"),
	[
		(1, 369.0000001, 369),
		(0.3, np.float32(0.3) * np.float32(7), 2.1),
		(33.33, np.float32(33.33) * np.float32(3), 99.99),
		(0, 12.345678, 12.346),
		(0, 0.000456789, 0.000457),
		(0, 1234567.891, 1234568),
		# a largest order is no whole number of packs
		(12, 47.5, 47.5),
	],
)
def test_quantities_for_documents(pack: float, quantity: float, expected: float) -> None:
	items = ItemTable.create(names(1), order_multiple=pack)
	assert written_quantities(items, np.array([quantity], np.float32)).tolist() == [expected]


@pytest.mark.parametrize("value", [2_711_290.0, 1e9, 12.0, 0.4])
def test_no_powers_of_ten_in_words(value: float) -> None:
	assert re.fullmatch(r"\d+(\.\d)?", quantity_words(value))


@pytest.mark.parametrize("values", [{"order_multiple": 0}, {"order_multiple": 0.1}, {"min_order_qty": 704.8}])
def test_a_proposal_has_no_noise(values: dict[str, float]) -> None:
	found = proposal(bolt_policy("rule").policy, bolt_state(50.7, values=values))
	for quantity in (found.proposed_qty, found.baseline_qty, found.on_hand, found.why.quantity):
		assert len(json.dumps(quantity).split(".")[1]) <= 3
	assert found.on_hand == 50.7
	assert "e+" not in found.reason
