// Questions to the server, and what is told when it refuses.

export class Refused extends Error {}

async function checked(response) {
  if (response.ok) return response;
  let line = `the server refused (${response.status})`;
  try {
    line = (await response.json()).error;
  } catch { /* a page of text */ }
  throw new Refused(line);
}

export async function ask(method, path, { body, signal } = {}) {
  const headers = body ? { "Content-Type": "application/json" } : {};
  const text = body && JSON.stringify(body);
  return checked(await fetch(path, { method, headers, body: text, signal }));
}

export const json = async (...words) => (await ask(...words)).json();

export const picture = async (...words) => URL.createObjectURL(await (await ask(...words)).blob());

// XMLHttpRequest: fetch tells nothing of how much has been sent.
export function upload(path, file, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", `${path}?name=${encodeURIComponent(file.name)}`);
    request.upload.onprogress = (e) => e.lengthComputable && onProgress(e.loaded / e.total);
    request.onerror = () => reject(new Refused(`${file.name} could not be sent`));
    request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
    request.onload = () => {
      let answer = {};
      try {
        answer = JSON.parse(request.responseText);
      } catch { /* a page of text */ }
      if (request.status < 300) resolve(answer);
      else reject(new Refused(answer.error ?? `the server refused (${request.status})`));
    };
    signal?.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

// All that is new, for as long as the page is open.
export function listen(onState, onConnection) {
  const socket = new WebSocket(`ws://${location.host}/api/events`);
  socket.onopen = () => onConnection(true);
  socket.onmessage = (message) => onState(JSON.parse(message.data));
  socket.onclose = () => {
    onConnection(false);
    setTimeout(() => listen(onState, onConnection), 1500);
  };
}
