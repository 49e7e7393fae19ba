// The curve of stock value against fill rate, as ECharts takes it. No desk: colours and how things are written are given.

/** Where a curve begins: nobody plans for less than this, in percent, unless nothing is above it. */
const LEAST_RATE = 80;

/** Points worth showing, in rising order of service; of equal fill rates the one with the least stock. */
export function shown_points(points, least = LEAST_RATE) {
	const found = [];
	for (const point of points) {
		if (!found.length || point.fill_rate > found.at(-1).fill_rate) found.push(point);
	}
	const above = found.filter((point) => point.fill_rate >= least);
	return above.length > 1 ? above : found;
}

/** What a point costs against the present one. */
export function against_present(point, present) {
	return {
		stock: point.stock_value - present.stock_value,
		cost: point.cost - present.cost,
	};
}

export function options_of({ points, present }, colours, { money, percent, text: __ }) {
	const curve = shown_points(points);
	return {
		animation: false,
		aria: { enabled: true },
		textStyle: { color: colours.text },
		grid: { left: 72, right: 24, top: 36, bottom: 48 },
		tooltip: {
			trigger: "item",
			backgroundColor: colours.card,
			textStyle: { color: colours.text },
			formatter: ({ value: [rate, stock] }) => `${percent(rate)}: ${money(stock)}`,
		},
		xAxis: {
			type: "value",
			name: __("Fill Rate"),
			nameLocation: "middle",
			nameGap: 28,
			nameTextStyle: { color: colours.muted },
			min: Math.floor(Math.min(curve[0].fill_rate, present.fill_rate)),
			max: 100,
			axisLabel: { formatter: percent, color: colours.muted },
			splitLine: { lineStyle: { color: colours.line } },
		},
		yAxis: {
			type: "value",
			name: __("Average Stock Value"),
			nameTextStyle: { color: colours.muted, align: "left" },
			min: 0,
			axisLabel: { formatter: money, color: colours.muted },
			splitLine: { lineStyle: { color: colours.line } },
		},
		series: [
			{
				type: "line",
				name: __("Service"),
				data: curve.map((point) => [point.fill_rate, point.stock_value]),
				symbol: "circle",
				symbolSize: 7,
				itemStyle: { color: colours.order },
				lineStyle: { color: colours.order, width: 2 },
			},
			{
				type: "scatter",
				name: __("Now"),
				symbol: "diamond",
				symbolSize: 14,
				itemStyle: { color: colours.without },
				data: [[present.fill_rate, present.stock_value]],
				label: { show: true, formatter: __("Now"), position: "left", color: colours.text },
			},
		],
	};
}
