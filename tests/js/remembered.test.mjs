// What was changed outlives the page.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import {
	forget,
	remember,
	remembered,
} from "../../rl_replenishment/public/js/board/remembered.js";

beforeEach(() => {
	const kept = new Map();
	globalThis.frappe = { session: { user: "buyer@example.com" } };
	globalThis.localStorage = {
		getItem: (key) => kept.get(key) ?? null,
		setItem: (key, value) => kept.set(key, value),
	};
});

test("what another tab or agent's board has changed stays", () => {
	remember("a", { qty: 5 });
	remember("b", { qty: 7, reason: "Budget" });
	assert.deepEqual(remembered(), { a: { qty: 5 }, b: { qty: 7, reason: "Budget" } });
	forget(["a", "of no line"]);
	assert.deepEqual(remembered(), { b: { qty: 7, reason: "Budget" } });
});

test("it is of one user", () => {
	remember("a", { qty: 5 });
	frappe.session.user = "another@example.com";
	assert.deepEqual(remembered(), {});
});

test("without room for it, or with something else in it, the board works on", () => {
	localStorage.setItem("rl_board.edits.buyer@example.com", "{no JSON");
	assert.deepEqual(remembered(), {});
	localStorage.setItem = () => {
		throw new Error("full");
	};
	remember("a", { qty: 5 });
	assert.deepEqual(remembered(), {});
});
