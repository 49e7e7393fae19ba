// Policies beside the classical rules on held-out days: what the desk calls them, and what the rules do.

// what people call each rule, what it does, and what the field calls it
function rl_rules() {
	return {
		"base-stock": [
			__("Fill Up"),
			__("orders up to its level at every review"),
			__("base-stock"),
		],
		"capped base-stock": [
			__("Fill Up, Limited"),
			__("the same, with a limit to each order"),
			__("capped base-stock"),
		],
		"(s, S)": [
			__("Reorder Point and Target"),
			__("orders up to the target once stock and open orders are at the reorder point"),
			__("(s, S)"),
		],
		"reorder level": [__("ERPNext's Re-Order"), __("ERPNext's own automatic re-order"), ""],
		"forecast rule": [
			__("Forecast"),
			__("orders what the learned forecast says will last until the next order"),
			"",
		],
		"common rule": [
			__("One Rule for All"),
			__("one safety factor and one lot for all items"),
			__("common rule"),
		],
		"fixed levels": [__("Fixed Levels"), __("levels set once"), ""],
		"mixed rule": [__("Mean of Several Rules"), __("the mean of several rules' levels"), ""],
	};
}

// what a rule does, for a hint
function rl_rule_hint(name) {
	const [, does, term] = rl_rules()[name] || [];
	if (!does || !term) return does;
	return `${does} ${term.startsWith("(") ? term : `(${term})`}`;
}

// a comparison calls the policy that it is about "candidate"
function rl_policy_label(name, policy) {
	return name === "candidate" ? policy || __("Learned Policy") : rl_rules()[name]?.[0] || name;
}

function rl_rules_in_words(names) {
	return Object.entries(rl_rules())
		.filter(([name]) => names.includes(name))
		.map(([name, [label]]) => `${label}: ${rl_rule_hint(name)}`)
		.join("; ");
}

// costs are in the currency of the agent's company
async function rl_currency_of(agent) {
	const { message } = await frappe.db.get_value("RL Agent Settings", agent, "company");
	return (await frappe.db.get_value("Company", message?.company, "default_currency")).message
		?.default_currency;
}

// a difference that luck explains says nothing: it is grey, better is green, worse is orange
function rl_difference({ cost_vs_best_baseline: share, ci95 }) {
	if (!share) return `<span class="text-muted">${__("Best Rule")}</span>`;
	const text = `${share > 0 ? "+" : ""}${format_number(100 * share, null, 1)} %`;
	const [low, high] = ci95 || [];
	const is_luck = !(low > 0 || high < 0);
	if (is_luck)
		return `<span class="text-muted" title="${__("Within what luck explains.")}">${text}</span>`;
	const [colour, hint] =
		share < 0
			? ["green", __("Better by more than luck explains.")]
			: ["orange", __("Worse by more than luck explains.")];
	return `<span class="indicator-pill no-indicator-dot ${colour}" title="${hint}">${text}</span>`;
}

// of the figures of a training run or a policy; nothing where they have no comparison
function rl_comparison_table({ holdout, holdout_days }, policy, currency) {
	const policies = holdout?.policies || [];
	if (!policies.length) return "";
	const percent = (share) => `${format_number(100 * share, null, 1)} %`;
	const head = [__("Cost"), __("Against the Best Rule"), __("Fill Rate"), __("Order Lines")];
	const cells = (row) => [
		format_currency(row.cost, currency, 0),
		rl_difference(row),
		percent(row.fill_rate),
		format_number(row.orders, null, 0),
	];
	const escape = frappe.utils.escape_html;
	const right = (tag, text) => `<${tag} class="text-right">${text}</${tag}>`;
	return `<div class="control-label">${__("On the {0} days held out of training", [holdout_days])}</div>
		<div class="table-responsive"><table class="table table-sm small">
		<thead><tr><th>${__("Policy")}</th>${head.map((text) => right("th", text)).join("")}</tr></thead>
		<tbody>${policies
			.map(
				(row) => `<tr><td title="${escape(rl_rule_hint(row.name) || "")}">
				${escape(rl_policy_label(row.name, policy))}</td>
				${cells(row)
					.map((text) => right("td", text))
					.join("")}</tr>`
			)
			.join("")}</tbody></table></div>
		<p class="small text-muted">${rl_rules_in_words(policies.map((row) => row.name))}</p>`;
}
