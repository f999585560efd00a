// The entanglement explorer without a server: every number was computed beforehand; what is chosen is looked up and drawn.
"use strict";

const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const signed = (value) => (value < 0 ? "−" : "+") + Math.abs(value).toFixed(2);
const asked = new URLSearchParams(location.hash.slice(1));
const classes = Object.keys(data.classes);
const first = classes.includes("chat") ? "chat" : classes[0];
const chosen = {
  class: classes.includes(asked.get("class")) ? asked.get("class") : first,
  benchmark: asked.get("benchmark"),
  weighting: asked.get("combined") || "component",
  correlation: asked.get("correlation") || "spearman",
  threshold: Number(asked.get("threshold")) || 0.5,
  drop: asked.get("drop"),
};

function state(drop) {
  const own = data.classes[chosen.class];
  const row = drop === null ? 0 : own.models.indexOf(drop) + 1;
  const made = own.ways[`${chosen.weighting} ${chosen.correlation}`][row];
  // Where models lie does not depend on the correlation.
  const placed = own.ways[`${chosen.weighting} spearman`][row];
  const column = own.benchmarks.findIndex(([name]) => name === chosen.benchmark);
  const [value, low, high, least, most] = made.found[column];
  return { column, value, low, high, n: made.n[column], verdict: verdict(value, least, most), places: placed.places, weights: placed.weights };
}

function verdict(value, least, most) {
  if (value === null || least === null) return "undecided";
  if (least > chosen.threshold) return "entangled";
  if (most < -chosen.threshold) return "inverse";
  return least > -chosen.threshold && most < chosen.threshold ? "disentangled" : "undecided";
}

function svg(name, attributes, ...inside) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...inside);
  return element;
}

function spans(rows) {
  const high = 34, left = 200, right = 170, width = 640 - left - right, total = high * rows.length;
  const across = (value) => left + (Math.max(-1, Math.min(1, value)) + 1) / 2 * width;
  const parts = [["worse", -1, -chosen.threshold], ["rises", chosen.threshold, 1]].map(([tone, from, to]) =>
    svg("rect", { class: `tint ${tone}`, x: across(from), y: 0, width: across(to) - across(from), height: total }));
  for (const value of [-1, -chosen.threshold, 0, chosen.threshold, 1]) {
    parts.push(svg("line", { class: "grid", x1: across(value), x2: across(value), y1: 0, y2: total }));
    parts.push(svg("text", { class: "axis middle", x: across(value), y: total + 15 }, value === 0 ? "0" : signed(value)));
  }
  rows.forEach((row, place) => {
    const tone = data.tones[row.verdict], y = high * (place + 0.5);
    parts.push(svg("text", { class: "name", x: 0, y: y + 4 }, row.name.length > 27 ? `${row.name.slice(0, 26)}…` : row.name));
    if (row.value === null) return;
    if (row.low !== null) parts.push(svg("line", { class: `span ${tone}`, x1: across(row.low), x2: across(row.high), y1: y, y2: y }));
    parts.push(svg("circle", { class: `dot ${tone}`, cx: across(row.value), cy: y, r: 5.5 }));
    parts.push(svg("text", { class: `value ${tone}`, x: 640 - right + 14, y: y + 4 }, `${signed(row.value)} ${data.words[tone]}`));
  });
  return svg("svg", { class: "spans", viewBox: `0 0 640 ${total + 22}`, "aria-hidden": "true" }, ...parts);
}

function scatter(now) {
  const own = data.classes[chosen.class];
  const scores = own.scores[now.column];
  const points = own.models.map((model, row) => ({ model, x: now.places[row], y: scores[row], out: model === chosen.drop }))
    .filter((point) => point.y !== null && point.x !== null);
  const kept = points.filter((point) => !point.out);
  const mean = (pick) => kept.reduce((sum, point) => sum + pick(point), 0) / kept.length;
  const mx = mean((p) => p.x), my = mean((p) => p.y);
  const slope = kept.reduce((s, p) => s + (p.x - mx) * (p.y - my), 0) / kept.reduce((s, p) => s + (p.x - mx) ** 2, 0);
  const [xs, ys] = [points.map((p) => p.x), points.map((p) => p.y)];
  const pad = (values) => { const [low, top] = [Math.min(...values), Math.max(...values)], room = 0.06 * (top - low || 1); return [low - room, top + room]; };
  const [x0, x1] = pad(xs), [y0, y1] = pad(ys);
  const across = (x) => 52 + (x - x0) / (x1 - x0) * 574, down = (y) => 396 - (y - y0) / (y1 - y0) * 370;
  const share = ys.every((y) => y >= 0 && y <= 1);
  const parts = [];
  const step = 10 ** Math.floor(Math.log10((y1 - y0) / 4)) * [1, 2, 5, 10].find((f) => f * 10 ** Math.floor(Math.log10((y1 - y0) / 4)) >= (y1 - y0) / 4);
  for (let y = Math.ceil(y0 / step) * step; y <= y1; y += step) {
    parts.push(svg("line", { class: "grid", x1: 52, x2: 626, y1: down(y), y2: down(y) }));
    parts.push(svg("text", { class: "axis end", x: 44, y: down(y) + 4 }, share ? `${+(100 * y).toFixed(1)}%` : `${+y.toPrecision(6)}`));
  }
  parts.push(svg("text", { class: "axis start", x: 8, y: 14 }, `↑ ${own.benchmarks[now.column][1]}`));
  parts.push(svg("text", { class: "axis end", x: 626, y: 432 }, "general capability →"));
  const ends = [Math.min(...kept.map((p) => p.x)), Math.max(...kept.map((p) => p.x))];
  parts.push(svg("line", { class: "expected", x1: across(ends[0]), x2: across(ends[1]), y1: down(my + slope * (ends[0] - mx)), y2: down(my + slope * (ends[1] - mx)) }));
  const off = (p) => Math.abs(p.y - my - slope * (p.x - mx));
  const named = new Set([...points].sort((a, b) => off(b) - off(a)).slice(0, 5).map((p) => p.model));
  for (const point of points.sort((a, b) => a.out - b.out)) {
    const [x, y] = [across(point.x), down(point.y)];
    const told = `${point.model}: ${share ? `${(100 * point.y).toFixed(1)}%` : point.y}. Click to ${point.out ? "take it back in" : "leave it out"}.`;
    const mark = point.out ? svg("path", { d: `M${x} ${y}m-6-6l12 12m0-12l-12 12` }) : svg("circle", { cx: x, cy: y, r: 5.5 });
    const link = svg("a", { href: "#", class: point.out ? "mark out" : "mark", "aria-label": told },
      svg("title", {}, told), svg("circle", { class: "target", cx: x, cy: y, r: 12 }), mark);
    link.addEventListener("click", (event) => { event.preventDefault(); chosen.drop = point.out ? null : point.model; show(); });
    parts.push(link);
    if (point.out || named.has(point.model)) {
      const side = x > 420 ? "end" : "start";
      parts.push(svg("text", { class: `label ${side}${point.out ? " out" : ""}`, x: x + (side === "end" ? -10 : 10), y: y + 4 }, point.model));
    }
  }
  return svg("svg", { class: "scatter", viewBox: "0 0 640 440", role: "group", "aria-label": "Models by general capability" }, ...parts);
}

function segments(id, name, values, words) {
  at(id).replaceChildren(...values.flatMap((value, place) => {
    const input = Object.assign(document.createElement("input"), { type: "radio", name, id: `${name}-${place}`, checked: chosen[name] === value });
    input.addEventListener("change", () => { chosen[name] = value; if (name === "class") chosen.drop = null; show(); });
    const label = Object.assign(document.createElement("label"), { htmlFor: input.id, textContent: words[place] });
    return [input, label];
  }));
}

function show() {
  const own = data.classes[chosen.class];
  const ways = [...new Set(Object.keys(own.ways).map((way) => way.split(" ")[0]))];
  if (!ways.includes(chosen.weighting)) chosen.weighting = ways[0];
  if (!own.models.includes(chosen.drop) || own.ways[`${chosen.weighting} ${chosen.correlation}`].length === 1) chosen.drop = null;
  if (!own.benchmarks.some(([name]) => name === chosen.benchmark)) chosen.benchmark = own.benchmarks[0][0];
  at("benchmark").replaceChildren(...own.benchmarks.map(([name, shown]) => new Option(shown, name, false, name === chosen.benchmark)));
  const capital = (word) => word[0].toUpperCase() + word.slice(1);
  segments("classes", "class", classes, classes.map((name) => `${capital(name)} ${data.classes[name].models.length}`));
  segments("weightings", "weighting", ways, ways.map(capital));
  segments("correlations", "correlation", ["spearman", "kendall", "pearson"], ["Spearman", "Kendall", "Pearson"]);
  at("bound").textContent = signed(chosen.threshold);
  at("threshold").value = chosen.threshold;
  const before = state(null), now = state(chosen.drop);
  const name = own.benchmarks[now.column][1], kind = chosen.class === "all" ? "" : `${chosen.class} `;
  const told = data.titles[now.verdict].replace("{name}", name).replace("{n}", `${now.n} ${kind}`.trim());
  at("title").textContent = now.value === null ? `Too few ${kind}models were run on ${name}` : (chosen.drop ? `Without ${chosen.drop}, ` : "") + told;
  at("change").hidden = chosen.drop === null || now.value === null;
  at("change").textContent = chosen.drop === null || now.value === null ? "" : `The estimate goes from ${signed(before.value)} to ${signed(now.value)}.`;
  const rows = [{ ...before, name: `All ${before.n} models` }];
  if (chosen.drop !== null) rows.unshift({ ...now, name: `Without ${chosen.drop}` });
  at("spans").replaceChildren(spans(rows));
  at("scatter").replaceChildren(scatter(now));
  at("weights").replaceChildren(...own.capability.map((label, place) => [label, now.weights[place]]).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]))
    .map(([label, weight]) => Object.assign(document.createElement("li"), { textContent: `${label} ${weight === null ? "" : weight.toFixed(2)}` })));
  const query = new URLSearchParams({ class: chosen.class, benchmark: chosen.benchmark, combined: chosen.weighting, correlation: chosen.correlation, threshold: chosen.threshold });
  if (chosen.drop !== null) query.set("drop", chosen.drop);
  at("here").href = `#${query}`;
  history.replaceState(null, "", `#${query}`);
}

at("benchmark").addEventListener("change", (event) => { chosen.benchmark = event.target.value; show(); });
at("threshold").addEventListener("input", (event) => { chosen.threshold = Number(event.target.value); show(); });
show();
