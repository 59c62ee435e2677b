// The hash step. A copy that somebody chooses is read here, in their browser: its SHA-256 and the PDQ of what it shows
// become the text in the box, and the text in the box is all that the form sends. Nothing connects, nothing is stored,
// the picture is not shown, and the file's name is let go at once. Once the page is there, the network is not needed.
//
// The page (templates/notice/hash.html) holds within #hash: the file input #copy without a name, an element with
// role=status, a progress, buttons marked data-stop and data-remove (data-take where the text is to be copied), and the
// box #signals. #hash names the worker's address in data-worker, or #notice-worker holds its text. What is said stands
// on #hash in data-…: busy, frame ({at}, {of}), done, film ({kept}, {of}), stopped, removed, taken; and, where something
// did not work: weak, heic, tiff, unknown, unreadable, too-large, no-film, tampered, old, exact (only the digest is left).

const RECIPE = "srgb8-full-v1", MOST_FRAMES = 200, LEAST_QUALITY = 50, PATIENCE = 20000;

const section = document.getElementById("hash");
const find = (what) => section.querySelector(what);
const input = find("#copy"), box = find("#signals"), status = find("[role=status]"), bar = find("progress");
const stop = find("[data-stop]"), remove = find("[data-remove]"), take = find("[data-take]");

const refusal = (why) => Object.assign(new Error(why), { why });

const say = (keys, values = {}) => {
  const said = keys.map((key) => section.dataset[key]).join(" ");
  status.textContent = said.replace(/\{(\w+)\}/g, (_, name) => values[name]);
};

const start = () => {
  const held = document.getElementById("notice-worker");
  const address = held ? URL.createObjectURL(new Blob([held.textContent])) : section.dataset.worker;
  const policy = globalThis.trustedTypes?.createPolicy("notice-hash", { createScriptURL: (one) => one });
  return new Worker(policy ? policy.createScriptURL(address) : address);
};

// The work for one file is a job; whoever chooses another file, or stops, ends it.
let worker = null, job = 0, asked = { number: 0 };

const ask = (question, transfer = []) => new Promise((resolve, reject) => {
  asked = { number: asked.number + 1, resolve, reject };
  worker.postMessage({ number: asked.number, ...question }, transfer);
});

const hear = ({ data: { number, share, answer, why } }) => {
  if (number !== asked.number) return;
  if (answer) asked.resolve(answer);
  else if (why) asked.reject(refusal(why));
  else bar.value = share;
};

const halt = () => {
  job++;
  asked.reject?.(refusal("stopped"));
  asked = { number: asked.number + 1 };
  worker.postMessage({ number: asked.number });
};

const heard = (video, name) => new Promise((resolve, reject) => {
  const failed = () => reject(refusal("noFilm"));
  const timer = setTimeout(failed, PATIENCE);
  video.addEventListener("error", failed, { once: true });
  video.addEventListener(name, () => {
    clearTimeout(timer);
    resolve();
  }, { once: true });
});

const pause = () => new Promise((resolve) => setTimeout(resolve, 100));

const seek = (video, moment) => {
  const there = heard(video, "seeked");
  video.currentTime = moment;
  return there;
};

// Clips that a browser recorded say how long they are only when their end was seen.
const lengthOf = async (video) => {
  if (video.duration === Infinity) await seek(video, 1e7);
  return video.duration === Infinity ? video.currentTime : video.duration;
};

// One frame per second; where there are more than 200 seconds, 200 frames evenly spaced.
const framesOf = async (file, mine) => {
  const video = document.createElement("video"), address = URL.createObjectURL(file), frames = [];
  video.muted = video.playsInline = true;
  video.preload = "auto";
  try {
    const loaded = heard(video, "loadeddata");
    video.src = address;
    await loaded;
    if (!video.videoWidth) throw refusal("noFilm");
    const seconds = await lengthOf(video), of = Math.max(1, Math.min(MOST_FRAMES, Math.ceil(seconds)));
    const grab = async () => {
      const frame = await createImageBitmap(video);
      if (mine !== job) throw refusal("stopped");
      return ask({ frame }, [frame]);
    };
    let seen = await grab();
    for (let at = 0; at < of; at++) {
      const before = seen.hash;
      await seek(video, at * Math.max(1, seconds / MOST_FRAMES));
      seen = await grab();
      if (seen.hash === before) {
        // Either the film stands still, or the frame from before the seek is still there.
        await pause();
        seen = await grab();
      }
      frames.push(seen);
      bar.value = (at + 1) / of;
      if (at % 20 === 19) say(["frame"], { at: at + 1, of });
    }
  } finally {
    video.removeAttribute("src");
    video.load();
    URL.revokeObjectURL(address);
  }
  return frames;
};

const weight = (lines) => new URLSearchParams({ signals: lines.join("\r\n") }).toString().length;

// As many frames as the form has room for, evenly spaced.
const linesOf = (sha256, frames) => {
  const head = [`recipe ${RECIPE}`, `sha256 ${sha256}`], lines = [];
  for (const { hash, quality } of frames) {
    if (quality >= LEAST_QUALITY && !lines.at(-1)?.startsWith(hash)) lines.push(`${hash} ${quality}`);
  }
  const room = Number(section.dataset.room) - weight([...head, ""]), longest = "f".repeat(64) + " 100";
  const fit = Math.max(0, Math.min(lines.length, Math.floor(room / (weight([longest, ""]) - weight([""])))));
  return [...head, ...Array.from({ length: fit }, (_, at) => lines[Math.floor(at * lines.length / fit)])];
};

const show = (lines) => {
  box.value = lines.map((line) => `${line}\n`).join("");
  box.readOnly = lines.length > 0;
  remove.hidden = lines.length === 0;
  if (take) take.hidden = remove.hidden;
};

const busy = (on) => {
  bar.hidden = stop.hidden = !on;
  bar.value = 0;
};

const hash = async (file) => {
  halt();
  const mine = job;
  show([]);
  busy(true);
  say(["busy"]);
  try {
    const found = await ask({ file });
    if (found.film) {
      found.frames = await framesOf(file, mine).catch((err) => {
        found.why = err.why ?? "noFilm";
        return [];
      });
    }
    if (mine !== job) return;
    const lines = linesOf(found.sha256, found.frames), kept = lines.length - 2;
    show(lines);
    if (kept) say([found.film ? "film" : "done"], { kept, of: found.frames.length });
    else say([found.why || "weak", "exact"]);
  } catch (err) {
    if (mine === job) say([err.why ?? "unreadable"]);
  }
  if (mine === job) busy(false);
};

const end = (said) => {
  halt();
  busy(false);
  show([]);
  say([said]);
};

input.addEventListener("change", () => {
  const [file] = input.files;
  input.value = ""; // and with it the name
  if (file) hash(file);
});
stop.addEventListener("click", () => {
  end("stopped");
  input.focus();
});
remove.addEventListener("click", () => {
  end("removed");
  input.focus();
});
take?.addEventListener("click", () => {
  box.select();
  if (document.execCommand("copy")) say(["taken"]);
});

const old = () => {
  input.disabled = true;
  say(["old"]);
};

try {
  worker = start();
  worker.addEventListener("message", hear);
  worker.addEventListener("error", old);
} catch {
  old();
}
