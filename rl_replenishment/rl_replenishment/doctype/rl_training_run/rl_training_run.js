frappe.ui.form.on("RL Training Run", {
	refresh(frm) {
		frm.disable_save();
		show_figures(frm);
		show_progress(frm);
		rl_watch(frm, progress_of, (now) => {
			Object.assign(frm.doc, now);
			frm.refresh_fields();
			show_progress(frm);
		});
		if (!frappe.model.can_write("RL Agent Settings")) return;
		if (rl_is_under_way(frm.doc)) {
			if (frm.doc.cancel_requested) return;
			frm.add_custom_button(__("Cancel"), () => cancel(frm));
		} else if (["Failed", "Cancelled"].includes(frm.doc.status) && !frm.doc.is_remote) {
			frm.add_custom_button(__("Retry"), () => retry(frm));
		}
	},
});

function show_figures(frm) {
	const { metrics, settings } = frm.doc;
	const figures = { settings: JSON.parse(settings || "{}"), ...JSON.parse(metrics || "{}") };
	const text = frappe.utils.escape_html(JSON.stringify(figures, null, 2));
	const wrapper = frm.get_field("metrics_view").$wrapper;
	wrapper.html(`<p>${frappe.utils.escape_html(figures.verdict || "")}</p>
		${what_it_learned_from(figures)}${what_events_do(figures.events)}
		<div class="rl-compared"></div><div class="rl-curve"></div>
		<details><summary class="small text-muted">${__("All Figures")}</summary><pre>${text}</pre></details>`);
	const { name, agent } = frm.doc;
	rl_currency_of(agent).then((currency) => {
		if (frm.doc.name !== name) return;
		wrapper.find(".rl-compared").html(rl_comparison_table(figures, frm.doc.policy, currency));
	});
	draw_curve(wrapper.find(".rl-curve"), figures.training?.curve || []);
}

function what_it_learned_from({ data, holdout_days, feedback, training, settings }) {
	if (!data) return "";
	const day = (value) => frappe.datetime.str_to_user(value);
	const limit = settings.timesteps
		? __("{0} steps", [format_number(settings.timesteps, null, 0)])
		: __("{0} s", [Math.round(settings.seconds)]);
	const facts = [
		[__("Days"), __("{0} to {1}", [day(data.first_day), day(data.last_day)])],
		[__("Days Held Out"), holdout_days],
		[__("Item-Warehouses"), data.items],
		[
			__("Answers of Buyers"),
			__("{0}, usable: {1}", [feedback?.rows || 0, feedback?.usable || 0]),
		],
		[__("Limit"), limit],
		[__("Seed"), settings.seed],
		[__("Steps"), format_number(training?.timesteps || 0, null, 0)],
	];
	return `<dl class="row small">${facts
		.map(
			([label, text]) =>
				`<div class="col-xs-6 col-sm-4 col-md-3"><dt class="text-muted" style="font-weight: normal">${label}</dt>
				<dd>${frappe.utils.escape_html(String(text))}</dd></div>`
		)
		.join("")}</dl>`;
}

function what_events_do(events) {
	const effects = Array.isArray(events?.effects) ? events.effects : [];
	const unseen = Array.isArray(events?.unseen) ? events.unseen : [];
	const sentences = effects.map(effect_sentence);
	if (typeof events?.cost_ratio === "number") {
		const percent = format_number(100 * Math.abs(events.cost_ratio - 1), null, 1);
		const counted =
			events.cost_ratio > 1
				? __("Counting them in cost {0} % more on the days that rules were judged on.", [
						percent,
					])
				: __("Counting them in cost {0} % less on the days that rules were judged on.", [
						percent,
					]);
		sentences.push(effects.length ? counted : `${counted} ${__("They change nothing.")}`);
	}
	if (unseen.length)
		sentences.push(
			__("Not seen on days that tell what it does, so it changes nothing: {0}", [
				unseen.join(", "),
			])
		);
	if (!sentences.length) return "";
	const lines = sentences.map((text) => `<li>${frappe.utils.escape_html(text)}</li>`);
	return `<div class="control-label">${__("Holidays and Promotions")}</div>
		<ul class="small">${lines.join("")}</ul>`;
}

function effect_sentence({ kind, is_discount, seen, lift, usual_discount }) {
	if (lift === 1)
		return __("{0}, seen {1} times: what it does cannot be told from chance", [kind, seen]);
	const times = format_number(lift, null, 2);
	return is_discount
		? __("{0}, seen {1} times: demand at {2} % off is {3} times the usual", [
				kind,
				seen,
				Math.round(usual_discount),
				times,
			])
		: __("{0}, seen {1} times: demand is {2} times the usual", [kind, seen, times]);
}

function draw_curve(element, curve) {
	if (curve.length < 2) return;
	element.before(
		`<div class="control-label">${__("Learning curve: cost on the validation days against the rule, in percent")}</div>`
	);
	new frappe.Chart(element[0], {
		type: "line",
		height: 200,
		data: {
			labels: curve.map(([seconds]) => __("{0} s", [Math.round(seconds)])),
			datasets: [
				{
					name: __("Against the Rule, %"),
					values: curve.map(([, ratio]) => flt(100 * (ratio - 1), 2)),
				},
			],
		},
		axisOptions: { xIsSeries: 1 },
		lineOptions: { hideDots: 1 },
	});
}

function show_progress(frm) {
	const { status, message, progress } = frm.doc;
	if (rl_is_under_way(frm.doc)) {
		frm.dashboard.show_progress(
			__("Training"),
			Math.min(progress || 0, 99),
			message || __(status)
		);
	} else if (message) {
		// green is for what is better, and in use
		const colour =
			status === "Completed"
				? frm.doc.promoted
					? "green"
					: ""
				: frappe.get_indicator(frm.doc)[1];
		frm.set_intro(frappe.utils.escape_html(message), colour);
	}
}

async function progress_of(training) {
	const fields = ["status", "progress", "message", "heartbeat"];
	const { message } = await frappe.db.get_value("RL Training Run", training, fields);
	return message;
}

function cancel(frm) {
	frappe.confirm(__("End this training? The best policy found so far is kept."), () =>
		frm.call({
			method: "rl_replenishment.api.cancel_training",
			args: { training_run: frm.doc.name },
			freeze: true,
			callback: () => {
				frappe.show_alert(__("The training ends within seconds."));
				frm.reload_doc();
			},
		})
	);
}

function retry(frm) {
	frm.call({
		method: "rl_replenishment.api.retry_training",
		args: { training_run: frm.doc.name },
		freeze: true,
		callback: (r) => frappe.set_route("Form", "RL Training Run", r.message),
	});
}
