/* The scale that a line gives, as the server computed it. */
import { timeZone } from "../../microscope/shell.js";

const FAR_PERCENT = 2;

const byId = (id) => document.getElementById(id);

export class Result {
  clear(problem = "") {
    for (const id of ["result", "uncertainty", "pixels", "previous", "difference"]) byId(id).textContent = "–";
    byId("length-problem").textContent = problem;
    byId("calibrate-problem").textContent = "";
    byId("difference").classList.remove("is-far");
  }

  show({ calibration, previous, differencePercent }) {
    this.clear();
    const { umPerPixel, uncertaintyUm, pixels } = calibration;
    byId("result").textContent = umPerPixel.toPrecision(4);
    byId("uncertainty").textContent = `± ${uncertaintyUm.toPrecision(2)} µm/px (${share(uncertaintyUm / umPerPixel)})`;
    byId("pixels").textContent = `${pixels.toFixed(1)} pixels of the sensor`;
    byId("previous").textContent = previous ? describe(previous) : "None on this camera";
    if (previous) this.compare(differencePercent);
  }

  /** Two careful measurements differ less than this. A larger difference has another cause. */
  compare(percent) {
    const isFar = Math.abs(percent) > FAR_PERCENT;
    const words = `${percent < 0 ? "−" : "+"}${Math.abs(percent).toPrecision(2)} %`;
    byId("difference").textContent = isFar ? `${words}. Check the objective and the length.` : words;
    byId("difference").classList.toggle("is-far", isFar);
  }

  refuse({ message, errors = {} }) {
    const [field] = Object.keys(errors);
    this.clear(errors.lengthUm?.[0] ?? "");
    if (!errors.lengthUm) byId("calibrate-problem").textContent = errors[field]?.[0] ?? message;
  }

  tellKept(name, { calibration }) {
    byId("calibrate-told").textContent = `Saved. From now on ${name} measures ${calibration.umPerPixel.toPrecision(4)} µm per pixel on this camera.`;
  }
}

function describe({ umPerPixel, madeAt, madeBy }) {
  const day = new Date(madeAt).toLocaleDateString("en-GB", { timeZone, day: "numeric", month: "long", year: "numeric" });
  return `${umPerPixel.toPrecision(4)} µm/px, ${day}${madeBy ? ` by ${madeBy}` : ""}`;
}

function share(part) {
  return `${(100 * part).toPrecision(2)} %`;
}
