// One moment, before and after.

import { picture } from "./api.js";
import { find, showError } from "./elements.js";

export class Stage {
  constructor() {
    this.stage = find("stage");
    find("split").oninput = (event) =>
      this.stage.style.setProperty("--split", `${event.target.value}%`);
  }

  // Shows a moment of a clip in some settings, as soon as nothing has changed for a moment.
  show(clip, time, settings) {
    const frame = JSON.stringify([clip.id, time, settings.hdr]);
    const key = JSON.stringify([frame, settings]);
    if (key === this.key) return;
    this.key = key;
    this.stage.style.aspectRatio = `${clip.width} / ${clip.height}`;
    this.stage.style.width = `min(100%, calc(var(--tall) * ${clip.width / clip.height}))`;
    this.stage.setAttribute("aria-busy", "true");
    find("stage-note").textContent = "Painting…";
    this.asked?.abort();
    this.asked = new AbortController();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#load(clip, time, settings, frame, this.asked.signal), 120);
  }

  // Lets something else be shown there.
  leave() {
    this.key = null;
    this.asked?.abort();
    clearTimeout(this.timer);
    this.stage.setAttribute("aria-busy", "false");
  }

  async #load(clip, time, settings, frame, signal) {
    const { compare, ...painted } = settings;
    const where = `/api/clips/${clip.id}`;
    try {
      if (frame !== this.frame) {
        const hdr = settings.hdr ? `&hdr=${settings.hdr}` : "";
        this.#put("before", await picture("GET", `${where}/frame?time=${time}${hdr}`, { signal }));
        this.frame = frame;
      }
      const body = { ...painted, time };
      this.#put("after", await picture("POST", `${where}/preview`, { body, signal }));
      find("before").alt = `The moment as it is, of ${clip.name}`;
      find("after").alt = `The same moment in the style ${settings.style}`;
      find("stage-note").textContent = clip.id === "sample"
        ? "A sample, until there is a clip of yours." : "";
    } catch (error) {
      if (error.name === "AbortError") return;
      find("stage-note").textContent = "";
      showError(error);
    }
    this.stage.setAttribute("aria-busy", "false");
  }

  #put(id, url) {
    const image = find(id);
    if (image.src) URL.revokeObjectURL(image.src);
    image.src = url;
  }
}
