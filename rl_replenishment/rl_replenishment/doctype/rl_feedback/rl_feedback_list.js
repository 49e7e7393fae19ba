// with the decimals that it has
function written(quantity) {
	const decimals = (String(flt(quantity, 3)).split(".")[1] || "").length;
	return format_number(quantity, null, decimals);
}

frappe.listview_settings["RL Feedback"] = {
	add_fields: ["reward", "settled", "ordered_qty", "proposed_qty"],
	hide_name_column: true,
	get_indicator(doc) {
		if (!doc.settled) return [__("Open"), "gray", "settled,=,0"];
		if (doc.reward === 1) return [__("Kept"), "green", "settled,=,1|reward,=,1"];
		if (!doc.ordered_qty) return [__("Turned Down"), "red", "settled,=,1|ordered_qty,=,0"];
		return doc.ordered_qty > doc.proposed_qty
			? [__("Raised"), "orange", "settled,=,1|reward,<,1"]
			: [__("Cut"), "orange", "settled,=,1|reward,<,1"];
	},
	formatters: {
		proposed_qty: (quantity) => written(quantity),
		ordered_qty: (quantity, df, { settled }) => (settled ? written(quantity) : ""),
		// no dot where there is none
		edit_reason: (reason) => (reason ? frappe.utils.escape_html(__(reason)) : ""),
	},
};
