"use strict";
// The stream of one camera, for as long as its page is open: when it ends it is opened anew, and a
// picture that nothing more was heard of looks old.
(() => {
  const OLD_MS = 10000, LONGEST_MS = 60000, PAUSE_MS = 3000;
  const HEAD = /^\s*--[^]*?Content-Length: (\d+)\r\n\r\n/;
  const image = document.querySelector("img[data-stream]");
  let heardAt = performance.now();
  let picture = "";
  let stream = new AbortController();

  setInterval(() => {
    const silentMs = performance.now() - heardAt;
    if (silentMs > OLD_MS) image.dataset.cut = "1";
    if (silentMs > LONGEST_MS) stream.abort();  // the connection may be gone without a word
  }, 1000);

  function show(jpeg) {
    const old = picture;
    picture = URL.createObjectURL(new Blob([jpeg], { type: "image/jpeg" }));
    image.src = picture;
    if (old) URL.revokeObjectURL(old);
    heardAt = performance.now();
    delete image.dataset.cut;
  }

  // Shows the parts that are there as a whole; returns what is left.
  function taken(bytes) {
    const head = HEAD.exec(new TextDecoder("latin1").decode(bytes.subarray(0, 500)));
    const end = head && head[0].length + Number(head[1]);
    if (!head || bytes.length < end) return bytes;
    show(bytes.subarray(head[0].length, end));
    return taken(bytes.subarray(end));
  }

  async function watch() {
    stream = new AbortController();
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
