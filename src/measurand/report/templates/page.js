"use strict";
(() => {
  const SPREADSHEET_FORMULA = /^[\s'"]*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r]/;
  const CANVAS_ABOVE = 1500; // marks; more SVG elements than this are slow to move
  const NARROW = 520; // px; below it the names of rows go above their bars
  const themes = JSON.parse(document.getElementById("themes").textContent);
  const darkness = matchMedia("(prefers-color-scheme: dark)");
  const unpacked = column => (Array.isArray(column) ? column : column.places.map(place => column.distinct[place]));
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
      if (this.data) return;
      this.data = JSON.parse(document.getElementById(this.root.id + "-data").textContent);
      this.data.columns = this.data.columns.map(unpacked);
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
      const downloads = this.root.querySelector(".downloads");
      downloads.hidden = false;
      downloads.querySelectorAll("button").forEach(button =>
        button.addEventListener("click", () => this.save(button.dataset.format)));
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
      return drawn.map(row => Object.fromEntries(roles.map(([role, column]) => [role, columns[column][row]])));
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
      if (this.data.kind !== "heatmap") unit.width = Math.round(Math.max(210, Math.min(720, width - side)));
      if (above) namesAbove(unit);
      return { spec, rows };
    }

    async draw(theme, width) {
      const turn = ++this.turn;
      this.started = true;
      this.theme = theme;
      this.width = width;
      try {
        this.load();
        const { spec, rows } = this.spec(width);
        const note = this.root.querySelector(".undrawn");
        note.hidden = !this.undrawn;
        note.textContent = this.undrawn + (this.undrawn === 1 ? " row has" : " rows have") + " no value to draw.";
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
    const rows = [...box.querySelector("table").tBodies[0].rows];
    const input = box.querySelector("input");
    const output = box.querySelector("output");
    input.addEventListener("input", () => {
      const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const content = row.textContent.toLowerCase();
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
      element.setAttribute("role", roles[element.tagName] ?? (element.scope === "col" ? "columnheader" : "rowheader"));
    }
  }

  // Thousands of rows that few readers open are laid out when they do; a subject stands once for its estimates.
  function fill(details) {
    const body = details.querySelector("tbody");
    if (body.rows.length) return;
    const columns = JSON.parse(document.getElementById(details.id + "-data").textContent).map(unpacked);
    let subject;
    columns[0].forEach((name, place) => {
      const row = body.insertRow();
      if (place === 0 || name !== columns[0][place - 1]) {
        subject = document.createElement("th");
        subject.scope = "rowgroup";
        subject.textContent = name;
        row.append(subject);
      } else {
        subject.rowSpan += 1;
      }
      columns.slice(1).forEach((column, index) => {
        const cell = row.insertCell();
        cell.textContent = column[place];
        if (index === 1) cell.className = "nums";
        if (index === 4) cell.className = "num";
      });
    });
  }

  const estimates = [...document.querySelectorAll("details.estimates")];
  estimates.forEach(details => details.addEventListener("toggle", () => details.open && fill(details)));

  document.querySelectorAll("table.sortable").forEach(sortable);
  document.querySelectorAll(".findings").forEach(filterable);
  document.querySelectorAll("table.stack").forEach(named);

  const pictures = new Map([...document.querySelectorAll("figure.picture")].map(root => [root, new Picture(root)]));
  const near = new IntersectionObserver(entries => {
    for (const entry of entries.filter(entry => entry.isIntersecting)) {
      near.unobserve(entry.target);
      const picture = pictures.get(entry.target);
      if (!picture.started) picture.show();
    }
  }, { rootMargin: "600px" });
  for (const root of pictures.keys()) near.observe(root);

  const redraw = () => pictures.forEach(picture => picture.started && picture.show());
  darkness.addEventListener("change", redraw);
  let pause;
  let width = innerWidth;
  addEventListener("resize", () => {
    if (Math.abs(innerWidth - width) < 24) return;
    clearTimeout(pause);
    pause = setTimeout(() => { width = innerWidth; redraw(); }, 200);
  });

  // Paper is light, shows every picture and has no details to open.
  const opened = new Set();
  addEventListener("beforeprint", () => {
    estimates.forEach(fill);
    document.querySelectorAll("details:not([open])").forEach(details => { details.open = true; opened.add(details); });
    pictures.forEach(picture => {
      if (!picture.started || picture.theme !== "light") picture.draw("light", 680);
    });
  });
  addEventListener("afterprint", () => {
    opened.forEach(details => { details.open = false; });
    opened.clear();
    if (screenTheme() !== "light") redraw();
  });
})();
