// What somebody with a keyboard, a small screen or other colours meets on a page. The tests put this into every page.
window.eyes = (() => {
  const FOCUSABLE =
    "a[href], button, input:not([type=hidden]), select, textarea, summary, audio[controls], video[controls], [tabindex]";
  const WATCHED = ["outlineStyle", "outlineWidth", "boxShadow", "borderTopColor", "borderBottomColor", "backgroundColor"];

  const seen = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;
  const hiddenByClip = (element) => {
    const box = element.getBoundingClientRect();
    return box.width <= 1 || box.height <= 1 || getComputedStyle(element).opacity === "0";
  };
  const name = (element) => {
    const words = (element.getAttribute("aria-label") || element.innerText || element.name || "").trim().slice(0, 40);
    const marks = [element.id && `#${element.id}`, ...[...element.classList].slice(0, 3).map((each) => `.${each}`)];
    return `<${element.localName}${marks.filter(Boolean).join("")}> ${JSON.stringify(words)}`;
  };

  // ---------------------------------------------------------------- the keyboard
  const tabStops = () => {
    const groups = new Set();
    return [...document.querySelectorAll(FOCUSABLE)].filter((element) => {
      if (element.disabled || element.closest("[inert]") || element.tabIndex < 0 || !seen(element)) return false;
      if (element.type !== "radio") return true;
      const group = `${element.form?.id ?? ""}/${element.name}`;
      const chosen = document.querySelector(`input[type=radio][name="${CSS.escape(element.name)}"]:checked`);
      if (groups.has(group) || (chosen && chosen !== element)) return false;
      groups.add(group);
      return true;
    });
  };
  const around = (element) => {
    const near = [element, ...(element.labels ?? [])];
    for (let up = element.parentElement, n = 0; up && n < 3; up = up.parentElement, n++) near.push(up);
    return near;
  };
  const looks = (element) => {
    const style = getComputedStyle(element);
    return WATCHED.map((each) => style[each]);
  };

  let before, visited, last, first;
  const start = () => {
    document.body.tabIndex = -1;
    document.body.focus({ preventScroll: true });
    document.body.removeAttribute("tabindex");
    document.activeElement.blur?.();
    window.scrollTo(0, 0);
    before = new Map();
    const stops = tabStops();
    for (const stop of stops) for (const each of around(stop)) if (!before.has(each)) before.set(each, looks(each));
    visited = new Set();
    last = first = null;
    return stops.length;
  };
  const channels = (colour) => {
    const numbers = colour.match(/[\d.]+/g)?.map(Number);
    if (!numbers || numbers[3] === 0) return null;
    return colour.startsWith("rgb") ? numbers.slice(0, 3) : null;
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((n) => (n / 255 <= 0.04045 ? n / 255 / 12.92 : ((n / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const ground = (element) => {
    for (let up = element; up; up = up.parentElement) {
      const colour = channels(getComputedStyle(up).backgroundColor);
      if (colour) return colour;
    }
    return [255, 255, 255];
  };
  const outlined = (element) => {
    const style = getComputedStyle(element);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1.5;
  };
  const indicated = (element) => {
    const style = getComputedStyle(element);
    if (outlined(element)) {
      const colour = channels(style.outlineColor);
      const behind = parseFloat(style.outlineOffset) < 0 ? element : element.parentElement ?? element;
      if (colour && contrast(colour, ground(behind)) >= 3) return "";
      if (colour) return `its outline ${style.outlineColor} is faint on rgb(${ground(behind)})`;
    }
    const changed = around(element).some((each) => {
      const was = before.get(each), is = looks(each);
      return was && is.some((value, n) => value !== was[n]);
    });
    return changed ? "" : "nothing shows that it has the focus";
  };
  const covered = (element) => {
    const label = element.labels?.[0];
    const shown = hiddenByClip(element) && label ? label : element;
    const box = shown.getBoundingClientRect();
    const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth);
    const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
    if (right - left < 1 || bottom - top < 1) return "it has the focus outside the screen";
    const spots = [0.5, 0.15, 0.85].flatMap((x) => [0.5, 0.15, 0.85].map((y) => [x, y]));
    const free = spots.some(([x, y]) => {
      const hit = document.elementFromPoint(left + (right - left) * x, top + (bottom - top) * y);
      return hit && (shown.contains(hit) || element.contains(hit) || hit.contains(shown));
    });
    return free ? "" : "something lies over it while it has the focus";
  };
  // After a Tab: {over: true} at the end of the round, otherwise what is wrong with the element that has the focus.
  const step = () => {
    const here = document.activeElement;
    if (!here || here === document.body || here === document.documentElement) return { over: true, wrong: [] };
    if (here === last) return { stays: true, at: name(here), wrong: [] };
    if (visited.has(here)) return { over: true, wrong: here === first ? [] : [`the focus jumps back to ${name(here)}`] };
    const wrong = [indicated(here), covered(here)].filter(Boolean).map((what) => `${name(here)}: ${what}`);
    if (last && !(last.compareDocumentPosition(here) & Node.DOCUMENT_POSITION_FOLLOWING)) {
      wrong.push(`${name(here)} comes after ${name(last)}, against the order of the page`);
    }
    visited.add(here);
    first ??= here;
    last = here;
    return { wrong, at: name(here), skip: here.matches("a[href^='#']") || !document.querySelector("nav") };
  };
  const missed = () => tabStops().filter((stop) => !visited.has(stop)).map((stop) => `${name(stop)} is never reached`);

  // ---------------------------------------------------------------- what the page is made of
  const structure = () => {
    const wrong = [];
    const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);
    const heads = all("h1");
    if (heads.length !== 1) wrong.push(`${heads.length} h1: ${heads.map(name)}`);
    else if (!heads[0].innerText.trim()) wrong.push("the h1 is empty");
    if (all("main").length !== 1) wrong.push(`${all("main").length} main`);
    for (const tag of ["nav", "aside"]) {
      const names = all(tag).map((each) => each.getAttribute("aria-label") || each.getAttribute("aria-labelledby"));
      if (names.length > 1 && (names.includes(null) || new Set(names).size < names.length)) {
        wrong.push(`several ${tag} that cannot be told apart: ${names}`);
      }
    }
    for (const element of document.querySelectorAll("[tabindex]")) {
      if (element.tabIndex > 0) wrong.push(`${name(element)} has a tabindex of ${element.tabIndex}`);
    }
    for (const chart of all("svg.chart[role=img], canvas")) {
      if (chart.closest("[aria-hidden=true]")) continue;
      const home = chart.closest(".card-s, section, figure, article, form") ?? chart.parentElement;
      if (!home.querySelector("table")) wrong.push(`${name(chart)} has no table with the same figures`);
    }
    for (const element of document.querySelectorAll("body *")) {
      const style = getComputedStyle(element);
      const longest = Math.max(...`${style.transitionDuration},${style.animationDuration}`.split(",").map(parseFloat));
      if (longest > 0.01 && seen(element)) {
        wrong.push(`${name(element)} moves although less motion is wanted`);
        break;
      }
    }
    return { wrong, title: document.title, lang: document.documentElement.lang };
  };
  const headings = () => [...document.querySelectorAll("h1, h2, h3")].filter(seen).map((each) => each.innerText.trim());
  const words = () => document.querySelector("main")?.innerText.replace(/\s+/g, " ").trim().length ?? 0;

  // ---------------------------------------------------------------- a narrow screen
  const narrow = () => {
    const wrong = [];
    const wide = document.documentElement.scrollWidth;
    if (wide > innerWidth) {
      const guilty = [...document.querySelectorAll("main *, header *")].filter((each) => {
        const box = each.getBoundingClientRect();
        return seen(each) && box.right > innerWidth + 1 && !each.closest(".table-responsive, .twin-scroll");
      });
      wrong.push(`${wide} wide at ${innerWidth}: ${guilty.slice(0, 3).map(name)}`);
    }
    for (const element of document.querySelectorAll("body *")) {
      if (element.scrollWidth <= element.clientWidth + 1 || !seen(element) || hiddenByClip(element)) continue;
      const style = getComputedStyle(element);
      if (["hidden", "clip"].includes(style.overflowX) && style.textOverflow !== "ellipsis" && element.innerText?.trim()) {
        if (!element.matches("select, input, .visually-hidden") && !style.clipPath.startsWith("inset")) {
          wrong.push(`${name(element)} cuts off what is wider than it (${element.scrollWidth} in ${element.clientWidth})`);
        }
      }
      if (["auto", "scroll"].includes(style.overflowX) && !element.matches("textarea, select, input")) {
        const named = element.getAttribute("aria-label") || element.getAttribute("aria-labelledby");
        if (element.tabIndex < 0 || !named) wrong.push(`${name(element)} scrolls sideways but takes no focus or has no name`);
      }
    }
    return wrong;
  };

  // ---------------------------------------------------------------- colours the person chose
  const forced = () => {
    const wrong = [], kinds = new Set();
    for (const stop of tabStops()) {
      const kind = `${stop.localName}.${stop.type}.${stop.className}`;
      if (kinds.has(kind)) continue;
      kinds.add(kind);
      stop.focus({ preventScroll: true });
      if (!around(stop).some(outlined)) wrong.push(`${name(stop)}: no outline in colours the person chose`);
    }
    document.activeElement.blur?.();
    for (const drawing of document.querySelectorAll("svg.life, svg.chart, svg.wave")) {
      if (!seen(drawing)) continue;
      const paper = ground(drawing);
      const ink = (shape) => {
        const style = getComputedStyle(shape);
        const inks = [style.fill, style.stroke].map(channels).filter(Boolean);
        return Math.max(1, ...inks.map((each) => contrast(each, paper)));
      };
      const words = [...drawing.querySelectorAll("text")].filter((each) => ink(each) < 4.5);
      const lines = [...drawing.querySelectorAll("path, rect, circle")];
      if (words.length || !lines.some((each) => ink(each) >= 3)) {
        wrong.push(`${name(drawing)} is not seen in colours the person chose`);
      }
    }
    return wrong;
  };

  // ---------------------------------------------------------------- mistakes
  const sendEmpty = (form) => {
    form.noValidate = true;
    for (const field of form.querySelectorAll("[required]")) field.value = "";
    form.querySelector("button:not([type=button])").click();
  };
  // What is missing on a page that refused a form with so many fields; for one field a message is enough.
  const mistakes = (fields) => {
    const summary = document.querySelector("[data-error-summary]"), wrong = [];
    const alarm = [...document.querySelectorAll(".toasts .s-overdue, .toasts .s-due, [role=alert]")].find(seen);
    if (!summary) return alarm && fields === 1 ? [] : ["no summary of what is wrong"];
    if (!summary.contains(document.activeElement)) wrong.push("the summary does not take the focus");
    if (!summary.querySelector("li, p")?.innerText.trim()) wrong.push("the summary is empty");
    for (const link of summary.querySelectorAll("a[href^='#']")) {
      const field = document.getElementById(link.getAttribute("href").slice(1));
      if (!field) wrong.push(`the summary leads to ${link.getAttribute("href")}, which is not there`);
      else if (field.getAttribute("aria-invalid") !== "true") wrong.push(`${name(field)} is not marked as wrong`);
      else {
        const ids = [field, field.closest("fieldset")].map((each) => each?.getAttribute("aria-describedby") ?? "");
        const told = ids.join(" ").split(" ").map((id) => document.getElementById(id));
        if (!told.some((each) => each?.innerText.trim())) wrong.push(`${name(field)} does not say what is wrong`);
      }
    }
    return wrong;
  };

  return { start, step, missed, structure, headings, words, narrow, forced, sendEmpty, mistakes };
})();
