// What the board asks the server, and what it remembers in the browser.

function call(method, args, type = "POST", options = {}) {
	return frappe
		.call({ method: `rl_replenishment.api.${method}`, args, type, ...options })
		.then((answer) => answer.message);
}

export const read_board = (agent) => call("board", { agent }, "GET");

export const what_if = (quantities) =>
	call("board_what_if", { quantities: JSON.stringify(quantities) });

export const picture = (proposal, qty) => call("board_picture", { proposal, qty }, "GET");

export const approve = (groups, submit) =>
	call("board_approve", { groups: JSON.stringify(groups), submit: submit ? 1 : 0 }, "POST", {
		freeze: true,
		freeze_message: __("Ordering..."),
	});

export const round = (company, supplier, lines) =>
	call("board_round", { company, supplier, lines: JSON.stringify(lines) });

export const move = (lines) =>
	call("board_move", { lines: JSON.stringify(lines) }, "POST", { freeze: true });

export const undo = (orders) =>
	call("board_undo", { orders: JSON.stringify(orders) }, "POST", { freeze: true });

export const turn_down = (proposals) =>
	call("turn_down", { proposals: JSON.stringify(proposals) }, "POST", { freeze: true });

const key = () => `rl_board.edits.${frappe.session.user}`;

/** What was changed and not ordered yet outlives the page. */
export function remembered_edits() {
	try {
		return JSON.parse(localStorage.getItem(key())) || {};
	} catch {
		return {};
	}
}

export function remember_edits(edits) {
	try {
		localStorage.setItem(key(), JSON.stringify(edits));
	} catch {
		// a browser without room or leave for it: they live as long as the page
	}
}
