// A chart in an element of the desk: in its colours, and as wide as it, whenever that is known.

import { init } from "echarts/core";

/** The desk's colours where `element` stands, light or dark. */
export function colours_of(element) {
	const style = getComputedStyle(element);
	const colour = (name, other) => style.getPropertyValue(name).trim() || other;
	return {
		text: colour("--text-color", "#333"),
		muted: colour("--text-muted", "#666"),
		line: colour("--border-color", "#ddd"),
		past: colour("--gray-500", "#999"),
		order: colour("--blue-500", "#2490ef"),
		without: colour("--orange-500", "#e86c13"),
		alarm: colour("--red-500", "#e24c4c"),
		card: colour("--card-bg", "#fff"),
	};
}

/** Draw what `options` makes of the colours; called again, it draws anew. Returns how to end it. */
export function draw_chart(element, options) {
	const chart = element.rl_chart || init(element, null, { renderer: "svg" });
	if (!element.rl_chart) {
		element.rl_chart = chart;
		// what is drawn before it is shown has no width yet
		element.rl_observer = new ResizeObserver(() => chart.resize());
		element.rl_observer.observe(element);
	}
	chart.setOption(options(colours_of(element)), true);
	return () => {
		element.rl_observer.disconnect();
		chart.dispose();
		delete element.rl_chart;
	};
}
