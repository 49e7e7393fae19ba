// What is done with lines of the board, and what is said of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as actions from "../../rl_replenishment/public/js/board/actions.js";

function desk(answers) {
	const told = [];
	globalThis.__ = (text, values = []) =>
		text.replace(/{(\d)}/g, (_place, number) => values[number]);
	globalThis.frappe = {
		call: async () => ({ message: answers }),
		show_alert: ({ message }) => told.push(message),
		utils: { escape_html: (text) => text.replaceAll("<", "&lt;") },
	};
	return told;
}

function board(...quantities) {
	const line = (qty, i) => ({ proposal: `P${i}`, qty, proposed: 4, conversion: 1, price: 1 });
	return { transfers: { value: quantities.map(line) }, edits: {}, reload: () => {} };
}

test("what is moved is counted without what is turned down", async () => {
	const told = desk([{ status: "Requested" }]);
	await actions.move(board(4, 0, 3));
	assert.deepEqual(told, ["Transfers requested: 2."]);
});

test("what the server says of a transfer is text", async () => {
	const told = desk([{ status: "Failed", message: "no <img src=x onerror=steal()" }]);
	await actions.move(board(4));
	assert.deepEqual(told, ["no &lt;img src=x onerror=steal()"]);
});
