/* The desk: what a draft's page does beyond being a form. Without this it is a form. */
import { Saver } from "./saving.js";
import { Preview } from "./preview.js";
import { dress } from "./writing.js";
import { watchMoves } from "./moving.js";

const form = document.getElementById("desk");
const preview = new Preview(document.getElementById("preview-panel"));
const saver = new Saver(form, preview);
let before = new Map(); // what the fields held when the request under way was sent
let typed = before; // and when its answer came
let turn = Promise.resolve(); // resolved when every button pressed so far has been answered
let pressed = ""; // what the button of the request under way says
let answered = () => {};

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

/* A button's press saves the words too: nothing else may be on its way meanwhile. Presses wait for
   each other; what each says is noted now, since its button may be gone by then. */
form.addEventListener("htmx:confirm", (event) => {
  if (event.target !== form) return;
  event.preventDefault();
  const { triggeringEvent, issueRequest } = event.detail;
  const value = triggeringEvent?.submitter?.value ?? "";
  turn = turn.then(() => saver.settled()).then(() => new Promise((done) => {
    answered = done;
    pressed = value;
    before = saver.texts();
    saver.hold(true);
    issueRequest(true);
  }));
});
form.addEventListener("htmx:configRequest", (event) => {
  if (event.target === form) event.detail.parameters.do = pressed;
});
/* Where two people wrote the same, or a word is too long, the answer is a page to be seen too. */
form.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target.id === "parts") typed = saver.texts();
  if ([409, 422].includes(event.detail.xhr.status) && event.target.id === "parts") {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
form.addEventListener("htmx:afterRequest", (event) => {
  if (event.target !== form) return;
  saver.hold(false);
  if (event.detail.successful) saver.rebase(before, typed);
  dress(form);
  rememberFolds();
  saver.send(true);
  answered();
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
