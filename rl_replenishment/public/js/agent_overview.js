// How an agent stands, on its form, which asks again every two seconds while the agent trains or proposes.

// for what others begin
const RL_LOOK_WHEN_IDLE_MS = 30000;

const rl_overview = {
	async load(frm) {
		clearTimeout(frm.rl_timer);
		const name = frm.doc.name;
		const [{ message: now }] = await Promise.all([
			frappe.call({
				method: "rl_replenishment.api.overview",
				args: { agent: name },
				type: "GET",
			}),
			// which know the colours of their statuses
			...["RL Policy", "RL Proposal Run", "RL Training Run"].map((doctype) =>
				frappe.model.with_doctype(doctype)
			),
		]);
		if (frm.doc.name !== name) return;
		this.render(frm, now);
		const under_way = [now.run, now.training].filter(rl_is_under_way);
		// what has ended may have changed the document
		const before = frm.rl_under_way?.agent === name ? frm.rl_under_way.jobs : [];
		frm.rl_under_way = { agent: name, jobs: under_way.map((job) => job.name) };
		const ended = [now.run, now.training].filter(
			(job) => job && before.includes(job.name) && !under_way.includes(job)
		);
		if (ended.length) {
			this.tell(ended);
			if (!frm.is_dirty()) return frm.reload_doc();
		}
		rl_look_again(
			frm,
			() => this.load(frm),
			under_way.length ? RL_LOOK_EVERY_MS : RL_LOOK_WHEN_IDLE_MS
		);
	},

	tell(ended) {
		const is = (status) => ended.some((job) => job.status === status);
		if (is("Failed")) {
			frappe.show_alert({ message: __("It failed; see above."), indicator: "red" });
		} else if (!is("Cancelled")) {
			frappe.show_alert({ message: __("Done; the result is above."), indicator: "green" });
		}
	},

	render(frm, now) {
		const { run, training, next_run, problems, policy, policies, examined } = now;
		const escape = frappe.utils.escape_html;
		const link = (doctype, name) => frappe.utils.get_form_link(doctype, name, true);
		const facts = [
			policy && [
				__("Policy in Use"),
				`${link("RL Policy", policy.name)}
				<span class="text-muted">${escape(policy.summary || "")}</span>`,
			],
			run && [
				__("Last Run"),
				`${link("RL Proposal Run", run.name)} ${this.pill("RL Proposal Run", run)}
				${this.came_to(frm, run, now.currency)}
				<span class="text-muted">${escape(run.messages || "")}</span>
				<div class="rl-run"></div>${this.cancel_button(frm, run, __("Cancel Run"))}`,
			],
			next_run && [__("Next Run"), frappe.datetime.str_to_user(next_run)],
			training && [
				__("Last Training"),
				`${link("RL Training Run", training.name)} ${this.pill("RL Training Run", training)}
				${rl_is_under_way(training) ? "" : escape(training.said || training.message || "")}
				<div class="rl-training"></div>${this.cancel_button(frm, training, __("Cancel Training"))}`,
			],
			examined && [
				__("Last Examination"),
				`${frappe.datetime.str_to_user(examined.on.slice(0, 10))}
				${
					examined.off.length
						? `<span class="indicator-pill orange">${examined.off.map(escape).join("; ")}</span>`
						: `<span class="indicator-pill green">${__("All in Order")}</span>`
				}`,
			],
		].filter(Boolean);
		const wrapper = frm.get_field("overview").$wrapper;
		if (!wrapper.find(".rl-facts").length) {
			wrapper.html(
				["problems", "facts", "lessons", "backtest", "versions"]
					.map((part) => `<div class="rl-${part}"></div>`)
					.join("")
			);
		}
		this.put(
			wrapper.find(".rl-problems"),
			problems
				.map(
					(text) => `<div class="alert alert-warning small" role="alert"
					style="color: var(--text-color)">${escape(text)}</div>`
				)
				.join("")
		);
		this.put(
			wrapper.find(".rl-facts"),
			`<dl class="row">${facts
				.map(
					([
						label,
						text,
					]) => `<dt class="col-sm-3 col-lg-2" style="font-weight: normal">${label}</dt>
					<dd class="col-sm-9 col-lg-10">${text}</dd>`
				)
				.join("")}</dl>`
		);
		if (run) this.put(wrapper.find(".rl-run"), this.progress(run, run.percent, run.what));
		if (training) {
			const bar = this.progress(training, training.progress, training.message);
			this.put(wrapper.find(".rl-training"), bar);
			// whoever began it on the other tab sees it there
			this.put(this.on_learning_tab(frm), bar);
		}
		this.put(wrapper.find(".rl-lessons"), this.lessons(now.lessons));
		if (this.put(wrapper.find(".rl-backtest"), this.backtest(now))) {
			this.draw_backtest(wrapper.find(".rl-chart"), now);
		}
		this.put(wrapper.find(".rl-versions"), this.versions(frm, policies));
		if (now.can_roll_back && frm.perm[0].write) {
			frm.add_custom_button(__("Roll Back"), () =>
				rl_roll_back(frm.doc.name, frm.doc.active_policy, () => frm.reload_doc())
			);
		} else {
			frm.remove_custom_button(__("Roll Back"));
		}
		wrapper.off("click");
		wrapper.on("click", ".rl-cancel", ({ currentTarget }) => {
			const name = currentTarget.dataset.job;
			if (name === training?.name) {
				const question = __("End this training? The best policy found so far is kept.");
				this.cancel(frm, question, "cancel_training", { training_run: name });
			} else {
				this.cancel(frm, __("End this run? Nothing of it is kept."), "cancel_run", {
					run: name,
				});
			}
		});
		wrapper.on("click", ".rl-follow", ({ currentTarget }) => {
			const { lesson } = currentTarget.dataset;
			const { enabled } = now.lessons.find((each) => each.name === lesson);
			this.change_lesson(frm, lesson, { enabled: enabled ? 0 : 1 });
		});
		wrapper.on("click", ".rl-forget", ({ currentTarget }) =>
			frappe.confirm(__("Forget what was changed until today, and learn anew?"), () =>
				this.change_lesson(frm, currentTarget.dataset.lesson, {
					// the site's day, whatever the user's time zone
					forget_until: frappe.datetime.system_datetime().slice(0, 10),
				})
			)
		);
		wrapper.on("click", ".rl-remember", ({ currentTarget }) =>
			this.change_lesson(frm, currentTarget.dataset.lesson, { forget_until: "" })
		);
		wrapper.on("click", ".rl-promote", (event) =>
			rl_promote(event.currentTarget.dataset.policy, () => frm.reload_doc())
		);
	},

	on_learning_tab(frm) {
		const pane = frm.get_field("algorithm").$wrapper.closest(".tab-pane");
		if (!pane.find(".rl-training-here").length) {
			pane.prepend(
				'<div class="rl-training-here" style="padding: var(--padding-md)"></div>'
			);
		}
		return pane.find(".rl-training-here");
	},

	// what a run that has ended came to, with the way to it
	came_to(frm, run, currency) {
		// where there is nothing to order, its messages say so
		if (!["Completed", "Partly"].includes(run.status) || !run.items_ordered) return "";
		const url = `${frappe.router.make_url(["rl-board"])}?agent=${encodeURIComponent(frm.doc.name)}`;
		const worth = format_currency(run.order_value, currency, 0);
		const lines =
			run.items_ordered === 1
				? __("1 line worth {0}.", [worth])
				: __("{0} lines worth {1}.", [run.items_ordered, worth]);
		return `${lines}
			<a class="btn btn-xs btn-default rl-review" href="${url}">${__("Review")}</a>`;
	},

	// only what has changed, so that a button keeps the focus while a job goes on; says whether it has
	put(element, html) {
		const changed = element.data("html") !== html;
		if (changed) element.html(html).data("html", html);
		return changed;
	},

	pill(doctype, { status }) {
		const [label, colour] = frappe.get_indicator({ status }, doctype);
		return `<span class="indicator-pill ${colour}">${label}</span>`;
	},

	progress(job, percent, what) {
		if (!rl_is_under_way(job)) return "";
		const shown = Math.min(Math.round(percent || 0), 99);
		const label = frappe.utils.escape_html(what || __("Waiting for a worker"));
		return `<div class="progress" style="margin: 4px 0; max-width: 30rem" role="progressbar" aria-label="${label}"
				aria-valuenow="${shown}" aria-valuemin="0" aria-valuemax="100">
				<div class="progress-bar" style="width: ${shown}%"></div>
			</div><span class="text-muted">${shown} % ${label}</span>`;
	},

	cancel_button(frm, job, label) {
		if (!rl_is_under_way(job) || !frm.perm[0].write) return "";
		if (job.cancel_requested)
			return `<span class="text-muted">${__("It ends within seconds.")}</span>`;
		return `<button class="btn btn-xs btn-default rl-cancel" data-job="${job.name}">${label}</button>`;
	},

	cancel(frm, question, method, args) {
		frappe.confirm(question, async () => {
			await frappe.call({ method: `rl_replenishment.api.${method}`, args, freeze: true });
			this.load(frm);
		});
	},

	lessons(lessons) {
		if (!lessons.length) return "";
		const escape = frappe.utils.escape_html;
		const may_write = frappe.model.can_write("RL Lesson");
		const button = (lesson, kind, label) =>
			`<button class="btn btn-xs btn-default ${kind}" data-lesson="${escape(lesson.name)}"
				aria-label="${label}: ${escape(lesson.title)}">${label}</button>`;
		const off = `<span class="indicator-pill no-indicator-dot gray">${__("Switched Off")}</span> `;
		const switches = (lesson) =>
			button(
				lesson,
				"rl-follow",
				lesson.enabled ? __("Do Not Follow") : __("Follow Again")
			) +
			button(lesson, "rl-forget", __("Forget What Was Changed")) +
			(lesson.forget_until ? button(lesson, "rl-remember", __("Remember Again")) : "");
		return `<div class="control-label">${__("What I Learned from You")}</div>
			<div class="table-responsive"><table class="table table-sm small"><tbody>${lessons
				.map(
					(lesson) => `<tr>
					<td>${frappe.utils.get_form_link("RL Lesson", lesson.name, true, escape(lesson.title))}</td>
					<td>${escape(lesson.explanation || "")}
					<div style="display: flex; flex-wrap: wrap; align-items: center; gap: 4px; margin-top: 4px">${
						lesson.enabled ? "" : off
					}${may_write ? switches(lesson) : ""}</div></td></tr>`
				)
				.join("")}</tbody></table></div>`;
	},

	// the next run goes by it
	async change_lesson(frm, name, values) {
		const args = { doctype: "RL Lesson", name, fieldname: values };
		await frappe.call({ method: "frappe.client.set_value", args, freeze: true });
		this.load(frm);
	},

	versions(frm, policies) {
		if (!policies.length) return "";
		const escape = frappe.utils.escape_html;
		const action = (policy) =>
			policy.status === "Active" || !frm.perm[0].write
				? ""
				: `<button class="btn btn-xs btn-default rl-promote" data-policy="${escape(policy.name)}"
					aria-label="${__("Put {0} to Use", [escape(policy.name)])}">${__("Promote")}</button>`;
		return `<div class="control-label">${__("Policies")}</div>
			<div class="table-responsive"><table class="table table-sm small rl-policies"><tbody>${policies
				.map(
					(policy) => `<tr>
					<td class="text-nowrap">${frappe.utils.get_form_link("RL Policy", policy.name, true)}</td>
					<td>${this.pill("RL Policy", policy)}</td>
					<td class="text-nowrap d-none d-sm-table-cell">${frappe.datetime.str_to_user(policy.creation.slice(0, 10))}</td>
					<td class="d-none d-sm-table-cell">${escape(policy.summary || policy.algorithm)}</td>
					<td class="text-right">${action(policy)}</td></tr>`
				)
				.join("")}</tbody></table></div>`;
	},

	backtest({ compared, holdout_days, candidate, currency }) {
		if (!compared.length) return "";
		const title = __("Cost on the {0} days held out of training, in {1}", [
			holdout_days,
			currency,
		]);
		return `<div class="control-label">${title}</div>
			<div class="rl-chart" data-policy="${frappe.utils.escape_html(candidate)}"></div>
			<p class="small text-muted">${rl_rules_in_words(compared.map((row) => row.name))}</p>`;
	},

	draw_backtest([element], { compared, candidate, currency }) {
		if (!element) return;
		new frappe.Chart(element, {
			type: "bar",
			height: 200,
			// a colour belongs to a dataset: the policy stands out from the rules
			colors: ["blue", "#a8b0b9"],
			barOptions: { stacked: 1 },
			data: {
				labels: compared.map((row) => rl_policy_label(row.name, candidate)),
				datasets: [true, false].map((is_policy) => ({
					name: is_policy ? __("Policy") : __("Classical Rule"),
					values: compared.map((row) =>
						(row.name === "candidate") === is_policy ? Math.round(row.cost) : 0
					),
				})),
			},
			// names of policies are long
			axisOptions: { shortenYAxisNumbers: 1, seriesLabelSpaceRatio: 1 },
			tooltipOptions: { formatTooltipY: (cost) => format_currency(cost, currency, 0) },
		});
	},
};
