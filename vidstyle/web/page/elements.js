// Small helpers for elements and words.

export const find = (id) => document.getElementById(id);

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

export function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

export function say(line) {
  find("says").textContent = line;
}

export function showError(error) {
  if (error.name === "AbortError") return;
  const shown = [...find("errors").children].some((line) => line.firstChild.textContent === error.message);
  if (shown) return;
  const close = make("button", { type: "button", textContent: "Close" });
  const line = make("p", {}, make("span", { textContent: error.message }), close);
  close.onclick = () => line.remove();
  const errors = find("errors");
  errors.append(line);
  while (errors.children.length > 3) errors.firstChild.remove();
}

// Keeps one element for each entry: what has the focus, or plays, stays as it is.
export function keyed(list, entries, create, update) {
  const there = new Map([...list.children].map((e) => [e.dataset.key, e]));
  const wanted = new Set(entries.map(([key]) => key));
  for (const [key, element] of there) if (key !== undefined && !wanted.has(key)) element.remove();
  let last = [...list.children].findLast((e) => e.dataset.key === undefined) ?? null;
  for (const [key, entry] of entries) {
    const element = there.get(key) ?? create(entry);
    element.dataset.key = key;
    if (element.previousElementSibling !== last || !element.parentNode) {
      if (last) last.after(element);
      else list.prepend(element);
    }
    update(element, entry);
    last = element;
  }
}

// Lets files be dropped on an element.
export function takesDrops(element, mark, onFiles) {
  element.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    mark.classList.add("over");
  });
  element.addEventListener("dragleave", () => mark.classList.remove("over"));
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    event.stopPropagation();
    mark.classList.remove("over");
    onFiles([...event.dataTransfer.files]);
  });
}
