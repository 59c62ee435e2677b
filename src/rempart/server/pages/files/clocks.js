// What runs out: the time that a case is somebody's, and the seconds in which a decision can be undone. The page says
// the moment itself; this only counts down. data-seconds-left: seconds; data-soon, data-over: what is shown near and at the end.

const start = performance.now();
const written = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

const tick = (clock) => {
  const left = Math.max(0, Math.ceil(Number(clock.dataset.secondsLeft) - (performance.now() - start) / 1000));
  clock.textContent = clock.dataset.unit === "s" ? String(left) : written(left);
  const place = clock.closest("[data-clock]");
  for (const one of place?.querySelectorAll("[data-soon]") ?? []) one.hidden = left > Number(one.dataset.soon) || left === 0;
  for (const one of place?.querySelectorAll("[data-over]") ?? []) one.hidden = left > 0;
  for (const one of place?.querySelectorAll("[data-until-over]") ?? []) one.hidden = left === 0;
  return left;
};

for (const clock of document.querySelectorAll("[data-seconds-left]")) {
  if (tick(clock) > 0) {
    const timer = setInterval(() => {
      if (tick(clock) === 0) clearInterval(timer);
    }, 1000);
  }
}
