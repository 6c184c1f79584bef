// The page's side of the thread that paints.

export class Painter {
  constructor() {
    this.waiting = new Map();
    this.number = 0;
    this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => {
      const { resolve, reject } = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (data.error) reject(new Error(data.error));
      else resolve(data.result);
    };
    this.worker.onerror = (event) => {
      event.preventDefault();
      for (const { reject } of this.waiting.values()) {
        reject(new Error(`The painting thread does not start: ${event.message ?? "worker.js cannot be read"}`));
      }
      this.waiting.clear();
    };
  }

  ask(kind, rest = {}, transferred = []) {
    return new Promise((resolve, reject) => {
      const id = this.number++;
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, kind, ...rest }, transferred);
    });
  }

  async paint({ data, width, height }, how) {
    const painted = await this.ask("paint", { pixels: data.buffer, width, height, ...how }, [data.buffer]);
    return {
      seconds: painted.seconds,
      image: new ImageData(new Uint8ClampedArray(painted.pixels), painted.width, painted.height),
    };
  }
}
