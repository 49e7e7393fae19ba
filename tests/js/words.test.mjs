// How the board says things.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import * as words from "../../rl_replenishment/public/js/board/words.js";

before(() => {
	// as the desk would
	globalThis.__ = (text, values = []) =>
		values.reduce((said, value, i) => said.replaceAll(`{${i}}`, value), text);
	globalThis.flt = (value, digits) => Number(Number(value).toFixed(digits));
	globalThis.format_number = (value, _format, decimals) => value.toFixed(decimals);
	globalThis.format_currency = (value, currency, decimals = 2) =>
		`${currency} ${value.toFixed(decimals)}`;
});

test("a sign stands before the currency, and no line ends within", () => {
	assert.equal(words.difference(-35.88, "$"), "\u2212$\u00a035.88");
	assert.equal(words.difference(35.88, "$"), "+$\u00a035.88");
	assert.equal(words.difference(0, "$"), "$\u00a00.00");
});

test("one is one", () => {
	assert.equal(words.lines(1), "1 line");
	assert.equal(words.lines(2), "2 lines");
	assert.equal(words.question(true, 10, 1, "$ 5"), "Order now: 10 lines, 1 supplier, $ 5?");
	assert.equal(
		words.question(false, 1, 2, "$ 5"),
		"Make draft orders: 1 line, 2 suppliers, $ 5?"
	);
});

test("what a change does is told in whole money, and adds up", () => {
	const change = { missed_cost: 0.2, holding_cost: 246.1, later_cost: -35.9 };
	assert.equal(
		words.effect(change, "$"),
		"By the forecast it costs $\u00a0210 more than proposed: " +
			"missed sales $\u00a00, holding +$\u00a0246, later orders \u2212$\u00a036"
	);
	const halves = { missed_cost: 0.5, holding_cost: 0.5, later_cost: -4.4 };
	assert.match(
		words.effect(halves, "$"),
		/saves \$\u00a02 against.*\+\$\u00a01, .*\+\$\u00a01, .*4$/
	);
	assert.match(words.effect({ ...halves, later_cost: -2.2 }, "$"), /the same/);
});
