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

// A page that says what went wrong in a summary puts the reader there.
document.querySelector("[data-error-summary]")?.focus();

// Lists are swapped in place: the address carries only what was asked, the reader hears how many there are, and the
// keyboard stays where it was (or goes to the list, when what was pressed is gone).
document.addEventListener("formdata", (event) => {
  if (!event.target.matches?.("[data-filters]")) return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
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
