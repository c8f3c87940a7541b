// Buttons that change a job or a cron, where the command allows it.

import { change } from "./api.js";
import { h, setText } from "./dom.js";

const TEXTS = {
  suspend: { job: "Its pods end now, and programs lose what they have not saved. It can be resumed.", cron: "It starts no further runs." },
  resume: { job: "It starts again.", cron: "It starts runs again; one that became due meanwhile may start at once." },
  delete: { job: "It is deleted with its pods and everything that was created with it." },
};

function capital(text) {
  return text[0].toUpperCase() + text.slice(1);
}

// Ask first; the dialog stays open with the error if it cannot be done.
function ask(noun, verb, item, done) {
  const dialog = document.getElementById("dialog");
  const error = h("p", { class: "note bad", role: "alert", hidden: true });
  const cancel = h("button", { type: "button", onclick: () => dialog.close() }, "Cancel");
  const go = h("button", { type: "button", class: verb === "delete" ? "danger" : "", onclick: async () => {
    go.disabled = true;
    setText(go, `${capital(verb)}…`);
    const { name, namespace, uuid: uid } = item;
    const answer = await change({ noun, verb, name, namespace, kind: item.trainer ?? "", uid });
    if (answer.error) {
      error.hidden = false;
      setText(error, answer.hint ? `${answer.error}; ${answer.hint}` : answer.error);
      setText(go, capital(verb));
      go.disabled = false;
    } else {
      dialog.close();
      done(verb);
    }
  } }, capital(verb));
  dialog.replaceChildren(h("h2", {}, `${capital(verb)} ${noun} ${item.name}?`), h("p", {}, TEXTS[verb][noun]), error, h("div", { class: "bar" }, go, cancel));
  dialog.showModal();
  cancel.focus();
}

// The buttons for the verbs that make sense now.
export function changeButtons(noun, verbs, item, done) {
  return verbs.map(verb => h("button", { type: "button", onclick: () => ask(noun, verb, item(), done) }, capital(verb)));
}
