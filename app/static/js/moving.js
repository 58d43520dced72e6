/* Blocks are moved by dragging their grip, or with the arrow keys on it. The buttons do it too. */
let moved = null; // the block whose grip is to have the focus again

export function watchMoves(form) {
  let dragged = null;
  show(form);
  new MutationObserver(() => show(form)).observe(form, { childList: true, subtree: true });

  form.addEventListener("keydown", (event) => {
    const block = event.target.closest?.("[data-grip]")?.closest("[data-block]");
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!block || !step) return;
    event.preventDefault();
    place(form, block, order(form).indexOf(block) + step);
  });
  form.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("[data-grip]")?.closest("[data-block]") ?? null;
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setDragImage(dragged, 20, 20);
    dragged.classList.add("is-dragged");
  });
  form.addEventListener("dragover", (event) => {
    const over = dragged && event.target.closest?.("[data-block]");
    if (!over) return;
    event.preventDefault();
    mark(form, over === dragged ? null : over);
  });
  form.addEventListener("drop", (event) => {
    const over = dragged && event.target.closest?.("[data-block]");
    if (!over || over === dragged) return;
    event.preventDefault();
    place(form, dragged, order(form).indexOf(over));
  });
  form.addEventListener("dragend", () => {
    dragged?.classList.remove("is-dragged");
    dragged = null;
    mark(form, null);
  });
}

function show(form) {
  for (const grip of form.querySelectorAll("[data-grip][hidden]")) {
    grip.hidden = false;
    grip.draggable = true;
    if (grip.closest("[data-block]").dataset.block === moved) {
      grip.focus();
      moved = null;
    }
  }
}

function order(form) {
  return [...form.querySelectorAll("[data-block]")];
}

function mark(form, over) {
  for (const block of order(form)) block.classList.toggle("is-over", block === over);
}

/* By a button of the form that is out of sight: the server does what its own buttons do. It stays,
   since htmx forgets a button that is gone. */
function place(form, block, position) {
  const last = order(form).length - 1;
  if (position < 0 || position > last) return;
  let press = form.querySelector("[data-place]");
  if (!press) {
    press = document.createElement("button");
    press.name = "do";
    press.hidden = true;
    press.dataset.place = "";
    form.append(press);
  }
  moved = block.dataset.block;
  press.value = `place:${block.dataset.block}:${position}`;
  press.click();
}
