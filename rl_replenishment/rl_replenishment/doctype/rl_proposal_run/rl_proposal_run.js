const LOOK_EVERY_MS = 2000;
const MOST_ROWS = 200;

frappe.ui.form.on("RL Proposal Run", {
	refresh(frm) {
		frm.disable_save();
		show_state(frm);
		watch(frm);
		show_left_out(frm);
		show_not_ordered(frm);
		if (frm.doc.items_ordered) {
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
	if (frm.doc.status === "In Progress") {
		frm.set_intro(__("The agent is looking at stock and demand."), "blue");
	} else if (frm.doc.status === "Failed") {
		frm.set_intro(__("Nothing of this run was kept: all of it or nothing."), "red");
	}
}

// by asking, since not every site has socket.io
function watch(frm) {
	clearTimeout(frm.rl_timer);
	if (frm.doc.status !== "In Progress") return;
	const name = frm.doc.name;
	frm.rl_timer = setTimeout(async () => {
		if (cur_frm !== frm || frm.doc.name !== name) return;
		const { message: now } = await frappe.call({
			method: "rl_replenishment.api.progress_of_run",
			args: { run: name },
			type: "GET",
		});
		if (frm.doc.name !== name) return;
		if (now.status !== frm.doc.status) return frm.reload_doc();
		frm.dashboard.show_progress(__("Proposals"), Math.min(now.percent, 99), now.what);
		watch(frm);
	}, LOOK_EVERY_MS);
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
		[__("Item"), __("Warehouse"), __("On Hand"), __("On Order"), __("Rule's Qty"), __("Held Back")],
		items
			.slice(0, MOST_ROWS)
			.map((item, i) => [
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
	const line = (cells, tag) => `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
	const code = `<code>${field.df.fieldname.replace("_table", "")}</code>`;
	const rest = __("And {0} more; all of them are in the field {1} of this document.", [count - MOST_ROWS, code]);
	const more =
		count > MOST_ROWS
			? `<p class="text-muted">${rest}</p>`
			: "";
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
