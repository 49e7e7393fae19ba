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
			frm.add_custom_button(__("Roll Back"), () => roll_back(frm));
		} else {
			frm.add_custom_button(__("Promote"), () => promote(frm));
		}
	},
});

function show_figures(frm) {
	const figures = JSON.parse(frm.doc.metrics || "{}");
	const text = frappe.utils.escape_html(JSON.stringify(figures, null, 2));
	frm.get_field("metrics_view").$wrapper.html(
		`${rl_comparison_table(figures, frm.doc.name)}
		<details><summary class="small text-muted">${__("All Figures")}</summary><pre>${text}</pre></details>`
	);
}

function ask_why(title, action, done) {
	frappe.prompt(
		{ fieldname: "reason", fieldtype: "Small Text", label: __("Why") },
		({ reason }) => done(reason || ""),
		title,
		action
	);
}

function promote(frm) {
	ask_why(__("Put {0} to Use", [frm.doc.name]), __("Promote"), (reason) =>
		frm.call({
			method: "rl_replenishment.api.promote",
			args: { policy: frm.doc.name, reason },
			freeze: true,
			callback: () => frm.reload_doc(),
		})
	);
}

function roll_back(frm) {
	ask_why(__("Go Back to the Policy in Use before {0}", [frm.doc.name]), __("Roll Back"), (reason) =>
		frm.call({
			method: "rl_replenishment.api.roll_back",
			args: { agent: frm.doc.agent, reason },
			freeze: true,
			callback: (r) => frappe.set_route("Form", "RL Policy", r.message),
		})
	);
}
