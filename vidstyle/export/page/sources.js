// What is painted: a camera, a clip or a photo.

const REFUSED = {
  NotAllowedError: "The camera was not allowed. Allow it in the browser's settings for this page, or choose a file.",
  NotFoundError: "There is no camera. Plug one in, or choose a file.",
  NotReadableError: "The camera cannot be read; another program may be using it.",
};

class Moving {
  still = false;

  constructor(video) {
    this.video = video;
    this.fresh = true;
    this.wake = null;
    this.closed = false;
    this.watch();
  }

  get size() {
    return [this.video.videoWidth, this.video.videoHeight];
  }

  get picture() {
    return this.video;
  }

  watch() {
    const next = () => {
      if (this.closed) return;
      this.fresh = true;
      this.wake?.();
      this.watch();
    };
    if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback(next);
    else requestAnimationFrame(next);
  }

  // Waits for a frame that has not been painted.
  async next() {
    if (!this.fresh) await new Promise((resolve) => { this.wake = resolve; });
    this.fresh = false;
  }

  close() {
    this.closed = true;
    this.wake?.();
    this.video.pause();
    this.video.srcObject?.getTracks().forEach((track) => track.stop());
    if (this.video.src) URL.revokeObjectURL(this.video.src);
    this.video.removeAttribute("src");
    this.video.srcObject = null;
  }
}

class Photo {
  still = true;

  constructor(picture) {
    this.picture = picture;
    this.size = [picture.width, picture.height];
  }

  close() {
    this.picture.close();
  }
}

function element() {
  const video = document.createElement("video");
  video.playsInline = true;
  video.muted = true;
  return video;
}

async function playing(video, name) {
  await new Promise((resolve, reject) => {
    video.onloadeddata = resolve;
    video.onerror = () => reject(new Error(`This browser cannot play ${name}.`));
  });
  if (!video.videoWidth) throw new Error(`There is no picture in ${name}.`);
  await video.play();
  return new Moving(video);
}

export async function openCamera() {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new Error("Browsers lend the camera to pages of https, or of this computer (localhost), alone.");
  }
  const video = element();
  const wish = { width: { ideal: 1280 }, height: { ideal: 720 } };
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: wish });
  } catch (error) {
    throw new Error(REFUSED[error.name] ?? `The camera does not open: ${error.message}`);
  }
  return playing(video, "the camera");
}

// Opens a clip or photo, a Blob with its name.
export async function openFile(file, name) {
  if (file.type.startsWith("image/")) {
    const picture = await createImageBitmap(file).catch(() => {
      throw new Error(`This browser cannot read the picture ${name}.`);
    });
    return new Photo(picture);
  }
  const video = element();
  video.src = URL.createObjectURL(file);
  return playing(video, name);
}

// Opens a file that lies on the same server, by an address relative to the page.
export async function openAddress(address) {
  const url = new URL(address, location.href);
  if (url.origin !== location.origin) throw new Error(`The page opens files of its own server alone, not ${address}.`);
  const answer = await fetch(url).catch(() => null);
  if (!answer?.ok) throw new Error(`There is no ${address} beside the page.`);
  return openFile(await answer.blob(), address);
}
