// The page stands without this: a field that narrows it, answers that open for paper and for who comes to them by a link.
const field = document.querySelector("[data-api-filter]");
const told = document.querySelector("[data-api-found]");
const operations = [...document.querySelectorAll("[data-api-op]")];
const words = new Map(operations.map((each) => [each, each.textContent.replace(/\s+/g, " ").toLowerCase()]));

const narrow = () => {
  const asked = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const operation of operations) {
    const fits = asked.every((word) => words.get(operation).includes(word));
    operation.hidden = !fits;
    document.querySelector(`[data-api-link="${CSS.escape(operation.dataset.apiOp)}"]`).hidden = !fits;
    found += fits;
  }
  for (const group of document.querySelectorAll("[data-api-group]")) {
    group.hidden = !group.querySelector(":is([data-api-op], [data-api-link]):not([hidden])");
  }
  for (const general of document.querySelectorAll("[data-api-general]")) general.hidden = asked.length > 0;
  const said = field.dataset;
  const count = found === 1 ? said.foundOne : found ? said.foundMany.replace("{n}", found) : said.foundNone;
  told.textContent = asked.length ? count : "";
  document.getElementById("status").textContent = told.textContent;
};

let waiting;
field.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(narrow, 120);
});
field.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  narrow();
  const first = operations.find((operation) => !operation.hidden);
  if (first) location.hash = first.dataset.apiOp;
});
if (field.value) narrow(); // the browser puts back what was typed

let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details.api-answer:not([open])")];
  for (const answer of opened) answer.open = true;
});
addEventListener("afterprint", () => {
  for (const answer of opened) answer.open = false;
});
