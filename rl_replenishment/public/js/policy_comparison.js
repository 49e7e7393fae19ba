// Policies beside the classical rules on held-out days: what the desk calls them, and what the rules do.

// each rule's name and what it does
function rl_rules() {
	return {
		"base-stock": [__("base-stock"), __("orders up to its level at every review")],
		"capped base-stock": [__("capped base-stock"), __("the same, with a limit to each order")],
		"(s, S)": [
			__("(s, S)"),
			__("orders up to S once stock and open orders are at s or below"),
		],
		"reorder level": [__("reorder level"), __("ERPNext's own automatic re-order")],
		"forecast rule": [
			__("forecast rule"),
			__("orders what the learned forecast says will last until the next order"),
		],
		"common rule": [__("common rule"), __("one safety factor and one lot for all items")],
		"fixed levels": [__("fixed levels"), __("levels set once")],
		"mixed rule": [__("mixed rule"), __("the mean of several rules' levels")],
	};
}

// a comparison calls the policy that it is about "candidate"
function rl_policy_label(name, policy) {
	return name === "candidate" ? policy || __("Learned Policy") : rl_rules()[name]?.[0] || name;
}

function rl_rules_in_words(names) {
	return Object.entries(rl_rules())
		.filter(([name]) => names.includes(name))
		.map(([, [label, does]]) => `${label}: ${does}`)
		.join("; ");
}

// of the figures of a training run or a policy; nothing where they have no comparison
function rl_comparison_table({ holdout, holdout_days }, policy) {
	const policies = holdout?.policies || [];
	if (!policies.length) return "";
	const percent = (share) => `${format_number(100 * share, null, 1)} %`;
	const number = (value) => format_number(value, null, 0);
	const head = [
		__("Cost"),
		__("Against the Best Rule"),
		__("Fill Rate"),
		__("Average Stock"),
		__("Order Lines"),
	];
	const cells = (row) => [
		number(row.cost),
		percent(row.cost_vs_best_baseline || 0),
		percent(row.fill_rate),
		number(row.average_inventory),
		number(row.orders),
	];
	const right = (tag, text) => `<${tag} class="text-right">${text}</${tag}>`;
	return `<div class="control-label">${__("On the {0} days held out of training", [holdout_days])}</div>
		<div class="table-responsive"><table class="table table-sm small">
		<thead><tr><th>${__("Policy")}</th>${head.map((text) => right("th", text)).join("")}</tr></thead>
		<tbody>${policies
			.map(
				(
					row
				) => `<tr><td>${frappe.utils.escape_html(rl_policy_label(row.name, policy))}</td>
				${cells(row)
					.map((text) => right("td", text))
					.join("")}</tr>`
			)
			.join("")}</tbody></table></div>
		<p class="small text-muted">${rl_rules_in_words(policies.map((row) => row.name))}</p>`;
}
