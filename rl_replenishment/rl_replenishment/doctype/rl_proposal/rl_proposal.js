frappe.ui.form.on("RL Proposal", {
	refresh(frm) {
		frm.disable_save();
		const state = JSON.parse(frm.doc.state || "{}");
		const line = ([name, value]) =>
			`<tr><td>${frappe.utils.escape_html(__(frappe.unscrub(name)))}</td>
			<td class="text-right">${
				typeof value === "number" ? format_number(value, null, 2) : frappe.utils.escape_html(`${value ?? ""}`)
			}</td></tr>`;
		frm.get_field("state_table").$wrapper.html(
			`<table class="table table-bordered small" style="max-width: 30rem">
				${Object.entries(state).map(line).join("")}
			</table>`
		);
	},
});
