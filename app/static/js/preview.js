/* The mail beside the desk: written into its frame in place, so that it neither flashes nor jumps. */
export class Preview {
  #panel; #frame; #text; #problem; #who; #dark; #asText;
  onchange = () => {};

  constructor(panel) {
    this.#panel = panel;
    this.#frame = panel.querySelector("iframe");
    this.#text = panel.querySelector("[data-text]");
    this.#problem = panel.querySelector("[data-problem]");
    this.#who = panel.querySelector("#who");
    this.#dark = panel.querySelector("#dark");
    this.#asText = panel.querySelector("#as-text");
    const switches = panel.querySelector("[data-switches]");
    switches.hidden = false;
    this.#dark.checked = matchMedia("(prefers-color-scheme: dark)").matches;
    this.#who.addEventListener("change", () => this.onchange());
    this.#dark.addEventListener("change", () => this.onchange());
    this.#asText.addEventListener("change", () => this.#turn());
    switches.addEventListener("change", (event) => {
      if (event.target.name === "width") panel.classList.toggle("is-wide", event.target.value === "wide");
    });
  }

  wanted() {
    return [["seen_by", this.#who.value], ["theme", this.#dark.checked ? "dark" : "light"]];
  }

  show({ subject, line, html, text, problem }) {
    this.#problem.hidden = !problem;
    this.#problem.textContent = problem ?? "";
    if (problem) return;
    this.#panel.querySelector("[data-subject]").textContent = subject;
    this.#panel.querySelector("[data-line]").textContent = line;
    this.#text.textContent = text;
    this.#write(html);
  }

  /* Of a mail that did not load there is nothing to write into: then it is loaded once more. */
  #write(html) {
    const page = this.#frame.contentDocument;
    if (!page?.body) {
      this.#frame.src = this.#panel.dataset.address.replace("WHO", this.#who.value);
      return;
    }
    // Parsed by the frame's own page: its policy lets a mail have styles of its own, ours does not.
    const [, attributes, inside] = html.match(/<html([^>]*)>([\s\S]*)<\/html>/);
    page.documentElement.innerHTML = inside.replace("<head>", '<head><base target="_blank">');
    page.documentElement.lang = attributes.match(/lang="([^"]*)"/)?.[1] ?? "";
    page.documentElement.dir = attributes.match(/dir="([^"]*)"/)?.[1] ?? "ltr";
    this.#panel.dataset.shown = Number(this.#panel.dataset.shown ?? 0) + 1;
  }

  #turn() {
    this.#text.hidden = !this.#asText.checked;
    this.#frame.hidden = this.#asText.checked;
  }
}
