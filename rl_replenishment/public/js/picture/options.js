// What is drawn of an item, as ECharts takes it. No desk: colours, and how numbers, days and texts are written, are given.

const DAY_MS = 86400000;

/** What stands for a line, a dashed one and a range in the legend: ECharts would draw a dot on each. */
const ICONS = {
	solid: "path://M0 5h28v3H0z",
	dashed: "path://M0 5h7v3H0zM10.5 5h7v3h-7zM21 5h7v3h-7z",
	dotted: "path://M0 5h3v3H0zM6 5h3v3H6zM12 5h3v3h-3zM18 5h3v3h-3zM24 5h3v3h-3z",
	range: "roundRect",
	amount: "rect",
	mark: "diamond",
};

/** As wide as a phone. The legend takes several lines there, and two in a long language; the picture is taller by them. */
const NARROW_PX = 560;
const [USUAL_PX, LEGEND_PX, LEGEND_ON_PHONE_PX] = [366, 22, 84];

/** How tall a picture is in an element so wide, in pixels. */
export function height_of(width) {
	return USUAL_PX + legend_room(width);
}

const legend_room = (width) => (width < NARROW_PX ? LEGEND_ON_PHONE_PX : LEGEND_PX);

/** The days of a picture as dates, the first of which is `start`. */
export function days_of(start, count) {
	const first = Date.parse(`${start}T00:00:00Z`);
	return Array.from({ length: count }, (_, day) =>
		new Date(first + day * DAY_MS).toISOString().slice(0, 10)
	);
}

/** Runs of consecutive days, as first and last of each. */
export function runs(days) {
	const found = [];
	for (const day of days) {
		const last = found.at(-1);
		if (last && day === last[1] + 1) last[1] = day;
		else found.push([day, day]);
	}
	return found;
}

/**
 * Above, demand: of the past days, a year before, and a day's range as it is expected. Below, stock to come: its
 * range and middle with the order, its middle without, what else arrives, and the levels.
 */
export function options_of(data, colours, { number, day, text: __ }, width = NARROW_PX) {
	const room = legend_room(width);
	const ahead = data.without.length;
	const days = days_of(data.start, data.today + ahead);
	const later = (values) => [...Array(data.today).fill(null), ...values];
	const all = (value) => Array(ahead).fill(value);
	const [low, middle, high] = data.expected;
	const [stock_low, stock_middle, stock_high] = data.with_order;
	const names = {
		demand: __("Demand"),
		last_year: __("A Year Before"),
		expected: __("Expected per Day"),
		range: __("Likely Range (80 %)"),
		with_order: data.ordered === false ? __("Stock") : __("Stock with the Order"),
		without: __("Stock without It"),
		arrivals: __("Other Arrivals"),
		left_out: __("Left Out"),
	};
	// two grids, one above the other, over the same days
	const band = (at, from, to, colour) => [
		{
			...line(at, `${at}-from`, later(from), colour, 0),
			stack: `band-${at}`,
			silent: true,
			tooltip: { show: false },
		},
		{
			...line(at, names.range, later(to.map((value, i) => value - from[i])), colour, 0),
			stack: `band-${at}`,
			itemStyle: { color: colour, opacity: 0.3 },
			areaStyle: { color: colour, opacity: 0.18 },
			silent: true,
			tooltip: { show: false },
		},
	];
	const series = [
		{
			type: "bar",
			name: names.demand,
			data: [...data.demand, ...Array(ahead).fill(null)],
			itemStyle: { color: colours.past },
			markArea: {
				silent: true,
				itemStyle: { color: colours.alarm, opacity: 0.15 },
				data: runs(data.out_of_stock).map(([first, last]) => [
					{
						xAxis: days[first],
						name: __("Out of Stock"),
						label: { color: colours.text, fontSize: 10 },
					},
					{ xAxis: days[last + 1] },
				]),
			},
			markLine: {
				silent: true,
				symbol: "none",
				data: [{ xAxis: days[data.today] }],
				label: { formatter: __("Today"), color: colours.muted, position: "end" },
				lineStyle: { color: colours.muted, type: "solid" },
			},
		},
		line(0, names.last_year, data.last_year, colours.muted, 1, "dotted"),
		...band(0, all(low), all(high), colours.order),
		line(0, names.expected, later(all(middle)), colours.order, 2),
		{
			type: "scatter",
			name: names.left_out,
			symbol: "diamond",
			symbolSize: 9,
			itemStyle: { color: colours.alarm },
			data: data.left_out.map((at) => [days[at], data.demand[at]]),
		},
		...band(1, stock_low, stock_high, colours.order),
		{
			...line(1, names.with_order, later(stock_middle), colours.order, 2),
			markLine: {
				silent: true,
				symbol: "none",
				// levels may be close to each other
				data: levels(data, __).map(([name, value], i) => ({
					yAxis: value,
					label: {
						formatter: `${name} ${number(value)}`,
						position: ["insideStartTop", "insideMiddleTop", "insideStartBottom"][
							i % 3
						],
						color: colours.text,
						textBorderColor: colours.card,
						textBorderWidth: 2,
					},
				})),
				lineStyle: { color: colours.muted, type: "dashed" },
			},
		},
		// without an order both are the same
		...(data.ordered === false
			? []
			: [line(1, names.without, later(data.without), colours.without, 2, "dashed")]),
		{
			type: "bar",
			name: names.arrivals,
			xAxisIndex: 1,
			yAxisIndex: 1,
			barWidth: 4,
			itemStyle: { color: colours.without, opacity: 0.6 },
			data: later(data.arrivals.map((value) => value || null)),
		},
	];
	const shown = [
		[names.demand, "amount"],
		[names.last_year, "dotted"],
		[names.expected, "solid"],
		[names.range, "range"],
		[names.with_order, "solid"],
	];
	if (data.ordered !== false) shown.push([names.without, "dashed"]);
	if (data.arrivals.some(Boolean)) shown.push([names.arrivals, "amount"]);
	if (data.left_out.length) shown.push([names.left_out, "mark"]);
	return {
		animation: false,
		aria: { enabled: true },
		textStyle: { color: colours.text },
		legend: {
			data: shown.map(([name, icon]) => ({ name, icon: ICONS[icon] })),
			top: 0,
			type: "plain",
			textStyle: { color: colours.text },
			inactiveColor: colours.muted,
		},
		tooltip: {
			trigger: "axis",
			backgroundColor: colours.card,
			textStyle: { color: colours.text },
			valueFormatter: (value) =>
				value === null || value === undefined ? "" : `${number(value)} ${data.uom}`,
		},
		axisPointer: { link: [{ xAxisIndex: "all" }] },
		// both are as wide, whatever their labels need: a day is below itself
		grid: [
			{ left: 56, right: 32, top: 56 + room, height: 110, outerBoundsMode: "none" },
			{ left: 56, right: 32, top: 202 + room, height: 130, outerBoundsMode: "none" },
		],
		xAxis: [0, 1].map((at) => ({
			type: "category",
			gridIndex: at,
			data: days,
			axisLabel: { show: at === 1, formatter: day, color: colours.muted, hideOverlap: true },
			axisLine: { lineStyle: { color: colours.line } },
			axisTick: { show: false },
		})),
		yAxis: [__("Demand"), __("Stock")].map((name, at) => ({
			gridIndex: at,
			name,
			nameTextStyle: { color: colours.muted, align: "left" },
			// levels above all stock are seen, too
			...(at === 1 && {
				max: ({ max }) =>
					Math.max(0, ...levels(data, __).map(([, value]) => value)) > max
						? Math.ceil(Math.max(...levels(data, __).map(([, value]) => value)) * 1.05)
						: null,
			}),
			// a top that a level sets is no round number
			axisLabel: { formatter: number, color: colours.muted, showMaxLabel: at === 0 },
			splitLine: { lineStyle: { color: colours.line } },
		})),
		series,
	};
}

function line(at, name, data, colour, width, type = "solid") {
	return {
		type: "line",
		name,
		data,
		xAxisIndex: at,
		yAxisIndex: at,
		symbol: "none",
		itemStyle: { color: colour },
		lineStyle: { color: colour, width, type },
	};
}

/** The levels that there are: of two that are the same, both are named at once. */
function levels(data, __) {
	const named = [
		[__("Reorder Point"), data.reorder_point],
		[__("Target"), data.target],
		[__("Most Days of Cover"), data.most_stock],
		[__("Kept for Announced Demand"), data.set_aside],
	].filter(([, value]) => value > 0);
	const found = new Map();
	for (const [name, value] of named) {
		found.set(value, found.has(value) ? `${found.get(value)}, ${name}` : name);
	}
	return [...found].map(([value, name]) => [name, value]);
}
