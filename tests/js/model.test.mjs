// What the board reckons by itself.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as model from "../../rl_replenishment/public/js/board/model.js";

const line = (proposal, changes = {}) => ({
	proposal,
	company: "C",
	supplier: "S",
	qty: 5,
	conversion: 12,
	proposed: 60,
	price: 3,
	reason: "",
	modified: "then",
	without_lesson: null,
	missed_cost: 2,
	holding_cost: 1,
	on_hand: 24,
	on_order: 0,
	daily_demand: 4,
	...changes,
});

test("transfers say what they save as far as they are wanted", () => {
	const transfers = [
		line("a", { cost: 4, saved: 20, proposed: 60, qty: 5 }),
		line("b", { cost: 4, saved: 6, proposed: 60, qty: 5 }),
	];
	assert.deepEqual(model.moved(transfers, {}), { lines: 2, value: 30, cost: 8, saved: 26 });
	assert.deepEqual(model.moved(transfers, { a: { qty: 2.5 }, b: { qty: 0 } }), {
		lines: 1,
		value: 7.5,
		cost: 4,
		saved: 8,
	});
	assert.deepEqual(model.to_move(transfers.slice(0, 1), { a: { qty: 2 } }), {
		a: { qty: 2, reason: "", seen: "then" },
	});
});

test("a line is changed by more than its digits", () => {
	const one = line("a");
	assert.equal(model.is_changed(one, {}), false);
	assert.equal(model.is_changed(one, { a: { qty: 5.0001 } }), false);
	assert.equal(model.is_changed(one, { a: { qty: 6 } }), true);
	assert.equal(model.is_changed(line("a", { qty: 4 }), {}), true);
});

test("a quantity of nothing is a quantity", () => {
	assert.equal(model.quantity_of(line("a"), { a: { qty: 0 } }), 0);
	assert.equal(model.value_of(line("a"), { a: { qty: 0 } }), 0);
});

test("groups are those of company and supplier, without a supplier last", () => {
	const lines = [
		line("a", { supplier: "" }),
		line("b"),
		line("c", { company: "D" }),
		line("d", { supplier: "T" }),
		line("e"),
	];
	const found = model
		.grouped(lines)
		.map((group) => [
			group.company,
			group.supplier,
			group.lines.map((each) => each.proposal).join(""),
		]);
	assert.deepEqual(found, [
		["C", "S", "be"],
		["D", "S", "c"],
		["C", "T", "d"],
		["C", "", "a"],
	]);
});

test("totals take effects of edits, and say what was proposed", () => {
	const lines = [line("a"), line("b")];
	const found = model.totals(
		lines,
		{ a: { qty: 7 } },
		{ a: { missed_cost: 0.5, holding_cost: 4 } }
	);
	assert.deepEqual(found, {
		lines: 2,
		changed: 1,
		value: 36,
		proposed: 30,
		missed_cost: 2.5,
		holding_cost: 5,
		// 24 and 84, 24 and 60 pieces at 0.25, of which 8 leave a day
		worth_after: 48,
		leaves: 2,
	});
});

test("unlike currencies are not added up", () => {
	const parts = model.by_currency([line("a"), line("b", { company: "D" })], {
		C: "EUR",
		D: "USD",
	});
	assert.deepEqual(Object.keys(parts), ["EUR", "USD"]);
});

test("what is ordered has quantities, reasons of changes alone, and what was seen", () => {
	const [group] = model.grouped([line("a"), line("b", { reason: "Other" })]);
	const [sent] = model.to_order([group], { a: { qty: 2, reason: "Budget" } });
	assert.deepEqual(sent, {
		supplier: "S",
		company: "C",
		lines: {
			a: { qty: 2, reason: "Budget", seen: "then" },
			b: { qty: 5, reason: "", seen: "then" },
		},
	});
});

test("the buyer's choice stands in where no supplier is known", () => {
	const [group] = model.grouped([line("a", { supplier: "" })]);
	assert.equal(model.to_order([group], {}, { [group.key]: "Chosen" })[0].supplier, "Chosen");
});

test("edits of lines that are gone are forgotten", () => {
	assert.deepEqual(model.kept({ a: { qty: 1 }, z: { qty: 2 } }, [line("a")]), { a: { qty: 1 } });
});

test("keys lead over groups, and stop at either end", () => {
	const groups = model.grouped([line("a"), line("b", { supplier: "T" }), line("c")]);
	assert.equal(model.next_line(groups, "a", 1), "c");
	assert.equal(model.next_line(groups, "c", 1), "b");
	assert.equal(model.next_line(groups, "b", 1), "b");
	assert.equal(model.next_line(groups, "a", -1), "a");
});

test("many lines are drawn in parts", () => {
	const lines = Array.from({ length: 45 }, (_, i) => line(`p${i}`));
	const found = model.chunks(lines);
	assert.deepEqual(
		found.map((part) => part.length),
		[20, 20, 5]
	);
	assert.deepEqual(found.flat(), lines);
	assert.deepEqual(model.chunks([]), []);
});

test("a line goes back to what it asks for without lessons, and forth", () => {
	const one = line("a", { without_lesson: 48 });
	const back = { a: model.taken_back(one, {}) };
	assert.deepEqual(back, { a: { qty: 4, reason: "Not This Time" } });
	assert.equal(model.is_taken_back(one, back), true);
	const forth = { a: model.taken_back(one, back) };
	assert.deepEqual(forth, { a: { qty: 5, reason: "" } });
	assert.equal(model.is_taken_back(one, forth), false);
	assert.equal(model.is_changed(one, forth), false);
});

test("another quantity than that has another reason", () => {
	const one = line("a", { without_lesson: 48 });
	const back = { a: model.taken_back(one, {}) };
	assert.deepEqual(model.edited(one, back, 4), { qty: 4, reason: "Not This Time" });
	assert.deepEqual(model.edited(one, back, 7), { qty: 7, reason: "" });
	assert.deepEqual(model.edited(one, { a: { qty: 6, reason: "Budget" } }, 7), {
		qty: 7,
		reason: "Budget",
	});
	// as it was left in the draft
	const left = line("a", { qty: 4, without_lesson: 48, reason: "Not This Time" });
	assert.equal(model.is_taken_back(left, {}), true);
	assert.deepEqual(model.edited(left, {}, 5), { qty: 5, reason: "" });
});

test("totals of several currencies stay apart", () => {
	const lines = [line("a"), line("b", { company: "D" }), line("c")];
	const sums = model.sums(lines, { C: "EUR", D: "USD" }, {}, {});
	assert.deepEqual(
		Object.entries(sums).map(([currency, sum]) => [currency, sum.lines, sum.value]),
		[
			["EUR", 2, 30],
			["USD", 1, 15],
		]
	);
});

test("only what was learned about can go back", () => {
	const reasons = ["Budget", model.NOT_THIS_TIME];
	assert.deepEqual(model.offered_reasons(line("a"), {}, reasons), ["Budget"]);
	const learned = line("a", { without_lesson: 48 });
	assert.deepEqual(model.offered_reasons(learned, {}, reasons), reasons);
});

test("what was not taken back stays, with the reason", () => {
	const results = [
		{ order: "PO-1", message: "" },
		{ order: "PO-2", message: "" },
		{ order: null, message: "on hold" },
	];
	const answers = [
		{ order: "PO-1", done: true, message: "" },
		{ order: "PO-2", done: false, message: "received already" },
	];
	const { left, done } = model.after_undo(results, answers);
	assert.equal(done, 1);
	assert.deepEqual(
		left.map((each) => each.message),
		["received already", "on hold"]
	);
});

test("lines that are gone are named", () => {
	assert.deepEqual(model.gone([line("a"), line("b")], [line("b"), line("c")]), ["a"]);
});

test("an answer about a quantity that is not wanted any more is of no use", () => {
	const lines = [line("a"), line("b"), line("c")];
	const sent = { a: 96, b: 96, gone: 60 };
	assert.deepEqual(model.still_asked(sent, lines, { a: { qty: 8 } }), new Set(["a"]));
	assert.deepEqual(model.still_asked(sent, lines, {}), new Set());
});

test("from a quantity on another price counts, for the value and for what was proposed", () => {
	const line = { ...LINE_WITH_BREAKS };
	assert.equal(model.price_at(line, 5.9), 10);
	assert.equal(model.price_at(line, 10), 8);
	assert.equal(model.price_at(line, 60), 7);
	assert.equal(model.value_of(line, {}), 50);
	assert.equal(model.value_of(line, { P: { qty: 20 } }), 160);
	assert.equal(model.proposed_value_of(line), 48);
});

const LINE_WITH_BREAKS = {
	...{ proposal: "P", qty: 5, proposed: 12, conversion: 2, price: 10 },
	breaks: [
		[6, 8],
		[50, 7],
	],
};

test("a supplier that was chosen brings its prices and terms, for its lines alone", () => {
	const answer = {
		lines: [line("a", { supplier: "" }), line("b")],
		terms: { C: { S: { minimum: { value: 5 } } } },
		suppliers: { S: "Old" },
	};
	const found = {
		lines: { a: { price: 7, breaks: [[3, 6]], price_source: "Price List" } },
		terms: { C: { T: { minimum: {} } } },
		suppliers: { T: "New" },
	};
	const shown = model.from_supplier(answer, found);
	assert.deepEqual(
		shown.lines.map((each) => model.value_of(each, { a: { qty: 2 } })),
		[14, 15]
	);
	assert.equal(model.value_of(shown.lines[0], { a: { qty: 3 } }), 18);
	assert.deepEqual(Object.keys(shown.terms.C), ["S", "T"]);
	assert.deepEqual(shown.suppliers, { S: "Old", T: "New" });
	assert.equal(answer.lines[0].price, 3);
});

test("what nobody can order is no quantity", () => {
	for (const value of [-1, NaN, Infinity, 1e11]) {
		assert.equal(model.is_quantity(value, line("a")), false, value);
	}
	for (const value of [0, 0.5, 1e9])
		assert.equal(model.is_quantity(value, line("a")), true, value);
});
