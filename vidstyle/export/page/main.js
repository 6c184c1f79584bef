// The page: what is painted in which style, and how large.

import { download, find, say, showError } from "./elements.js";
import { Meter, Pace, SIDES, fitted } from "./pace.js";
import { Painter } from "./painter.js";
import { Recording } from "./recording.js";
import { openAddress, openCamera, openFile } from "./sources.js";

const PHOTO = 1920; // longer side, pixels, of a photo that is painted, and of what is saved
const wishes = new URLSearchParams(location.search);
const screen = find("painted").getContext("2d");
const drawn = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const painter = new Painter();
const pace = new Pace("auto");
const meter = new Meter();
let source = null;
let style = null;
let engine = null;
let recording = null;

const orShow = (work) => (...given) => Promise.resolve().then(() => work(...given)).catch(showError);

// Reads the pixels of what is painted, its longer side no longer than `side`.
function grab(side) {
  const [width, height] = fitted(...source.size, side);
  if (drawn.canvas.width !== width || drawn.canvas.height !== height) {
    Object.assign(drawn.canvas, { width, height });
    drawn.imageSmoothingQuality = "medium";
  }
  drawn.setTransform(1, 0, 0, 1, 0, 0);
  drawn.fillStyle = "#fff"; // under a picture that is transparent
  drawn.fillRect(0, 0, width, height);
  if (find("mirror").checked && source.video?.srcObject) drawn.setTransform(-1, 0, 0, 1, width, 0);
  drawn.drawImage(source.picture, 0, 0, width, height);
  return drawn.getImageData(0, 0, width, height);
}

function show(image) {
  const { canvas } = screen;
  if (canvas.width !== image.width || canvas.height !== image.height) {
    Object.assign(canvas, { width: image.width, height: image.height });
    find("stage").style.aspectRatio = `${image.width} / ${image.height}`;
  }
  screen.putImageData(image, 0, 0);
  find("save").disabled = find("record").disabled = false;
}

function showFigures(image, seconds) {
  const how = engine.backend === "webgpu" ? "WebGPU" : `wasm, ${engine.threads === 1 ? "1 thread" : `${engine.threads} threads`}`;
  const rate = source.still ? `${seconds.toFixed(2)} seconds` : `${meter.rate.toFixed(1)} frames a second`;
  find("figures").textContent = `${rate}, ${image.width}×${image.height}, ${how}`;
}

async function paintOnce(how, side) {
  const { image, seconds } = await painter.paint(grab(side), how);
  show(image);
  showFigures(image, seconds);
  return seconds;
}

// Paints one frame after the other, always the newest, as long as the source is the current one.
async function paintAll(moving) {
  while (true) {
    await moving.next();
    if (moving !== source) return;
    const begin = performance.now();
    await paintOnce({ follow: true }, pace.side);
    meter.tick();
    // A recording has one size.
    if (!recording) pace.add((performance.now() - begin) / 1000, Math.max(...moving.size));
  }
}

const paintPhoto = () => paintOnce({ alone: true }, pace.fixed ? pace.side : PHOTO);

async function change(opening) {
  if (recording) await stopRecording();
  const opened = await opening;
  source?.close();
  source = opened;
  await painter.ask("forget");
  const { video } = source;
  const clip = Boolean(video && !video.srcObject);
  find("player").hidden = !clip;
  find("mirror-label").hidden = !video?.srcObject;
  find("record").hidden = source.still;
  if (clip) followClip(video);
  if (source.still) await paintPhoto();
  else paintAll(source).catch(showError);
}

function followClip(video) {
  const time = find("time");
  video.loop = wishes.get("bare") === "1";
  video.muted = !find("sound").checked;
  time.max = Number.isFinite(video.duration) ? video.duration : 0;
  video.ontimeupdate = () => { time.value = video.currentTime; };
  video.onseeking = () => painter.ask("forget").catch(showError);
  video.onplay = video.onpause = () => { find("play").textContent = video.paused ? "Play" : "Pause"; };
  video.onended = () => { if (recording) orShow(stopRecording)(); };
  find("play").textContent = "Pause";
}

async function choose(chosen) {
  style = chosen;
  engine = await painter.ask("open", { file: chosen.file });
  if (source?.still) await paintPhoto();
  else if (source?.video.paused) await paintOnce({ alone: true }, pace.side);
  say(`${chosen.title} is ready`);
}

function stopRecording() {
  const ended = recording;
  recording = null;
  find("record").textContent = "Record";
  say("the recording is saved");
  return ended.save();
}

function startRecording() {
  const { video } = source;
  recording = new Recording(screen.canvas, video.srcObject ? null : video, style.name);
  find("record").textContent = "Stop and save";
  say("recording");
}

// A picture of its own, larger than what keeps up.
async function savePicture() {
  const { image } = await painter.paint(grab(PHOTO), { alone: source.still });
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: image.width, height: image.height });
  canvas.getContext("2d").putImageData(image, 0, 0);
  const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
  download(blob, `${style.name}.png`);
}

function listStyles(styles, wish) {
  for (const one of styles) {
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "style", value: one.name });
    input.checked = one === wish;
    input.onchange = orShow(() => choose(one));
    const label = document.createElement("label");
    label.className = "style";
    label.append(input, one.title);
    find("styles").append(label);
  }
}

function takeFiles() {
  const take = (file) => { if (file) orShow(change)(openFile(file, file.name)); };
  find("file").onchange = ({ target }) => {
    take(target.files[0]);
    target.value = "";
  };
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    find("drop").classList.add("over");
  });
  document.addEventListener("dragleave", () => find("drop").classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    find("drop").classList.remove("over");
    take(event.dataTransfer.files[0]);
  });
}

function listen() {
  takeFiles();
  find("camera").onclick = orShow(() => change(openCamera()));
  find("save").onclick = orShow(savePicture);
  find("record").onclick = orShow(() => (recording ? stopRecording() : startRecording()));
  find("play").onclick = orShow(() => (source.video.paused ? source.video.play() : source.video.pause()));
  find("time").oninput = ({ target }) => { source.video.currentTime = target.value; };
  find("sound").onchange = ({ target }) => { source.video.muted = !target.checked; };
  find("size").onchange = orShow(async ({ target }) => {
    if (recording) await stopRecording();
    pace.set(target.value);
    if (source?.still) await paintPhoto();
  });
}

async function begin() {
  if (typeof WebAssembly !== "object") throw new Error("This browser has no WebAssembly, which is needed to paint.");
  const { styles, webgpu } = await (await fetch("styles.json")).json();
  find("size").append(...SIDES.map((side) => new Option(side, side)));
  const size = wishes.get("size") ?? "auto";
  if (size !== "auto" && !SIDES.includes(Number(size))) {
    throw new Error(`Expected a size of ${SIDES.join(", ")} or auto, got ${size}.`);
  }
  find("size").value = size;
  pace.set(size);
  find("mirror").checked = wishes.get("mirror") === "1";
  const wish = wishes.has("style") ? styles.find(({ name }) => name === wishes.get("style")) : styles[0];
  if (!wish) throw new Error(`Expected a style of ${styles.map(({ name }) => name).join(", ")}, got ${wishes.get("style")}.`);
  listStyles(styles, wish);
  await painter.ask("start", { webgpu, wish: wishes.get("backend"), cores: navigator.hardwareConcurrency });
  await choose(wish);
  listen();
  const from = wishes.get("source");
  if (from) await change(from === "camera" ? openCamera() : openAddress(from));
}

document.documentElement.classList.toggle("bare", wishes.get("bare") === "1");
find("starting").remove();
begin().catch(showError);
