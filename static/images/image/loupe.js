/* Shows the surroundings of a point enlarged, with pixels as squares and a cross at the point. */
import { prepare, token } from "../../camera/live/palette.js";

const ENLARGED = 8;

export class Loupe {
  constructor(canvas, { shown, width }) {
    this.canvas = canvas;
    this.width = width;
    this.point = { x: 0, y: 0 };
    this.picture = new Image();
    this.picture.addEventListener("load", () => this.draw());
    this.picture.src = shown;
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  show(x, y) {
    this.point = { x, y };
    this.draw();
  }

  draw() {
    const { context, width, height } = prepare(this.canvas);
    if (!this.picture.naturalWidth || !width) return;
    const coarseness = this.width / this.picture.naturalWidth;
    const enlarged = ENLARGED * coarseness;
    context.imageSmoothingEnabled = false;
    context.drawImage(
      this.picture,
      width / 2 - this.point.x * ENLARGED,
      height / 2 - this.point.y * ENLARGED,
      this.picture.naturalWidth * enlarged,
      this.picture.naturalHeight * enlarged,
    );
    drawCross(context, width, height);
  }
}

function drawCross(context, width, height) {
  const cross = new Path2D();
  const [middleX, middleY, gap] = [width / 2, height / 2, ENLARGED / 2];
  for (const [x1, y1, x2, y2] of [
    [0, middleY, middleX - gap, middleY],
    [middleX + gap, middleY, width, middleY],
    [middleX, 0, middleX, middleY - gap],
    [middleX, middleY + gap, middleX, height],
  ]) {
    cross.moveTo(x1, y1);
    cross.lineTo(x2, y2);
  }
  for (const [name, lineWidth] of [["mark-halo", 3], ["mark-line", 1]]) {
    Object.assign(context, { strokeStyle: token(name), lineWidth });
    context.stroke(cross);
  }
}
