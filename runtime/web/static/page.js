"use strict";
// Texts of the box reach the page as text nodes and attributes only, never as markup.
const $ = (id) => document.getElementById(id);
const records = new Map();
let cameras = {}, source = null;

function element(name, fields = {}, ...children) {
  const made = Object.assign(document.createElement(name), fields);
  made.append(...children);
  return made;
}

const percent = (prob) => (prob >= 0.9995 ? "> 99.9 %" : prob < 0.0005 ? "< 0.1 %" : (100 * prob).toFixed(1) + " %");
const at = (time) => (time ? Date.parse(time) : NaN);
const clock = (ms) => (isNaN(ms) ? "time not known" : new Date(ms).toLocaleTimeString([], { hourCycle: "h23", hour: "2-digit", minute: "2-digit", second: "2-digit" }));
const dated = (ms) => (new Date(ms).toDateString() === new Date().toDateString() || isNaN(ms) ? "" : new Date(ms).toLocaleDateString() + " ") + clock(ms);
const place = (record) => [record.camera, record.region].filter(Boolean).join(", ");
const isAction = (record) => record.type !== "gap";
const pictureOf = (name, large) => `/api/picture/${encodeURIComponent(name)}?large=${large}&t=${Date.now()}`;

function span(record) {
  const start = at(record.time), end = at(record.end);
  return dated(start) + (isNaN(end) ? (record.type === "end" ? "" : ", going on") : ` to ${clock(end)}`);
}

// Updates: the browser comes back by itself after a break, but not after an answer that is an error.
function connect() {
  source?.close();
  source = new EventSource("/api/updates");
  source.addEventListener("begin", () => { records.clear(); $("lost").hidden = true; });
  source.addEventListener("records", (event) => {
    for (const record of JSON.parse(event.data)) records.set(record.key, record);
    show();
  });
  source.addEventListener("cameras", (event) => {
    const old = Object.keys(cameras).length;
    cameras = JSON.parse(event.data);
    if (!$("cameras")) return;
    showCameras();
    showSources();
    if (!old) showTimeline();
  });
  source.onerror = async () => {
    $("lost").hidden = false;
    if (source.readyState !== EventSource.CLOSED) return;
    const answer = await fetch("/v2/health/live").catch(() => null);
    if (answer && answer.status === 401) location.assign("/login");
    else setTimeout(connect, 2000);
  };
}

function show() {
  const waiting = [...records.values()].filter((record) => isAction(record) && !record.verdict).length;
  $("waiting").textContent = waiting ? `(${waiting})` : "";
  if ($("cameras")) showTimeline();
  if ($("queue")) showQueue();
}

// Live
const STATES = { up: "● up", connecting: "○ connecting", down: "✕ down" };
const shownNames = () => ($("cameras").dataset.camera ? [$("cameras").dataset.camera] : Object.keys(cameras));

function showCameras() {
  const box = $("cameras"), names = shownNames();
  if (box.dataset.names !== JSON.stringify(names)) {
    box.dataset.names = JSON.stringify(names);
    box.replaceChildren(...names.map((name) => {
      const image = element("img", { alt: `Newest picture of ${name}` }), note = element("p", { textContent: "no picture" });
      follow(image, note, name, box.className === "one");
      const title = element("a", { href: `/camera/${encodeURIComponent(name)}`, textContent: name });
      const heading = element("h2", {}, title, element("span", { className: "state" }));
      return element("article", {}, heading, element("div", { className: "picture" }, image, note), element("div", { className: "regions" }));
    }));
    if (!names.length) box.append(element("p", { className: "soft", textContent: "There are no cameras." }));
  }
  names.forEach((name, index) => {
    const report = cameras[name], article = box.children[index];
    if (!report) return;
    const state = article.querySelector(".state");
    state.className = `state ${report.state}`;
    state.textContent = STATES[report.state];
    article.querySelector(".regions").replaceChildren(...report.regions.flatMap((region) => [
      ...(region.name ? [element("h3", { textContent: region.name })] : []),
      region.top ? element("ol", { className: "top" }, ...region.top.map((item) => element("li", {},
        element("bdi", { textContent: item.label, title: item.label }),
        element("meter", { value: item.prob, ariaLabel: item.label }),
        element("span", { className: "n", textContent: percent(item.prob) }),
      ))) : element("p", { className: "soft small", textContent: "no answer yet" }),
    ]));
  });
}

function follow(image, note, name, large) {
  const next = (delay) => setTimeout(() => {
    if (!image.isConnected) return;
    if (document.hidden) next(1000);
    else image.src = pictureOf(name, large);
  }, delay);
  const shown = (is, delay) => () => { image.className = is ? "" : "none"; note.hidden = is; next(delay); };
  image.onload = shown(true, 500);
  image.onerror = shown(false, 2000);
  next(0);
}

function showTimeline() {
  const hours = Number($("hours").value), end = Date.now(), start = end - hours * 3600e3;
  const share = (ms) => Math.min(100, Math.max(0, (100 * (ms - start)) / (end - start)));
  const placed = (node, from, to) => {
    node.style.left = share(from) + "%";
    node.style.width = share(to) - share(from) + "%";
    return node;
  };
  const rows = shownNames().map((name) => {
    const lane = element("div", { className: "lane" }), ends = [];
    for (const record of [...records.values()].sort((a, b) => at(a.time) - at(b.time))) {
      const from = at(record.time), to = at(record.end) || (record.type === "end" ? from : end);
      if (record.camera !== name || !(to >= start)) continue;
      const title = `${record.label || record.reason}${record.region ? ` (${record.region})` : ""}, ${span(record)}`;
      if (!isAction(record)) {
        lane.append(placed(element("span", { className: "gap", title }), from, to));
        continue;
      }
      const level = ends.findIndex((last) => last <= from), row = level < 0 ? ends.length : level;
      ends[row] = Math.max(to, from + (end - start) / 100);
      const bar = element("a", { className: `bar ${record.severity || ""}`, href: `/review#${record.key}`, title });
      if (share(to) - share(from) > 5) bar.textContent = (record.severity === "alert" ? "! " : "") + record.label;
      bar.style.top = 3 + 23 * row + "px";
      lane.append(placed(bar, from, to));
    }
    lane.style.height = 26 + 23 * Math.max(0, ends.length - 1) + "px";
    return element("div", { className: "row" }, element("span", { textContent: name, title: name }), lane);
  });
  const marks = [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const text = clock(start + part * (end - start)).slice(0, 5);
    const mark = element("span", { textContent: text });
    mark.style.left = 100 * part + "%";
    return mark;
  });
  const focused = document.activeElement?.closest("#timeline a")?.href;
  $("timeline").replaceChildren(...rows, element("div", { className: "row" }, element("span"), element("div", { className: "axis" }, ...marks)));
  if (focused) [...$("timeline").querySelectorAll("a")].find((bar) => bar.href === focused)?.focus();
}

function showSources() {
  $("sources").replaceChildren(...shownNames().filter((name) => cameras[name]).flatMap((name) => {
    const report = cameras[name];
    return report.regions.map((region) => element("tr", {}, ...[
      [region.name ? `${name}, ${region.name}` : name], [STATES[report.state]], [dated(1000 * report.since)],
      [region.windows, "n"], [region.dropped, "n"], [region.still, "n"],
      [region.latency_ms === undefined ? "" : `${(region.latency_ms / 1000).toFixed(1)} s`, "n"], [report.reason || ""],
    ].map(([textContent, className]) => element("td", { textContent, className: className || "" }))));
  }));
}

// Review
let chosen = null;

function queued() {
  const filter = $("filter").value;
  const isWanted = (record) => filter === "all" || (!record.verdict && (filter === "new" || record.severity === "alert"));
  return [...records.values()].filter((record) => isAction(record) && (isWanted(record) || record.key === chosen))
    .sort((a, b) => (at(b.time) || 0) - (at(a.time) || 0));
}

function showQueue() {
  const items = queued();
  if (!items.some((record) => record.key === chosen)) chosen = items.length ? items[0].key : null;
  $("queue").replaceChildren(...items.map((record) => {
    const what = element("span", {}, element("bdi", { textContent: record.label }), " ");
    if (record.severity === "alert") what.append(element("span", { className: "tag alert", textContent: "alert" }), " ");
    if (record.verdict) what.append(element("span", { className: "tag", textContent: record.actual ? `${record.verdict}: ${record.actual}` : record.verdict }));
    const button = element("button", { onclick: () => choose(record.key) }, what, element("small", { textContent: `${place(record)}, ${span(record)}` }));
    if (record.key === chosen) button.setAttribute("aria-current", "true");
    return element("li", {}, button);
  }));
  $("empty").hidden = items.length > 0;
  const record = records.get(chosen);
  $("shown").hidden = !record;
  if (!record) return;
  $("what").replaceChildren(element("bdi", { textContent: record.label }), ` ${percent(record.probability)}`);
  $("facts").textContent = `${place(record)}, ${span(record)}${record.verdict ? `; reviewed: ${record.verdict}` : ""}`;
  const clip = `/clips/${encodeURIComponent(record.key)}.mp4${record.type === "end" ? "" : `#${record.number}`}`;
  if ($("clip").dataset.of !== clip) {  // a clip is whole when the event has ended: then it is asked for again
    $("clip").dataset.of = clip;
    $("actual").value = "";
    $("clip").poster = clip.replace(/\.mp4.*/, ".jpg");
    $("clip").src = $("file").href = clip;
  }
}

function choose(key) {
  chosen = key;
  history.replaceState(null, "", `#${key}`);
  showQueue();
  $("queue").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
}

function step(by) {
  const items = queued(), index = items.findIndex((record) => record.key === chosen) + by;
  if (items[index]) choose(items[index].key);
}

async function review(verdict) {
  const id = chosen, label = verdict === "wrong" && $("actual").value ? $("actual").value : null;
  const said = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ id, verdict, label }) };
  const answer = await fetch("/api/reviews", said).catch(() => null);
  if (!answer || !answer.ok) {
    $("facts").textContent = answer ? `not noted: ${(await answer.json()).error}` : "not noted: the box does not answer";
    return;
  }
  const items = queued(), index = items.findIndex((record) => record.key === id);
  records.set(id, { ...records.get(id), verdict, actual: label });
  choose((items[index + 1] || items[index - 1] || items[index]).key);
}

const KEYS = { j: () => step(1), k: () => step(-1), s: () => review("seen"), p: () => review("keep"), w: () => review("wrong") };

for (const link of document.querySelectorAll("nav a")) if (link.pathname === location.pathname) link.setAttribute("aria-current", "page");
if ($("hours")) {
  $("hours").onchange = showTimeline;
  setInterval(showTimeline, 10000);
}
if ($("queue")) {
  chosen = decodeURIComponent(location.hash.slice(1)) || null;
  $("filter").onchange = showQueue;
  const showsClip = (is) => { $("clip").hidden = !is; $("no-clip").hidden = is; };
  $("clip").onloadeddata = () => showsClip(true);
  $("clip").onerror = () => {  // it is written some seconds after the event has ended
    const { of } = $("clip").dataset;
    showsClip(false);
    setTimeout(() => { if ($("clip").dataset.of === of) $("clip").src = of; }, 5000);
  };
  for (const button of document.querySelectorAll("[data-verdict]")) button.onclick = () => review(button.dataset.verdict);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input, select")) return;
    if (event.key === " " && !event.target.matches("button, video")) {
      event.preventDefault();
      if ($("clip").paused) $("clip").play(); else $("clip").pause();
    } else if (chosen && KEYS[event.key]) KEYS[event.key]();
  });
}
if (location.pathname !== "/login") {
  connect();
  document.addEventListener("visibilitychange", () => {  // a browser has few connections for all its tabs
    if (document.hidden) source.close();
    else connect();
  });
}
