"use strict";
const photos = () => [...document.querySelectorAll(".mw-photo img")];

// Keys that press buttons, those that say so. Not while somebody writes.
document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  // Over a slow line a photo comes after its buttons: nobody has seen that face yet.
  if (photos().some((photo) => !photo.complete)) return;
  const key = CSS.escape(event.key.toLowerCase());
  document.querySelector(`button[aria-keyshortcuts="${key}"]:not(:disabled)`)?.click();
});

// However a button is pressed: the numbered ones judge a face, which has to be seen for that. A
// photo that could not be loaded is complete as well.
document.addEventListener("click", (event) => {
  const key = event.target.closest("button")?.getAttribute("aria-keyshortcuts") ?? "";
  if (!/^[1-6]$/.test(key)) return;
  if (photos().some((photo) => !photo.complete || !photo.naturalWidth)) event.stopPropagation();
}, true);

function logIn() {
  const here = encodeURIComponent(location.pathname + location.search);
  window.location.assign(`/login?next=${here}`);
}

// Without a session the socket is refused, over and over, and the page would wait for ever.
(() => {
  async function askWhy() {
    try {
      if ((await fetch("/api/v1/me", { cache: "no-store" })).status === 401) logIn();
    } catch {
      // nobody answers: it is the connection that is lost
    }
  }
  const looking = setInterval(() => {
    if (!window.socket) return;
    clearInterval(looking);
    window.socket.on("connect_error", askWhy);
  }, 200);
})();

// Live pictures: each image asks for the next frame once it has shown the last one. Plain MJPEG
// would keep one connection per camera open, and browsers allow six to a server.
(() => {
  const MOST_AT_ONCE = 4;
  const OLD_MS = 10000;
  const LONGEST_MS = 30000;  // a connection may be gone without anybody being told
  let asking = 0;
  const takenAt = new WeakMap();
  // Of many cameras most are out of sight: nobody asks for those, nor keeps what they showed.
  const inSight = new Set();
  const sight = new IntersectionObserver((changes) => {
    for (const each of changes) {
      if (each.isIntersecting) inSight.add(each.target);
      else if (inSight.delete(each.target)) clear(each.target);
    }
  }, { rootMargin: "200px" });

  // Whatever was taken a while ago is no longer live, also when it is still the newest there is.
  function isOld(image) {
    return Boolean(image.dataset.picture) && performance.now() - takenAt.get(image) > OLD_MS;
  }

  setInterval(() => {
    for (const image of inSight) if (isOld(image)) image.dataset.cut = "1";
  }, 1000);

  function sayHowOld(image, moment) {
    takenAt.set(image, moment);
    image.toggleAttribute("data-cut", isOld(image));
  }

  function clear(image) {
    delete image.dataset.cut;
    if (!image.dataset.picture) return;
    image.src = image.dataset.nothing;
    URL.revokeObjectURL(image.dataset.picture);
    delete image.dataset.picture;
    delete image.dataset.sequence;
  }

  async function next(image, signal) {
    const address = `/api/v1/cameras/${encodeURIComponent(image.dataset.camera)}/frame.jpg`;
    const after = image.dataset.sequence || 0;
    // Waiting for a camera that shows nothing new must not keep others waiting.
    const wait = inSight.size > MOST_AT_ONCE ? 0 : 1;
    const question = `${address}?after=${after}&wait_s=${wait}`;
    const answer = await fetch(question, { cache: "no-store", signal });
    const moment = performance.now() - 1000 * Number(answer.headers.get("X-Age-S"));
    if (answer.status === 401) {
      logIn();
      return 60000;
    }
    if (answer.status === 204 && answer.headers.get("X-Sequence") !== "0") {
      sayHowOld(image, moment);
      return wait ? 100 : 400;
    }
    if (answer.status === 204 || !answer.ok) {
      // It may have been taken under settings that showed more than there may be seen now.
      clear(image);
      return answer.ok ? 500 : 5000;
    }
    const jpeg = await answer.blob();
    if (!inSight.has(image)) return 100;  // it went out of sight meanwhile
    const picture = URL.createObjectURL(jpeg);
    const old = image.dataset.picture;
    image.src = picture;
    image.dataset.picture = picture;
    image.dataset.sequence = answer.headers.get("X-Sequence");
    sayHowOld(image, moment);
    if (old) URL.revokeObjectURL(old);
    return 80;
  }

  async function keepShowing(image) {
    while (image.isConnected) {
      let pause = 100;
      if (!document.hidden && inSight.has(image) && asking < MOST_AT_ONCE) {
        asking += 1;
        const ending = new AbortController();
        const end = setTimeout(() => ending.abort(), LONGEST_MS);
        try {
          pause = await next(image, ending.signal);
        } catch {
          pause = 2000;
          image.dataset.cut = "1";  // whatever it shows is no longer live
        } finally {
          clearTimeout(end);
          asking -= 1;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
    sight.unobserve(image);
    inSight.delete(image);
    clear(image);
  }

  function start() {
    for (const image of document.querySelectorAll("img[data-camera]:not([data-started])")) {
      image.dataset.started = "1";
      image.dataset.nothing = image.src;
      sight.observe(image);
      keepShowing(image);
    }
  }
  new MutationObserver(start).observe(document.documentElement, { childList: true, subtree: true });
  start();
})();
