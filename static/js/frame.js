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
});

// Toasts never steal focus. Those that only confirm leave after a while, unless somebody is reading them.
for (const toast of document.querySelectorAll("[data-toast='passing']")) {
  const leave = () => setTimeout(() => (toast.matches(":hover, :focus-within") ? leave() : toast.remove()), 8000);
  leave();
}

// A page that says what went wrong in a summary puts the reader there.
document.querySelector("[data-error-summary]")?.focus();
