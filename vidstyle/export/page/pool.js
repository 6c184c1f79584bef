// A running mean of the statistics of a shot's frames, so that what enters it does not recolor the rest: vidstyle's own rule,
// of vidstyle/stylize/pooling.py.

const SETTLED = 32;
const SLOW = 600;
const QUICK = 8;
const MISFIT = 0.4;
const SHARE = 0.97;
// Statistics of black frames make garbage of bright ones: the end of a fade begins anew.
const RISE = 1.5;

const norm = (values) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));

export class Pool {
  constructor() {
    this.mean = null;
    this.described = 0;
  }

  get share() {
    return Math.min(SHARE, this.described / (this.described + 1));
  }

  add(own) {
    if (!this.mean) {
      this.mean = Float32Array.from(own);
      this.described = 1;
      return;
    }
    const misfit = norm(own.map((v, i) => v - this.mean[i])) / (norm(this.mean) + 1e-6);
    if (misfit > RISE) {
      this.mean = null;
      this.add(own);
      return;
    }
    this.described += 1;
    const late = Math.max(QUICK, SLOW / (1 + (misfit / MISFIT) ** 6));
    const weight = this.described <= SETTLED ? this.described : late;
    this.mean.forEach((v, i) => { this.mean[i] = v + (own[i] - v) / weight; });
  }
}
