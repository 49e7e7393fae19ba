// What is done with lines of the board: each asks first, says what came of it, and reads the board anew.

import * as model from "./model.js";
import * as server from "./server.js";
import * as words from "./words.js";

export function approve(board, which) {
	const ready = which.filter((group) => group.supplier || board.suppliers[group.key]);
	if (!ready.length) return frappe.msgprint(__("Choose a supplier first."));
	const lines = ready.flatMap((group) => group.lines);
	const sums = model.sums(lines, board.answer.value.currencies, board.edits, board.effects);
	const value = Object.entries(sums)
		.map(([currency, sum]) => words.money(sum.value, currency))
		.join(", ");
	const submits = board.submits.value && board.may.value.submit;
	frappe.confirm(words.question(submits, lines.length, ready.length, value), async () => {
		let answers;
		try {
			answers = await server.approve(
				model.to_order(ready, board.edits, board.suppliers),
				submits
			);
		} catch {
			// it was told already, and all is as it was
			return;
		}
		// what was ordered is no longer to be emptied
		ready.forEach(({ key }, i) => {
			if (answers[i]?.status !== "Failed") delete board.filled[key];
		});
		board.results.value = model.with_earlier(answers, board.results.value);
		await board.reload();
	});
}

/** What the buyer has changed stays as it is: the others are raised for the minimum. */
export async function fill_up(board, group, supplier) {
	const [{ lines }] = model.to_order([group], board.edits);
	const found = await server.round(group.company, supplier, lines);
	// filled up once more, all of it is undone at once
	const earlier = board.filled[group.key]?.before;
	const before = Object.fromEntries(
		filled_lines(board, group).map(({ proposal }) => [proposal, earlier[proposal]])
	);
	for (const line of group.lines) {
		const qty = found.quantities[line.proposal];
		if (qty === undefined) continue;
		if (!(line.proposal in before)) before[line.proposal] = board.edits[line.proposal] ?? null;
		board.edit(line, qty);
		board.give_reason(line, found.reason);
	}
	if (Object.keys(before).length) board.filled[group.key] = { before, reason: found.reason };
	if (!found.are_reached) {
		frappe.show_alert({
			message: __(
				"What was not changed cannot be raised so far: the minimum is still missing."
			),
			indicator: "orange",
		});
	}
}

/** As before the lines were filled up; what was changed since then stays. */
export function empty_again(board, group) {
	for (const line of filled_lines(board, group)) {
		board.put_back(line, board.filled[group.key].before[line.proposal]);
	}
	delete board.filled[group.key];
}

export function filled_lines(board, group) {
	const { before = {}, reason } = board.filled[group.key] ?? {};
	return group.lines.filter(
		(line) => line.proposal in before && model.reason_of(line, board.edits) === reason
	);
}

export function move(board) {
	const transfers = board.transfers.value;
	const parts = Object.entries(model.by_currency(transfers, board.answer.value.currencies));
	const sums = parts.map(([currency, lines]) => [currency, model.moved(lines, board.edits)]);
	frappe.confirm(words.question_of_moves(sums), async () => {
		let answers;
		try {
			answers = await server.move(model.to_move(transfers, board.edits));
		} catch {
			// it was told already, and all is as it was
			return;
		}
		board.results.value = model.with_earlier(answers, board.results.value);
		await board.reload();
	});
}

/** Orders, and transfers by their requests; of both, those that ERPNext keeps stay with its word on it. */
export async function take_back(board, { orders = [], requests = [] }) {
	let done = 0;
	for (const [of, names, ask] of [
		["order", orders, server.undo],
		["request", requests, server.move_back],
	]) {
		if (!names.length) continue;
		const after = model.after_undo(board.results.value, await ask(names), of);
		board.results.value = after.left;
		done += after.done;
	}
	if (done) {
		frappe.show_alert({
			message: __("Taken back: {0}. Its lines wait here again.", [done]),
			indicator: "green",
		});
	}
	await board.reload();
}

export function turn_down(board, which) {
	frappe.confirm(
		__("Take what is chosen ({0}) out of draft Material Requests? The agent learns from it.", [
			which.length,
		]),
		async () => {
			const { lines, kept } = await server.turn_down(which);
			const rest = kept ? ` ${__("In no draft, and kept: {0}.", [kept])}` : "";
			frappe.show_alert({
				message: __("Taken out of draft Material Requests: {0}.", [lines]) + rest,
				indicator: kept ? "orange" : "green",
			});
			board.reload();
		}
	);
}

export const snooze = (board, which) => frappe.rl_replenishment.snooze(which, true, board.reload);

/** By a key: of what is chosen, or of the line that it was pressed in. */
export function act(board, what, line) {
	const { chosen, may, groups } = board;
	const group = groups.value.find((each) => each.lines.includes(line));
	const which = chosen.value.length ? chosen.value : [line.proposal];
	if (what === "approve" && may.value.approve) approve(board, [group]);
	if (what === "take_back" && may.value.edit) board.take_back_lesson(line);
	if (what === "turn_down" && may.value.edit) turn_down(board, which);
	if (what === "snooze" && may.value.snooze) snooze(board, which);
}
