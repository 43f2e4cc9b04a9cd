// The time line: tasks by release and outcome, one strip a policy, under a slider that anyone can use.
import { LATE, LOST, ON_TIME, REJECTED } from "./episode.js";

const ORDER = [ON_TIME, LATE, LOST, REJECTED];
const STEP_PX = 4;
const AXIS_PX = 14; // below the strips: hours and minutes since the start
const TICKS_S = [300, 600, 1800, 3600, 7200, 14400], TICK_PX = 70;

export class Timeline {
  constructor(element, world, episodes, seek) {
    Object.assign(this, { world, episodes, canvas: element.querySelector("canvas"), slider: element.querySelector("input"), head: element.querySelector(".head") });
    this.slider.max = world.lastS.toFixed(1);
    this.slider.addEventListener("input", () => seek(Number(this.slider.value)));
    const end = element.querySelector(".end");
    end.style.left = `${(100 * world.endS) / world.lastS}%`;
    end.hidden = world.endS > 0.97 * world.lastS;
  }

  draw(theme) {
    const { canvas, world } = this, ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const bins = Math.max(1, Math.floor(width / STEP_PX)), strip = (height - AXIS_PX) / this.episodes.length;
    const stacks = this.episodes.map(({ tasks }) => {
      const counts = ORDER.map(() => new Float64Array(bins));
      tasks.release_s.forEach((time, k) => counts[ORDER.indexOf(tasks.outcome[k])][Math.min(bins - 1, Math.floor((time / world.lastS) * bins))]++);
      return counts;
    });
    this.drawAxis(pen, theme, width, height);
    let most = 1;
    stacks.forEach((counts) => counts[0].forEach((_, bin) => (most = Math.max(most, counts.reduce((sum, row) => sum + row[bin], 0)))));
    stacks.forEach((counts, place) => {
      this.drawUnderWay(pen, this.episodes[place], theme, width, strip * (place + 1), strip - 3);
      for (let bin = 0; bin < bins; bin++) {
        let base = strip * (place + 1);
        ORDER.forEach((outcome, row) => {
          const tall = (counts[row][bin] / most) * (strip - 3);
          if (!tall) return;
          pen.fillStyle = { [ON_TIME]: theme.inks.onTime, [LATE]: theme.inks.late, [LOST]: theme.inks.lost, [REJECTED]: theme.inks.rejected }[outcome];
          pen.fillRect((bin * width) / bins, base - tall, width / bins - 1, tall);
          base -= tall;
        });
      }
    });
  }

  drawAxis(pen, theme, width, height) {
    const { lastS } = this.world, step = TICKS_S.find((seconds) => (seconds / lastS) * width >= TICK_PX) ?? TICKS_S.at(-1);
    pen.font = `10.5px ${getComputedStyle(document.body).fontFamily}`;
    pen.textAlign = "center";
    for (let time = step; time < lastS; time += step) {
      const x = (time / lastS) * width, words = `${Math.floor(time / 3600)}:${String(Math.round(time / 60) % 60).padStart(2, "0")} h`;
      if (x > width - 20) break;
      pen.fillStyle = theme.soft;
      pen.fillText(words, x, height - 2);
      pen.globalAlpha = 0.25;
      pen.fillRect(Math.round(x), 0, 1, height - AXIS_PX);
      pen.globalAlpha = 1;
    }
  }

  // An area behind the bars: how many tasks are under way, of the most that ever were.
  drawUnderWay(pen, episode, theme, width, base, tall) {
    const steps = Math.max(2, Math.floor(width / 3));
    const counts = Array.from({ length: steps + 1 }, (_, k) => episode.counts((k / steps) * this.world.lastS).under_way);
    const most = Math.max(1, ...counts);
    pen.fillStyle = theme.inks.user;
    pen.globalAlpha = 0.22;
    pen.beginPath();
    pen.moveTo(0, base);
    counts.forEach((count, k) => pen.lineTo((k / steps) * width, base - (count / most) * tall));
    pen.lineTo(width, base);
    pen.fill();
    pen.globalAlpha = 1;
  }

  update(time, words) {
    this.slider.value = time;
    this.slider.setAttribute("aria-valuetext", words);
    this.head.style.left = `${(100 * time) / this.world.lastS}%`;
  }
}
