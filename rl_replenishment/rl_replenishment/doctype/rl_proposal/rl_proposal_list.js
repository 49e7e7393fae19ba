const OPEN_ONES = ["status", "in", ["Proposed", "Requested"]];

frappe.listview_settings["RL Proposal"] = {
	add_fields: [
		...["status", "agent", "item_code", "item_name", "warehouse", "material_request"],
		...["proposed_qty", "uom"],
	],
	hide_name_column: true,
	filters: [OPEN_ONES],
	onload(listview) {
		// room for the item's name; ERPNext 16 makes columns as wide as their longest text, and lets the list scroll
		listview.$frappe_list.addClass("rl-proposals");
		frappe.dom.set_style(
			`.rl-proposals .list-row-col {
				flex: 1.15 !important; width: auto !important; min-width: 0 !important;
			}
			.rl-proposals .list-row-col.text-right { flex: 0.9 !important }
			.rl-proposals .list-row-col.list-subject { flex: 2.6 !important }`,
			"rl-proposals"
		);
		const show = (label, action) => listview.page.add_inner_button(label, action, __("Show"));
		show(__("Runs Out First"), () => arrange(listview, "days_of_stock", "asc"));
		show(__("Changed Most"), () => arrange(listview, "change_size", "desc"));
		// of all items: what is overdue counts as on order, so that there often is no proposal
		show(__("Overdue Arrivals"), () =>
			frappe.set_route("query-report", "RL Stock Health", { overdue: 1 })
		);
		show(__("Too Much in Stock"), () =>
			frappe.set_route("query-report", "RL Stock Health", { health: "Too Much" })
		);
		show(__("Left Out, and Why"), () => open_last_run(listview));

		const act = (label, action) =>
			listview.page.add_actions_menu_item(label, () =>
				action(listview.get_checked_items(), listview)
			);
		act(__("Open Material Requests"), open_requests);
		if (frappe.model.can_write("Material Request")) act(__("Turn Down"), turn_down);
		if (frappe.model.can_create("RL Snooze")) act(__("Snooze"), snooze);
	},
	// nobody has requested yet what stands in a draft
	async refresh(listview) {
		const names = [
			...new Set(listview.data.map((row) => row.material_request).filter(Boolean)),
		];
		if (!names.length || !frappe.model.can_read("Material Request")) return;
		const drafts = await frappe.db.get_list("Material Request", {
			filters: { name: ["in", names], docstatus: 0 },
			pluck: "name",
			limit: names.length,
		});
		for (const row of listview.data) {
			if (row.status !== "Requested" || !drafts.includes(row.material_request)) continue;
			listview.$result
				.find(`.list-row-checkbox[data-name="${CSS.escape(row.name)}"]`)
				.closest(".list-row")
				.find('.indicator-pill[data-filter^="status"]')
				.text(__("In Draft"))
				.removeClass("orange")
				.addClass("blue");
		}
	},
	formatters: {
		item_code: (code, df, { item_name }) =>
			frappe.utils.escape_html(
				item_name && item_name !== code ? `${code}: ${item_name}` : code
			),
		proposed_qty(quantity, df, { uom }) {
			const decimals = (String(flt(quantity, 3)).split(".")[1] || "").length;
			const unit = frappe.utils.escape_html(__(uom));
			return `${format_number(quantity, null, decimals)} ${unit}`;
		},
		// no day counts beyond what is worth counting
		days_of_stock: (days) => (days >= 999 ? "" : format_number(days, null, 0)),
		target_change: (change) =>
			change ? `${change > 0 ? "+" : ""}${format_number(change, null, 0)} %` : "",
	},
};

async function arrange(listview, sort_by, sort_order) {
	await listview.filter_area.clear(false);
	await listview.filter_area.add([["RL Proposal", ...OPEN_ONES]], false);
	listview.sort_selector.set_value(sort_by, sort_order);
	listview.on_sort_change(sort_by, sort_order);
}

// of the agent that the list is about
async function open_last_run(listview) {
	const agent = listview.data[0]?.agent;
	const [run] = await frappe.db.get_list("RL Proposal Run", {
		filters: { status: ["in", ["Completed", "Partly"]], ...(agent && { agent }) },
		order_by: "creation desc",
		limit: 1,
	});
	if (!run) return frappe.msgprint(__("No run of proposals has ended yet."));
	frappe.set_route("Form", "RL Proposal Run", run.name);
}

// there, several drafts are submitted at once by Actions > Submit
function open_requests(proposals) {
	const names = [...new Set(proposals.map((row) => row.material_request).filter(Boolean))];
	if (!names.length) return frappe.msgprint(__("None of these was requested."));
	frappe.set_route("List", "Material Request", { name: ["in", names] });
}

function turn_down(proposals, listview) {
	frappe.confirm(
		__("Take what is chosen ({0}) out of draft Material Requests? The agent learns from it.", [
			proposals.length,
		]),
		() =>
			frappe.call({
				method: "rl_replenishment.api.turn_down",
				args: { proposals: proposals.map((row) => row.name) },
				freeze: true,
				callback: (r) => {
					const { lines, kept } = r.message;
					const done = __("Taken out of draft Material Requests: {0}.", [lines]);
					const rest = kept ? ` ${__("In no draft, and kept: {0}.", [kept])}` : "";
					frappe.show_alert({
						message: done + rest,
						indicator: kept ? "orange" : "green",
					});
					listview.refresh();
				},
			})
	);
}

// nothing is proposed for these until a day; what is requested already stays, unless the buyer wants it gone
function snooze(proposals, listview) {
	const names = proposals.map((row) => row.name);
	frappe.rl_replenishment.snooze(names, false, () => listview.refresh());
}
