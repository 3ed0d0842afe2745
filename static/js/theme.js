// In the head, before the first paint: "as the device" follows the device; the toggle remembers in a cookie.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const device = matchMedia("(prefers-color-scheme: dark)");
  const apply = (choice) => {
    root.dataset.themeChoice = choice || "";
    root.dataset.bsTheme = choice || (device.matches ? "dark" : "light");
    for (const button of document.querySelectorAll("[data-theme-value]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeValue === (choice || "")));
    }
  };
  // Pages that we do not write from the first line (the staff site) carry no choice: the cookie has it.
  apply(root.dataset.themeChoice ?? document.cookie.match(/(?:^|; )theme=(light|dark)(?:;|$)/)?.[1]);
  device.addEventListener("change", () => apply(root.dataset.themeChoice));
  document.addEventListener("DOMContentLoaded", () => apply(root.dataset.themeChoice));
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-theme-value]");
    if (!button) return;
    event.preventDefault();
    const choice = button.dataset.themeValue;
    const secure = location.protocol === "https:" ? ";secure" : "";
    document.cookie = `theme=${choice};path=/;max-age=${choice ? 31536000 : 0};samesite=lax${secure}`;
    apply(choice);
  });
})();
