// Copying, dropping files and following an audit; everything else is links and forms (htmx exchanges the view).
"use strict";

function say(button, text) {
  const was = button.textContent;
  button.textContent = text;
  setTimeout(() => { button.textContent = was; }, 1500);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-link]");
  if (button) {
    const text = button.dataset.copyLink
      ? new URL(button.dataset.copyLink, location.href).href
      : document.querySelector(button.dataset.copy).textContent.trim();
    try {
      await navigator.clipboard.writeText(text);
      say(button, "Copied");
    } catch {
      // Without the clipboard (no secure context, no permission) the text is there to be selected.
      window.prompt("Copy this", text);
    }
  }
  const audit = event.target.closest("[data-audit]");
  if (audit) {
    audit.disabled = true;
    const answer = await fetch(`/audits?of=${encodeURIComponent(audit.dataset.audit)}`, { method: "POST" });
    if (answer.ok) location.href = (await answer.json()).page;
    else say(audit, "That failed");
  }
});

// --- Files that are dropped ---

async function send(given) {
  const told = document.getElementById("progress");
  // Hidden files are the system's own.
  const files = given.filter(({ path }) => !path.split("/").some((part) => part.startsWith(".")));
  if (!files.length) return;
  const asked = async (address, options) => {
    const answer = await fetch(address, options);
    if (answer.ok) return answer.json();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    told.textContent = page.querySelector(".lede")?.textContent || `${options.method} ${address}: ${answer.status}`;
    return null;
  };
  let of = "", within = "";
  // What was dropped together is one source; a folder keeps its name and what lies where in it.
  const tops = new Set(files.map(({ path }) => path.split("/")[0]));
  const folder = tops.size === 1 && files[0].path.includes("/");
  if (files.length > 1 || folder) {
    const begun = await asked(`/drops?name=${encodeURIComponent(folder ? [...tops][0] : "files")}`, { method: "POST" });
    if (!begun) return;
    of = begun.of;
    within = `${of.split("/").pop()}/`;
  }
  for (const [place, { file, path }] of files.entries()) {
    told.textContent = `Receiving ${path}${files.length > 1 ? `, ${place + 1} of ${files.length}` : ""} …`;
    const inside = within + (folder ? path.slice(path.indexOf("/") + 1) : path);
    const address = `/files/${inside.split("/").map(encodeURIComponent).join("/")}`;
    const kept = await asked(address, { method: "PUT", body: file });
    if (!kept) return;
    of ||= kept.of;
  }
  const job = await asked(`/audits?of=${encodeURIComponent(of)}`, { method: "POST" });
  if (job) location.href = job.page;
}

async function filesIn(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return chosen(transfer.files);
  const found = [];
  const walk = async (entry) => {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      found.push({ file, path: entry.fullPath.replace(/^\//, "") });
    }
    else {
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
        if (!some.length) break;
        for (const each of some) await walk(each);
      }
    }
  };
  for (const entry of entries) await walk(entry);
  return found;
}

const chosen = (files) => [...files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));

const drop = document.getElementById("drop");
if (drop) {
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => { event.preventDefault(); drop.classList.add("over"); });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", async (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    send(await filesIn(event.dataTransfer));
  });
  for (const id of ["chosen", "chosen-folder"]) {
    document.getElementById(id).addEventListener("change", (event) => send(chosen(event.target.files)));
  }
}

// --- An audit under way ---

const job = document.querySelector("[data-job]")?.dataset.job;
if (job) {
  const source = new EventSource(`/jobs/${job}/events`);
  source.onmessage = (event) => {
    const now = JSON.parse(event.data);
    const label = document.getElementById("label");
    const said = { done: "Done.", stopped: "Stopped. Nothing was written.", failed: now.problem };
    label.textContent = said[now.state] || `${now.label}${now.total ? `, ${now.done} of ${now.total} measures` : ""}`;
    Object.assign(document.getElementById("bar"), { max: now.total || 1, value: now.state === "done" ? now.total || 1 : now.done });
    if (said[now.state]) {
      source.close();
      document.getElementById("stop").hidden = true;
      document.getElementById("result").hidden = now.state !== "done";
    }
  };
  document.getElementById("stop").addEventListener("click", () => fetch(`/jobs/${job}/stop`, { method: "POST" }));
}
