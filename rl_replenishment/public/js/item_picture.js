// The picture of an item, on forms and reports; what it is drawn with is loaded where somebody asks for it.

const RL_PICTURE_PX = 366;

// asks `method` for it, draws it into an element, and says below why the target is where it is
function rl_draw_picture(element, method, args, sentence) {
	element.html(`<div class="rl-picture" role="img" style="max-width: 900px; height: ${RL_PICTURE_PX}px"
		aria-label="${frappe.utils.escape_html(sentence || "")}"></div><p class="rl-why-target"></p>`);
	const [place, why] = [element.find(".rl-picture"), element.find(".rl-why-target")];
	frappe.require(["rl_charts.bundle.js", "rl_picture.bundle.js"], async () => {
		const { message } = await frappe.call({
			method: `rl_replenishment.api.${method}`,
			args,
			type: "GET",
		});
		// folded in the meantime
		if (!message || !document.body.contains(place[0])) return;
		frappe.rl_replenishment.draw(place[0], message);
		why.text(message.why_target);
	});
}
