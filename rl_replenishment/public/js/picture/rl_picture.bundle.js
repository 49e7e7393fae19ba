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
import { use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { draw_chart } from "../charts/chart.js";
import { height_of, options_of } from "./options.js";

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
	const write = {
		number: (value) =>
			format_number(value, null, Number.isInteger(value) || Math.abs(value) >= 10 ? 0 : 1),
		day: (day) => frappe.datetime.str_to_user(day),
		text: window.__,
	};
	const width = element.clientWidth;
	element.style.height = `${height_of(width)}px`;
	return draw_chart(element, (colours) => options_of(data, colours, write, width));
};
