// Pictures of items, apart from the pages that show them, for who opens one; `rl_charts.bundle.js` is there by then.

import { height_of, options_of } from "./options.js";

frappe.provide("frappe.rl_replenishment");

/** Draw what the server says of an item into an element; called again, it draws anew. Returns how to end it. */
frappe.rl_replenishment.draw = (element, data) => {
	const write = {
		number: (value) =>
			format_number(value, null, Number.isInteger(value) || Math.abs(value) >= 10 ? 0 : 1),
		day: (day) => frappe.datetime.str_to_user(day),
		text: window.__,
	};
	const width = element.clientWidth;
	element.style.height = `${height_of(width)}px`;
	return frappe.rl_replenishment.draw_chart(element, (colours) =>
		options_of(data, colours, write, width)
	);
};
