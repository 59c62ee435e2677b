// Shortcuts. An element names its key in data-key. A key chooses, opens or moves; it presses only what is marked
// data-press, which shows or takes something and decides nothing. All else gets the focus, and Enter sends it.

const sheet = document.querySelector("[data-sheet]");
const typing = (node) => node instanceof Element && node.closest(
  "textarea, select, [contenteditable], input:not([type=checkbox], [type=radio], [type=submit], [type=button])",
) !== null;

// Letters as they are printed; on keyboards without Latin letters, and for digits, by their place.
const keyOf = (event) => {
  if (event.key === "?") return "?";
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(event.code);
  if (digit) return digit[1];
  if (/^[a-z]$/i.test(event.key)) return event.key.toLowerCase();
  return event.key.length === 1 && event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : event.key;
};

const shown = (node) => node.getClientRects().length > 0 && !node.disabled;
const rows = () => [...document.querySelectorAll("[data-row]")].filter(shown);
const rowOf = (node) => node instanceof Element ? node.closest("[data-row]") : null;

const move = (step) => {
  const all = rows();
  const here = all.indexOf(rowOf(document.activeElement));
  const next = all[here < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, here + step))];
  if (!next) return false;
  const target = next.matches("a, button, [tabindex]") ? next : next.querySelector("a, button, [tabindex]");
  target?.focus();
  next.scrollIntoView({ block: "nearest" });
  return true;
};

const act = (node) => {
  if (node.matches("summary")) {
    const box = node.parentElement;
    box.open = !box.open;
    (box.open ? box.querySelector("input:not([type=hidden]), select, textarea, button") ?? node : node).focus();
  } else if (node.matches("input[type=radio], input[type=checkbox]")) {
    node.click();
    node.focus();
  } else if (node.matches("a[href]") || "press" in node.dataset) {
    node.click();
  } else {
    node.focus();
    node.scrollIntoView({ block: "center" });
  }
};

const find = (key) => {
  const all = [...document.querySelectorAll("[data-key]")].filter((node) => node.dataset.key === key && shown(node));
  const row = rowOf(document.activeElement);
  return all.find((node) => row && row.contains(node)) ?? all.find((node) => rowOf(node) === null);
};

const said = (node) => {
  if (node.dataset.keyLabel) return node.dataset.keyLabel;
  const named = node.getAttribute("aria-label");
  if (named) return named;
  const copy = (node.labels?.[0] ?? node).cloneNode(true);
  for (const mark of copy.querySelectorAll("kbd, .sub, input")) mark.remove();
  return copy.textContent.trim().replace(/\s+/g, " ");
};

const show = () => {
  const list = sheet.querySelector("[data-sheet-list]");
  const known = new Map();
  for (const node of document.querySelectorAll("[data-key]")) {
    if (shown(node) && !known.has(node.dataset.key)) known.set(node.dataset.key, said(node));
  }
  if (rows().length) known.set("j k", sheet.dataset.rows);
  known.set("?", sheet.dataset.this);
  list.replaceChildren(...[...known].map(([key, words]) => {
    const row = document.createElement("div"), term = document.createElement("dt"), what = document.createElement("dd");
    for (const one of key.split(" ")) {
      const mark = document.createElement("kbd");
      mark.textContent = one;
      term.append(mark, " ");
    }
    what.textContent = words;
    row.append(term, what);
    return row;
  }));
  sheet.showModal();
};

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (event.defaultPrevented || typing(event.target) || document.querySelector("dialog[open]")) return;
  const key = keyOf(event);
  if (key === "?" && sheet) {
    event.preventDefault();
    show();
  } else if ((key === "j" || key === "k") && move(key === "j" ? 1 : -1)) {
    event.preventDefault();
  } else {
    const node = find(key);
    if (!node) return;
    event.preventDefault();
    act(node);
  }
});

// Come back to the row that was worked on.
if (location.hash.length > 1) {
  const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (row?.matches("[data-row]")) (row.querySelector("a, button, [tabindex]") ?? row).focus();
}
