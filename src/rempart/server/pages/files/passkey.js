// Passkeys need a script: forms marked data-passkey are shown when the browser can use them, and sent with its answer.

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const make = async (options) => {
  options.challenge = bytes(options.challenge);
  options.user.id = bytes(options.user.id);
  options.excludeCredentials = (options.excludeCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  const made = await navigator.credentials.create({ publicKey: options });
  return {
    id: made.id, rawId: text(made.rawId), type: made.type, clientExtensionResults: {},
    response: { clientDataJSON: text(made.response.clientDataJSON), attestationObject: text(made.response.attestationObject) },
  };
};

const use = async (options) => {
  options.challenge = bytes(options.challenge);
  options.allowCredentials = (options.allowCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  const used = await navigator.credentials.get({ publicKey: options });
  const { clientDataJSON, authenticatorData, signature, userHandle } = used.response;
  return {
    id: used.id, rawId: text(used.rawId), type: used.type, clientExtensionResults: {},
    response: {
      clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature),
      userHandle: userHandle ? text(userHandle) : null,
    },
  };
};

const answer = async (form) => {
  const reply = await fetch(form.dataset.options, { method: "POST" });
  if (reply.redirected) location.assign(reply.url);
  if (!reply.ok) throw new Error(`options: ${reply.status}`);
  const { ceremony, options } = await reply.json();
  form.elements.ceremony.value = ceremony;
  form.elements.answer.value = JSON.stringify(await (form.dataset.passkey === "make" ? make : use)(options));
};

const able = Boolean(globalThis.PublicKeyCredential);
for (const note of document.querySelectorAll("[data-without-passkeys]")) note.hidden = able;
for (const form of able ? document.querySelectorAll("form[data-passkey]") : []) {
  form.hidden = false;
  const failed = form.querySelector("[data-failed]");
  form.addEventListener("submit", async (event) => {
    if (form.elements.answer.value) return;
    event.preventDefault();
    failed.hidden = true;
    try {
      await answer(form);
      form.requestSubmit();
    } catch {
      failed.hidden = false;
    }
  });
}
