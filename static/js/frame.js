// Menus close by Escape and by a click elsewhere; messages can be put away; values can be copied.
const menus = "details.menu, details.sheet";

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(menus)) {
    if (menu.open && !menu.contains(event.target)) menu.open = false;
  }
  const close = event.target.closest("[data-close]");
  if (close) close.closest(close.dataset.close)?.remove();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll(menus)) {
    if (!menu.open) continue;
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const status = document.getElementById("status");
  if (status) status.textContent = button.dataset.copied ?? "";
  const words = button.querySelector("span");
  if (!words || button.dataset.copied === words.textContent) return;
  const before = words.textContent;
  words.textContent = button.dataset.copied;
  setTimeout(() => (words.textContent = before), 2500);
});

// Toasts never steal focus and never vanish by themselves; they are read out once the page stands.
const toasts = [...document.querySelectorAll("[data-toasts] .toast-s > span")].map((words) => words.textContent.trim());
if (toasts.length) setTimeout(() => (document.getElementById("status").textContent = toasts.join(" ")), 400);

// Ctrl-K (on a Mac Command-K) goes to the search; a single letter would get in the way of people who dictate.
const search = document.getElementById("top-search");
if (search) {
  const mac = /Mac|iPhone|iPad/.test(navigator.platform);
  const hint = search.form.querySelector("[data-shortcut]");
  if (mac) hint.textContent = "⌘ K";
  hint.hidden = false;
  document.addEventListener("keydown", (event) => {
    if (event.key?.toLowerCase() !== "k" || !(mac ? event.metaKey : event.ctrlKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    const field = search.offsetParent ? search : document.getElementById("search-value");
    if (field) {
      field.focus();
      field.select();
    } else {
      location.assign(search.form.action);
    }
  });
}

// What can be undone for a while counts down; at its end the page is asked to look again. Without script the words stay.
setInterval(() => {
  for (const place of document.querySelectorAll("[data-until]")) {
    const left = Math.ceil((Date.parse(place.dataset.until) - Date.now()) / 1000);
    const hours = Math.floor(left / 3600);
    const rest = `${String(Math.floor(left / 60) % 60).padStart(hours > 0 ? 2 : 1, "0")}:${String(left % 60).padStart(2, "0")}`;
    if (left > 0) place.textContent = hours > 0 ? `${hours}:${rest}` : rest;
    else if (!place.dataset.over) {
      place.textContent = "0:00";
      place.dataset.over = "yes";
      place.dispatchEvent(new CustomEvent("countdown-over", { bubbles: true }));
    }
  }
}, 1000);

// A page that says what went wrong in a summary puts the reader there.
document.querySelector("[data-error-summary]")?.focus();

// Lists are swapped in place: the address carries only what was asked, the reader hears how many there are, and the
// keyboard stays where it was (or goes to the list, when what was pressed is gone).
document.addEventListener("formdata", (event) => {
  if (!event.target.matches?.("[data-filters]")) return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});

// What the reader folded or unfolded stays so while the list is swapped.
document.addEventListener("htmx:beforeSwap", (event) => {
  const fold = event.detail.target?.querySelector?.("#list-fold");
  if (!fold || typeof event.detail.serverResponse !== "string") return;
  event.detail.serverResponse = event.detail.serverResponse.replace(
    /(id="list-fold")(\s+open\b)?/,
    fold.open ? "$1 open" : "$1",
  );
});

document.addEventListener("htmx:afterSettle", (event) => {
  const list = document.getElementById(event.detail.target?.id ?? "");
  if (!list?.matches("[data-list]")) return;
  const status = document.getElementById("status");
  const count = list.querySelector("[data-list-count]");
  if (status && count) status.textContent = count.textContent.trim();
  if (event.detail.elt?.hasAttribute?.("data-top")) list.scrollIntoView({ block: "start" });
  if (!document.activeElement || document.activeElement === document.body) list.focus({ preventScroll: true });
});

// Printing is the browser's own; the button is only for those who look for one.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}

// A table wider than the screen is scrolled by keyboard too, under the name of its part of the page; none is a stop in vain.
const boxes = new ResizeObserver((entries) => {
  for (const { target: box } of entries) {
    if (box.scrollWidth > box.clientWidth + 1) {
      const part = box.closest("[aria-labelledby], [aria-label]");
      const words = part?.getAttribute("aria-label") || document.getElementById(part?.getAttribute("aria-labelledby"))?.textContent;
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", (box.querySelector("caption")?.textContent || words || document.title).trim());
    } else {
      for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
    }
  }
});
const watchTables = (root) => {
  for (const box of root.querySelectorAll(".table-responsive:not([tabindex])")) boxes.observe(box);
};
watchTables(document);
document.addEventListener("htmx:load", (event) => watchTables(event.detail.elt));
