// The stream: a lighthouse at night. It is drawn, not sent, and its beam turns by the
// server's clock: two screens beside each other show the same.

const turn = 8000;            // milliseconds of the beam
const frame = 1000 / 24;
const lamps = { warm: "255 214 140", green: "140 255 190", rose: "255 160 190" };

export class Picture {
  #canvas;
  #draw;
  #clock;
  #lamp = "warm";
  #playing = false;
  #last = 0;
  #still = matchMedia("(prefers-reduced-motion: reduce)");
  #stars;

  constructor(canvas, clock) {
    this.#canvas = canvas;
    this.#draw = canvas.getContext("2d", { alpha: false });
    this.#clock = clock;
    this.#stars = stars(canvas.width, canvas.height * 0.55);
    this.#paint();
  }

  set lamp(name) {
    this.#lamp = lamps[name] ? name : "warm";
    this.#paint();
  }

  play(playing) {
    if (playing === this.#playing) return;
    this.#playing = playing;
    if (playing) requestAnimationFrame((at) => this.#next(at));
  }

  // next draws at most 24 pictures a second, and one a second for who wants no motion.
  #next(at) {
    if (!this.#playing) return;
    if (at - this.#last >= (this.#still.matches ? 1000 : frame)) {
      this.#last = at;
      this.#paint();
    }
    requestAnimationFrame((then) => this.#next(then));
  }

  #paint() {
    const { width: w, height: h } = this.#canvas;
    const now = this.#still.matches ? 0 : this.#clock.now();
    const horizon = h * 0.66;
    this.#sky(w, horizon, now);
    this.#sea(w, h, horizon, now);
    this.#beam(w * 0.7, h * 0.33, (now % turn) / turn, w);
    this.#tower(w * 0.7, h, horizon);
  }

  #sky(w, horizon, now) {
    const d = this.#draw;
    const sky = d.createLinearGradient(0, 0, 0, horizon);
    sky.addColorStop(0, "#070b1c");
    sky.addColorStop(0.65, "#17244a");
    sky.addColorStop(1, "#3a4a78");
    d.fillStyle = sky;
    d.fillRect(0, 0, w, horizon);
    d.fillStyle = "#ffffff";
    for (const { x, y, size, phase } of this.#stars) {
      d.globalAlpha = 0.35 + 0.35 * Math.sin(now / 1300 + phase);
      d.fillRect(x, y, size, size);
    }
    d.globalAlpha = 1;
  }

  #sea(w, h, horizon, now) {
    const d = this.#draw;
    const sea = d.createLinearGradient(0, horizon, 0, h);
    sea.addColorStop(0, "#22325c");
    sea.addColorStop(1, "#060a18");
    d.fillStyle = sea;
    d.fillRect(0, horizon, w, h - horizon);
    for (let i = 0; i < 7; i++) {
      const y = horizon + 8 + ((h - horizon) * i * i) / 49;
      d.strokeStyle = `rgb(150 180 230 / ${0.05 + 0.02 * i})`;
      d.lineWidth = 1 + i / 3;
      d.beginPath();
      for (let x = 0; x <= w; x += 16) d.lineTo(x, y + Math.sin(x / (40 + 14 * i) + now / (900 + 120 * i) + i) * (1 + i * 0.8));
      d.stroke();
    }
  }

  // beam is a cone that turns: seen from the side it grows and shrinks.
  #beam(x, y, part, w) {
    const d = this.#draw;
    const colour = lamps[this.#lamp];
    const side = Math.cos(part * 2 * Math.PI);   // −1 left, 1 right
    const front = Math.max(0, Math.sin(part * 2 * Math.PI));   // towards us
    const reach = side * w * 0.9;
    const spread = 26 + 60 * (1 - Math.abs(side)) + 60 * Math.abs(side);
    const light = d.createLinearGradient(x, y, x + reach, y);
    light.addColorStop(0, `rgb(${colour} / 0.55)`);
    light.addColorStop(1, `rgb(${colour} / 0)`);
    d.fillStyle = light;
    d.beginPath();
    d.moveTo(x, y - 4);
    d.lineTo(x + reach, y - spread);
    d.lineTo(x + reach, y + spread);
    d.lineTo(x, y + 4);
    d.fill();
    const glow = d.createRadialGradient(x, y, 2, x, y, 46 + 90 * front);
    glow.addColorStop(0, `rgb(${colour} / ${0.85})`);
    glow.addColorStop(0.25, `rgb(${colour} / ${0.25 + 0.3 * front})`);
    glow.addColorStop(1, `rgb(${colour} / 0)`);
    d.fillStyle = glow;
    d.fillRect(x - 150, y - 150, 300, 300);
  }

  #tower(x, h, horizon) {
    const d = this.#draw;
    const top = h * 0.36;
    const base = horizon + 26;
    const half = (y) => 13 + (17 * (y - top)) / (base - top);
    d.fillStyle = "#0a0f1f";
    d.beginPath();   // the rock
    d.ellipse(x + 14, base + 16, 190, 40, 0, Math.PI, 0);
    d.fill();
    for (let i = 0; i < 5; i++) {
      const from = top + ((base - top) * i) / 5;
      const to = top + ((base - top) * (i + 1)) / 5;
      d.fillStyle = i % 2 ? "#8c3a3a" : "#c9cfdd";
      d.beginPath();
      d.moveTo(x - half(from), from);
      d.lineTo(x + half(from), from);
      d.lineTo(x + half(to), to);
      d.lineTo(x - half(to), to);
      d.fill();
    }
    const shade = d.createLinearGradient(x - 30, 0, x + 30, 0);
    shade.addColorStop(0, "rgb(4 7 18 / 0.1)");
    shade.addColorStop(1, "rgb(4 7 18 / 0.75)");
    d.fillStyle = shade;
    d.beginPath();
    d.moveTo(x - half(top), top);
    d.lineTo(x + half(top), top);
    d.lineTo(x + half(base), base);
    d.lineTo(x - half(base), base);
    d.fill();
    d.fillStyle = "#1a2136";
    d.fillRect(x - 19, top - 3, 38, 6);
    d.fillRect(x - 12, h * 0.285, 24, 8);
    d.fillStyle = `rgb(${lamps[this.#lamp]})`;
    d.fillRect(x - 9, h * 0.3, 18, top - h * 0.3 - 3);
    d.fillStyle = "#1a2136";
    d.beginPath();
    d.moveTo(x - 13, h * 0.288);
    d.lineTo(x, h * 0.25);
    d.lineTo(x + 13, h * 0.288);
    d.fill();
  }
}

// stars are the same on every screen too.
function stars(w, h) {
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  return Array.from({ length: 110 }, () => ({ x: random() * w, y: random() * random() * h * 1.6, size: random() < 0.15 ? 2 : 1.2, phase: random() * 6.28 }));
}
