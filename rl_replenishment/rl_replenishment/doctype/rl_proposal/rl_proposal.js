frappe.ui.form.on("RL Proposal", {
	refresh(frm) {
		frm.disable_save();
		show_draft(frm);
		show_picture(frm);
		const state = JSON.parse(frm.doc.state || "{}");
		const rows = what_it_saw().filter(([name]) => typeof state[name] === "number");
		frm.get_field("state_table").$wrapper.html(
			`<table class="table table-bordered small" style="max-width: 36rem"><tbody>${rows
				.map(
					([name, label, digits = 2]) => `<tr><td>${label}</td>
					<td class="text-right">${shown(name, state[name], digits)}</td></tr>`
				)
				.join("")}</tbody></table>`
		);
		if (state.left_out && frappe.model.can_create("RL Real Demand")) {
			frm.add_custom_button(__("This Demand Was Real"), () => call_real(frm.doc, state));
		}
	},
});

// nobody has requested yet what stands in a draft
async function show_draft(frm) {
	const { name, status, material_request } = frm.doc;
	if (status !== "Requested" || !frappe.model.can_read("Material Request")) return;
	const { message } = await frappe.db.get_value(
		"Material Request",
		material_request,
		"docstatus"
	);
	if (frm.doc.name === name && message?.docstatus === 0)
		frm.page.set_indicator(__("In Draft"), "blue");
}

// of what waits for the buyer with what was proposed, of others as it stands
function show_picture(frm) {
	const { name, agent, item_code, warehouse, status, proposed_qty, explanation } = frm.doc;
	const wrapper = frm.get_field("explanation").$wrapper;
	if (!wrapper.find(".rl-drawn").length) wrapper.append('<div class="rl-drawn"></div>');
	const qty = status === "Proposed" ? proposed_qty : 0;
	const [method, args] =
		status === "Requested"
			? ["board_picture", { proposal: name, qty: proposed_qty }]
			: ["picture_of_item", { agent, item_code, warehouse, qty }];
	rl_draw_picture(wrapper.find(".rl-drawn"), method, args, explanation);
}

// what was booked far outside the item's history is to count in full
function call_real({ agent, item_code, warehouse, proposal_date }, { left_out_days_ago }) {
	const day = frappe.datetime.add_days(proposal_date, -left_out_days_ago);
	frappe.new_doc("RL Real Demand", { agent, item_code, warehouse, day });
}

// the numbers of a proposal in the order in which they lead to its quantity
function what_it_saw() {
	return [
		["mean_daily_demand", __("Demand per day, over the last quarter")],
		["left_out", __("Booked once, far outside its history, and not expected again")],
		["borrowed", __("Share of it taken from similar items"), 0],
		["lead_time_days", __("Lead time, days"), 1],
		["lead_time_std_days", __("Standard deviation of the lead time, days"), 1],
		["review_days", __("Days between two reviews"), 0],
		["protection_days", __("Days that the order has to last"), 0],
		["demand_low", __("Least demand expected in these days")],
		["demand_high", __("Most demand expected in these days")],
		["on_hand", __("On hand")],
		["on_order", __("On order")],
		["set_aside", __("Kept for announced demand")],
		["position", __("Inventory position")],
		["reorder_point", __("The rule orders at or below")],
		["target", __("The rule fills up to")],
		["most_stock", __("Most Days of Cover")],
		["rule_wish", __("The rule asks for")],
		["correction", __("Added by learning")],
		["rounding", __("Added by packs and minimum orders")],
		["quantity", __("Asked of the supplier, before the agent's limits")],
		["rule_quantity", __("The same by the rule alone")],
		["pack", __("Pack")],
		["min_order", __("Minimum order")],
	];
}

function shown(name, value, digits) {
	if (name === "borrowed") return `${format_number(100 * value, null, digits)} %`;
	return format_number(value, null, Number.isInteger(value) ? 0 : digits);
}
