// Paints in a thread of its own, by onnxruntime-web: what comes is answered in its order.

import { Pool } from "./pool.js";

const KEPT = 3; // networks that stay loaded
const runtime = new URL("./runtime/", import.meta.url).href;
const networks = new Map();
let ort = null;
let backend = "wasm";
let told = null; // what the page began with
let current = null;
let pool = new Pool();

async function load(script, module, cores) {
  ort = await import(`${runtime}${script}`);
  ort.env.wasm.wasmPaths = { mjs: `${runtime}${module}.js`, wasm: `${runtime}${module}.wasm` };
  // Memory is shared between threads only where the host's headers isolate the page.
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(4, cores) : 1;
  ort.env.logLevel = "error";
}

async function hasGraphicsCard(wish) {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  return Boolean(adapter) && (wish === "webgpu" || !adapter.info?.isFallbackAdapter);
}

async function start(given) {
  const { webgpu, wish, cores } = told = given;
  if (wish === "webgpu" && !webgpu) throw new Error("This page was written without WebGPU.");
  if (webgpu && wish !== "wasm" && await hasGraphicsCard(wish)) {
    backend = "webgpu";
    await load("ort.webgpu.min.js", "ort-wasm-simd-threaded.asyncify", cores);
  } else if (wish === "webgpu") {
    throw new Error("This browser has no WebGPU.");
  } else {
    await load("ort.wasm.min.js", "ort-wasm-simd-threaded", cores);
  }
}

// Loads a network; where the graphics card cannot run it, wasm does from now on.
async function loaded(bytes) {
  try {
    const network = await ort.InferenceSession.create(bytes, { executionProviders: [backend], logSeverityLevel: 3 });
    if (backend === "webgpu") await run(network, new Uint8Array(32 * 32 * 4), 32, 32, null, 0);
    return network;
  } catch (error) {
    if (backend === "wasm" || told.wish === "webgpu") throw new Error(`The network cannot be loaded (${error.message}).`);
    backend = "wasm";
    networks.clear();
    await load("ort.wasm.min.js", "ort-wasm-simd-threaded", told.cores);
    return loaded(bytes);
  }
}

function run(network, pixels, width, height, statistics, share) {
  const count = network.inputMetadata[1].shape[1];
  return network.run({
    frame: new ort.Tensor("uint8", pixels, [1, height, width, 4]),
    statistics: new ort.Tensor("float32", statistics ?? new Float32Array(count).fill(1), [1, count]),
    share: new ort.Tensor("float32", [share], [1]),
  });
}

async function open({ file }) {
  pool = new Pool();
  if (!networks.has(file)) {
    const answer = await fetch(new URL(file, import.meta.url));
    if (!answer.ok) throw new Error(`The style ${file} is not beside the page (${answer.status}).`);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    networks.set(file, await loaded(bytes));
  }
  current = networks.get(file);
  networks.delete(file);
  networks.set(file, current); // the newest stands last
  if (networks.size > KEPT) {
    const [oldest, network] = networks.entries().next().value;
    networks.delete(oldest);
    await network.release();
  }
  return { backend, threads: ort.env.wasm.numThreads };
}

// `follow`: the frame is the next of a shot. Otherwise it is painted as the shot is, or `alone`.
async function paint({ pixels, width, height, follow, alone }) {
  const begin = performance.now();
  if (!current) throw new Error("No style is loaded.");
  const [statistics, share] = alone ? [null, 0] : [pool.mean, pool.share];
  const results = await run(current, new Uint8Array(pixels), width, height, statistics, share);
  if (follow) pool.add(await results.own.getData());
  const painted = Uint8ClampedArray.from(await results.painted.getData());
  for (const tensor of Object.values(results)) tensor.dispose();
  return { pixels: painted.buffer, width, height, seconds: (performance.now() - begin) / 1000 };
}

const jobs = { start, open, paint, forget: () => { pool = new Pool(); } };
let last = Promise.resolve();

self.onmessage = ({ data: { id, kind, ...rest } }) => {
  last = last.then(async () => {
    try {
      const result = await jobs[kind](rest);
      self.postMessage({ id, result }, result?.pixels ? [result.pixels] : []);
    } catch (error) {
      self.postMessage({ id, error: String(error?.message ?? error) });
    }
  });
};
