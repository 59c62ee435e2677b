// A picture covers itself: when its time is over, when the window loses the focus or is hidden, when the page is left,
// and on Escape. Covering takes the image out of the page and tells the server, whose grant ends then.

const cover = (place) => {
  if (place.dataset.over) return;
  place.dataset.over = "yes";
  const form = place.querySelector("form");
  fetch(form.action, {
    method: "POST", body: new URLSearchParams(new FormData(form)), keepalive: true, headers: { accept: "*/*" },
  }).catch(() => {});
  const held = place.contains(document.activeElement);
  place.querySelector("figure").remove();
  form.remove();
  const note = place.querySelector("[data-covered]");
  note.hidden = false;
  if (held) {
    note.tabIndex = -1;
    note.focus();
  }
};

const watch = (place) => {
  const image = place.querySelector("img");
  const left = place.querySelector("[data-left]");
  const start = () => {
    if (place.dataset.started) return;
    place.dataset.started = "yes";
    const end = performance.now() + 1000 * Number(place.dataset.seconds);
    const tick = () => {
      if (place.dataset.over) return;
      const seconds = Math.ceil((end - performance.now()) / 1000);
      if (seconds <= 0) return cover(place);
      left.textContent = `${seconds} s`;
      setTimeout(tick, 250);
    };
    tick();
  };
  image.addEventListener("load", start);
  // No picture came: the page, whose address names no look any more, says why.
  const failed = () => !place.dataset.over && location.reload();
  image.addEventListener("error", failed);
  if (image.complete) (image.naturalWidth ? start : failed)();
  place.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    cover(place);
  });
};

const places = [...document.querySelectorAll("[data-look]")];
if (places.length) {
  const all = () => places.forEach(cover);
  // An address that names a look shows nothing once it is over; the page goes on without it.
  const address = new URL(location.href);
  address.searchParams.delete("look");
  history.replaceState(null, "", address);
  places.forEach(watch);
  addEventListener("blur", all);
  addEventListener("pagehide", all);
  document.addEventListener("visibilitychange", () => document.hidden && all());
  document.addEventListener("keydown", (event) => event.key === "Escape" && all());
}
