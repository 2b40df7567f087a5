// Makes pages live. Everything works without it, only not by itself.
"use strict";

// Times are sent in UTC; people read their own.
function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const date = new Date(time.getAttribute("datetime").replace(" ", "T") + "Z");
    if (!isNaN(date)) time.textContent = date.toLocaleString(document.documentElement.lang);
  }
}

// Whether a field in it says something else than the server sent.
function hasTyped(part) {
  return [...part.querySelectorAll("input:not([type=hidden], [type=checkbox]), textarea")].some((field) => field.value !== field.defaultValue)
    || [...part.querySelectorAll("option")].some((option) => option.selected && !option.defaultSelected && option.index > 0);
}

// Fetches this page again and puts its live parts in place of the old ones.
let refreshing = false;
async function refresh() {
  if (refreshing || document.hidden) return;
  refreshing = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    localTimes(page);
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = page.querySelector(`[data-live="${part.dataset.live}"]`);
      // A field that is being edited stays unchanged.
      if (!fresh || part.contains(document.activeElement) || part.querySelector("input:checked") || hasTyped(part)) continue;
      if (fresh.innerHTML !== part.innerHTML) part.innerHTML = fresh.innerHTML;
    }
    showBulk();
  } finally {
    refreshing = false;
  }
}

let waiting = null;
function refreshSoon() {
  if (waiting === null) waiting = setTimeout(() => { waiting = null; refresh(); }, 700);
}

// What is done with the ticked rows is shown while there are some.
function boxes() {
  return document.querySelectorAll("[data-bulk] input[name=node], input[form][name=machine]");
}
function showBulk() {
  const bar = document.querySelector("[data-bulk] .bulk");
  if (bar) bar.hidden = ![...boxes()].some((box) => box.checked) && !bar.contains(document.activeElement);
}

document.addEventListener("DOMContentLoaded", () => {
  localTimes(document);
  if (document.querySelector("[data-live]") && !new URLSearchParams(location.search).has("at")) {
    const events = new EventSource(document.querySelector("[data-events]")?.dataset.events ?? "/api/v1/events");
    for (const kind of ["boot", "lost", "heard", "off", "configuration", "hardware", "drift", "alarm", "log", "crash", "build", "rollout", "volume", "session", "step"]) events.addEventListener(kind, refreshSoon);
    document.addEventListener("visibilitychange", refreshSoon);
  }
  for (const select of document.querySelectorAll("[data-submit]")) {
    select.addEventListener("change", () => select.form.submit());
    select.form.querySelector("button")?.classList.add("hidden");
  }
  for (const field of document.querySelectorAll("[data-sets]")) {
    field.addEventListener("input", () => {
      const box = field.form.elements[field.dataset.sets];
      if (box) box.checked = true;
    });
  }
  // A file's unchanged bytes: the server detects their encoding.
  for (const chooser of document.querySelectorAll("[data-bytes-to]")) {
    chooser.addEventListener("change", () => {
      const reader = new FileReader();
      reader.addEventListener("load", () => {
        chooser.form.elements[chooser.dataset.bytesTo].value = reader.result.slice(reader.result.indexOf(",") + 1);
      });
      if (chooser.files.length) reader.readAsDataURL(chooser.files[0]);
    });
  }
  // At the document: a table that came live has its own boxes.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-select-all]")) for (const box of boxes()) box.checked = event.target.checked;
    showBulk();
  });
  showBulk();
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", () => {
      const source = document.getElementById(button.dataset.copy);
      navigator.clipboard.writeText(source.href ?? source.textContent);
    });
  }
});
