// ECharts, once for all that draws with it: the bundles of pictures and of service have none of their own.

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
import { draw_chart } from "./chart.js";

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

frappe.rl_replenishment.draw_chart = draw_chart;
