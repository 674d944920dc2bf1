"use strict";
// The stream of one camera, for as long as its page is open: when it ends it is opened anew, and a
// picture that was taken a while ago looks old, also when it has only now been sent.
(() => {
  const OLD_MS = 10000, LONGEST_MS = 60000, PAUSE_MS = 3000;
  const HEAD = /^\s*--[^]*?X-Age-S: ([\d.]+)\r\nContent-Length: (\d+)\r\n\r\n/;
  const image = document.querySelector("img[data-stream]");
  let heardAt = performance.now();
  let takenAt = heardAt;
  let picture = "";
  let stream = new AbortController();

  setInterval(() => {
    sayHowOld();
    // The connection may be gone without a word.
    if (performance.now() - heardAt > LONGEST_MS) stream.abort();
  }, 1000);

  function sayHowOld() {
    image.toggleAttribute("data-cut", performance.now() - takenAt > OLD_MS);
  }

  function show(jpeg, ageS) {
    const old = picture;
    picture = URL.createObjectURL(new Blob([jpeg], { type: "image/jpeg" }));
    image.src = picture;
    if (old) URL.revokeObjectURL(old);
    heardAt = performance.now();
    takenAt = heardAt - 1000 * ageS;
    sayHowOld();
  }

  // Shows the parts that are there as a whole; returns what is left.
  function taken(bytes) {
    const head = HEAD.exec(new TextDecoder("latin1").decode(bytes.subarray(0, 500)));
    const end = head && head[0].length + Number(head[2]);
    if (!head || bytes.length < end) return bytes;
    show(bytes.subarray(head[0].length, end), Number(head[1]));
    return taken(bytes.subarray(end));
  }

  async function watch() {
    stream = new AbortController();
    heardAt = performance.now();  // a new stream has its own time for its first picture
    const answer = await fetch(image.dataset.stream, { cache: "no-store", signal: stream.signal });
    if (answer.status === 401) location.reload();  // leads to the login, and back here
    if (!answer.ok) return;
    const reader = answer.body.getReader();
    let held = new Uint8Array();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const bytes = new Uint8Array(held.length + next.value.length);
      bytes.set(held);
      bytes.set(next.value, held.length);
      held = taken(bytes);
    }
  }

  async function keepWatching() {
    for (;;) {
      try { await watch(); } catch { /* it is opened anew */ }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
  keepWatching();
})();
