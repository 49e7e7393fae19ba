// Beside the lines that an agent proposed: what was proposed and why, and what the buyer changed.

frappe.ui.form.on("Material Request", {
	refresh(frm) {
		rl_panel.load(frm);
	},
});

// ERPNext asks for a supplier before it makes an order: where the agent knows one alone, it is filled in
$(document).on("frappe.ui.Dialog:shown", () => {
	const dialog = cur_dialog;
	if (cur_frm?.doctype !== "Material Request" || !dialog?.fields_dict?.default_supplier) return;
	const named = rl_panel.suppliers_of(cur_frm);
	if (named.length === 1 && !dialog.get_value("default_supplier"))
		rl_panel.fill_in_supplier(dialog, named[0]);
});

frappe.ui.form.on("Material Request Item", {
	qty(frm, _doctype, name) {
		rl_panel.requantify(frm, name);
		rl_panel.drop_false_warning(name);
	},
	conversion_factor: (frm, _doctype, name) => rl_panel.update(frm, name),
	rl_edit_reason: (frm, _doctype, name) => rl_panel.update(frm, name),
	items_remove: (frm) => rl_panel.render(frm),
});

// the reason for going back to what the policy itself asks for, without what was learned, for once
const RL_NOT_THIS_TIME = "Not This Time";

const rl_panel = {
	load(frm) {
		const name = frm.doc.name;
		if (frm.rl_proposals_of === name) return this.render(frm);
		// all requests share one form: what it shows may be of another
		frm.rl_section?.remove();
		if (!frm.doc.rl_agent || frm.is_new()) return;
		frappe
			.call({
				method: "rl_replenishment.api.proposals_of_request",
				args: { material_request: name },
				type: "GET",
			})
			.then((r) => {
				if (frm.doc.name !== name) return;
				frm.rl_proposals = r.message || {};
				frm.rl_proposals_of = name;
				this.render(frm);
			});
	},

	lines(frm) {
		const known = frm.rl_proposals || {};
		const urgency = (row) => known[row.rl_proposal].days_of_stock;
		return (frm.doc.items || [])
			.filter((row) => known[row.rl_proposal])
			.sort((one, other) => urgency(one) - urgency(other));
	},

	render(frm) {
		if (frm.rl_proposals_of !== frm.doc.name) return;
		const lines = this.lines(frm);
		frm.rl_section?.remove();
		if (!lines.length) return;
		frm.rl_section = $(
			`<section class="rl-panel" style="margin-bottom: var(--margin-md)" aria-label="${__("What the Agent Proposed")}">
			<div class="control-label">${[
				__("What the Agent Proposed"),
				...this.suppliers_of(frm).map(frappe.utils.escape_html),
				this.value(frm, lines),
			].join(" · ")}</div>
			<div class="table-responsive"><table class="table table-sm small rl-proposals" style="margin-bottom: 0">
				<thead><tr>
					<th style="min-width: 10rem">${__("Item")}</th>
					<th class="text-right" title="${__("How long stock on hand lasts at the usual demand")}">${__("Days of Stock")}</th>
					<th class="text-right">${__("Proposed")}</th>
					<th class="text-right">${__("Classical Rule")}</th>
					<th class="text-right">${__("Now")}</th>
					<th class="text-right">${__("Value")}</th>
					<th>${__("Reason for Another Quantity")}</th>
				</tr></thead>
				<tbody>${lines.map((row) => this.row(frm, row)).join("")}</tbody>
			</table></div></section>`
		).insertAfter(frm.get_field("items").$wrapper);
		this.bind(frm);
	},

	suppliers_of(frm) {
		if (frm.rl_proposals_of !== frm.doc.name) return [];
		const named = this.lines(frm).map((row) => frm.rl_proposals[row.rl_proposal].supplier);
		return [...new Set(named.filter(Boolean))];
	},

	// where it is the items' default supplier: of others ERPNext would order nothing
	async fill_in_supplier(dialog, supplier) {
		const { query, filters } = dialog.fields_dict.default_supplier.df.get_query();
		const { message } = await frappe.call({
			method: "frappe.desk.search.search_link",
			args: { doctype: "Supplier", txt: "", query, filters, page_length: 100 },
		});
		const known = (message || []).map((row) => row.value);
		if (known.length === 1 && known[0] === supplier)
			dialog.set_value("default_supplier", supplier);
	},

	// ERPNext holds a quantity of packs against a minimum in pieces
	drop_false_warning(name) {
		const row = locals["Material Request Item"][name];
		const conversion = flt(row.conversion_factor) || 1;
		const least = flt(row.min_order_qty);
		const is_false = flt(row.qty) < least && flt(row.qty) * conversion >= least;
		const text = __("Warning: Material Requested Qty is less than Minimum Order Qty");
		const dialog = frappe.msg_dialog;
		if (!is_false || !dialog?.$wrapper.text().includes(text)) return;
		// Bootstrap hides nothing that still fades in; a warning that comes later may be true
		const hide = () => dialog.hide();
		dialog.$wrapper.one("hidden.bs.modal", () => dialog.$wrapper.off("shown.bs.modal", hide));
		dialog.$wrapper.one("shown.bs.modal", hide);
		hide();
	},

	money(frm, value) {
		return format_currency(
			value,
			frappe.get_doc(":Company", frm.doc.company)?.default_currency
		);
	},

	// at the price that the proposal reckoned with
	value_of(frm, row) {
		return this.now(frm, row).quantity * flt(frm.rl_proposals[row.rl_proposal].rate);
	},

	value(frm, lines) {
		const value = lines.reduce((sum, row) => sum + this.value_of(frm, row), 0);
		return `<span class="rl-total">${this.money(frm, value)}</span>`;
	},

	// with the decimals that it has, as in the document
	number(value) {
		const decimals = (String(flt(value, 3)).split(".")[1] || "").length;
		return format_number(flt(value, 3), null, decimals);
	},

	// in stock UOM, and by how much it differs, as feedback counts it: 0 for what units and digits make of it
	now(frm, row) {
		const conversion = flt(row.conversion_factor) || 1;
		const quantity = flt(row.qty) * conversion;
		const change = quantity - frm.rl_proposals[row.rl_proposal].proposed_qty;
		return {
			quantity,
			change: Math.abs(change) > Math.max(1e-3, 0.5e-3 * conversion) ? change : 0,
		};
	},

	mark(frm, row) {
		const { quantity, change } = this.now(frm, row);
		if (!change) return this.number(quantity);
		return `<span class="indicator-pill orange text-nowrap">${this.number(quantity)} (${change > 0 ? "+" : ""}${this.number(
			change
		)})</span>`;
	},

	// alone, so that what is open beside it stays open
	update(frm, name) {
		const line =
			frm.rl_proposals_of === frm.doc.name && frm.rl_section?.find(`tr[data-row="${name}"]`);
		if (!line?.length) return;
		const row = locals["Material Request Item"][name];
		const focused = line.find(".rl-reason:focus").data("reason");
		line.find(".rl-now").html(this.mark(frm, row));
		line.find(".rl-value").html(this.money(frm, this.value_of(frm, row)));
		frm.rl_section.find(".rl-total").html(this.value(frm, this.lines(frm)));
		line.find(".rl-reasons").html(this.reasons(frm, row));
		line.find(".rl-lesson").html(this.lesson(frm, row));
		if (focused) line.find(`.rl-reason[data-reason="${focused}"]`).trigger("focus");
	},

	row(frm, row) {
		const proposal = frm.rl_proposals[row.rl_proposal];
		const number = this.number;
		const cell = (value) => `<td class="text-right text-nowrap">${value}</td>`;
		const item = frappe.utils.escape_html(row.item_code);
		const name =
			row.item_name === row.item_code ? "" : frappe.utils.escape_html(row.item_name || "");
		const why = __("Why this quantity of {0}?", [item]);
		return `<tr data-row="${frappe.utils.escape_html(row.name)}">
			<td><button class="btn btn-xs btn-default rl-why" aria-expanded="false" style="float: right; margin-left: 8px"
				aria-label="${why}">${__("Why?")}</button>${item}
				${name ? `<div class="text-muted">${name}</div>` : ""}${this.snoozed(proposal)}
				<div class="rl-lesson">${this.lesson(frm, row)}</div></td>
			${cell(number(proposal.days_of_stock))}
			${cell(`${number(proposal.proposed_qty)} ${frappe.utils.escape_html(__(proposal.uom))}`)}
			${cell(number(proposal.baseline_qty))}
			<td class="text-right text-nowrap rl-now">${this.mark(frm, row)}</td>
			<td class="text-right text-nowrap rl-value">${this.money(frm, this.value_of(frm, row))}</td>
			<td class="rl-reasons">${this.reasons(frm, row)}</td>
		</tr>`;
	},

	snoozed({ snoozed_until }) {
		if (!snoozed_until) return "";
		const day = frappe.datetime.str_to_user(snoozed_until);
		return `<span class="indicator-pill no-indicator-dot gray rl-snoozed">${__(
			"Snoozed until {0}",
			[day]
		)}</span>`;
	},

	// what was learned from buyers about a line, and the way back for once
	lesson(frm, row) {
		const own = this.without_lesson(frm, row);
		if (own === null) return "";
		const words = frappe.utils.escape_html(frm.rl_proposals[row.rl_proposal].lesson || "");
		if (!frm.perm[0]?.write || frm.doc.docstatus !== 0) return words;
		const is_taken_back = row.rl_edit_reason === RL_NOT_THIS_TIME;
		const label = __("Not this time: {0} without what was learned", [
			frappe.utils.escape_html(row.item_code),
		]);
		return `<span class="text-muted">${words}</span>
			<button class="btn btn-xs btn-default rl-not-this-time" aria-pressed="${is_taken_back}"
			aria-label="${label}">${is_taken_back ? __("Undo") : __("Not this time")}</button>`;
	},

	// in purchase UOM; null where nothing was learned
	without_lesson(frm, row) {
		const { state, proposed_qty } = frm.rl_proposals[row.rl_proposal];
		const own = state.policy_qty || proposed_qty;
		const conversion = flt(row.conversion_factor) || 1;
		return Math.abs(own - proposed_qty) > 1e-3 ? flt(own / conversion, 6) : null;
	},

	// a reason for going back to another quantity is no longer true
	requantify(frm, name) {
		const row = locals["Material Request Item"][name];
		const is_known = frm.rl_proposals_of === frm.doc.name && frm.rl_proposals[row.rl_proposal];
		if (is_known && row.rl_edit_reason === RL_NOT_THIS_TIME) {
			const own = this.without_lesson(frm, row);
			if (own === null || Math.abs(flt(row.qty) - own) > 1e-3)
				frappe.model.set_value(row.doctype, row.name, "rl_edit_reason", "");
		}
		this.update(frm, name);
	},

	// once more undoes it
	async take_back(frm, row) {
		const is_taken_back = row.rl_edit_reason === RL_NOT_THIS_TIME;
		const conversion = flt(row.conversion_factor) || 1;
		const proposed = frm.rl_proposals[row.rl_proposal].proposed_qty / conversion;
		const qty = is_taken_back ? flt(proposed, 6) : this.without_lesson(frm, row);
		await frappe.model.set_value(row.doctype, row.name, "qty", qty);
		const reason = is_taken_back ? "" : RL_NOT_THIS_TIME;
		await frappe.model.set_value(row.doctype, row.name, "rl_edit_reason", reason);
	},

	reasons(frm, row) {
		if (!this.now(frm, row).change) return "";
		const can_write = frm.perm[0]?.write && frm.doc.docstatus < 2;
		const label = __("Reason for another quantity of {0}", [
			frappe.utils.escape_html(row.item_code),
		]);
		const { options } = frappe.meta.get_docfield(row.doctype, "rl_edit_reason");
		const buttons = options
			.split("\n")
			.filter((reason) => reason && reason !== RL_NOT_THIS_TIME)
			.map((reason) => {
				const is_chosen = reason === row.rl_edit_reason;
				return `<button class="btn btn-xs ${is_chosen ? "btn-primary" : "btn-default"} rl-reason"
				style="margin: 0 2px 2px 0" data-reason="${reason}" aria-pressed="${is_chosen}"
				${can_write ? "" : "disabled"}>${__(reason)}</button>`;
			});
		return `<div role="group" aria-label="${label}" style="min-width: 14rem; max-width: 18rem">${buttons.join("")}</div>`;
	},

	bind(frm) {
		const row_of = (element) =>
			locals["Material Request Item"][$(element).closest("tr").data("row")];
		frm.rl_section.on("click", ".rl-reason", ({ currentTarget }) => {
			const row = row_of(currentTarget);
			// once more takes it back
			const { reason } = currentTarget.dataset;
			frappe.model.set_value(
				row.doctype,
				row.name,
				"rl_edit_reason",
				reason === row.rl_edit_reason ? "" : reason
			);
		});
		frm.rl_section.on("click", ".rl-not-this-time", ({ currentTarget }) =>
			this.take_back(frm, row_of(currentTarget))
		);
		frm.rl_section.on("click", ".rl-why", ({ currentTarget }) =>
			this.toggle(frm, currentTarget, row_of(currentTarget))
		);
	},

	toggle(frm, button, row) {
		const line = $(button).closest("tr");
		const opened = line.next(".rl-explained");
		button.setAttribute("aria-expanded", opened.length ? "false" : "true");
		if (opened.length) return opened.remove();
		const proposal = frm.rl_proposals[row.rl_proposal];
		const explained = $(`<tr class="rl-explained"><td colspan="7">
			<div style="position: sticky; left: 0; max-width: calc(100vw - 6rem)">
			<p>${frappe.utils.escape_html(proposal.explanation || "")}</p>
			<div class="rl-drawn"></div>
			${this.numbers(proposal.state)}
			</div>
		</td></tr>`).insertAfter(line);
		rl_draw_picture(
			explained.find(".rl-drawn"),
			"picture_of_proposal",
			{
				material_request: frm.doc.name,
				proposal: row.rl_proposal,
				// of a draft as it stands here
				...(frm.doc.docstatus === 0 && { qty: this.now(frm, row).quantity }),
			},
			proposal.explanation
		);
	},

	// the numbers add up: rule + learned + rounding + your changes = quantity
	numbers(state) {
		const shown = [
			["on_hand", __("On Hand")],
			["on_order", __("On Order")],
			["set_aside", __("Kept for Announced Demand")],
			["reorder_point", __("Reorder Point")],
			["target", __("Target")],
			["rule_wish", __("The Rule Asks For")],
			["correction", __("Learned")],
			["rounding", __("Rounding")],
			["followed", __("From Your Changes")],
			["quantity", __("Quantity")],
		];
		return `<dl class="row" style="margin: 0.5rem 0 0">${shown
			.filter(
				([name]) =>
					state[name] !== undefined &&
					(state[name] || !["set_aside", "followed"].includes(name))
			)
			.map(
				([name, label]) =>
					`<div class="col-xs-6 col-sm-4 col-md-3"><dt class="text-muted" style="font-weight: normal">${label}</dt>
					<dd>${format_number(state[name], null, 1)}</dd></div>`
			)
			.join("")}</dl>`;
	},
};
