// What the board reckons by itself: groups, values, totals, and what is sent to be ordered. No desk, no Vue.

/** What the buyer has changed of a line, or what it asks for: in purchase UOM. */
export function quantity_of(line, edits) {
	return edits[line.proposal]?.qty ?? line.qty;
}

/** Beyond what anybody orders: the server refuses it, in stock UOM. */
const LARGEST = 1e12;

/** Whether a number may be ordered of a line, in purchase UOM. */
export function is_quantity(value, line) {
	return Number.isFinite(value) && value >= 0 && value * line.conversion < LARGEST;
}

/** Whether the buyer wants another quantity than the agent proposed, but for what digits make of it. */
export function is_changed(line, edits) {
	const difference = quantity_of(line, edits) * line.conversion - line.proposed;
	return Math.abs(difference) > Math.max(1e-3, 0.5e-3 * line.conversion);
}

export function reason_of(line, edits) {
	return edits[line.proposal]?.reason ?? line.reason;
}

/** The reason for going back to what the policy itself asks for, without what was learned, for once. */
export const NOT_THIS_TIME = "Not This Time";

/** What the line asks for without what was learned from buyers, in purchase UOM; null where it is the same. */
export function without_lesson(line) {
	return line.without_lesson === null ? null : line.without_lesson / line.conversion;
}

/** Whether the buyer has taken the line back to what it asks for without lessons. */
export function is_taken_back(line, edits) {
	return reason_of(line, edits) === NOT_THIS_TIME && is_changed(line, edits);
}

/** A line's edit with another quantity: a reason that it had for going back to another one is no longer true. */
export function edited(line, edits, qty) {
	const is_other = Math.abs(qty - without_lesson(line)) * line.conversion > 1e-3;
	const is_over = reason_of(line, edits) === NOT_THIS_TIME && is_other;
	return { ...edits[line.proposal], qty, ...(is_over && { reason: "" }) };
}

/** The edit that takes a line back to what it asks for without lessons, or, done already, to what was proposed. */
export function taken_back(line, edits) {
	return is_taken_back(line, edits)
		? { qty: line.proposed / line.conversion, reason: "" }
		: { qty: without_lesson(line), reason: NOT_THIS_TIME };
}

/** The reasons to choose from: a line that nothing was learned about cannot go back. */
export function offered_reasons(line, edits, reasons) {
	const can_go_back = line.without_lesson !== null || is_taken_back(line, edits);
	return reasons.filter((each) => each !== NOT_THIS_TIME || can_go_back);
}

/** Of a purchase unit where so many are ordered: suppliers may have another price from a quantity on. */
export function price_at(line, qty) {
	const reached = (line.breaks ?? []).filter(([least]) => qty >= least - 1e-6);
	return reached.length ? reached.at(-1)[1] : line.price;
}

/** In the currency of the line's company. */
export function value_of(line, edits) {
	const qty = quantity_of(line, edits);
	return qty * price_at(line, qty);
}

export function proposed_value_of(line) {
	const qty = line.proposed / line.conversion;
	return qty * price_at(line, qty);
}

/** The lines by company and supplier: those first whose most urgent line is; without a supplier last. */
export function grouped(lines) {
	const groups = new Map();
	for (const line of lines) {
		const key = JSON.stringify([line.company, line.supplier]);
		if (!groups.has(key)) {
			groups.set(key, { key, company: line.company, supplier: line.supplier, lines: [] });
		}
		groups.get(key).lines.push(line);
	}
	return [...groups.values()].sort(
		(one, other) => Number(!one.supplier) - Number(!other.supplier)
	);
}

/** Sums of lines of one currency. `effects` has by proposal what edits do; lines say what they do as they are. */
export function totals(lines, edits, effects) {
	const sum = {
		lines: lines.length,
		changed: 0,
		value: 0,
		proposed: 0,
		missed_cost: 0,
		holding_cost: 0,
		// of stock and all that is on order, once this is ordered: its value, and what leaves of it a day
		worth_after: 0,
		leaves: 0,
	};
	for (const line of lines) {
		const effect = effects[line.proposal] ?? line;
		sum.changed += is_changed(line, edits) ? 1 : 0;
		sum.value += value_of(line, edits);
		sum.proposed += proposed_value_of(line);
		sum.missed_cost += effect.missed_cost;
		sum.holding_cost += effect.holding_cost;
		const wanted = quantity_of(line, edits) * line.conversion;
		const price = line.price / line.conversion;
		sum.worth_after += price * (Math.max(line.on_hand + line.on_order, 0) + wanted);
		sum.leaves += price * line.daily_demand;
	}
	return sum;
}

/** Totals of the lines of each currency: those of several are never added up. */
export function sums(lines, currencies, edits, effects) {
	const parts = Object.entries(by_currency(lines, currencies));
	return Object.fromEntries(
		parts.map(([currency, part]) => [currency, totals(part, edits, effects)])
	);
}

/** The lines of each currency. */
export function by_currency(lines, currencies) {
	const found = {};
	for (const line of lines) {
		const currency = currencies[line.company];
		(found[currency] ??= []).push(line);
	}
	return found;
}

/** What the server is asked to have moved. */
export function to_move(transfers, edits) {
	const [group] = to_order([{ lines: transfers }], edits);
	return group.lines;
}

/** What transfers cost, what need not be bought for them, and what they save; as far as they are wanted. */
export function moved(transfers, edits) {
	const sum = { lines: 0, value: 0, cost: 0, saved: 0 };
	for (const line of transfers) {
		const share = quantity_of(line, edits) / (line.proposed / line.conversion || 1);
		if (!share) continue;
		sum.lines += 1;
		sum.value += value_of(line, edits);
		sum.cost += line.cost;
		// what is saved before the cost of the line goes by what is moved
		sum.saved += (line.saved + line.cost) * share - line.cost;
	}
	return sum;
}

/** What the server is asked to order; `suppliers` has by group the one that the buyer chose. */
export function to_order(groups, edits, suppliers = {}) {
	return groups.map((group) => ({
		supplier: group.supplier || suppliers[group.key] || "",
		company: group.company,
		lines: Object.fromEntries(
			group.lines.map((line) => [
				line.proposal,
				{
					qty: quantity_of(line, edits),
					reason: is_changed(line, edits) ? reason_of(line, edits) : "",
					seen: line.modified,
				},
			])
		),
	}));
}

/**
 * What is left of results once orders, or requests of transfers, were taken back, with why others were not, and how
 * many were; `of` is the field that names them.
 */
export function after_undo(results, answers, of = "order") {
	const done = new Set(answers.filter((each) => each.done).map((each) => each[of]));
	const why = new Map(
		answers.filter((each) => !each.done).map((each) => [each[of], each.message])
	);
	const left = results
		.filter((result) => !done.has(result[of]))
		.map((result) => ({ ...result, message: why.get(result[of]) || result.message }));
	return { left, done: done.size };
}

/** What the board shows once a supplier was chosen for lines without one: with its prices and terms. */
export function from_supplier(answer, found) {
	const terms = { ...answer.terms };
	for (const [company, own] of Object.entries(found.terms)) {
		terms[company] = { ...terms[company], ...own };
	}
	return {
		...answer,
		terms,
		suppliers: { ...answer.suppliers, ...found.suppliers },
		lines: answer.lines.map((line) => ({ ...line, ...found.lines[line.proposal] })),
	};
}

/** Results with those of earlier actions that can still be taken back, and stay so after a later one. */
export function with_earlier(answers, earlier) {
	const is_open = (result) => result.order || result.status === "Requested";
	return [...answers, ...earlier.filter(is_open)];
}

/** What of results can be taken back: orders, and requests of transfers. */
export function undoable(results) {
	return {
		orders: results.map((result) => result.order).filter(Boolean),
		requests: results
			.filter((result) => result.status === "Requested")
			.map((result) => result.request),
	};
}

/** The lines that still have the quantities, in stock UOM, that were asked about. */
export function still_asked(sent, lines, edits) {
	const left = lines.filter(
		(line) => quantity_of(line, edits) * line.conversion === sent[line.proposal]
	);
	return new Set(left.map((line) => line.proposal));
}

/** Names of the lines that were there before and are not any more. */
export function gone(before, lines) {
	const open = new Set(lines.map((line) => line.proposal));
	return before.map((line) => line.proposal).filter((proposal) => !open.has(proposal));
}

/** Edits of lines that are still there; those of others are of no use any more. */
export function kept(edits, lines) {
	const open = new Set(lines.map((line) => line.proposal));
	return Object.fromEntries(Object.entries(edits).filter(([proposal]) => open.has(proposal)));
}

/** The line that a key leads to from another, in the order in which they are shown; the same at either end. */
export function next_line(groups, proposal, step) {
	const order = groups.flatMap((group) => group.lines.map((line) => line.proposal));
	const at = order.indexOf(proposal);
	return order[Math.min(Math.max(at + step, 0), order.length - 1)];
}

/** Lines in parts that are drawn together. */
export function chunks(lines, size = 20) {
	const count = Math.ceil(lines.length / size);
	return Array.from({ length: count }, (_, i) => lines.slice(i * size, (i + 1) * size));
}
