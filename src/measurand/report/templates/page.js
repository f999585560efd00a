"use strict";
(() => {
  const SPREADSHEET_FORMULA = /^[\s'"]*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r]/;
  const CANVAS_ABOVE = 1500; // marks; more SVG elements than this are slow to move
  const NARROW = 520; // px; below it the names of rows go above their bars
  const MOST_ROWS = 80; // of a picture; of more it shows the first and the last, and finds the others by their names
  const MOST_NAMES = 40; // along a side of a heat map
  const { statuses, ...themes } = JSON.parse(document.getElementById("themes").textContent);
  const darkness = matchMedia("(prefers-color-scheme: dark)");
  const unpacked = column => (Array.isArray(column) ? column : column.places.map(place => column.distinct[place]));

  // What few readers open is packed: a page of hundreds of findings and pictures stays small and opens at once.
  async function inflated(id) {
    const packed = Uint8Array.from(atob(document.getElementById(id).textContent), letter => letter.charCodeAt(0));
    return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"))).text();
  }
  const columnsOf = async id => JSON.parse(await inflated(id + "-data")).map(unpacked);

  // The chart library, unpacked with the first picture; the content security policy holds its hash, too.
  let library;
  const charts = () => (library ??= inflated("charts").then(code => {
    const script = document.createElement("script");
    script.textContent = code;
    document.head.append(script);
  }));

  const screenTheme = () => (darkness.matches ? "dark" : "light");
  const ruler = document.createElement("canvas").getContext("2d");
  ruler.font = "11px " + themes.light.font;

  const text = value => (value === null ? "–" : String(value));
  const unique = values => [...new Set(values)];

  class Picture {
    constructor(root) {
      this.root = root;
      this.chart = root.querySelector(".chart");
      this.selects = [];
      this.turn = 0;
    }

    // Data are parsed when the picture is first needed: the page opens before that.
    load() {
      return (this.loaded ??= this.unpack());
    }

    async unpack() {
      const [data] = await Promise.all([inflated(this.root.id + "-data").then(JSON.parse), charts()]);
      data.columns = data.columns.map(unpacked);
      this.data = data;
      const controls = this.root.querySelector(".controls");
      this.data.select.forEach(column => {
        const label = document.createElement("label");
        const name = document.createElement("span");
        const select = document.createElement("select");
        name.textContent = this.data.names[column];
        unique(this.data.columns[column]).forEach((value, place) => {
          const option = new Option(text(value), String(place));
          option.cell = value;
          select.add(option);
        });
        select.addEventListener("change", () => this.show());
        label.append(name, select);
        controls.append(label);
        this.selects.push({ column, select, name });
      });
      this.follow();
      if (data.long) {
        this.search = Object.assign(document.createElement("input"), { type: "search" });
        this.search.addEventListener("input", () => this.show());
        const label = document.createElement("label");
        label.append("Search", this.search);
        controls.append(label);
      }
      const downloads = this.root.querySelector(".downloads");
      downloads.hidden = false;
      downloads.querySelectorAll("button").forEach(button =>
        button.addEventListener("click", () => this.save(button.dataset.format)));
    }

    // The class of models that the summary shows is shown here, too, until another is chosen here.
    follow() {
      const shown = document.querySelector(".chosen:checked").value;
      for (const { select } of this.selects) {
        const place = [...select.options].findIndex(option => option.cell === shown);
        if (shown && place >= 0) select.selectedIndex = place;
      }
    }

    // Positions of the rows that the choice leaves; a choice that has none moves to the first that has.
    chosen() {
      const { columns } = this.data;
      let kept = columns.length ? columns[0].map((_, row) => row) : [];
      for (const { column, select, name } of this.selects) {
        const present = new Set(kept.map(row => columns[column][row]));
        for (const option of select.options) option.disabled = !present.has(option.cell);
        if (select.selectedOptions[0]?.disabled) {
          select.selectedIndex = [...select.options].findIndex(option => !option.disabled);
        }
        const wanted = select.selectedOptions[0]?.cell;
        kept = kept.filter(row => columns[column][row] === wanted);
        name.dataset.chosen = text(wanted ?? null);
      }
      return kept;
    }

    rows() {
      const { columns, fields, scales } = this.data;
      const placed = (value, scale) => value !== null && (scale === "nominal" || (scale === "log" ? value > 0 : true));
      const kept = this.chosen();
      const drawn = kept.filter(row =>
        placed(columns[fields.x][row], scales.x) && placed(columns[fields.y][row], scales.y));
      this.undrawn = kept.length - drawn.length;
      const roles = Object.entries(fields);
      return this.few(drawn).map(row => Object.fromEntries(roles.map(([role, column]) => [role, columns[column][row]])));
    }

    // A picture stays within a few screens: of more rows the first and the last, or those whose name is searched for.
    few(rows) {
      const { kind, columns, fields } = this.data;
      this.left = 0;
      if (!this.search) return rows;
      const most = kind === "heatmap" ? MOST_NAMES : MOST_ROWS;
      const word = this.search.value.trim().toLowerCase();
      const names = unique(rows.map(row => columns[fields.y][row])).filter(name => text(name).toLowerCase().includes(word));
      const half = most / 2;
      const shown = new Set(names.length <= most ? names : [...names.slice(0, half), ...names.slice(-half)]);
      this.left = names.length - shown.size;
      const across = kind === "heatmap" ? new Set(unique(rows.map(row => columns[fields.x][row])).slice(0, most)) : null;
      return rows.filter(row => shown.has(columns[fields.y][row]) && (!across || across.has(columns[fields.x][row])));
    }

    spec(width) {
      const spec = structuredClone(this.data.spec);
      const rows = this.rows();
      spec.datasets = { rows };
      const unit = spec.spec ?? spec;
      const intervals = this.data.kind === "intervals";
      const above = intervals && width < NARROW && unit.height.for !== "offset";
      const names = this.data.scales.y === "nominal" && !above ? rows.map(row => text(row.y)) : ["−0.000"];
      const longest = Math.min(420, Math.max(0, ...unique(names).map(name => ruler.measureText(name).width)));
      const side = above ? 36 : longest + (this.data.scales.y === "nominal" ? 24 : 44);
      legends(unit, rows, width - side);
      if (this.data.kind !== "heatmap") unit.width = Math.round(Math.max(210, Math.min(720, width - side)));
      else cells(unit, unique(rows.map(row => row.x)).length, width - side);
      if (above) namesAbove(unit);
      return { spec, rows };
    }

    async draw(theme, width) {
      const turn = ++this.turn;
      this.started = true;
      this.theme = theme;
      this.width = width;
      try {
        await this.load();
        if (turn !== this.turn) return;
        const { spec, rows } = this.spec(width);
        const note = this.root.querySelector(".undrawn");
        const told = [];
        if (this.left) told.push("The first and the last are shown; " + this.left + " more are found by their names.");
        if (this.undrawn) told.push(this.undrawn + (this.undrawn === 1 ? " row has" : " rows have") + " no value to draw.");
        note.hidden = !told.length;
        note.textContent = told.join(" ");
        if (!rows.length) return this.say("No rows with a value for this choice.");
        const result = await vegaEmbed(this.chart, spec, options(theme, rows.length));
        if (turn !== this.turn) return result.finalize();
        this.result?.finalize();
        this.result = result;
        this.chart.classList.add("drawn");
      } catch (error) {
        if (turn === this.turn) this.say("This picture could not be drawn: " + (error?.message ?? error));
      }
    }

    say(message) {
      const note = document.createElement("p");
      note.className = "chart-error";
      note.setAttribute("role", "status");
      note.textContent = message;
      this.chart.replaceChildren(note);
    }

    show() {
      return this.draw(screenTheme(), this.root.querySelector(".box").clientWidth);
    }

    // What is saved goes into papers: light, of one size, whatever the screen.
    async save(format) {
      try {
        if (format === "csv") return download(this.root, "csv", URL.createObjectURL(this.csv()));
        const { spec } = this.spec(760);
        spec.background = "#ffffff";
        spec.padding = 12;
        const result = await vegaEmbed(document.createElement("div"), spec, options("light", 0));
        const url = format === "png"
          ? await result.view.toImageURL("png", 2)
          : URL.createObjectURL(new Blob([await result.view.toSVG()], { type: "image/svg+xml" }));
        result.finalize();
        download(this.root, format, url);
      } catch (error) {
        this.say("This picture could not be saved: " + (error?.message ?? error));
      }
    }

    csv() {
      const { names, columns } = this.data;
      const cell = value => {
        if (value === null) return "";
        if (typeof value !== "string") return String(value);
        return '"' + (SPREADSHEET_FORMULA.test(value) ? "'" + value : value).replaceAll('"', '""') + '"';
      };
      const rows = columns[0].map((_, row) => columns.map(column => cell(column[row])).join(","));
      return new Blob([[names.map(cell).join(","), ...rows].join("\r\n"), "\r\n"], { type: "text/csv;charset=utf-8" });
    }
  }

  function options(theme, marks) {
    return {
      mode: "vega-lite",
      actions: false,
      ast: true, // expressions are interpreted, so the page needs no 'unsafe-eval'
      renderer: marks > CANVAS_ABOVE ? "canvas" : "svg",
      config: themes[theme],
      tooltip: { theme: "page" },
      logLevel: 1, // errors only: advice on specifications is for their author, not for the reader of a page
    };
  }

  // A colour that no mark of this choice has needs no place in the legend; names that find no room stand in a column.
  function legends(unit, rows, room) {
    const present = new Set(rows.map(row => row.color));
    for (const layer of unit.layer) {
      for (const channel of [layer.encoding.color, layer.encoding.shape]) {
        if (channel?.type !== "nominal" || !channel.legend) continue;
        const names = channel.scale.domain.filter(value => present.has(value));
        channel.legend.values = names;
        if (names.reduce((wide, name) => wide + 24 + ruler.measureText(text(name)).width, 0) > room) channel.legend.columns = room < 400 ? 1 : 3;
      }
    }
  }

  // Cells shrink so that a heat map ends where the page does; numbers need room, and are left to the hover without it.
  function cells(unit, count, room) {
    const step = Math.max(10, Math.min(unit.width.step, Math.floor(room / Math.max(1, count))));
    unit.width = { step };
    if (step < 26) {
      unit.layer = unit.layer.filter(layer => layer.mark.type !== "text");
      unit.height = { step: Math.max(14, step) };
    }
  }

  // On a phone a long name beside its bar leaves no room for the bar.
  function namesAbove(unit) {
    const y = unit.layer.map(layer => layer.encoding.y).filter(Boolean);
    y.forEach(channel => (channel.axis = { labels: false, grid: false, ticks: false }));
    unit.height = { step: 36 };
    unit.layer.filter(layer => layer.mark.type !== "bar" && layer.encoding.y)
      .forEach(layer => Object.assign(layer.mark, { yOffset: 8 }));
    unit.layer.push({
      mark: { type: "text", style: "row", align: "left", baseline: "middle", dy: -8, fontSize: 11.5, limit: unit.width },
      encoding: { x: { value: 0 }, y: y[0], text: { field: "y", type: "nominal" } },
    });
  }

  function download(root, extension, url) {
    const link = document.createElement("a");
    link.href = url;
    link.download = root.id + "." + extension;
    document.body.append(link);
    link.click();
    link.remove();
    if (url.startsWith("blob:")) setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  function sortable(table) {
    const body = table.tBodies[0];
    const key = (row, column) => {
      const cell = row.cells[column];
      if (!("sort" in cell.dataset)) return cell.textContent.trim().toLowerCase();
      return cell.dataset.sort === "" ? null : Number(cell.dataset.sort);
    };
    [...table.tHead.rows[0].cells].forEach((header, column) => header.querySelector("button").addEventListener("click", () => {
      const up = header.getAttribute("aria-sort") !== "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      header.setAttribute("aria-sort", up ? "ascending" : "descending");
      const order = (a, b) => {
        if (a === null || b === null) return (a === null) - (b === null); // what has no number stays last
        const less = typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
        return up ? less : -less;
      };
      body.append(...[...body.rows].map(row => [key(row, column), row]).sort((a, b) => order(a[0], b[0])).map(pair => pair[1]));
    }));
  }

  function filterable(box) {
    const input = box.querySelector("input");
    const output = box.querySelector("output");
    input.addEventListener("input", async () => {
      await box.whole?.();
      const rows = [...box.querySelector("table").tBodies[0].rows];
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const content = [...row.cells].map(cell => cell.textContent.toLowerCase()).join(" ");
        row.hidden = !words.every(word => content.includes(word));
        shown += !row.hidden;
      }
      output.textContent = words.length ? shown + " of " + rows.length : "";
    });
  }

  // A table laid out as cards loses its roles in the accessibility tree.
  function named(table) {
    const roles = { TABLE: "table", THEAD: "rowgroup", TBODY: "rowgroup", TR: "row", TD: "cell" };
    for (const element of [table, ...table.querySelectorAll("thead, tbody, tr, td, th")]) {
      element.setAttribute("role", roles[element.tagName] ?? (element.scope === "row" ? "rowheader" : "columnheader"));
    }
  }

  const once = work => { let done; return () => (done ??= work()); };

  function element(name, content, className = "") {
    const made = document.createElement(name);
    made.textContent = content;
    made.className = className;
    return made;
  }

  function badge([word, mark, name]) {
    const made = element("span", "", "badge s-" + name);
    made.append(Object.assign(element("span", mark), { ariaHidden: "true" }), " " + word);
    return made;
  }

  // A subject stands once for its estimates.
  async function fillEstimates(details) {
    const body = details.querySelector("tbody");
    (await columnsOf(details.id)).forEach((column, index) => column.forEach((value, place) => {
      const row = body.rows[place] ?? body.insertRow();
      if (index) return (row.insertCell().textContent = value);
      row.append(Object.assign(element("th", value), { scope: "row" }));
    }));
    for (const row of body.rows) {
      row.cells[2].className = "nums";
      row.cells[5].className = "num";
      row.cells[5].dataset.sort = row.cells[5].textContent.replaceAll(",", "");
    }
  }

  async function fillFindings(details) {
    const body = details.querySelector("tbody");
    const [ranks, subjects, numbers, sorts, sentences, caveats] = await columnsOf(details.id);
    ranks.forEach((status, place) => {
      const row = body.insertRow();
      const first = row.insertCell();
      first.dataset.sort = status;
      first.append(badge(statuses[status]));
      row.append(Object.assign(element("th", subjects[place]), { scope: "row" }));
      const number = row.insertCell();
      number.textContent = numbers[place];
      number.className = "nums";
      number.dataset.sort = sorts[place];
      const words = row.insertCell();
      words.textContent = sentences[place];
      if (caveats[place]) words.append(element("small", caveats[place]));
    });
    named(body.closest("table"));
  }

  // The rows between the first and the last.
  async function fillTable(box) {
    const gap = box.querySelector(".gap");
    const right = [...box.querySelectorAll("thead th")].map(head => head.className);
    const [marks, ...columns] = await columnsOf(box.id);
    const rows = columns[0].map((_, place) => {
      const row = document.createElement("tr");
      if (marks.length) {
        const [word, mark, name] = statuses[marks[place]];
        const cell = element("td", "", "mark");
        const sign = element("span", "", "s-" + name);
        sign.append(Object.assign(element("span", mark), { ariaHidden: "true" }), element("span", word, "unseen"));
        cell.append(sign);
        row.append(cell);
      }
      columns.forEach((column, index) => row.append(element("td", column[place], right[index + (marks.length > 0)])));
      return row;
    });
    gap.replaceWith(...rows);
  }

  document.querySelectorAll("details.findings, details.estimates").forEach(details => {
    details.whole = once(() => (details.matches(".findings") ? fillFindings : fillEstimates)(details));
    details.addEventListener("toggle", () => details.open && details.whole());
    filterable(details);
  });
  document.querySelectorAll(".answer[id]").forEach(box => {
    box.whole = once(() => fillTable(box));
    box.querySelector(".whole").addEventListener("click", box.whole);
    filterable(box);
  });
  document.querySelectorAll("table.sortable").forEach(sortable);
  document.querySelectorAll(".rows li").forEach(row => row.addEventListener("click", () => row.classList.toggle("tapped")));

  // One screen at a time: that of the address, with all that is folded around its target opened.
  const screens = [...document.querySelectorAll(".screen")];
  function go() {
    const target = document.getElementById(location.hash.slice(1)) ?? screens[0];
    const current = target.closest(".screen") ?? screens[0];
    screens.forEach(screen => screen.classList.toggle("current", screen === current));
    document.querySelectorAll(".bar nav a").forEach(link => {
      if (link.hash === "#" + current.id) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    });
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    if (target === current) scrollTo(0, 0);
    else target.scrollIntoView();
  }
  addEventListener("hashchange", go);
  if (location.hash) go();

  const pictures = new Map([...document.querySelectorAll("figure.picture")].map(root => [root, new Picture(root)]));
  const near = new IntersectionObserver(entries => {
    for (const entry of entries.filter(entry => entry.isIntersecting)) {
      near.unobserve(entry.target);
      const picture = pictures.get(entry.target);
      if (!picture.started) picture.show();
    }
  }, { rootMargin: "600px" });
  for (const root of pictures.keys()) near.observe(root);

  document.querySelectorAll(".chosen").forEach(choice => choice.addEventListener("change", () => pictures.forEach(picture => {
    picture.follow();
    if (picture.started) picture.show();
  })));

  const redraw = () => pictures.forEach(picture => picture.started && picture.show());
  darkness.addEventListener("change", redraw);
  let pause;
  let width = innerWidth;
  addEventListener("resize", () => {
    if (Math.abs(innerWidth - width) < 24) return;
    clearTimeout(pause);
    pause = setTimeout(() => { width = innerWidth; redraw(); }, 200);
  });

  // Paper is light and has no folds: of each measure the answer, with the pictures that were looked at.
  const opened = [];
  addEventListener("beforeprint", () => {
    document.querySelectorAll(".measure:not([open])").forEach(fold => { fold.open = true; opened.push(fold); });
    pictures.forEach(picture => { if (picture.started && picture.theme !== "light") picture.draw("light", 680); });
  });
  addEventListener("afterprint", () => {
    opened.splice(0).forEach(fold => { fold.open = false; });
    if (screenTheme() !== "light") redraw();
  });
})();
