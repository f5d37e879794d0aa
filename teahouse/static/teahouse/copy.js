/** Buttons that copy: `<button data-copy="id" data-done="Copied" hidden>` beside `<input id="id">`. */

for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!(button instanceof HTMLButtonElement)) continue;
  const field = /** @type {HTMLInputElement} */ (document.getElementById(button.dataset["copy"] ?? ""));
  const says = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    await copy(field.value);
    button.textContent = button.dataset["done"] ?? says;
    setTimeout(() => (button.textContent = says), 2_000);
  });
  field.addEventListener("focus", () => field.select());
}

/** Without https the browser has no clipboard for pages; then what is selected is copied. @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    document.execCommand("copy");
  }
}

export {};
