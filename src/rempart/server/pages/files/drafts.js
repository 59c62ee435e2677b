// What is typed into a form marked data-keep is handed to the server, sealed there for its writer, before anything
// else on the page is sent, and while typing pauses. Nothing of it is written to this machine.

const form = document.querySelector("form[data-keep]");
let changed = false, sending = false, timer = 0;

const keep = async () => {
  if (!changed) return true;
  changed = false;
  const body = new URLSearchParams(new FormData(form));
  const answer = await fetch(form.dataset.keep, { method: "POST", body, headers: { accept: "application/json" } });
  changed ||= !answer.ok;
  const note = form.querySelector("[data-kept]");
  if (note && answer.ok && !answer.redirected) note.hidden = false;
  return answer.ok;
};

if (form) {
  form.addEventListener("input", () => {
    changed = true;
    clearTimeout(timer);
    timer = setTimeout(() => keep().catch(() => { changed = true; }), 2500);
  });
  document.addEventListener("submit", async (event) => {
    if (event.target === form || sending || !changed || event.target.method === "dialog") {
      sending ||= event.target === form;
      return;
    }
    event.preventDefault();
    const { target, submitter } = event;
    await keep().catch(() => false);
    sending = true;
    target.requestSubmit(submitter);
  });
  addEventListener("beforeunload", (event) => {
    if (changed && !sending) event.preventDefault();
  });
}
