// How the board says things: numbers, money, marks.

export function amount(value) {
	const decimals = (String(flt(value, 3)).split(".")[1] || "").length;
	return format_number(flt(value, 3), null, decimals);
}

export function days(value) {
	return value >= 999 ? __("999 or more") : format_number(value, null, value < 10 ? 1 : 0);
}

/** Of one piece: no line ends between sign, currency and amount. */
export function money(value, currency, decimals) {
	return format_currency(value, currency, decimals).replaceAll(" ", "\u00a0");
}

/** With its sign, before the currency. */
export function difference(value, currency, decimals) {
	const sign = value > 0 ? "+" : value < 0 ? "\u2212" : "";
	return `${sign}${money(Math.abs(value), currency, decimals)}`;
}

export function lines(count) {
	return count === 1 ? __("1 line") : __("{0} lines", [amount(count)]);
}

export function suppliers(count) {
	return count === 1 ? __("1 supplier") : __("{0} suppliers", [amount(count)]);
}

/** What is asked before anything is ordered. */
export function question(submits, lines_count, suppliers_count, value) {
	const said = [lines(lines_count), suppliers(suppliers_count), value];
	return submits
		? __("Order now: {0}, {1}, {2}?", said)
		: __("Make draft orders: {0}, {1}, {2}?", said);
}

/** What is asked before anything is moved; `sums` are by currency, as `moved` has them. */
export function question_of_moves(sums) {
	const count = sums.reduce((total, [, sum]) => total + sum.lines, 0);
	if (!count) return __("Turn down all of these transfers?");
	const [value, cost] = ["value", "cost"].map((name) =>
		sums.map(([currency, sum]) => money(sum[name], currency)).join(", ")
	);
	return __("Request transfers now: {0}, worth {1}? Moving costs {2}.", [
		lines(count),
		value,
		cost,
	]);
}

/** What a changed quantity costs or saves by the forecast: a guess, so in whole money, which adds up as shown. */
export function effect({ missed_cost, holding_cost, later_cost }, currency) {
	const [missed, holding, later] = [missed_cost, holding_cost, later_cost].map(Math.round);
	const part = (value) => difference(value, currency, 0);
	const parts = [
		__("missed sales {0}", [part(missed)]),
		__("holding {0}", [part(holding)]),
		__("later orders {0}", [part(later)]),
	].join(", ");
	const whole = missed + holding + later;
	if (!whole) return __("By the forecast it costs the same as proposed.");
	const worth = money(Math.abs(whole), currency, 0);
	return whole > 0
		? __("By the forecast it costs {0} more than proposed: {1}", [worth, parts])
		: __("By the forecast it saves {0} against the proposal: {1}", [worth, parts]);
}

export function urgency(name) {
	return {
		out: { text: __("Out of Stock"), colour: "red" },
		late: { text: __("Ends Before Delivery"), colour: "orange" },
		soon: { text: __("Ends Before Next Delivery"), colour: "blue" },
	}[name];
}

export function mark(name) {
	return {
		large: {
			text: __("Large"),
			help: __("More than twice what the classical rule would order."),
		},
		long_cover: {
			text: __("Long Cover"),
			help: __("Would last more than four times as long as until the next delivery."),
		},
		changed: {
			text: __("Changed"),
			help: __("The target moved by a quarter or more since the last run."),
		},
		learned: {
			text: __("Learned"),
			help: __("Learning moved the quantity by a tenth or more."),
		},
		outlier: {
			text: __("Outlier Left Out"),
			help: __("One booking far outside its history is not expected again."),
		},
		overdue: { text: __("Overdue"), help: __("Part of what is on order is late.") },
	}[name];
}

export function price_source(name) {
	return (
		{
			"Price List": __("from the price list"),
			"Last Purchase": __("what was paid last"),
			Valuation: __("value of the stock; no price is known"),
		}[name] || __("no price is known")
	);
}

export function status(name) {
	return {
		Submitted: { text: __("Ordered"), colour: "green" },
		Requested: { text: __("Requested"), colour: "green" },
		Draft: { text: __("Draft Order"), colour: "blue" },
		"Turned Down": { text: __("Turned Down"), colour: "gray" },
		Failed: { text: __("Failed"), colour: "red" },
	}[name];
}
