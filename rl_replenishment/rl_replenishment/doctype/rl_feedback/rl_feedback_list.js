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
};
