// Small helpers for elements and words.

export const find = (id) => document.getElementById(id);

export function say(line) {
  find("says").textContent = line;
}

export function showError(error) {
  const line = document.createElement("p");
  const text = document.createElement("span");
  const close = document.createElement("button");
  text.textContent = error.message;
  close.type = "button";
  close.textContent = "Close";
  close.onclick = () => line.remove();
  line.append(text, close);
  find("errors").replaceChildren(line);
}

export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
