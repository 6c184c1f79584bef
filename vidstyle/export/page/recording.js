// A recording of the painting, with the sound of a clip.

import { download } from "./elements.js";

const KINDS = ["video/mp4;codecs=avc1.42E01E,mp4a.40.2", "video/webm;codecs=vp9,opus", "video/webm;codecs=vp8,opus", "video/webm"];

export class Recording {
  constructor(canvas, video, name) {
    if (!window.MediaRecorder || !canvas.captureStream) throw new Error("This browser cannot record.");
    const kind = KINDS.find((one) => MediaRecorder.isTypeSupported(one));
    const stream = canvas.captureStream();
    const sound = (video?.captureStream ?? video?.mozCaptureStream)?.call(video).getAudioTracks() ?? [];
    sound.forEach((track) => stream.addTrack(track));
    this.recorder = new MediaRecorder(stream, { mimeType: kind, videoBitsPerSecond: 8e6 });
    this.parts = [];
    this.recorder.ondataavailable = ({ data }) => this.parts.push(data);
    this.ended = new Promise((resolve) => { this.recorder.onstop = resolve; });
    this.name = `${name}.${kind.startsWith("video/mp4") ? "mp4" : "webm"}`;
    this.recorder.start(1000);
  }

  async save() {
    if (this.recorder.state !== "inactive") this.recorder.stop();
    await this.ended;
    download(new Blob(this.parts, { type: this.recorder.mimeType.split(";")[0] }), this.name);
  }
}
