frappe.ui.form.on("RL Agent Settings", {
	setup(frm) {
		frm.set_query("warehouse", "warehouses", (doc) => ({ filters: { company: doc.company } }));
		frm.set_query("item_code", "items", () => ({
			filters: { is_stock_item: 1, is_purchase_item: 1, has_variants: 0, disabled: 0 },
		}));
		frm.set_query("supplier", () => ({ filters: { disabled: 0 } }));
	},

	onload(frm) {
		// where commas mark decimals, Frappe reads the default 0.25 as 25
		if (frm.is_new() && frm.doc.feedback_weight > 1) {
			frm.doc.feedback_weight = parseFloat(frm.get_docfield("feedback_weight").default);
		}
	},

	refresh(frm) {
		if (frm.is_new()) return;
		if (!frm.doc.enabled) {
			frm.set_intro(
				__("This agent is disabled: it proposes nothing and does not train by itself."),
				"orange"
			);
		} else if (frm.doc.mode === "Shadow") {
			frm.set_intro(
				__(
					"This agent works in the shadow: it writes down proposals and requests nothing."
				),
				"blue"
			);
		}
		rl_overview.load(frm);
		if (!frm.perm[0].write) return;
		frm.add_custom_button(__("What Would You Propose Now?"), () => once_saved(frm, preview));
		if (frm.doc.enabled) {
			frm.add_custom_button(__("Propose Now"), () => once_saved(frm, propose_now));
		}
		frm.add_custom_button(__("Train"), () => once_saved(frm, train));
		frm.add_custom_button(__("What Would 99 % Cost?"), () => once_saved(frm, show_service));
	},

	company(frm) {
		frm.clear_table("warehouses");
		frm.refresh_field("warehouses");
	},
});

// more is no longer read; a run has all of it
const MOST_SHOWN = 200;

// how often to ask how far the tuning is that a first preview waits for
const ASK_EVERY_MS = 2000;

async function preview(frm) {
	const title = __("What It Would Propose Now");
	const ask = async (freeze) =>
		(
			await frappe.call({
				method: "rl_replenishment.api.preview",
				args: { agent: frm.doc.name },
				type: "GET",
				freeze,
				freeze_message: __("Looking at stock and demand"),
			})
		).message;
	let found = await ask(true);
	if (found.waiting) {
		const dialog = new frappe.ui.Dialog({ title });
		dialog.show();
		for (; found.waiting; found = await ask(false)) {
			const { percent, what } = found.waiting;
			dialog.$body.html(`<p>${frappe.utils.escape_html(what)}</p>
				<div class="progress" role="progressbar" aria-label="${frappe.utils.escape_html(what)}"
					aria-valuemin="0" aria-valuemax="100" aria-valuenow="${percent}">
					<div class="progress-bar" style="width: ${percent}%"></div></div>`);
			await new Promise((done) => setTimeout(done, ASK_EVERY_MS));
			// whoever closes it, or goes elsewhere, waits no longer; what was begun goes on
			if (!dialog.display || cur_frm !== frm) return dialog.hide();
		}
		dialog.hide();
	}
	show_preview(frm, title, found);
}

function show_preview(frm, title, { lines, messages, considered, value }) {
	const number = (quantity) => {
		// with the decimals that it has, as a run would write it
		const decimals = (String(quantity).split(".")[1] || "").length;
		return format_number(quantity, null, decimals);
	};
	const rows = lines.slice(0, MOST_SHOWN).map(
		(line) => `<tr>
			<td>${frappe.utils.escape_html(line.item_code)}<br>
				<span class="text-muted">${frappe.utils.escape_html(line.item_name || "")}</span></td>
			<td class="text-right">${number(line.proposed_qty)} ${frappe.utils.escape_html(__(line.uom))}</td>
			<td class="text-right">${number(line.baseline_qty)}</td>
			<td>${frappe.utils.escape_html(line.reason)}</td>
		</tr>`
	);
	const dialog = new frappe.ui.Dialog({ title, size: "extra-large" });
	dialog.$body.html(`
		<p>${__("{0} of {1} item-warehouses, worth {2}. Nothing was written.", [
			lines.length,
			considered,
			format_currency(value, frappe.get_doc(":Company", frm.doc.company)?.default_currency),
		])}</p>
		${messages.map((text) => `<p class="text-muted">${frappe.utils.escape_html(text)}</p>`).join("")}
		<div class="table-responsive" ${lines.length ? "" : "hidden"}><table class="table table-sm small">
			<thead><tr><th>${__("Item")}</th><th class="text-right">${__("Proposed")}</th>
				<th class="text-right">${__("Classical Rule")}</th><th>${__("Why")}</th></tr></thead>
			<tbody>${rows.join("")}</tbody>
		</table></div>
		${lines.length > MOST_SHOWN ? `<p>${__("And {0} more.", [lines.length - MOST_SHOWN])}</p>` : ""}`);
	dialog.show();
}

function show_service(frm) {
	frappe.require(["rl_charts.bundle.js", "rl_service.bundle.js"], () =>
		frappe.rl_replenishment.show_service(frm.doc.name, () => frm.reload_doc())
	);
}

function once_saved(frm, action) {
	if (frm.is_dirty()) return frappe.msgprint(__("Save your changes first."));
	action(frm);
}

function propose_now(frm) {
	const consequence = {
		Shadow: __("Nothing is requested: the agent works in the shadow."),
		Draft: __("Material Requests are left as drafts."),
		Submit: __("Material Requests are submitted at once."),
	}[frm.doc.mode];
	frappe.confirm(__("Look at stock and propose what to order now?") + " " + consequence, () =>
		frm.call({
			method: "rl_replenishment.api.propose_now",
			args: { agent: frm.doc.name },
			freeze: true,
			callback: () => rl_overview.load(frm),
		})
	);
}

function train(frm) {
	frappe.confirm(
		__("Train in the background, for {0} min?", [frm.doc.training_minutes]) +
			" " +
			(frm.doc.auto_promote
				? __("A policy that proves better is put to use.")
				: __("The policy in use stays until you promote another.")),
		() =>
			frm.call({
				method: "rl_replenishment.api.train",
				args: { agent: frm.doc.name },
				freeze: true,
				callback: () => rl_overview.load(frm),
			})
	);
}
