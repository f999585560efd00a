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

async function send(files) {
  const told = document.getElementById("progress");
  let last = null;
  for (const file of files) {
    told.textContent = `Receiving ${file.name} …`;
    const answer = await fetch(`/files/${encodeURIComponent(file.name)}`, { method: "PUT", body: file });
    if (!answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      told.textContent = page.querySelector(".lede")?.textContent || `${file.name} was not taken`;
      return;
    }
    last = (await answer.json()).of;
  }
  if (last === null) return;
  const of = files.length > 1 ? "uploads" : last;
  const answer = await fetch(`/audits?of=${encodeURIComponent(of)}`, { method: "POST" });
  if (answer.ok) location.href = (await answer.json()).page;
  else told.textContent = "The files are there, but no audit could be started.";
}

async function filesIn(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const found = [];
  const walk = async (entry) => {
    if (entry.isFile) found.push(await new Promise((resolve, reject) => entry.file(resolve, reject)));
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
  document.getElementById("chosen").addEventListener("change", (event) => send([...event.target.files]));
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
