// Pictures of items, apart from the pages that show them: who opens none loads no charts.

import { BarChart, LineChart, ScatterChart } from "echarts/charts";
import {
	AriaComponent,
	GridComponent,
	LegendComponent,
	MarkAreaComponent,
	MarkLineComponent,
	TooltipComponent,
} from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { options_of } from "./options.js";

use([
	AriaComponent,
	BarChart,
	GridComponent,
	LegendComponent,
	LineChart,
	MarkAreaComponent,
	MarkLineComponent,
	ScatterChart,
	SVGRenderer,
	TooltipComponent,
]);

frappe.provide("frappe.rl_replenishment");

/** Draw what the server says of an item into an element; called again, it draws anew. Returns how to end it. */
frappe.rl_replenishment.draw = (element, data) => {
	const style = getComputedStyle(element);
	const chart = element.rl_chart || init(element, null, { renderer: "svg" });
	if (!element.rl_chart) {
		element.rl_chart = chart;
		element.rl_observer = new ResizeObserver(() => chart.resize());
		element.rl_observer.observe(element);
	}
	const colour = (name, other) => style.getPropertyValue(name).trim() || other;
	const colours = {
		text: colour("--text-color", "#333"),
		muted: colour("--text-muted", "#666"),
		line: colour("--border-color", "#ddd"),
		past: colour("--gray-500", "#999"),
		order: colour("--blue-500", "#2490ef"),
		without: colour("--orange-500", "#e86c13"),
		alarm: colour("--red-500", "#e24c4c"),
		card: colour("--card-bg", "#fff"),
	};
	const write = {
		number: (value) =>
			format_number(value, null, Number.isInteger(value) || Math.abs(value) >= 10 ? 0 : 1),
		day: (day) => frappe.datetime.str_to_user(day),
		text: window.__,
	};
	chart.setOption(options_of(data, colours, write), true);
	return () => {
		element.rl_observer.disconnect();
		chart.dispose();
		delete element.rl_chart;
	};
};
