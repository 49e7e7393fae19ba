// What is done with lines of the board, and what is said of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as actions from "../../rl_replenishment/public/js/board/actions.js";
import * as model from "../../rl_replenishment/public/js/board/model.js";

/** A desk on which everything that is asked is agreed to, or nothing. */
function desk(answers, { agrees = true } = {}) {
	const [told, asked, sent] = [[], [], []];
	globalThis.__ = (text, values = []) =>
		text.replace(/{(\d)}/g, (_place, number) => values[number]);
	globalThis.flt = Number;
	globalThis.format_number = String;
	globalThis.format_currency = (value, currency) => `${currency} ${value}`;
	globalThis.frappe = {
		call: async (request) => {
			sent.push(request);
			return { message: answers };
		},
		confirm: (question, then) => {
			asked.push(question);
			return agrees && then();
		},
		show_alert: ({ message }) => told.push(message),
	};
	return { told, asked, sent };
}

function board(...quantities) {
	const line = (qty, i) => ({
		...{ proposal: `P${i}`, qty, proposed: 4, conversion: 1, price: 5 },
		...{ company: "C", cost: 3, saved: 9 },
	});
	return {
		transfers: { value: quantities.map(line) },
		answer: { value: { currencies: { C: "EUR" } } },
		results: { value: [] },
		edits: {},
		reload: () => {},
	};
}

test("what is moved is asked before, without what is turned down", async () => {
	const { asked, sent } = desk([{ status: "Requested", request: "R1" }]);
	const page = board(4, 0, 3);
	actions.move(page);
	await new Promise(setImmediate);
	assert.deepEqual(asked, [
		"Request transfers now: 2 lines, worth EUR\u00a035? Moving costs EUR\u00a06.",
	]);
	assert.equal(sent.length, 1);
	assert.deepEqual(page.results.value, [{ status: "Requested", request: "R1" }]);
	const other = desk([], { agrees: false });
	actions.move(board(0));
	assert.deepEqual(other.asked, ["Turn down all of these transfers?"]);
	assert.equal(other.sent.length, 0);
});

test("a transfer is taken back, or it is said why not", async () => {
	const page = board(4);
	page.results.value = [
		{ status: "Requested", request: "R1", message: "" },
		{ status: "Requested", request: "R2", message: "" },
	];
	const answers = [
		{ request: "R1", done: true, message: "" },
		{ request: "R2", done: false, message: "It is moved already." },
	];
	const { told } = desk(answers);
	await actions.take_back(page, { requests: ["R1", "R2"] });
	assert.deepEqual(page.results.value, [
		{ status: "Requested", request: "R2", message: "It is moved already." },
	]);
	assert.deepEqual(told, ["Taken back: 1. Its lines wait here again."]);
});

test("what was ordered earlier can be taken back after a later order, one by one or all at once", async () => {
	const page = board(4);
	page.results.value = [
		{ status: "Submitted", order: "O1", message: "" },
		{ status: "Failed", order: null, message: "On hold." },
		{ status: "Requested", request: "R1", message: "" },
		{ status: "Turned Down", order: null, message: "" },
	];
	desk([{ status: "Requested", request: "R2", message: "" }]);
	actions.move(page);
	await new Promise(setImmediate);
	const named = () => page.results.value.map((result) => result.order ?? result.request);
	assert.deepEqual(named(), ["R2", "O1", "R1"]);
	const { sent } = desk();
	const answers = {
		orders: [{ order: "O1", done: true, message: "" }],
		requests: [
			{ request: "R1", done: true, message: "" },
			{ request: "R2", done: false, message: "It is moved already." },
		],
	};
	globalThis.frappe.call = async (request) => {
		sent.push(request);
		return { message: answers[Object.keys(request.args)[0]] };
	};
	await actions.take_back(page, model.undoable(page.results.value));
	assert.deepEqual(
		sent.map((request) => Object.values(request.args)[0]),
		['["O1"]', '["R2","R1"]']
	);
	assert.deepEqual(named(), ["R2"]);
});

/** A board whose lines are filled up. */
function filling(edits) {
	const page = {
		edits,
		filled: {},
		edit: (line, qty) => (page.edits[line.proposal] = { ...page.edits[line.proposal], qty }),
		give_reason: (line, reason) => (page.edits[line.proposal].reason = reason),
		put_back: (line, before) => {
			if (before) page.edits[line.proposal] = before;
			else delete page.edits[line.proposal];
		},
	};
	const line = (proposal) => ({
		...{ proposal, qty: 4, proposed: 4, conversion: 1, price: 5 },
		...{ company: "C", reason: "", missed_cost: 0, holding_cost: 0 },
	});
	const lines = ["P0", "P1", "P2"].map(line);
	return { page, group: { key: "G", company: "C", supplier: "S", lines } };
}

const raised = (quantities) => ({ quantities, reason: "Supplier Minimum", are_reached: true });

test("filling up is undone line by line, but for what was changed since", async () => {
	desk(raised({ P0: 9, P1: 8 }));
	const { page, group } = filling({ P1: { qty: 5, reason: "Budget" } });
	await actions.fill_up(page, group, "S");
	assert.deepEqual(
		Object.entries(page.edits).map(([name, { qty }]) => [name, qty]),
		[
			["P1", 8],
			["P0", 9],
		]
	);
	assert.equal(actions.filled_lines(page, group).length, 2);
	page.edits.P0.reason = "Project";
	actions.empty_again(page, group);
	assert.deepEqual(page.edits, {
		P0: { qty: 9, reason: "Project" },
		P1: { qty: 5, reason: "Budget" },
	});
	assert.deepEqual(actions.filled_lines(page, group), []);
});

test("filling up twice is undone at once, and lines are as before the first time", async () => {
	const { page, group } = filling({ P1: { qty: 4, reason: "Other" } });
	desk(raised({ P0: 9, P1: 8 }));
	await actions.fill_up(page, group, "S");
	// back at what was proposed, which may be raised again
	page.edit(group.lines[1], 4);
	desk(raised({ P1: 7, P2: 6 }));
	await actions.fill_up(page, group, "S");
	assert.deepEqual([page.edits.P0.qty, page.edits.P1.qty, page.edits.P2.qty], [9, 7, 6]);
	actions.empty_again(page, group);
	assert.deepEqual(page.edits, { P1: { qty: 4, reason: "Other" } });
});

test("what could not be ordered can still be emptied", async () => {
	for (const [status, left] of [
		["Failed", 1],
		["Submitted", 0],
	]) {
		const { page, group } = filling({});
		desk(raised({ P0: 9 }));
		await actions.fill_up(page, group, "S");
		Object.assign(page, {
			answer: { value: { currencies: { C: "EUR" } } },
			...{ suppliers: {}, effects: {}, results: { value: [] }, reload: () => {} },
			...{ submits: { value: true }, may: { value: { submit: true } } },
		});
		desk([{ status }]);
		actions.approve(page, [group]);
		await new Promise(setImmediate);
		assert.equal(actions.filled_lines(page, group).length, left);
	}
});
