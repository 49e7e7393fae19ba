// What the board asks the server.

function call(method, args, type = "POST", options = {}) {
	return frappe
		.call({ method: `rl_replenishment.api.${method}`, args, type, ...options })
		.then((answer) => answer.message, lost);
}

// what the server refuses, the desk tells; not that nothing came back
function lost(request) {
	if (!request?.status) {
		frappe.show_alert(
			{
				message: __(
					"The server did not answer. What you changed is kept; refresh to see what was done."
				),
				indicator: "red",
			},
			10
		);
	}
	throw request;
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

export const from_supplier = (supplier, proposals) =>
	call("board_from_supplier", { supplier, proposals: JSON.stringify(proposals) });

export const move = (lines) =>
	call("board_move", { lines: JSON.stringify(lines) }, "POST", { freeze: true });

export const move_back = (requests) =>
	call("board_move_back", { requests: JSON.stringify(requests) }, "POST", { freeze: true });

export const undo = (orders) =>
	call("board_undo", { orders: JSON.stringify(orders) }, "POST", { freeze: true });

export const turn_down = (proposals) =>
	call("turn_down", { proposals: JSON.stringify(proposals) }, "POST", { freeze: true });
