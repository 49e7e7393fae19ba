const MOST_ROWS = 200;

frappe.ui.form.on("RL Proposal Run", {
	refresh(frm) {
		frm.disable_save();
		show_state(frm);
		rl_watch(frm, progress_of, ({ percent, what }) =>
			frm.dashboard.show_progress(__("Proposals"), Math.min(percent, 99), what)
		);
		show_left_out(frm);
		show_not_ordered(frm);
		if (frm.doc.items_ordered) {
			frm.add_custom_button(__("Review"), () =>
				frappe.set_route("rl-board", { agent: frm.doc.agent })
			);
			frm.add_custom_button(__("See Proposals"), () =>
				frappe.set_route("List", "RL Proposal", { run: frm.doc.name })
			);
			if (frm.doc.mode !== "Shadow" && frappe.model.can_read("Material Request")) {
				frm.add_custom_button(__("See Material Requests"), () =>
					frappe.set_route("List", "Material Request", { rl_run: frm.doc.name })
				);
			}
		}
	},
});

function show_state(frm) {
	const refused =
		frm.doc.items_considered &&
		__("Nothing of what it proposed could be requested; see below.");
	const said = {
		"In Progress": __("The agent is looking at stock and demand."),
		Partly: __("Some of what it proposed could not be requested; see below."),
		Failed: refused || __("Nothing of this run was kept: all of it or nothing."),
	}[frm.doc.status];
	if (said) frm.set_intro(said, frappe.get_indicator(frm.doc)[1]);
}

async function progress_of(run) {
	const { message } = await frappe.call({
		method: "rl_replenishment.api.progress_of_run",
		args: { run },
		type: "GET",
	});
	return message;
}

function show_left_out(frm) {
	const rows = JSON.parse(frm.doc.left_out || "[]");
	table(
		frm.get_field("left_out_table"),
		[__("Item"), __("Warehouse"), __("Why")],
		rows.map((row) => [
			row.item_code ? link("Item", row.item_code) : __("All"),
			row.warehouse ? link("Warehouse", row.warehouse) : __("All"),
			escape(row.reason),
		])
	);
}

function show_not_ordered(frm) {
	const kept = JSON.parse(frm.doc.not_ordered || "{}");
	const items = kept.item_code || [];
	table(
		frm.get_field("not_ordered_table"),
		[
			__("Item"),
			__("Warehouse"),
			__("On Hand"),
			__("On Order"),
			__("Rule's Qty"),
			__("Held Back"),
		],
		items.slice(0, MOST_ROWS).map((item, i) => [
			link("Item", item),
			link("Warehouse", kept.warehouse[i]),
			number(kept.on_hand[i]),
			number(kept.on_order[i]),
			number(kept.baseline_qty[i]),
			// runs before this column was kept have none
			escape(kept.held_back?.[i]),
		]),
		items.length
	);
}

function table(field, titles, rows, count = rows.length) {
	if (!rows.length) return field.$wrapper.empty();
	const line = (cells, tag) =>
		`<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
	const code = `<code>${field.df.fieldname.replace("_table", "")}</code>`;
	const rest = __("And {0} more; all of them are in the field {1} of this document.", [
		count - MOST_ROWS,
		code,
	]);
	const more = count > MOST_ROWS ? `<p class="text-muted">${rest}</p>` : "";
	field.$wrapper.html(
		`<table class="table table-bordered small">
			<thead>${line(titles, "th")}</thead>
			<tbody>${rows
				.slice(0, MOST_ROWS)
				.map((cells) => line(cells, "td"))
				.join("")}</tbody>
		</table>${more}`
	);
}

function link(doctype, name) {
	return frappe.utils.get_form_link(doctype, name, true, escape(name));
}

function number(value) {
	return `<div class="text-right">${format_number(value, null, 2)}</div>`;
}

function escape(text) {
	return frappe.utils.escape_html(text || "");
}
