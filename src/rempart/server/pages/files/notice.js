// Leaving fast: another page takes the place of this one, also in the browser's history. And moments in one's own time.

const leave = document.querySelector("[data-leave]");
leave.addEventListener("click", (event) => {
  event.preventDefault();
  document.documentElement.hidden = true;
  location.replace(leave.href);
});

const told = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang; // as the server writes days

for (const one of document.querySelectorAll("[data-your-time]")) {
  const moment = new Date(one.previousElementSibling.dateTime);
  const local = moment.toLocaleString(told, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
  one.textContent = `${local} (${one.dataset.yourTime})`;
}
