// Putting a policy to use and going back, from the form of an agent or of a policy; both ask why.

function rl_promote(policy, done) {
	const dialog = new frappe.ui.Dialog({
		title: __("Put {0} to Use", [policy]),
		size: "large",
		fields: [
			{ fieldname: "differences", fieldtype: "HTML" },
			{ fieldname: "reason", fieldtype: "Small Text", label: __("Why") },
		],
		primary_action_label: __("Promote"),
		async primary_action({ reason }) {
			dialog.hide();
			await frappe.call({
				method: "rl_replenishment.api.promote",
				args: { policy, reason: reason || "" },
				freeze: true,
			});
			frappe.show_alert({
				message: __("Policy {0} is in use.", [policy]),
				indicator: "green",
			});
			done();
		},
	});
	dialog.show();
	rl_show_differences(dialog.get_field("differences").$wrapper, policy);
}

// what would change, before anything does
async function rl_show_differences(wrapper, policy) {
	wrapper.html(
		`<p class="text-muted" role="status">${__("Looking at what it would propose...")}</p>`
	);
	try {
		const { message } = await frappe.call({
			method: "rl_replenishment.api.policy_differences",
			args: { policy },
			type: "GET",
		});
		wrapper.html(rl_differences(message, policy));
	} catch {
		wrapper.empty();
	}
}

function rl_differences(found, policy) {
	const escape = frappe.utils.escape_html;
	const money = (value) => format_currency(value, found.currency, 0);
	const signed = (value) =>
		`${value > 0 ? "+" : value < 0 ? "\u2212" : ""}${money(Math.abs(value))}`;
	const sums = __("On today's stock it would order for {0}; what is in use, for {1}.", [
		money(found.value_then),
		money(found.value_now),
	]);
	if (!found.count) return `<p>${sums} ${__("Nothing would be different.")}</p>`;
	const number = (value) => {
		const decimals = (String(flt(value, 3)).split(".")[1] || "").length;
		return format_number(value, null, decimals);
	};
	const right = (text) => `<td class="text-right text-nowrap">${text}</td>`;
	const rows = found.rows.map(
		(row) => `<tr><td>${escape(row.item_code)}
			<div class="text-muted">${escape(row.item_name || "")}</div></td>
			<td>${escape(row.warehouse)}</td>
			${right(`${number(row.now)} ${escape(__(row.uom))}`)}
			${right(`<b>${number(row.then)}</b> ${escape(__(row.uom))}`)}
			${right(signed(row.value))}</tr>`
	);
	const head = [__("Item"), __("Warehouse")].map((text) => `<th>${text}</th>`);
	const figures = [found.in_use || __("Now"), policy, __("Difference")].map(
		(text) => `<th class="text-right">${escape(text)}</th>`
	);
	const rest = found.count - found.rows.length;
	return `<p>${sums} ${__("Different: {0} of {1} item-warehouses, by value.", [
		found.count,
		found.considered,
	])}</p>
		<div class="table-responsive" style="max-height: 50vh" tabindex="0">
		<table class="table table-sm small rl-differences">
			<thead><tr>${[...head, ...figures].join("")}</tr></thead>
			<tbody>${rows.join("")}</tbody></table></div>
		${rest > 0 ? `<p>${__("And {0} more.", [rest])}</p>` : ""}
		<p class="small text-muted">${__(
			"Without drafts that wait, lessons, snoozed items and limits of a run, for both."
		)}</p>`;
}

function rl_roll_back(agent, policy, done) {
	rl_ask_why(
		__("Go Back to the Policy in Use before {0}", [policy]),
		__("Roll Back"),
		async (reason) => {
			const args = { agent, reason };
			const { message } = await frappe.call({
				method: "rl_replenishment.api.roll_back",
				args,
				freeze: true,
			});
			frappe.show_alert({
				message: __("Policy {0} is in use again.", [message]),
				indicator: "green",
			});
			done(message);
		}
	);
}

function rl_ask_why(title, action, done) {
	const why = { fieldname: "reason", fieldtype: "Small Text", label: __("Why") };
	frappe.prompt(why, ({ reason }) => done(reason || ""), title, action);
}
