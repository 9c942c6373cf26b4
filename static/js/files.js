// Photographs: dropped or chosen, made smaller before they travel, with progress. Without this module the form uploads as it is.

const QUALITY = 0.86;

// The camera's facts (place and time among them) live in the APP1 segment of a JPEG, which recompressing drops.
function exifOf(bytes) {
  const view = new DataView(bytes);
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return null;
  for (let at = 2; at + 10 < view.byteLength && view.getUint8(at) === 0xff; at += 2 + view.getUint16(at + 2)) {
    if (view.getUint16(at) === 0xffda) return null;
    if (view.getUint16(at) === 0xffe1 && view.getUint32(at + 4) === 0x45786966) return bytes.slice(at, at + 2 + view.getUint16(at + 2));
  }
  return null;
}

// The new picture is already upright: its orientation must say so, or it would be turned twice.
function upright(exif) {
  const view = new DataView(exif);
  const tiff = 10;
  const little = view.getUint16(tiff) === 0x4949;
  const directory = tiff + view.getUint32(tiff + 4, little);
  for (let entry = 0; entry < view.getUint16(directory, little); entry += 1) {
    const at = directory + 2 + entry * 12;
    if (view.getUint16(at, little) === 0x0112) view.setUint16(at + 8, 1, little);
  }
  return exif;
}

async function shrink(file, edge) {
  if (!file.type.startsWith("image/") || !window.OffscreenCanvas) return file;
  try {
    const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = edge / Math.max(picture.width, picture.height);
    if (scale >= 1) return file;
    const canvas = new OffscreenCanvas(Math.round(picture.width * scale), Math.round(picture.height * scale));
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    picture.close();
    const small = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
    const exif = exifOf(await file.arrayBuffer());
    const parts = exif ? [small.slice(0, 2), upright(exif), small.slice(2)] : [small];
    return new File(parts, file.name.replace(/\.[^.]+$/, "") + ".jpg", { type: "image/jpeg", lastModified: file.lastModified });
  } catch {
    // Not an image that this browser reads: the server says what is wrong with it.
    return file;
  }
}

function complaint(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const words = page.querySelector(".file-drop .form-error, .toast.error p, [role='alert'], .error, h1");
  return words?.textContent.trim() || "The photographs could not be taken in.";
}

async function send(form, files) {
  const state = form.querySelector("[data-file-state]");
  const progress = form.querySelector("progress");
  const input = form.querySelector("input[type='file']");
  const body = new FormData(form);
  body.delete(input.name);
  state.textContent = files.length === 1 ? "Preparing 1 photograph" : `Preparing ${files.length} photographs`;
  for (const file of files) body.append(input.name, await shrink(file, Number(form.dataset.maxEdge) || 2400));
  state.textContent = files.length === 1 ? "Sending 1 photograph" : `Sending ${files.length} photographs`;
  progress.hidden = false;
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) progress.value = (100 * event.loaded) / event.total; });
  request.addEventListener("loadend", () => {
    progress.hidden = true;
    delete form.dataset.busy;
  });
  request.addEventListener("load", () => {
    if (request.status < 400) location.assign(request.responseURL || location.href);
    else state.textContent = complaint(request.responseText);
  });
  request.addEventListener("error", () => {
    state.textContent = "The server cannot be reached. Choose the photographs again when you are back online.";
  });
  request.open("POST", form.action);
  request.send(body);
}

function begin(form, files) {
  // Choosing already sends; a second press meanwhile would send everything twice.
  if (!files.length || "busy" in form.dataset) return;
  form.dataset.busy = "";
  void send(form, [...files]);
}

function prepare(root) {
  root.querySelectorAll("form[data-file-drop]:not([data-ready])").forEach((form) => {
    form.dataset.ready = "";
    const input = form.querySelector("input[type='file']");
    const button = form.querySelector("button");
    if (button) button.hidden = true;
    input.addEventListener("change", () => begin(form, input.files));
    form.addEventListener("submit", (event) => { event.preventDefault(); begin(form, input.files); });
    form.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("over"); });
    form.addEventListener("dragleave", () => form.classList.remove("over"));
    form.addEventListener("drop", (event) => { event.preventDefault(); form.classList.remove("over"); begin(form, event.dataTransfer.files); });
  });
}
prepare(document);
document.addEventListener("htmx:load", () => prepare(document));
