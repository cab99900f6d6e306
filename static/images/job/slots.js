/* What became of each slot, asked for in blocks when it is needed. */
import { get } from "../../microscope/api.js";

const BLOCK = 200;
const DEADLINE_MS = 8000;

export class Slots {
  constructor(jobId) {
    this.jobId = jobId;
    this.blocks = new Map();
  }

  /** The slot with this number, from 1: {state, imageId, dueAt, reason}. Raises an ApiError. */
  async find(number) {
    const block = Math.floor((number - 1) / BLOCK);
    const known = this.blocks.get(block)?.[(number - 1) % BLOCK];
    if (known && known.state !== "to_come" && !(known.state === "stored" && !known.imageId)) return known;
    const first = block * BLOCK;
    const { slots } = await get(`/api/v1/jobs/${this.jobId}/slots?from=${first}&to=${first + BLOCK}`, { deadlineMs: DEADLINE_MS });
    this.blocks.set(block, slots);
    return slots[(number - 1) % BLOCK];
  }
}
