// The first steps, on the workspace; each is ticked off by what is there, not by a click.

window.rl_getting_started = async function (root) {
	const { message: steps } = await frappe.call({
		method: "rl_replenishment.api.getting_started",
		type: "GET",
	});
	const place = root.querySelector(".rl-getting-started");
	if (!steps.length) return place.replaceChildren();
	const escape = frappe.utils.escape_html;
	const next = steps.findIndex((step) => !step.is_done);
	const mark = (step) =>
		step.is_done
			? `<span class="indicator-pill green">${__("Done")}</span>`
			: `<span class="indicator-pill gray">${__("To Do")}</span>`;
	place.innerHTML = `
		<h2 class="h4">${__("Getting Started")}</h2>
		<ol>${steps
			.map(
				(step, i) => `<li style="margin-bottom: 6px">
				<a href="${escape(frappe.router.make_url(step.route))}" ${i === next ? 'aria-current="step"' : ""}
					style="font-weight: ${i === next ? 600 : 400}">${escape(step.title)}</a> ${mark(step)}
				${i === next ? `<div class="small">${escape(step.help)}</div>` : ""}</li>`
			)
			.join("")}</ol>
		<button class="btn btn-xs btn-default">${__("Show This No More")}</button>`;
	place.querySelectorAll("a").forEach((link, i) =>
		link.addEventListener("click", (event) => {
			event.preventDefault();
			frappe.set_route(steps[i].route);
		})
	);
	place.querySelector("button").addEventListener("click", async () => {
		await frappe.call({ method: "rl_replenishment.api.tick", args: { what: "hidden" } });
		place.replaceChildren();
	});
};
