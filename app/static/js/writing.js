/* Markdown with a small toolbar, and what is pasted from a word processor made plain. */
export function dress(form) {
  for (const area of form.querySelectorAll("textarea[data-markdown]")) {
    if (area.previousElementSibling?.matches(".toolbar")) continue;
    const bar = document.getElementById("toolbar").content.firstElementChild.cloneNode(true);
    bar.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (button) press(area, button);
    });
    area.before(bar);
    area.addEventListener("keydown", (event) => shortcut(event, bar));
    area.addEventListener("paste", paste);
  }
}

function shortcut(event, bar) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const button = bar.querySelector(`[aria-keyshortcuts="Control+${event.key.toUpperCase()}"]`);
  if (!button) return;
  event.preventDefault();
  button.click();
}

function press(area, { dataset }) {
  const { selectionStart: from, selectionEnd: to, value } = area;
  const chosen = value.slice(from, to);
  area.focus();
  if (dataset.wrap) {
    insert(area, `${dataset.wrap}${chosen}${dataset.wrap}`);
    const inside = from + dataset.wrap.length;
    area.setSelectionRange(inside, inside + chosen.length);
  } else if (dataset.line) {
    const start = value.lastIndexOf("\n", from - 1) + 1;
    area.setSelectionRange(start, to);
    insert(area, value.slice(start, to).split("\n").map((line) => dataset.line + line).join("\n"));
  } else {
    insert(area, `[${chosen}](https://)`);
    const at = area.selectionStart - 1;
    area.setSelectionRange(at, at);
  }
}

/* As if it was typed, so that Control+Z takes it back. */
function insert(area, text) {
  if (!document.execCommand("insertText", false, text)) {
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function paste(event) {
  const html = event.clipboardData.getData("text/html");
  if (!html) return;
  event.preventDefault();
  insert(event.target, toMarkdown(new DOMParser().parseFromString(html, "text/html").body));
}

const AROUND = { B: "**", STRONG: "**", I: "*", EM: "*" };
const PARAGRAPHS = new Set(["P", "DIV", "SECTION", "ARTICLE", "TR", "TABLE", "UL", "OL", "BLOCKQUOTE"]);
const LEFT_OUT = new Set(["STYLE", "SCRIPT", "META", "LINK", "TITLE", "HEAD", "TEMPLATE"]);

export function toMarkdown(body) {
  const text = inner(body).replace(/[ \t]+\n/g, "\n").replace(/\n{3,}/g, "\n\n");
  return text.trim();
}

function inner(node) {
  return [...node.childNodes].map(written).join("");
}

function written(node) {
  if (node.nodeType === Node.TEXT_NODE) return node.data.replace(/\s+/g, " ");
  if (node.nodeType !== Node.ELEMENT_NODE || LEFT_OUT.has(node.tagName)) return "";
  const text = inner(node);
  if (node.tagName === "BR") return "\n";
  if (AROUND[node.tagName] && !isPlain(node)) return around(text, AROUND[node.tagName]);
  if (node.tagName === "A") return linked(text, node.getAttribute("href") ?? "");
  if (/^H[1-6]$/.test(node.tagName)) return `\n\n### ${text.trim()}\n\n`;
  if (node.tagName === "LI") return `\n${node.parentNode.tagName === "OL" ? "1." : "-"} ${text.trim()}`;
  if (node.tagName === "BLOCKQUOTE") return `\n\n> ${text.trim().replace(/\n/g, "\n> ")}\n\n`;
  return PARAGRAPHS.has(node.tagName) ? `\n\n${text.trim()}\n\n` : text;
}

/* A word processor wraps whole pages in <b style="font-weight: normal">. */
function isPlain(node) {
  return /font-weight:\s*(normal|400)/.test(node.getAttribute("style") ?? "");
}

function around(text, mark) {
  const [, before, words, after] = text.match(/^(\s*)([\s\S]*?)(\s*)$/);
  return words ? `${before}${mark}${words}${mark}${after}` : text;
}

function linked(text, address) {
  return /^(https?:|mailto:)/.test(address) && text.trim() ? `[${text.trim()}](${address})` : text;
}
