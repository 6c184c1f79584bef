// The queue, and what came of it.

import { ask } from "./api.js";
import { duration, find, keyed, make, say, showError } from "./elements.js";

const WORDS = { waiting: "Waiting", painting: "Painting", done: "Done", failed: "Failed", cancelled: "Cancelled" };
const MOVING = /\.(mp4|m4v|mov|webm)$/i;

export class Results {
  update(renders, clips) {
    this.clips = new Set(clips.map((clip) => clip.id));
    find("no-results").hidden = renders.length > 0 || find("recordings").children.length > 0;
    keyed(find("renders"), renders.map((r) => [r.id, r]), (r) => this.#item(r), (e, r) => this.#refresh(e, r));
  }

  #item(render) {
    const part = (tag, name, properties = {}) => make(tag, { className: name, ...properties });
    const button = part("button", "end", { type: "button" });
    button.onclick = () => ask("DELETE", `/api/renders/${render.id}`).catch(showError);
    return make("li", {},
      make("div", { className: "row" }, part("span", "name", { textContent: render.name }),
        part("span", "status"), button),
      make("progress", { max: 1, "aria-label": `Progress of ${render.name}` }),
      part("p", "error"), part("ul", "note"), part("div", "result"));
  }

  #refresh(item, render) {
    const of = (selector) => item.querySelector(selector);
    const over = !["waiting", "painting"].includes(render.status);
    const words = [WORDS[render.status]];
    if (render.status === "painting" && render.frames) {
      words.push(render.total ? `${render.frames} of ${render.total} frames` : `${render.frames} frames`);
      if (render.left !== null && render.left > 0) words.push(`${duration(render.left)} left`);
    }
    if (render.status === "done") words.push(`in ${duration(render.seconds)}`);
    of(".status").textContent = words.join(", ");
    of(".end").textContent = over ? "Remove" : "Cancel";
    of(".end").setAttribute("aria-label", `${over ? "Remove" : "Cancel"} ${render.name}`);
    of("progress").hidden = over;
    if (render.total && render.frames) of("progress").value = Math.min(1, render.frames / render.total);
    else of("progress").removeAttribute("value");
    of(".error").hidden = !render.error;
    of(".error").textContent = render.error;
    of(".note").replaceChildren(...render.notes.map((line) => make("li", { textContent: line })));
    if (item.dataset.status !== render.status) {
      if (item.dataset.status) say(`${render.name}: ${WORDS[render.status]}`);
      item.dataset.status = render.status;
      if (render.status === "done") of(".result").replaceChildren(...this.#result(render));
    }
  }

  #result(render) {
    const url = `/api/renders/${render.id}/file`;
    const download = make("a", { className: "button", href: `${url}?download`, download: render.name, textContent: "Download" });
    if (!MOVING.test(render.name)) {
      return [make("img", { src: url, alt: `The painting ${render.name}`, className: "shown" }), download];
    }
    const video = make("video", { src: url, controls: true, preload: "metadata", playsInline: true });
    video.setAttribute("aria-label", render.name);
    const stage = make("div", { className: "stage plain" }, video);
    const row = make("div", { className: "row" }, download);
    video.onerror = () => stage.replaceChildren(
      make("p", { className: "note", textContent: "This browser cannot play it; download it." }));
    if (this.clips.has(render.clip) && !render.compare) row.append(compareButton(render, stage, video, row));
    return [stage, row];
  }
}

// Lays the clip as it was over the playing result, left of a line.
function compareButton(render, stage, video, row) {
  const button = make("button", { type: "button", textContent: "Before and after" });
  button.setAttribute("aria-pressed", "false");
  let clip, line;
  const follow = () => {
    if (Math.abs(clip.currentTime - video.currentTime) > 0.08) clip.currentTime = video.currentTime;
    clip.playbackRate = video.playbackRate;
    if (video.paused) clip.pause();
    else clip.play().catch(() => {});
  };
  const events = ["play", "pause", "seeking", "seeked", "timeupdate", "ratechange"];
  button.onclick = () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", on);
    stage.classList.toggle("plain", !on);
    if (!on) {
      for (const name of events) video.removeEventListener(name, follow);
      clip.remove();
      line.remove();
      return;
    }
    clip = make("video", { src: `/api/clips/${render.clip}/file`, muted: true, playsInline: true, className: "original" });
    clip.onerror = () => {
      button.click();
      showError(new Error("This browser cannot play the clip as it was."));
    };
    line = make("input", { type: "range", min: 0, max: 100, value: 50 });
    line.setAttribute("aria-label", "Where the painted part begins, in percent");
    line.oninput = () => stage.style.setProperty("--split", `${line.value}%`);
    clip.onloadedmetadata = follow;
    stage.append(clip);
    row.append(line);
    for (const name of events) video.addEventListener(name, follow);
  };
  return button;
}
