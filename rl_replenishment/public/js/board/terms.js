// What a supplier's lines lack of its minimums, with what the buyer has changed. No desk, no Vue.

import { quantity_of, value_of } from "./model.js";

/** Share of a minimum that is float noise. */
const NOISE = 1e-6;

/** What the lines come to by a measure, with what goes out beside them: company currency, weight, or stock units. */
export function total_of(measure, lines, edits, terms) {
	return lines.reduce((sum, line) => {
		const units = quantity_of(line, edits) * line.conversion;
		const amount = {
			value: () => value_of(line, edits),
			weight: () => units * (terms.weight[line.proposal] ?? 0),
			quantity: () => units,
		}[measure];
		return sum + (amount ? amount() : 0);
	}, terms.placed?.[measure] ?? 0);
}

/** Each minimum, with how much of it is missing; 0 where it is reached. */
export function minimums(lines, edits, terms) {
	return Object.entries(terms.minimum).map(([measure, minimum]) => {
		const missing = minimum - total_of(measure, lines, edits, terms);
		return { measure, minimum, missing: missing > NOISE * minimum ? missing : 0 };
	});
}

/** Freight that is to be paid, and how much more would make it free; null where none is. */
export function freight(lines, edits, terms) {
	const value = total_of("value", lines, edits, terms);
	const free = terms.free_freight_value;
	if (!terms.freight_cost || (free && value >= free * (1 - NOISE))) return null;
	return { cost: terms.freight_cost, missing: free ? free - value : null };
}
