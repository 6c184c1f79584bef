// The camera, painted while it happens: by WebRTC, or by pictures through the socket where that cannot be.

import { find, say, showError } from "./elements.js";
import { Recorder } from "./recorder.js";

const PATIENCE = 10000;  // Milliseconds that WebRTC may take to connect, and a picture to come back.
const RATE = 24;  // Frames a second for which, if need be, they are painted smaller.
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class Live {
  constructor(onChange) {
    this.onChange = onChange;
    this.before = find("live-before");
    this.video = find("live-video");
    this.canvas = find("live-canvas");
    this.recorder = new Recorder(() => this.latency);
    addEventListener("pagehide", () => this.stop());
  }

  get on() {
    return Boolean(this.camera);
  }

  async start(settings) {
    if (!navigator.mediaDevices) throw new Error("This browser gives no page a camera.");
    const [width, height] = find("live-size").value.split("x").map(Number);
    const video = { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: 30 } };
    this.starting = true;
    this.onChange();
    let camera;
    try {
      camera = await navigator.mediaDevices.getUserMedia({ video });
    } catch (error) {
      throw new Error(error.name === "NotAllowedError"
        ? "The browser does not let this page use the camera; allow it beside the address."
        : `There is no camera to use (${error.message}).`);
    } finally {
      const stopped = !this.starting;  // While the browser asked.
      this.starting = false;
      if (stopped) for (const track of camera?.getTracks() ?? []) track.stop();
      else this.camera = camera ?? null;
      this.onChange();
    }
    if (!this.camera) return;
    const [track] = this.camera.getVideoTracks();
    track.onended = () => this.#fail("The camera was taken away.");
    this.before.srcObject = this.camera;
    this.before.play().catch(() => {});
    this.sent = {};
    this.transport = "";
    this.latency = 0;
    const socket = (this.socket = new WebSocket(`ws://${location.host}/api/live`));
    const current = () => this.on && this.socket === socket;  // Events of an earlier one may come late.
    socket.onmessage = (message) => current() && this.#hear(message.data);
    socket.onclose = () => current() && this.#fail(this.reason ?? "The server has ended the camera.");
    socket.onopen = () => {
      if (!current()) return;
      const { width, height, frameRate } = track.getSettings();
      const rate = Math.max(5, Math.min(RATE, frameRate || RATE));
      this.#shape(width, height);
      this.#send({ begin: { ...settings, rate, width, height } });
      this.sent = { ...settings };
      this.set(this.wanted ?? settings);
      this.#connect(track).catch(() => this.#fallBack(camera));
    };
    this.timer = setInterval(() => this.#measure(), 500);
    this.onChange();
  }

  stop() {
    this.starting = false;
    if (!this.on) return;
    this.recorder.stop();
    for (const track of this.camera.getTracks()) track.stop();
    this.camera = null;
    this.transport = "";
    this.socket?.close();
    this.peer?.close();
    this.peer = this.reason = this.wanted = null;
    this.before.srcObject = this.video.srcObject = null;
    clearInterval(this.timer);
    find("live-facts").textContent = "";
    this.onChange();
  }

  // Sends what has changed: {style, strength, stability}.
  set(settings) {
    this.wanted = settings;
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    const changed = Object.entries(settings).filter(([name, value]) => this.sent[name] !== value);
    if (changed.length) this.#send(Object.fromEntries(changed));
    this.sent = { ...settings };
  }

  // What is shown, as a track that can be recorded.
  get track() {
    return this.transport === "WebRTC"
      ? this.video.srcObject?.getVideoTracks()[0] : this.canvas.captureStream().getVideoTracks()[0];
  }

  #send(facts) {
    this.socket.send(JSON.stringify(facts));
  }

  #hear(data) {
    if (typeof data !== "string") {
      this.onPicture?.(data);
      return;
    }
    const facts = JSON.parse(data);
    if (facts.error) this.reason = facts.error;
    if (facts.note) say(facts.note);
    if (facts.status) this.status = facts.status;
    if ("answer" in facts) this.onAnswer?.(facts.answer);
  }

  #fail(line) {
    this.stop();
    showError(new Error(line));
  }

  #shape(width, height) {
    const stage = find("stage");
    stage.style.aspectRatio = `${width} / ${height}`;
    stage.style.width = `min(100%, calc(var(--tall) * ${width / height}))`;
  }

  async #connect(track) {
    const { camera } = this;
    const peer = (this.peer = new RTCPeerConnection({ iceServers: [] }));
    const connected = new Promise((resolve, reject) => {
      setTimeout(reject, PATIENCE);
      peer.onconnectionstatechange = () => {
        if (peer.connectionState === "connected") resolve();
        if (peer.connectionState === "failed") {
          reject();
          this.#fallBack(camera);
        }
      };
    });
    connected.catch(() => {});
    peer.ontrack = (event) => {
      this.video.srcObject = new MediaStream([event.track]);
      this.video.play().catch(() => {});
    };
    track.contentHint = "detail";  // Rather fewer frames than smaller ones.
    const transceiver = peer.addTransceiver(track);
    const codecs = RTCRtpReceiver.getCapabilities("video").codecs;
    const first = codecs.filter((codec) => codec.mimeType === "video/VP8");
    transceiver.setCodecPreferences([...first, ...codecs.filter((codec) => !first.includes(codec))]);
    await peer.setLocalDescription();
    await Promise.race([wait(1000), new Promise((resolve) => {
      const look = () => peer.iceGatheringState === "complete" && resolve();
      peer.onicegatheringstatechange = look;
      look();
    })]);
    const answered = new Promise((resolve) => { this.onAnswer = resolve; });
    this.#send({ offer: peer.localDescription.sdp });
    const sdp = await answered;
    if (!sdp) throw new Error("the server has no WebRTC");
    await peer.setRemoteDescription({ type: "answer", sdp });
    await connected;
    if (this.peer === peer) this.#use("WebRTC");
  }

  #use(transport) {
    this.transport = transport;
    this.video.hidden = transport !== "WebRTC";
    this.canvas.hidden = !this.video.hidden;
    this.onChange();
  }

  // One picture at a time: what the camera shows meanwhile is never sent, so that nothing waits.
  async #fallBack(camera) {
    if (this.camera !== camera || this.transport === "pictures") return;
    this.peer?.close();
    this.peer = null;
    this.#use("pictures");
    const source = new OffscreenCanvas(1, 1);
    const shown = this.canvas.getContext("2d");
    this.times = [];
    this.delays = [];
    while (this.camera === camera) {
      await Promise.race([wait(500), new Promise((resolve) => this.before.requestVideoFrameCallback
        ? this.before.requestVideoFrameCallback(resolve) : requestAnimationFrame(resolve))]);
      const { videoWidth: width, videoHeight: height } = this.before;
      if (this.camera !== camera || !width || this.socket.readyState !== WebSocket.OPEN) continue;
      Object.assign(source, { width, height });
      const began = performance.now();
      source.getContext("2d").drawImage(this.before, 0, 0);
      this.socket.send(await source.convertToBlob({ type: "image/jpeg", quality: 0.9 }));
      const data = await Promise.race([wait(PATIENCE), new Promise((resolve) => { this.onPicture = resolve; })]);
      if (!data || this.camera !== camera) continue;
      const picture = await createImageBitmap(data);
      if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
      shown.drawImage(picture, 0, 0);
      this.canvas.dataset.painted = "yes";
      picture.close();
      this.times = [...this.times.slice(-30), performance.now()];
      this.delays = [...this.delays.slice(-30), performance.now() - began];
    }
  }

  async #measure() {
    const facts = this.transport === "WebRTC" ? await this.#ofPeer() : this.#ofPictures();
    if (!facts || !this.on) return;
    this.latency = facts.latency;
    const [width, height] = this.status?.size ?? [];
    find("live-facts").textContent = `${facts.rate.toFixed(0)} frames a second, ${facts.latency.toFixed(0)} ms `
      + `from the camera to the painting, by ${this.transport}${width ? `, painted at ${width}×${height}` : ""}`;
  }

  #ofPictures() {
    if (!(this.times?.length > 1)) return null;
    const rate = 1000 * (this.times.length - 1) / (this.times.at(-1) - this.times[0]);
    return { rate, latency: this.delays.toSorted((a, b) => a - b)[this.delays.length >> 1] };
  }

  // The sum of the parts: to encode here, the way there and back, the server, to wait and decode here.
  async #ofPeer() {
    const found = {};
    for (const entry of (await this.peer.getStats()).values()) {
      if (entry.type === "inbound-rtp") found.in = entry;
      if (entry.type === "outbound-rtp") found.out = entry;
      if (entry.type === "candidate-pair" && entry.nominated) found.pair = entry;
    }
    const last = this.found;
    this.found = found;
    if (!last?.in || !last.out || !found.in || !found.out || !this.status) return null;
    const each = (part, total, count) =>
      (found[part][total] - last[part][total]) / Math.max(1, found[part][count] - last[part][count]);
    const seconds = each("out", "totalEncodeTime", "framesEncoded") + each("in", "totalProcessingDelay", "framesDecoded")
      + (found.pair?.currentRoundTripTime ?? 0) + this.status.late + this.status.sending;
    const rate = 1000 * (found.in.framesDecoded - last.in.framesDecoded) / (found.in.timestamp - last.in.timestamp);
    return { rate, latency: 1000 * seconds };
  }
}
