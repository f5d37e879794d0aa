/** Makes a picture that is too big smaller before it is sent: photographs have many megabytes, and 256 pixels are kept. */

const SIDE = 1024;

for (const field of document.querySelectorAll("input[type=file][data-limit]")) {
  if (field instanceof HTMLInputElement) field.addEventListener("change", () => shrink(field));
}

/** @param {HTMLInputElement} field */
async function shrink(field) {
  const file = field.files?.[0];
  if (!file || file.size <= Number(field.dataset["limit"])) return;
  const smaller = await drawn(file);
  if (!smaller || field.files?.[0] !== file) return;
  const chosen = new DataTransfer();
  chosen.items.add(new File([smaller], "picture.jpg", { type: smaller.type }));
  field.files = chosen.files;
}

/** Null where the browser cannot read it: the server says why then. @param {File} file @returns {Promise<Blob | null>} */
async function drawn(file) {
  try {
    const image = await createImageBitmap(file);
    const scale = Math.min(1, SIDE / Math.min(image.width, image.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(image.width * scale);
    canvas.height = Math.round(image.height * scale);
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
  } catch {
    return null;
  }
}

export {};
