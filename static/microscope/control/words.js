/* What the control line says in each state, and what one can do there.

   {key, shape, initials, tone, strong, rest, narrow: {strong, rest}, acts, opensAsk, closes, hasNoWatchers}
   key     changes when another line begins; what only counts on does not change it
   rest    words after the strong ones; a part of it in an array is strong too
   acts    [{name, label, narrow}], one of them `isMain`, else the last one. A phone shows only that one, called `narrow`.
   closes  the name of the notice that a cross closes */
import { formatSeconds } from "../elapsed.js";
import { nameNotice } from "./closed-notice.js";
import { clockTime, firstName, holderName, minutesAndSeconds, shortHolderName, untilWords } from "./names.js";
import { isAsked } from "./state.js";

/** Null: there is nothing to say. `ageS`: seconds since the server said so. `isClosed`: its notice was closed here. */
export function describeControl(control, ageS, isClosed) {
  if (control.isAlone) return null;
  if (isAsked(control)) return describeAsked(control);
  const notice = isClosed || control.isMine ? null : describeNotice(control);
  if (notice) return notice;
  if (control.state === "free") return null;
  if (control.isMine) return describeMine(control, ageS);
  if (control.ask?.isMine) return describeAsk(control, ageS);
  return describeOther(control, ageS);
}

function describeAsked({ ask }) {
  const who = `${ask.name} asks for control`;
  return {
    key: `asked ${ask.userId} ${ask.at}`,
    shape: "question",
    tone: "asked",
    strong: ask.message ? `${who}:` : `${who}.`,
    rest: [ask.message && ` ${ask.message}`],
    narrow: { strong: `${firstName(ask.name)} asks for control`, rest: [ask.message || "Give it, or say when"] },
    acts: [{ name: "not-now", label: "Not now…" }, { name: "give", label: "Give control" }],
    opensAsk: true,
  };
}

function describeNotice(control) {
  if (control.notice?.what === "denied" && !isStillDenied(control)) return null;
  const describe = { ended: describeEnded, taken: describeTaken, denied: describeDenied }[control.notice?.what];
  return describe ? { key: `notice ${nameNotice(control.notice)}`, closes: nameNotice(control.notice), ...describe(control) } : null;
}

/** An answer is about the control that its holder had then. */
function isStillDenied({ notice, holder, since }) {
  return holder?.name === notice.byName && new Date(since) <= new Date(notice.at);
}

function describeEnded({ notice, state }) {
  const free = state === "free" ? " The camera is free." : "";
  return {
    shape: "dashed-ring",
    hasNoWatchers: state === "free",
    strong: `Your control ended at ${clockTime(notice.at)}${notice.text ? ":" : "."}`,
    rest: [notice.text && ` ${sentence(notice.text)}`, free],
    narrow: { strong: "Your control ended", rest: [`at ${clockTime(notice.at)}`] },
    acts: [],
  };
}

function describeTaken({ notice }) {
  return {
    shape: "warning",
    tone: "taken",
    strong: `${notice.byName} took control at ${clockTime(notice.at)}${notice.text ? ":" : "."}`,
    rest: [notice.text && ` ${sentence(notice.text)}`, notice.jobId && whereJobPaused(notice)],
    narrow: { strong: `${firstName(notice.byName)} took control`, rest: [notice.text || `at ${clockTime(notice.at)}`] },
    acts: notice.jobId ? [{ name: "open-job", label: "Open the job", narrow: "Open", jobId: notice.jobId }] : [],
  };
}

function whereJobPaused({ pictureNumber }) {
  return pictureNumber ? ` Your job is paused after No. ${pictureNumber.toLocaleString("en-GB")}.` : " Your job is paused.";
}

function describeDenied({ notice }) {
  return {
    shape: "question",
    strong: `${notice.byName} keeps control${notice.text ? ":" : "."}`,
    rest: [notice.text && ` ${sentence(notice.text)}`],
    narrow: { strong: `${firstName(notice.byName)}: not now`, rest: [notice.text || `at ${clockTime(notice.at)}`] },
    acts: [],
  };
}

/** While nobody else watches, an unkept lease needs no words: it ends by itself. */
function describeMine(control, ageS) {
  const { isKept, note, watchers, secondsToFree } = control;
  const release = { name: "release", label: "Release" };
  if (isKept) {
    return {
      key: "kept",
      shape: "own",
      strong: "You control the camera",
      rest: [untilWords(control), note ? `: ${note}` : "."],
      narrow: { strong: "You control", rest: [narrowUntil(control)] },
      acts: [{ name: "keep", label: "Longer…", isMain: true }, release],
    };
  }
  if (watchers <= 1) return null;
  const left = secondsToFree === null ? null : minutesAndSeconds(Math.ceil(secondsToFree - ageS));
  return {
    key: "mine",
    shape: "own",
    strong: "You control the camera.",
    rest: left ? [" It becomes free in ", [left], " if you change nothing."] : [],
    narrow: { strong: "You control", rest: left ? ["free in ", [left]] : [] },
    acts: [{ name: "keep", label: "Keep it…", isMain: true }, release],
  };
}

function describeAsk(control, ageS) {
  const whom = control.holder.name;
  const since = minutesAndSeconds(control.ask.secondsAgo + ageS);
  const withdraw = { name: "withdraw", label: "Withdraw" };
  const { place } = control.ask;
  if (place > 1) return describePlace(control, place, withdraw);
  return {
    key: `asking ${control.you.mayTake}`,
    shape: "person",
    initials: control.holder.initials,
    strong: `You asked ${whom} for control.`,
    rest: [" No answer for ", [since], ".", control.isAway && ` ${firstName(whom)} is away.`],
    narrow: { strong: `You asked ${firstName(whom)}`, rest: ["no answer for ", [since]] },
    acts: control.you.mayTake ? [withdraw, { name: "take", label: "Take control", narrow: "Take" }] : [withdraw],
  };
}

/** Others have asked before; the holder answers one after the other. */
function describePlace({ holder }, place, withdraw) {
  return {
    key: `in line ${place}`,
    shape: "person",
    initials: holder.initials,
    strong: `You asked ${holder.name} for control.`,
    rest: [" You are No. ", [String(place)], " in line."],
    narrow: { strong: `You asked ${firstName(holder.name)}`, rest: [`No. ${place} in line`] },
    acts: [withdraw],
  };
}

function describeOther(control, ageS) {
  const who = holderName(control);
  const more = control.kind === "job" ? nextPicture(control, ageS) : whenFree(control, ageS);
  const ends = [untilWords(control), control.note ? `: ${more.length ? sentence(control.note) : control.note}` : "."];
  return {
    key: `held ${control.kind} ${who} ${control.you.mayTake} ${control.you.mayAsk}`,
    shape: control.kind === "job" ? "clock" : control.kind === "script" ? "script" : "person",
    initials: control.holder.initials,
    strong: `${who} controls the camera`,
    rest: [...ends, ...more],
    narrow: { strong: `${shortHolderName(control)} controls`, rest: [narrowUntil(control)] },
    acts: actsOf(control),
  };
}

function nextPicture({ job }, ageS) {
  if (typeof job?.secondsToNext !== "number") return [];
  const left = Math.ceil(job.secondsToNext - ageS);
  return left > 0 ? [" Next picture in ", [formatSeconds(left)], "."] : [" Next picture ", ["now"], "."];
}

function whenFree({ kind, isKept, isAway, holder, secondsSinceUse, secondsToFree, ask }, ageS) {
  const said = [];
  if (kind === "script" && secondsSinceUse !== null) said.push(` Last call ${Math.round(secondsSinceUse + ageS)} s ago.`);
  else if (!isKept && typeof secondsToFree === "number") {
    said.push(" It becomes free in ", [minutesAndSeconds(Math.ceil(secondsToFree - ageS))], " if nothing is changed.");
  }
  if (isAway && kind === "person") said.push(` ${firstName(holder.name)} is away.`);
  if (ask) said.push(` ${ask.name} has asked.`);
  return said;
}

/** The last act is the main one. */
function actsOf({ kind, isOwn, holder, job, you }) {
  const acts = [];
  const first = firstName(holder.name);
  if (kind === "job") {
    if (isOwn || you.mayTakeOver) acts.push({ name: "pause-job", label: "Pause", jobId: job?.jobId });
    if (you.mayTakeOver && !isOwn) acts.push({ name: "take-over", label: "Take control…" });
    if (you.mayAsk) acts.push({ name: "ask", label: `Ask ${first}…`, isExtra: acts.length > 0 });
    if (job) acts.push({ name: "open-job", label: "Open the job", narrow: "Open", jobId: job.jobId });
    return acts;
  }
  if (you.mayTakeOver && !isOwn) acts.push({ name: "take-over", label: "Take control…", narrow: "Take…" });
  if (you.mayTake) acts.push({ name: "take", label: isOwn ? "Take it back" : "Take control", narrow: isOwn ? "Take back" : "Take" });
  else if (you.mayAsk) acts.push({ name: "ask", label: "Ask for control…", narrow: "Ask" });
  return acts;
}

function narrowUntil(control) {
  return [untilWords(control).trim(), control.note].filter(Boolean).join(", ") || "for now";
}

/** A text that ends like a sentence. */
function sentence(text) {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}
