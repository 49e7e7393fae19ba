// How the board says things: numbers, money, marks.

export function amount(value) {
	const decimals = (String(flt(value, 3)).split(".")[1] || "").length;
	return format_number(flt(value, 3), null, decimals);
}

export function days(value) {
	return value >= 999 ? __("999 or more") : format_number(value, null, value < 10 ? 1 : 0);
}

export function money(value, currency) {
	return format_currency(value, currency);
}

/** With its sign. */
export function difference(value, currency) {
	return `${value > 0 ? "+" : ""}${money(value, currency)}`;
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
		Draft: { text: __("Draft Order"), colour: "blue" },
		"Turned Down": { text: __("Turned Down"), colour: "gray" },
		Failed: { text: __("Failed"), colour: "red" },
	}[name];
}
