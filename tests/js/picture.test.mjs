// What is drawn of an item.

import assert from "node:assert/strict";
import { test } from "node:test";
import { days_of, options_of, runs } from "../../rl_replenishment/public/js/picture/options.js";

const data = {
	start: "2026-02-27",
	today: 3,
	uom: "Nos",
	demand: [1, 2, null],
	last_year: [null, 1, 2, 3, 4],
	expected: [1, 2, 4],
	with_order: [
		[0, 5],
		[1, 6],
		[2, 8],
	],
	without: [1, 0],
	arrivals: [0, 7],
	out_of_stock: [0, 1],
	left_out: [1],
	reorder_point: 5,
	target: 5,
	most_stock: null,
};
const write = { number: String, day: (day) => day, text: (text) => text };
const draw = (changes = {}) => options_of({ ...data, ...changes }, {}, write);
const named = (options, name) => options.series.filter((each) => each.name === name);

test("days go on over the end of a month", () => {
	assert.deepEqual(days_of("2026-02-27", 3), ["2026-02-27", "2026-02-28", "2026-03-01"]);
});

test("days that follow each other are one run", () => {
	assert.deepEqual(runs([0, 1, 4, 6, 7, 8]), [
		[0, 1],
		[4, 4],
		[6, 8],
	]);
});

test("what is to come begins today", () => {
	const options = draw();
	assert.equal(options.xAxis[0].data.length, 5);
	assert.deepEqual(named(options, "Stock with the Order")[0].data, [null, null, null, 1, 6]);
	assert.deepEqual(named(options, "Stock without It")[0].data, [null, null, null, 1, 0]);
	assert.deepEqual(named(options, "Other Arrivals")[0].data, [null, null, null, null, 7]);
});

test("the range reaches from low to high", () => {
	const [, of_stock] = named(draw(), "Likely Range (80 %)");
	assert.deepEqual(of_stock.data.slice(3), [2, 3]);
});

test("days out of stock are marked until the day after", () => {
	const [[first, last]] = named(draw(), "Demand")[0].markArea.data;
	assert.deepEqual([first.xAxis, last.xAxis], ["2026-02-27", "2026-03-01"]);
});

test("levels that are the same are one line with both names", () => {
	const lines = named(draw(), "Stock with the Order")[0].markLine.data;
	assert.deepEqual(
		lines.map((each) => [each.yAxis, each.label.formatter]),
		[[5, "Reorder Point, Target 5"]]
	);
});

test("the legend has what there is, and says which line is which", () => {
	const named_in = (options) => options.legend.data.map((each) => each.name);
	assert.ok(named_in(draw()).includes("Other Arrivals"));
	const bare = named_in(draw({ arrivals: [0, 0], left_out: [] }));
	assert.ok(!bare.includes("Other Arrivals"));
	assert.ok(!bare.includes("Left Out"));
	const icon = (name) => draw().legend.data.find((each) => each.name === name).icon;
	assert.notEqual(icon("Stock with the Order"), icon("Stock without It"));
	assert.notEqual(icon("Expected per Day"), icon("A Year Before"));
});

test("a day of demand is above the same day of stock", () => {
	const [demand, stock] = draw().grid;
	assert.deepEqual(
		[demand.left, demand.right, demand.outerBoundsMode],
		[stock.left, stock.right, "none"]
	);
	assert.equal(stock.outerBoundsMode, "none");
});

test("levels above all stock are within the picture", () => {
	const [, stock] = draw({ target: 100 }).yAxis;
	assert.equal(stock.max({ max: 9 }), 105);
	assert.equal(stock.max({ max: 200 }), null);
});

test("without an order there is one line of stock", () => {
	const options = draw({ ordered: false });
	assert.equal(named(options, "Stock without It").length, 0);
	assert.equal(named(options, "Stock").length, 1);
	assert.equal(named(draw(), "Stock without It").length, 1);
});
