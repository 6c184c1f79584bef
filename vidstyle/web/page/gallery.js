// The styles: those with a network of their own, and one's own pictures.

import { ask, picture } from "./api.js";
import { find, keyed, make, showError } from "./elements.js";

const SLOW = 3000;  // Milliseconds from one picture to the next while the camera is painted.

export class Gallery {
  constructor(chosen, onChange) {
    this.chosen = chosen;
    this.onChange = onChange;
    this.clip = null;
    this.painted = new Map();
  }

  update(state) {
    const named = state.styles.map((s) => ({ ...s, line: `${s.artist}, ${s.year}` }));
    const own = state.pictures.map((name) => ({ name, title: name, line: "your picture", own: true }));
    const all = [...own, ...named];
    if (!all.some((style) => style.name === this.chosen)) this.chosen = named[0].name;
    this.all = all;
    for (const name of this.painted.keys()) {
      if (!all.some((style) => style.name === name)) this.painted.delete(name);
    }
    keyed(find("styles"), all.map((s) => [s.name, s]), (s) => this.#card(s), (card) => {
      card.querySelector("input").checked = card.dataset.key === this.chosen;
    });
    this.#paint();
  }

  get own() {
    return this.all?.find((style) => style.name === this.chosen)?.own ?? false;
  }

  #card(style) {
    const input = make("input", { type: "radio", name: "style", value: style.name });
    input.onchange = () => {
      this.chosen = style.name;
      this.onChange();
    };
    const label = make("label", { className: "style" }, input, make("img", { alt: "" }),
      make("span", {}, make("b", { textContent: style.title }), make("small", { textContent: style.line })));
    const card = make("div", { className: "card" }, label);
    if (style.own) {
      const remove = make("button", { type: "button", textContent: "×", title: "Remove" });
      remove.setAttribute("aria-label", `Remove ${style.name} from your pictures`);
      remove.onclick = () => ask("DELETE", `/api/pictures/${encodeURIComponent(style.name)}`).catch(showError);
      card.append(remove);
    }
    return card;
  }

  show(clip) {
    if (clip === this.clip) return;
    this.clip = clip;
    for (const url of this.painted.values()) URL.revokeObjectURL(url);
    this.painted.clear();
    this.wanted?.abort();
    this.wanted = null;
    this.#paint();
  }

  // Leaves the processor to the camera for the most part.
  set slow(slow) {
    if (slow && !this.pause) this.wanted?.abort();
    this.pause = slow ? SLOW : 0;
  }

  // One after the other: a browser asks a server six things at once, and the preview comes first.
  async #paint() {
    if (this.wanted || !this.clip || !this.all) return;
    const { signal } = (this.wanted = new AbortController());
    const clip = this.clip;
    for (let style; (style = this.all.find((s) => !this.painted.has(s.name)));) {
      try {
        if (this.pause) await new Promise((resolve) => setTimeout(resolve, this.pause));
        const url = await picture("GET", `/api/clips/${clip}/styles/${encodeURIComponent(style.name)}`, { signal });
        if (signal.aborted) return;
        this.painted.set(style.name, url);
        const card = [...find("styles").children].find((e) => e.dataset.key === style.name);
        if (card) card.querySelector("img").src = url;
      } catch (error) {
        if (signal.aborted) return;
        this.painted.set(style.name, "");
      }
    }
    this.wanted = null;
  }
}
