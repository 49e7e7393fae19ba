// The curve of service: what is shown of it, and what a point costs against now.

import assert from "node:assert/strict";
import test from "node:test";
import {
	against_present,
	options_of,
	shown_points,
} from "../../rl_replenishment/public/js/service/options.js";

const point = (fill_rate, stock_value, cost = 0) => ({ fill_rate, stock_value, cost });

test("of equal fill rates the cheaper one is shown, and nothing below 80 %", () => {
	const points = [
		point(60, 1),
		point(85, 2),
		point(95, 3),
		point(95, 4),
		point(94, 5),
		point(99, 6),
	];
	assert.deepEqual(
		shown_points(points).map((each) => each.stock_value),
		[2, 3, 6]
	);
	// all of it where it ends below
	assert.equal(shown_points([point(40, 1), point(70, 2)]).length, 2);
});

test("a point is told against the present one", () => {
	assert.deepEqual(against_present(point(99, 150, 30), point(95, 100, 40)), {
		stock: 50,
		cost: -10,
	});
});

test("the present point is on the picture, whatever it is", () => {
	const colours = { text: "a", muted: "b", line: "c", order: "d", without: "e", card: "f" };
	const write = { money: String, percent: String, text: (text) => text };
	const present = point(72.5, 100);
	const options = options_of(
		{ points: [point(90, 120), point(99, 200)], present },
		colours,
		write
	);
	assert.equal(options.xAxis.min, 72);
	assert.deepEqual(options.series[1].data, [[72.5, 100]]);
	assert.deepEqual(options.series[0].data, [
		[90, 120],
		[99, 200],
	]);
});
