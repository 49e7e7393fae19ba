// What is missing of a supplier's minimums, as the head of its lines says it.

import assert from "node:assert/strict";
import test from "node:test";
import { freight, minimums } from "../../rl_replenishment/public/js/board/terms.js";

const LINES = [
	{ proposal: "P1", qty: 2, conversion: 6, price: 30 },
	{ proposal: "P2", qty: 5, conversion: 1, price: 4 },
];
const TERMS = {
	minimum: { value: 100, weight: 10, quantity: 17 },
	freight_cost: 9,
	free_freight_value: 120,
	weight: { P1: 0.5 },
};

test("each minimum says what is missing, with the buyer's changes", () => {
	const missing = (edits) => minimums(LINES, edits, TERMS).map((each) => each.missing);
	assert.deepEqual(missing({}), [20, 4, 0]);
	assert.deepEqual(missing({ P1: { qty: 3 } }), [0, 1, 0]);
	assert.deepEqual(missing({ P2: { qty: 0 } }), [40, 4, 5]);
});

test("what goes out beside the lines counts", () => {
	const terms = { ...TERMS, placed: { value: 15, weight: 4 } };
	assert.deepEqual(
		minimums(LINES, {}, terms).map((each) => each.missing),
		[5, 0, 0]
	);
	assert.deepEqual(freight(LINES, {}, terms), { cost: 9, missing: 25 });
});

test("freight is to be paid until it is free", () => {
	assert.deepEqual(freight(LINES, {}, TERMS), { cost: 9, missing: 40 });
	assert.equal(freight(LINES, { P1: { qty: 4 } }, TERMS), null);
	assert.equal(freight(LINES, {}, { ...TERMS, freight_cost: 0 }), null);
	assert.deepEqual(freight(LINES, {}, { ...TERMS, free_freight_value: null }), {
		cost: 9,
		missing: null,
	});
});
