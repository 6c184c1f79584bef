// CPU time of a frame of 640x360 in an exported page's networks, by onnxruntime-web in Node.js: node page.mjs RUNTIME.mjs STYLE.onnx...
import fs from "fs";
import { pathToFileURL } from "url";

const [runtime, ...styles] = process.argv.slice(2);
const ort = await import(pathToFileURL(runtime));
const [width, height, warmUp, repeats] = [640, 360, 8, 9];
ort.env.wasm.numThreads = 1;
const times = {};
for (const style of styles) {
  const net = await ort.InferenceSession.create(fs.readFileSync(style), { executionProviders: ["wasm"] });
  const channels = net.inputMetadata.find((input) => input.name === "statistics").shape[1];
  const frame = {
    frame: new ort.Tensor("uint8", new Uint8Array(width * height * 4).map(() => Math.random() * 255), [1, height, width, 4]),
    statistics: new ort.Tensor("float32", new Float32Array(channels).fill(1), [1, channels]),
    share: new ort.Tensor("float32", [0], [1]),
  };
  for (let i = 0; i < warmUp; i++) await net.run(frame);
  times[style] = [];
  for (let i = 0; i < repeats; i++) {
    const begun = process.cpuUsage();
    await net.run(frame);
    const { user, system } = process.cpuUsage(begun);
    times[style].push((user + system) / 1000);
  }
}
console.log(JSON.stringify(times));
