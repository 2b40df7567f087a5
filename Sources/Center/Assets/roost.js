// Makes pages live. Everything works without it, only not by itself.
"use strict";

// Times are sent in UTC; people read their own, with the word for today in place of its date, which is otherwise written as everywhere:
// 2026-12-01. The zone is said below the page, and on hover.
const language = document.documentElement.lang;
const clockTime = new Intl.DateTimeFormat(language, { timeStyle: "medium", hourCycle: "h23" });
const minuteTime = new Intl.DateTimeFormat(language, { timeStyle: "short", hourCycle: "h23" });
const todayWord = new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(0, "day");
const longTime = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "long", hourCycle: "h23" });

function shownTime(date) {
  if (date.toDateString() === today) return `${todayWord} ${clockTime.format(date)}`;
  const [month, day] = [date.getMonth() + 1, date.getDate()].map((number) => String(number).padStart(2, "0"));
  return `${date.getFullYear()}-${month}-${day} ${clockTime.format(date)}`;
}

function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const date = new Date(time.getAttribute("datetime").replace(" ", "T") + "Z");
    if (isNaN(date)) continue;
    // One that says how long ago it was, or how long it is until then, keeps its words.
    if (!("relative" in time.dataset)) time.textContent = "minute" in time.dataset ? minuteTime.format(date) : shownTime(date);
    time.title = longTime.format(date);
  }
}

let today = new Date().toDateString();
setInterval(() => {
  const day = new Date().toDateString();
  if (day === today) return;
  today = day;
  localTimes(document);
}, 60_000);

function nameZone() {
  const zone = document.querySelector("[data-zone]");
  if (!zone) return;
  zone.append(Intl.DateTimeFormat().resolvedOptions().timeZone);
  zone.hidden = false;
}

// Whether a field in it says something else than the server sent.
function hasTyped(part) {
  return [...part.querySelectorAll("input:not([type=hidden], [type=checkbox]), textarea")].some((field) => field.value !== field.defaultValue)
    || [...part.querySelectorAll("option")].some((option) => option.selected && !option.defaultSelected && option.index > 0);
}

// Whether anything in it would be sent otherwise than it came.
function hasChanged(form) {
  // What has no name is not sent.
  return [...form.querySelectorAll("[name]:not([type=hidden])")].some((field) => field.type === "checkbox" ? field.checked !== field.defaultChecked
    : field.options ? [...field.options].some((option) => option.selected && !option.defaultSelected && option.index > 0)
    : field.defaultValue !== undefined && field.value !== field.defaultValue);
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
      // What a person opened stays open.
      for (const one of part.querySelectorAll("details[id]")) {
        const other = fresh.querySelector("#" + CSS.escape(one.id));
        if (other) other.open = one.open;
      }
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

// What is done with the ticked rows is shown while there are some; where it always stands, it cannot be used before.
function boxes() {
  return document.querySelectorAll("[data-bulk] input[name=node], input[form]:is([name=machine], [name=session])");
}
function showBulk() {
  const bar = document.querySelector("[data-bulk] .bulk");
  if (!bar) return;
  const isIdle = ![...boxes()].some((box) => box.checked) && !bar.contains(document.activeElement);
  const stays = "stays" in bar.dataset;
  bar.hidden = isIdle && !(stays && boxes().length);
  bar.disabled = stays && isIdle;
}

document.addEventListener("DOMContentLoaded", () => {
  localTimes(document);
  nameZone();
  // On a narrow screen, tabs go on beyond its edge.
  document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  if (document.querySelector("[data-live]") && !new URLSearchParams(location.search).has("at")) {
    const events = new EventSource(document.querySelector("[data-events]")?.dataset.events ?? "/api/v1/events");
    for (const kind of ["boot", "lost", "heard", "off", "configuration", "hardware", "drift", "alarm", "log", "crash", "build", "rollout", "volume", "session", "step", "trouble", "trouble-over"]) events.addEventListener(kind, refreshSoon);
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
  // Of many settings, those that are looked for.
  for (const bar of document.querySelectorAll("[data-find-setting]")) {
    const [text, box] = bar.querySelectorAll("input");
    const show = () => {
      const words = text.value.toLowerCase().split(/\s+/);
      const fields = bar.nextElementSibling;
      for (const one of fields.querySelectorAll(".setting")) {
        const isMeant = words.every((word) => one.textContent.toLowerCase().includes(word));
        one.hidden = !isMeant || (box.checked && !one.querySelector("[name^='has.']").checked);
      }
      // A section without any of them is not shown, and what is found is in an open one.
      for (const part of fields.querySelectorAll(".part")) {
        part.hidden = !part.querySelector(".setting:not([hidden])");
        if (text.value || box.checked) part.open = true;
      }
    };
    bar.hidden = false;
    bar.addEventListener("input", show);
    // Enter looks for a setting, and sends no form.
    text.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  }
  // On a narrow screen, sections of settings begin folded, but for what was refused.
  const isNarrow = matchMedia("(max-width: 50rem)").matches;
  for (const part of document.querySelectorAll(".setting-list > .part")) if (isNarrow) part.open = Boolean(part.querySelector(".setting[open]"));
  // A link into a folded section opens it.
  const unfold = () => {
    const aim = document.getElementById(location.hash.slice(1));
    for (let part = aim?.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
    aim?.scrollIntoView();
  };
  if (location.hash) unfold();
  document.addEventListener("click", (event) => { if (event.target.closest?.("a[href^='#']:not(.skip)")) setTimeout(unfold); });
  // What saves a long form is in sight while something in it is changed.
  for (const bar of document.querySelectorAll("[data-changed]")) {
    const show = () => { bar.hidden = !hasChanged(bar.closest("form")); };
    bar.closest("form").addEventListener("input", show);
    // Behind what the browser fills in by itself on the way back.
    addEventListener("pageshow", show);
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
    const { target } = event;
    if (target.matches("[data-select-all]")) for (const box of [...boxes(), ...document.querySelectorAll("[data-select-run]")]) box.checked = target.checked;
    // The heading of rows that are alike ticks those below it.
    let row = target.matches("[data-select-run]") ? target.closest("tr").nextElementSibling : null;
    for (let left = Number(target.dataset.selectRun); row && left > 0; left--, row = row.nextElementSibling) for (const box of row.querySelectorAll("[name=node]")) box.checked = target.checked;
    showBulk();
  });
  showBulk();
  // A command has what is typed above it, quoted for a shell; until then it says what belongs there.
  for (const field of document.querySelectorAll("[data-fills]")) {
    const part = document.getElementById(field.dataset.fills), empty = part.textContent;
    const fill = () => {
      const text = field.value.trim();
      part.textContent = /^[\w@%+=:,./-]+$/.test(text) ? text : text ? "'" + text.replaceAll("'", "'\\''") + "'" : empty;
    };
    field.addEventListener("input", fill);
    // Behind what the browser fills in by itself on the way back.
    addEventListener("pageshow", fill);
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", () => {
      const source = document.getElementById(button.dataset.copy);
      navigator.clipboard.writeText(source.href ?? source.textContent);
    });
  }
});

// Keys. Each leads where a link leads, too.

// Finds anything by its name: the server's page of results, in a dialog.
const palette = {
  get dialog() { return document.getElementById("palette"); },
  get field() { return document.getElementById("palette-query"); },
  get list() { return document.getElementById("palette-found"); },
  asked: 0, pending: null, chosen: -1, goes: false,

  open() {
    if (!this.dialog || this.dialog.open) return;
    this.dialog.showModal();
    this.field.select();
    this.ask();
  },
  ask() {
    const number = ++this.asked;
    this.goes = false;
    this.pending = this.fetch(number);
  },
  async fetch(number) {
    const answer = await fetch("/find?q=" + encodeURIComponent(this.field.value), { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected || number !== this.asked) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (number !== this.asked) return;
    this.list.replaceChildren(...page.querySelector("[data-found]").children);
    [...this.list.children].forEach((item, index) => {
      item.setAttribute("role", "none");
      Object.assign(item.firstElementChild, { id: "found-" + index, role: "option", tabIndex: -1 });
    });
    this.dialog.querySelector(".none").hidden = this.list.children.length > 0;
    this.field.setAttribute("aria-expanded", this.list.children.length > 0);
    this.choose(0);
    this.pending = null;
    if (this.goes) this.go();
  },
  choose(index) {
    const items = [...this.list.querySelectorAll("a")];
    this.chosen = items.length ? (index + items.length) % items.length : -1;
    items.forEach((item, place) => item.setAttribute("aria-selected", place === this.chosen));
    if (this.chosen < 0) return this.field.removeAttribute("aria-activedescendant");
    this.field.setAttribute("aria-activedescendant", items[this.chosen].id);
    items[this.chosen].scrollIntoView({ block: "nearest" });
  },
  // Enter before the answer has come goes to its first result.
  go() {
    if (this.pending) this.goes = true;
    else this.list.querySelectorAll("a")[this.chosen]?.click();
  },
};

// The pages behind «g» and a letter.
const places = { d: "/", n: "/nodes", g: "/groups", u: "/machines", i: "/images", b: "/boots", h: "/history", s: "/desktops/sessions" };
let leads = false;

async function showKeys() {
  const dialog = document.getElementById("keyboard");
  if (!dialog || dialog.open) return;
  const answer = await fetch("/find", { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  dialog.replaceChildren(page.querySelector("[data-keys]"));
  dialog.showModal();
}

// Moves to the same thing in the row beside; false: there is none.
function moveRow(step) {
  const focused = document.activeElement, row = focused?.closest("tbody tr");
  if (!row || focused.matches("select, textarea, input:not([type=checkbox])")) return false;
  // A line that only says more of the row above has nothing to go to.
  let next = row;
  do next = step > 0 ? next.nextElementSibling : next.previousElementSibling;
  while (next && !next.querySelector("a, input, button"));
  const cell = next?.cells[focused.closest("td, th")?.cellIndex ?? 0];
  const aim = cell?.querySelector("a, input, button") ?? next?.querySelector("a, input, button");
  aim?.focus();
  return Boolean(aim);
}

function moveTab(step) {
  const tab = document.activeElement?.closest(".tabs a");
  const item = step > 0 ? tab?.parentElement.nextElementSibling : tab?.parentElement.previousElementSibling;
  item?.firstElementChild.focus();
  return Boolean(item);
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    return palette.open();
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.id === "palette-query") {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      palette.choose(palette.chosen + (event.key === "ArrowDown" ? 1 : -1));
    }
    return;
  }
  const moved = event.key === "ArrowDown" ? moveRow(1) : event.key === "ArrowUp" ? moveRow(-1)
    : event.key === "ArrowRight" ? moveTab(1) : event.key === "ArrowLeft" ? moveTab(-1) : false;
  if (moved) return event.preventDefault();
  if (event.target.matches("input:not([type=checkbox]), textarea, select") || document.querySelector("dialog[open]")) return;
  if (leads && places[event.key]) location.href = places[event.key];
  leads = event.key === "g" && !leads;
  if (event.key === "/") {
    event.preventDefault();
    // The list of nodes has a field of its own in its place.
    const search = document.getElementById("search");
    (search?.offsetParent ? search : document.getElementById("q"))?.focus();
  } else if (event.key === "?") {
    showKeys();
  }
});

document.addEventListener("DOMContentLoaded", () => {
  document.querySelector("[data-palette]")?.addEventListener("click", (event) => {
    event.preventDefault();
    palette.open();
  });
  palette.field?.addEventListener("input", () => palette.ask());
  palette.field?.form.addEventListener("submit", (event) => {
    event.preventDefault();
    palette.go();
  });
  // A click beside a dialog closes it.
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  }
});
