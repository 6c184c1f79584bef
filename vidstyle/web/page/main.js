// The page: what is chosen here, and what the server has.

import { ask, json, listen, upload } from "./api.js";
import { Dials } from "./dials.js";
import { duration, find, keyed, make, say, showError, takesDrops } from "./elements.js";
import { Gallery } from "./gallery.js";
import { Live } from "./live.js";
import { Results } from "./results.js";
import { Stage } from "./stage.js";

const constants = await json("GET", "/api/constants").catch((error) => {
  showError(error);
  throw error;
});
// Of this tab: a reload loses nothing.
const kept = JSON.parse(sessionStorage.getItem("choice") ?? "{}");
const stage = new Stage();
const results = new Results();
const live = new Live(refresh);
const gallery = new Gallery(kept.style, refresh);
const dials = new Dials(constants.dials, kept.dials ?? {}, refresh);
let state = null;
let chosen = kept.clip;
let moments = kept.moments ?? {};

function currentClip() {
  return state.clips.find((clip) => clip.id === chosen) ?? state.clips.at(-1) ?? constants.sample;
}

function refresh() {
  if (!state) return;
  const clip = currentClip();
  const moment = find("moment-input");
  find("moment").hidden = !(clip.seconds > 0.2);
  moment.max = Math.max(0, clip.seconds - 0.1).toFixed(2);
  const time = moments[clip.id] ?? clip.time;
  moment.value = time;
  find("moment-output").textContent = `${time.toFixed(1)} s`;
  gallery.show(clip.id);
  dials.setOwnPicture(gallery.own);
  dials.setMasks(state.masks);
  const settings = { style: gallery.chosen, ...dials.values };
  sessionStorage.setItem("choice", JSON.stringify(
    { clip: chosen, style: gallery.chosen, dials: dials.values, moments }));
  showLive();
  if (live.on) return;
  const sample = clip.id === constants.sample.id;
  find("paint").disabled = sample;
  find("paint").textContent = sample ? "Choose a clip first" : `Paint ${clip.name}`;
  stage.show(clip, time, settings);
  showCommand(`clips/${clip.id}`, settings);
}

const LIVE = ["strength", "stability"];

function liveSettings() {
  const dialled = LIVE.map((name) => [name, dials.value(name)]);
  return { style: gallery.chosen, ...Object.fromEntries(dialled) };
}

let wasLive = false;
function showLive() {
  const { on } = live;
  find("stage").classList.toggle("live", on);
  find("camera").setAttribute("aria-pressed", on);
  find("camera").textContent = on ? "Stop the camera" : "Use the camera";
  find("live-size").disabled = on;
  find("paint").hidden = on;
  find("live-controls").hidden = !on;
  find("record").disabled = !live.transport;
  find("record").setAttribute("aria-pressed", live.recorder.on);
  find("record").textContent = live.recorder.on ? "Stop recording" : "Record";
  find("sound").disabled = live.recorder.on;
  dials.setLive(on, LIVE);
  gallery.slow = on || live.starting;
  if (on) {
    find("moment").hidden = true;
    find("stage-note").textContent = "";
    stage.leave();
    const settings = liveSettings();
    live.set(settings);
    showCommand("live", settings);
  } else if (wasLive) {
    say("The camera is off");
  }
  wasLive = on;
}

let commandKey;
async function showCommand(what, settings) {
  const key = JSON.stringify([what, settings]);
  if (key === commandKey) return;
  commandKey = key;
  try {
    const { command, options } = await json("POST", `/api/${what}/command`, { body: settings });
    if (key !== commandKey) return;
    find("command").textContent = command;
    dials.showOptions(options);
  } catch (error) {
    showError(error);
  }
}

function showClips() {
  const current = currentClip();
  keyed(find("clips"), state.clips.map((c) => [c.id, c]), (clip) => {
    const input = make("input", { type: "radio", name: "clip", value: clip.id });
    input.onchange = () => {
      chosen = clip.id;
      refresh();
    };
    const facts = [`${clip.width}×${clip.height}`, clip.seconds ? duration(clip.seconds) : "",
      clip.sound ? "with sound" : ""].filter(Boolean).join(", ");
    const remove = make("button", { type: "button", textContent: "Remove" });
    remove.setAttribute("aria-label", `Remove ${clip.name}`);
    remove.onclick = () => ask("DELETE", `/api/clips/${clip.id}`).catch(showError);
    return make("li", { className: "row" }, make("label", { className: "name" }, input,
      ` ${clip.name} `, make("small", { className: "note", textContent: facts })), remove);
  }, (item) => {
    item.querySelector("input").checked = item.dataset.key === current.id;
  });
}

async function send(file, path, most, onDone) {
  const stop = new AbortController();
  const bar = make("progress", { max: 1, value: 0 });
  bar.setAttribute("aria-label", `Reading ${file.name}`);
  const cancel = make("button", { type: "button", textContent: "Cancel" });
  cancel.onclick = () => stop.abort();
  const item = make("li", {}, make("div", { className: "row" },
    make("span", { className: "name", textContent: file.name }), cancel), bar);
  find("uploads").append(item);
  try {
    if (file.size > most) throw new Error(`${file.name} is larger than ${Math.floor(most / 2 ** 20)} MiB`);
    onDone(await upload(path, file, (share) => { bar.value = share; }, stop.signal));
    say(`${file.name} is here`);
  } catch (error) {
    showError(error);
  }
  item.remove();
}

async function sendClips(files) {
  for (const file of files) {
    await send(file, "/api/clips", constants.upload, (clip) => {
      chosen = clip.id;
      refresh();
    });
  }
}

async function sendPictures(files) {
  for (const file of files) {
    await send(file, "/api/pictures", constants.picture, ({ name }) => {
      gallery.chosen = name;
      if (state.pictures.includes(name)) gallery.update(state);
      refresh();
    });
  }
}

async function sendMask([file]) {
  await send(file, "/api/masks", constants.picture, ({ name }) => {
    dials.useMask(name);
    refresh();
  });
}

function takesFiles(id, onFiles) {
  find(id).onchange = (event) => {
    const files = [...event.target.files];
    event.target.value = "";
    onFiles(files);
  };
}

takesFiles("clip-input", sendClips);
takesFiles("picture-input", sendPictures);
takesFiles("mask-input", sendMask);
takesDrops(document, find("drop"), sendClips);
takesDrops(find("style-section"), find("picture-drop"), sendPictures);
takesDrops(find("where"), find("mask-drop"), sendMask);
find("remove-mask").onclick = () =>
  ask("DELETE", `/api/masks/${encodeURIComponent(dials.mask)}`).catch(showError);
find("moment-input").oninput = (event) => {
  moments[currentClip().id] = Number(event.target.value);
  refresh();
};
find("reset").onclick = () => {
  dials.reset();
  refresh();
};
find("copy").onclick = async () => {
  await navigator.clipboard.writeText(find("command").textContent).catch(showError);
  say("copied");
};
find("camera").onclick = async () => {
  if (live.on || live.starting) {
    live.stop();
    return;
  }
  await live.start(liveSettings()).catch(showError);
};
find("record").onclick = async () => {
  if (live.recorder.on) live.recorder.stop();
  else {
    const name = `camera.${gallery.chosen.replace(/\.[^.]*$/, "")}`;
    await live.recorder.start(live.track, name, find("sound").checked).catch(showError);
  }
  refresh();
};
find("paint").onclick = async () => {
  const body = { style: gallery.chosen, ...dials.values };
  try {
    const render = await json("POST", `/api/clips/${currentClip().id}/render`, { body });
    say(`${render.name} is in the queue`);
    find("results").scrollIntoView({ block: "nearest" });
  } catch (error) {
    showError(error);
  }
};

listen((news) => {
  state = news;
  gallery.update(state);
  showClips();
  results.update(state.renders, state.clips);
  refresh();
}, (connected) => {
  find("connection").textContent = connected ? "" : "The server does not answer; is it still running?";
});
