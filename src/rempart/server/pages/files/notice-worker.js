// The hash step, off the page's own thread: SHA-256 of a file's bytes, and PDQ of its pixels by the recipe
// `srgb8-full-v1`, the same bits as `rempart hash` (signals/pdq_numpy.py, `replay`). Nothing here connects, stores or
// remembers: a file comes in by a message, digests and numbers go out. One file, so that the page needs no second one.

"use strict";

const { fround } = Math;
const refuse = (why) => { throw Object.assign(new Error(why), { why }); };

// SHA-256 (FIPS 180-4), fed part by part. Its constants are the fractions of square and cube roots of primes.

const PRIMES = [];
for (let n = 2; PRIMES.length < 64; n++) if (PRIMES.every((prime) => n % prime)) PRIMES.push(n);
const fraction = (root) => (root - Math.floor(root)) * 0x100000000 | 0;
const ROUNDS = Int32Array.from(PRIMES, (prime) => fraction(Math.cbrt(prime)));
const START = Int32Array.from(PRIMES.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));

const mix = (state, words, bytes, from, to) => {
  for (let at = from; at < to; at += 64) {
    for (let i = 0, k = at; i < 16; i++, k += 4) {
      words[i] = bytes[k] << 24 | bytes[k + 1] << 16 | bytes[k + 2] << 8 | bytes[k + 3];
    }
    for (let i = 16; i < 64; i++) {
      const x = words[i - 15], y = words[i - 2];
      words[i] = words[i - 16] + words[i - 7] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3)
        + ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10);
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const one = h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + (e & f ^ ~e & g)
        + ROUNDS[i] + words[i] | 0;
      const two = ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + (a & b ^ a & c ^ b & c) | 0;
      h = g; g = f; f = e; e = d + one | 0; d = c; c = b; b = a; a = one + two | 0;
    }
    [a, b, c, d, e, f, g, h].forEach((value, i) => { state[i] += value; });
  }
};

const PART = 1 << 22; // a multiple of 64, so that only the last part ends within a block

const sha256 = async (file, tell) => {
  const state = START.slice(), words = new Int32Array(64);
  let tail = new Uint8Array(0);
  for (let at = 0; at < file.size; at += PART) {
    const bytes = new Uint8Array(await file.slice(at, at + PART).arrayBuffer());
    const whole = bytes.length & ~63;
    mix(state, words, bytes, 0, whole);
    tail = bytes.subarray(whole);
    tell(at / file.size);
  }
  const last = new Uint8Array(tail.length < 56 ? 64 : 128);
  last.set(tail);
  last[tail.length] = 128;
  new DataView(last.buffer).setBigUint64(last.length - 8, BigInt(file.size) * 8n);
  mix(state, words, last, 0, last.length);
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
};

// PDQ. Two running means along rows and columns in float32, each rounding in its place, over rows as they come: a
// window of them is kept, never the picture.

const SIDE = 64;
const COSINES = Array.from({ length: 16 }, (_, i) => Float32Array.from({ length: SIDE }, (_, k) =>
  fround(Math.sqrt(2 / SIDE)) * Math.cos(Math.PI / 2 / SIDE * (i + 1) * (2 * k + 1))));

const axisOf = (n) => {
  const span = Math.floor((n + 2 * SIDE - 1) / (2 * SIDE)), half = span + 2 >> 1;
  const centres = Array.from({ length: SIDE }, (_, i) => Math.floor((i + 0.5) * n / SIDE));
  return { n, left: span - half, right: half - 1, centres };
};

const alongRow = (from, to, { n, left, right }) => {
  let sum = fround(0), added = 0, taken = 0;
  while (added < Math.min(n, right)) sum = fround(sum + from[added++]);
  for (let o = 0; o < n; o++) {
    if (added < n) sum = fround(sum + from[added++]);
    if (o > left) sum = fround(sum - from[taken++]);
    to[o] = sum / (added - taken);
  }
};

// Takes rows one after the other and hands on the mean of those around each, as soon as they are there.
const alongColumns = (width, { n, left, right }, wants, hand) => {
  const kept = Array.from({ length: left + right + 2 }, () => new Float32Array(width));
  const sums = new Float32Array(width), out = new Float32Array(width);
  let added = 0, taken = 0, o = 0;
  const next = () => {
    if (o > left) {
      const old = kept[taken++ % kept.length];
      for (let x = 0; x < width; x++) sums[x] -= old[x];
    }
    if (wants(o)) {
      const count = added - taken;
      for (let x = 0; x < width; x++) out[x] = sums[x] / count;
      hand(out, o);
    }
    o++;
  };
  return (row) => {
    kept[added++ % kept.length].set(row);
    for (let x = 0; x < width; x++) sums[x] += row[x];
    if (added > right) next();
    while (added === n && o < n) next();
  };
};

// Takes the rows of a picture and fills 64 × 64 samples of its blurred luma.
const sampler = (width, height, samples) => {
  const columns = axisOf(width), rows = axisOf(height), line = new Float32Array(width);
  const centres = new Map(rows.centres.map((row) => [row, []]));
  rows.centres.forEach((row, i) => centres.get(row).push(i));
  const pick = (row, o) => {
    for (const i of centres.get(o) ?? []) columns.centres.forEach((x, j) => { samples[i * SIDE + j] = row[x]; });
  };
  if (width === SIDE && height === SIDE) {
    let o = 0;
    return (row) => pick(row, o++);
  }
  const second = alongColumns(width, rows, (o) => centres.has(o), pick);
  const first = alongColumns(width, rows, () => true, (row) => {
    alongRow(row, line, columns);
    second(line);
  });
  return (row) => {
    alongRow(row, line, columns);
    first(line);
  };
};

const qualityOf = (samples) => {
  let total = 0;
  const step = (one, two) => { total += Math.trunc(Math.abs(fround(fround(fround(one - two) * 100) / 255))); };
  for (let i = 0; i < SIDE; i++) {
    for (let j = 0; j < SIDE; j++) {
      if (i) step(samples[i * SIDE + j - SIDE], samples[i * SIDE + j]);
      if (j) step(samples[i * SIDE + j - 1], samples[i * SIDE + j]);
    }
  }
  return Math.min(100, Math.floor(total / 90));
};

const hashOf = (samples) => {
  const frequencies = new Float32Array(256), line = new Float32Array(SIDE);
  for (let i = 0; i < 16; i++) {
    line.fill(0);
    for (let k = 0; k < SIDE; k++) {
      for (let x = 0; x < SIDE; x++) line[x] += fround(COSINES[i][k] * samples[k * SIDE + x]);
    }
    for (let j = 0; j < 16; j++) {
      let sum = fround(0);
      for (let k = 0; k < SIDE; k++) sum = fround(sum + fround(line[k] * COSINES[j][k]));
      frequencies[i * 16 + j] = sum;
    }
  }
  const median = frequencies.slice().sort()[127];
  let hash = "";
  for (let at = 255; at > 0; at -= 4) {
    let digit = 0;
    for (let k = 0; k < 4; k++) digit = digit * 2 + (frequencies[at - k] > median ? 1 : 0);
    hash += digit.toString(16);
  }
  return hash;
};

// From a bitmap to PDQ, strip by strip through a canvas, over white from straight alpha.

const STRIP = 1 << 20;

const pdq = (bitmap) => {
  const { width, height } = bitmap;
  if (Math.min(width, height) < 5) return { hash: "0".repeat(64), quality: 0 };
  const step = Math.min(height, Math.ceil(STRIP / width)), row = new Float32Array(width);
  const canvas = new OffscreenCanvas(width, step);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) refuse("tooLarge");
  context.globalCompositeOperation = "copy";
  context.imageSmoothingEnabled = false;
  const samples = new Float32Array(SIDE * SIDE), take = sampler(width, height, samples);
  for (let top = 0; top < height; top += step) {
    const count = Math.min(step, height - top);
    context.drawImage(bitmap, 0, top, width, count, 0, 0, width, count);
    const pixels = context.getImageData(0, 0, width, count).data;
    for (let y = 0, at = 0; y < count; y++) {
      for (let x = 0; x < width; x++, at += 4) {
        let r = pixels[at], g = pixels[at + 1], b = pixels[at + 2];
        const alpha = pixels[at + 3];
        if (alpha !== 255) {
          const white = 255 * (255 - alpha);
          r = Math.round((r * alpha + white) / 255);
          g = Math.round((g * alpha + white) / 255);
          b = Math.round((b * alpha + white) / 255);
        }
        row[x] = r * 0.299 + g * 0.587 + b * 0.114;
      }
      take(row);
    }
  }
  return { hash: hashOf(samples), quality: qualityOf(samples) };
};

// What a file is, by its bytes; its name says nothing here.

const text = (bytes, from, to) => String.fromCharCode(...bytes.subarray(from, to));

const kindOf = (head) => {
  const begins = (...words) => words.some((word) => text(head, 0, word.length) === word);
  if (begins("\xff\xd8\xff")) return "jpeg";
  if (begins("\x89PNG\r\n\x1a\n")) return "png";
  if (begins("GIF87a", "GIF89a")) return "gif";
  if (begins("II*\0", "MM\0*", "II+\0", "MM\0+")) return "tiff";
  if (begins("RIFF") && text(head, 8, 12) === "WEBP") return "webp";
  if (begins("BM") && head[15] + head[16] + head[17] === 0) return "bmp";
  if (begins("\x1a\x45\xdf\xa3", "OggS", "FLV\x01", "\0\0\x01\xba", "\0\0\x01\xb3")) return "film";
  if (begins("RIFF") && text(head, 8, 12) === "AVI ") return "film";
  const box = text(head, 4, 8);
  if (box === "ftyp") {
    const major = text(head, 8, 12), brands = text(head, 8, Math.max(16, Math.min(64, head[3])));
    if (/avi[fs]/.test(major)) return "avif";
    if (/he[iv][cxms]/.test(major)) return "heic";
    if (/m[is]f1/.test(major)) return /avi[fs]/.test(brands) ? "avif" : "heic";
    return "film";
  }
  return /moov|mdat|wide|skip/.test(box) ? "film" : "unknown";
};

// Width times height as the header says, before memory is taken for them; 0 where it does not say.
const MOST = 200e6;

const promised = (kind, head) => {
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  if (kind === "png") return view.getUint32(16) * view.getUint32(20);
  if (kind === "gif") return view.getUint16(6, true) * view.getUint16(8, true);
  if (kind === "bmp") return Math.abs(view.getInt32(18, true) * view.getInt32(22, true));
  if (kind === "webp" && text(head, 12, 16) === "VP8X") {
    return (1 + (view.getUint32(24, true) & 0xffffff)) * (1 + (view.getUint32(26, true) >>> 8));
  }
  for (let at = 2; kind === "jpeg" && at + 9 < head.length && head[at] === 255; at += 2 + view.getUint16(at + 2)) {
    const mark = head[at + 1];
    if (mark >= 0xc0 && mark < 0xd0 && mark % 4) return view.getUint16(at + 5) * view.getUint16(at + 7);
  }
  return 0;
};

const picture = async (file, kind) => {
  const head = new Uint8Array(await file.slice(0, 1 << 18).arrayBuffer());
  const pixels = head.length < 32 ? 0 : promised(kind, head);
  if (pixels > MOST) refuse("tooLarge");
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image", premultiplyAlpha: "none" });
  } catch {
    refuse(kind === "heic" || kind === "tiff" ? kind : pixels > 40e6 ? "tooLarge" : "unreadable");
  }
  try {
    return pdq(bitmap);
  } finally {
    bitmap.close();
  }
};

// Before each file the whole way is walked with a picture whose answer is known: browsers that guard against
// fingerprinting change what a page reads of a picture, and say nothing of it. A few bits may differ, no more.

const KNOWN = {
  hash: "90f19aed21122e78af5bd1c7f17193cd0e5aea4b661a112f155a3594ee1916bc",
  sha256: "04e2045add39aea96f5eec35aa19db2aebe153c6f9927c8454043915c5eba115",
  bits: 8,
};

const pattern = () => {
  const width = 320, height = 240, bytes = new Uint8Array(54 + width * height * 3), view = new DataView(bytes.buffer);
  [[0, 0x4d42], [2, bytes.length], [10, 54], [14, 40], [18, width], [22, height], [26, 1], [28, 24]]
    .forEach(([at, value]) => view.setUint16(at, value, true));
  let seed = 9;
  const chance = () => (seed = seed * 1103515245 + 12345 & 0x7fffffff) >> 16 & 255;
  for (const cell of [80, 40, 16]) {
    const across = width / cell + 2, knots = Array.from({ length: 3 * across * (height / cell + 2) }, chance);
    for (let y = 0, at = 54; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const left = Math.floor(x / cell), top = Math.floor(y / cell), u = x % cell, v = y % cell;
        for (let c = 0; c < 3; c++, at++) {
          const knot = (i, j) => knots[((top + j) * across + left + i) * 3 + c];
          const upper = knot(0, 0) * (cell - u) + knot(1, 0) * u, lower = knot(0, 1) * (cell - u) + knot(1, 1) * u;
          bytes[at] += Math.floor((upper * (cell - v) + lower * v) / (3 * cell * cell));
        }
      }
    }
  }
  return new Blob([bytes]);
};

const distance = (one, two) => [...one].reduce((sum, digit, i) => {
  const changed = parseInt(digit, 16) ^ parseInt(two[i], 16);
  return sum + (changed & 1) + (changed >> 1 & 1) + (changed >> 2 & 1) + (changed >> 3);
}, 0);

const prove = async () => {
  if (typeof OffscreenCanvas === "undefined") refuse("old");
  const known = pattern();
  const [seen, digest] = await Promise.all([picture(known, "bmp"), sha256(known, () => {})]).catch(() => refuse("tampered"));
  if (digest !== KNOWN.sha256 || seen.quality < 50 || distance(seen.hash, KNOWN.hash) > KNOWN.bits) refuse("tampered");
};

// What could not be hashed by its looks still has its digest: `why` says so then.
const read = async (file, tell) => {
  await prove();
  const kind = file.size ? kindOf(new Uint8Array(await file.slice(0, 64).arrayBuffer())) : "unknown";
  if (kind === "unknown") refuse(kind);
  const answer = { film: kind === "film", frames: [], why: "" };
  try {
    if (!answer.film) answer.frames.push(await picture(file, kind));
  } catch (err) {
    answer.why = whyOf(err);
  }
  return { ...answer, sha256: await sha256(file, tell) };
};

const whyOf = (err) => err.why ?? (err instanceof RangeError ? "tooLarge" : "unreadable");

// Questions are numbered, and a later one ends an earlier: { number } alone stops, { number, file } asks what a file is,
// { number, frame } for the PDQ of a bitmap. The answer is { number, answer } or { number, why }; { number, share } on
// the way says how much is read.
let latest = 0;

onmessage = async ({ data: { number, file, frame } }) => {
  latest = number;
  const tell = (share) => {
    if (number !== latest) refuse("stopped");
    postMessage({ number, share });
  };
  try {
    if (file || frame) postMessage({ number, answer: file ? await read(file, tell) : pdq(frame) });
  } catch (err) {
    postMessage({ number, why: whyOf(err) });
  } finally {
    frame?.close();
  }
};
