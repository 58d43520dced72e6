/* Saves the fields that changed, one request at a time; each says from which text it began. */
const AFTER = 120; // milliseconds without a key
const AGAIN = 4000; // before a request that did not come through is repeated

export class Saver {
  #form; #preview; #state; #timer; #running = null; #again = false; #held = false; #failed = false;

  constructor(form, preview) {
    this.#form = form;
    this.#preview = preview;
    this.#state = document.getElementById("state");
    this.#checks = debounced(() => refreshChecks(form), 700);
  }
  #checks;

  get isBehind() {
    return this.#failed || this.#changed().length > 0;
  }

  note(field) {
    if (!this.#was(field)) return;
    this.#say("unsaved");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.send(), AFTER);
  }

  /* `anyway`: also when nothing changed, for the preview. */
  send(anyway = false) {
    clearTimeout(this.#timer);
    if (this.#held) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    const changed = this.#changed();
    if (!changed.length && !anyway) return;
    if (changed.length) this.#say("saving");
    this.#running = this.#post(changed).finally(() => {
      this.#running = null;
      if (this.#again) {
        this.#again = false;
        this.send();
      }
    });
  }

  /* Resolves when nothing is on its way. */
  async settled() {
    clearTimeout(this.#timer);
    while (this.#running) await this.#running;
  }

  hold(held) {
    this.#held = held;
  }

  texts() {
    return new Map(this.#fields().map((field) => [field.name, field.value]));
  }

  /* After a part of the page came anew: fields that stayed began from what was sent with it, and
     what was typed since then into fields that came anew is put back. */
  rebase(sent, typed) {
    const anew = this.#form.querySelector("#parts");
    for (const field of this.#fields().filter((one) => sent.has(one.name))) {
      if (!anew.contains(field)) this.#was(field).value = sent.get(field.name);
      else if (typed.get(field.name) !== sent.get(field.name)) field.value = typed.get(field.name);
    }
    this.#say("saved", this.#clock());
    this.#checks();
  }

  #fields() {
    return [...this.#form.elements].filter((field) => this.#was(field));
  }

  #was(field) {
    return field.name ? this.#form.elements[`was:${field.name}`] : null;
  }

  #changed() {
    return this.#fields().filter((field) => field.value !== this.#was(field).value);
  }

  async #post(changed) {
    const body = new FormData();
    body.set("csrf_token", this.#form.elements.csrf_token.value);
    for (const field of changed) {
      body.set(field.name, field.value);
      body.set(`was:${field.name}`, this.#was(field).value);
    }
    for (const [name, value] of this.#preview.wanted()) body.set(name, value);
    const sent = new Map(changed.map((field) => [field.name, field.value]));
    let answer;
    try {
      const response = await fetch(this.#form.action, {
        method: "POST", body, headers: { Accept: "application/json" },
      });
      if (!response.headers.get("Content-Type")?.includes("json")) throw new Error(response.status);
      answer = await response.json();
    } catch {
      this.#failed = true;
      this.#say("offline");
      this.#timer = setTimeout(() => this.send(true), AGAIN);
      return;
    }
    this.#failed = false;
    if (answer.refused) {
      location.reload();
      return;
    }
    this.#take(answer, sent);
    if (answer.preview) this.#preview.show(answer.preview);
  }

  #take(answer, sent) {
    for (const [name, text] of Object.entries(answer.changed)) this.#keep(name, text, sent);
    for (const clash of answer.clashes) this.#clash(clash);
    for (const [name, problem] of Object.entries(answer.problems)) this.#problem(name, problem);
    for (const name of Object.keys(answer.changed)) this.#problem(name, "");
    const open = answer.clashes.length || Object.keys(answer.problems).length;
    if (open || Object.keys(answer.gone).length || this.#changed().length) this.#say("unsaved");
    else this.#say("saved", answer.saved);
    if (sent.size) this.#checks();
  }

  /* What was typed since is kept; what somebody else wrote comes in where it was merged. */
  #keep(name, text, sent) {
    const field = this.#form.elements[name];
    if (!field) return;
    if (field.value === sent.get(name) && field.value.trim() !== text) {
      const at = field.selectionStart;
      field.value = text;
      field.setSelectionRange?.(at, at);
      this.#was(field).value = text;
      return;
    }
    this.#was(field).value = field.value === sent.get(name) ? field.value : text;
    field.closest(".field")?.querySelector(".clash")?.remove();
  }

  #clash({ field: name, theirs }) {
    const field = this.#form.elements[name];
    this.#was(field).value = theirs;
    const box = field.closest(".field");
    const shown = document.getElementById("clash").content.cloneNode(true);
    shown.querySelector("blockquote").textContent = theirs;
    box.querySelector(".clash")?.remove();
    box.insertBefore(shown, field.previousElementSibling?.matches(".toolbar") ? field.previousElementSibling : field);
    box.classList.add("field-wrong");
  }

  #problem(name, problem) {
    const shown = document.getElementById(`${name}-error`);
    const field = this.#form.elements[name];
    if (!shown || !field) return;
    shown.textContent = problem;
    shown.hidden = !problem;
    field.toggleAttribute("aria-invalid", Boolean(problem));
    field.closest(".field").classList.toggle("field-wrong", Boolean(problem));
  }

  #say(what, when = "") {
    this.#state.textContent = this.#state.dataset[what].replace("{}", when);
    this.#state.dataset.is = what;
  }

  #clock() {
    return new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
  }
}

function debounced(act, wait) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, wait);
  };
}

async function refreshChecks(form) {
  const response = await fetch(form.dataset.checks);
  if (response.ok) document.getElementById("meaning").innerHTML = await response.text();
}
