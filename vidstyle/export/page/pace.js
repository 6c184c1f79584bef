// How large is painted: as large as keeps up.

export const SIDES = [256, 320, 384, 480, 640, 800, 960, 1280];
const BEGIN = 320;
const WANTED = 15; // frames a second, at the least, after a step up
const LEAST = 10; // below that, a step down
const FRAMES = 8; // that are measured before a step
const WARM = 3; // frames of a new size that are not: the first are slower
const PATIENCE = 15000; // milliseconds without a step up, after one down

export class Pace {
  constructor(wish) {
    this.set(wish);
  }

  // A longer side in pixels, or "auto".
  set(wish) {
    this.fixed = wish !== "auto";
    this.side = this.fixed ? Number(wish) : BEGIN;
    this.times = [];
    this.cold = WARM;
    this.calm = 0;
  }

  // Takes the seconds that a frame took; `most` is the source's own longer side.
  add(seconds, most) {
    if (this.fixed || this.cold-- > 0) return;
    this.times.push(seconds);
    if (this.times.length < FRAMES) return;
    const median = this.times.sort((a, b) => a - b)[FRAMES >> 1];
    this.times = [];
    const at = SIDES.indexOf(this.side);
    const next = SIDES[at + 1];
    if (median > 1 / LEAST && at > 0) {
      this.side = SIDES[at - 1];
      this.cold = WARM;
      this.calm = performance.now() + PATIENCE;
    } else if (next && this.side < most && performance.now() > this.calm
        && median * (next / this.side) ** 2 < 1 / WANTED) {
      this.side = next;
      this.cold = WARM;
    }
  }
}

// Width and height, pixels, of a picture whose longer side is no longer than `side`; each 17 or more, as the networks want.
export function fitted(width, height, side) {
  const scale = Math.min(1, side / Math.max(width, height));
  return [width, height].map((length) => Math.max(17, Math.round(length * scale)));
}

// Frames a second of the last second or so.
export class Meter {
  constructor() {
    this.ends = [];
  }

  tick() {
    const now = performance.now();
    this.ends.push(now);
    while (this.ends.length > 2 && now - this.ends[0] > 1500) this.ends.shift();
  }

  get rate() {
    const [first, last] = [this.ends[0], this.ends.at(-1)];
    return last > first ? (1000 * (this.ends.length - 1)) / (last - first) : 0;
  }
}
