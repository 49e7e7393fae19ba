frappe.listview_settings["RL Proposal"] = {
	add_fields: ["status", "uom", "agent", "item_code", "warehouse"],
	hide_name_column: true,
	onload(listview) {
		if (!frappe.model.can_create("RL Snooze")) return;
		listview.page.add_actions_menu_item(__("Snooze"), () => snooze(listview.get_checked_items()));
	},
	get_indicator(doc) {
		const colour = {
			Proposed: "blue",
			Requested: "orange",
			Ordered: "green",
			Rejected: "red",
			Superseded: "gray",
		}[doc.status];
		return [__(doc.status), colour, `status,=,${doc.status}`];
	},
};

// nothing is proposed for these until a day; what is requested already stays
function snooze(proposals) {
	frappe.prompt(
		[
			{
				fieldname: "until",
				fieldtype: "Date",
				label: __("Propose Again On"),
				reqd: 1,
				default: frappe.datetime.add_days(frappe.datetime.get_today(), 28),
			},
			{ fieldname: "reason", fieldtype: "Small Text", label: __("Why") },
		],
		async ({ until, reason }) => {
			for (const { agent, item_code, warehouse } of proposals) {
				await frappe.db.insert({ doctype: "RL Snooze", agent, item_code, warehouse, until, reason });
			}
			frappe.show_alert({
				message: `${__("{0} items are snoozed.", [proposals.length])}
					<a href="/app/rl-snooze">${__("Undo by deleting them here")}</a>`,
				indicator: "green",
			});
		},
		__("Snooze {0} Items", [proposals.length]),
		__("Snooze")
	);
}
