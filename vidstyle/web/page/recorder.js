// Records what is painted live, with the sound of the microphone, in the page.

import { find, keyed, make, say, showError } from "./elements.js";

const MP4 = "video/mp4;codecs=avc1.42E01F,mp4a.40.2";
const KINDS = [MP4, "video/webm;codecs=vp8,opus"];
// Chromium writes a canvas as full-range BT.709, which VP8 cannot say: players take it for what VP8 always is.
const KINDS_OF_CANVAS = [MP4, "video/webm;codecs=vp9,opus", "video/webm;codecs=vp8,opus"];

export class Recorder {
  // Takes a function that returns how late the picture is, in milliseconds: the sound is as late.
  constructor(latency) {
    this.latency = latency;
    this.made = [];
  }

  get on() {
    return this.recorder?.state === "recording";
  }

  async start(track, name, sound) {
    const kind = (track.canvas ? KINDS_OF_CANVAS : KINDS).find((known) => MediaRecorder.isTypeSupported(known));
    if (this.starting || this.on) return;
    if (!kind) throw new Error("This browser cannot record.");
    const tracks = [track];
    const ends = [];
    this.starting = true;
    if (sound) {
      try {
        const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
        const context = new AudioContext();
        const delay = new DelayNode(context, { delayTime: this.latency() / 1000, maxDelayTime: 2 });
        const late = context.createMediaStreamDestination();
        context.createMediaStreamSource(microphone).connect(delay).connect(late);
        tracks.push(...late.stream.getAudioTracks());
        ends.push(() => microphone.getTracks().forEach((t) => t.stop()), () => context.close());
      } catch {
        say("There is no microphone to use; it is recorded without sound");
      }
    }
    const end = () => {
      for (const one of ends) one();
    };
    try {
      const recorder = new MediaRecorder(new MediaStream(tracks), { mimeType: kind, videoBitsPerSecond: 8e6 });
      const parts = [];
      recorder.ondataavailable = (event) => parts.push(event.data);
      recorder.onerror = (event) => showError(event.error);
      recorder.onstop = () => {
        end();
        this.#keep(name, kind, new Blob(parts, { type: kind.split(";")[0] }));
      };
      recorder.start(1000);
      this.recorder = recorder;
    } catch (error) {
      end();  // The camera may have ended meanwhile.
      throw error;
    } finally {
      this.starting = false;
    }
  }

  stop() {
    if (this.on) this.recorder.stop();
  }

  #keep(name, kind, blob) {
    const suffix = kind.slice(6, kind.indexOf(";"));
    const number = this.made.filter((one) => one.stem === name).length + 1;
    const called = `${name}${number > 1 ? ` ${number}` : ""}.${suffix}`;
    this.made.push({ stem: name, id: crypto.randomUUID(), name: called, url: URL.createObjectURL(blob) });
    say(`${called} is recorded`);
    this.#list();
  }

  #list() {
    const there = this.made.filter((one) => one.url);
    find("no-results").hidden ||= there.length > 0;
    keyed(find("recordings"), there.map((one) => [one.id, one]), (one) => {
      const remove = make("button", { type: "button", textContent: "Remove" });
      remove.setAttribute("aria-label", `Remove ${one.name}`);
      remove.onclick = () => {
        URL.revokeObjectURL(one.url);
        one.url = null;
        this.#list();
      };
      const video = make("video", { src: one.url, controls: true, playsInline: true });
      video.setAttribute("aria-label", one.name);
      return make("li", {},
        make("div", { className: "row" }, make("span", { className: "name", textContent: one.name }), remove),
        make("div", { className: "result" }, make("div", { className: "stage plain" }, video),
          make("div", { className: "row" },
            make("a", { className: "button", href: one.url, download: one.name, textContent: "Download" }),
            make("span", { className: "note", textContent: "It is in this page alone: download it before you close it." }))));
    }, () => {});
  }
}
