frappe.ui.form.on("RL Policy", {
	refresh(frm) {
		frm.disable_save();
		show_figures(frm);
		if (frm.doc.backtest_by_item) {
			const { agent, name: policy } = frm.doc;
			frm.add_custom_button(__("Backtest by Item"), () =>
				frappe.set_route("query-report", "RL Backtest", { agent, policy, by: "Item" })
			);
		}
		if (!frappe.model.can_write("RL Agent Settings")) return;
		if (frm.doc.status === "Active") {
			frm.add_custom_button(__("Roll Back"), () =>
				rl_roll_back(frm.doc.agent, frm.doc.name, (policy) =>
					frappe.set_route("Form", "RL Policy", policy)
				)
			);
		} else {
			frm.add_custom_button(__("Promote"), () =>
				rl_promote(frm.doc.name, () => frm.reload_doc())
			);
		}
	},
});

async function show_figures(frm) {
	const figures = JSON.parse(frm.doc.metrics || "{}");
	const { name, agent } = frm.doc;
	const currency = await rl_currency_of(agent);
	if (frm.doc.name !== name) return;
	const text = frappe.utils.escape_html(JSON.stringify(figures, null, 2));
	frm.get_field("metrics_view").$wrapper.html(
		`${rl_comparison_table(figures, name, currency)}
		<details><summary class="small text-muted">${__("All Figures")}</summary><pre>${text}</pre></details>`
	);
}
