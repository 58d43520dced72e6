/* The desk: what a draft's page does beyond being a form. Without this it is a form. */
import { Saver } from "./saving.js";
import { Preview } from "./preview.js";
import { dress } from "./writing.js";
import { watchMoves } from "./moving.js";

const form = document.getElementById("desk");
const preview = new Preview(document.getElementById("preview-panel"));
const saver = new Saver(form, preview);
let before = new Map();

form.addEventListener("input", (event) => saver.note(event.target));
form.addEventListener("change", (event) => saver.note(event.target));
preview.onchange = () => saver.send(true);
watchMoves(form);
dress(form);
rememberFolds();

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "s") {
    event.preventDefault();
    saver.send();
  }
});
window.addEventListener("beforeunload", (event) => {
  if (saver.isBehind) event.preventDefault();
});

/* A button's press saves the words too: nothing else may be on its way meanwhile. */
form.addEventListener("htmx:confirm", (event) => {
  if (event.target !== form) return;
  event.preventDefault();
  saver.settled().then(() => {
    before = saver.texts();
    saver.hold(true);
    event.detail.issueRequest(true);
  });
});
/* Where two people wrote the same, or a word is too long, the answer is a page to be seen too. */
form.addEventListener("htmx:beforeSwap", (event) => {
  if ([409, 422].includes(event.detail.xhr.status) && event.target.id === "parts") {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
form.addEventListener("htmx:afterRequest", (event) => {
  if (event.target !== form) return;
  saver.hold(false);
  saver.rebase(event.detail.successful ? before : null);
  dress(form);
  rememberFolds();
  saver.send(true);
});

function rememberFolds() {
  for (const fold of form.querySelectorAll("details[data-fold]")) {
    const key = `fold-${fold.dataset.fold}`;
    if (sessionStorage.getItem(key)) fold.open = false;
    fold.addEventListener("toggle", () => {
      if (fold.open) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, "1");
    });
  }
}

/* A link to a field opens what it is folded into. */
window.addEventListener("hashchange", openTarget);
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const fold = target?.closest("details") ?? target?.querySelector("details[data-fold]");
  if (fold) fold.open = true;
  target?.focus?.();
}
openTarget();
