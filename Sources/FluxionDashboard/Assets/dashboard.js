"use strict";
// Keeps the page as it stands on the server: told that something changed, it asks for the page again and puts in place the
// parts that differ.
(() => {
  const pause = 500; // Milliseconds between two looks, at least.
  const silence = 45000; // Without a sign of life for so long, the connection counts as lost.
  const speechPause = 5000; // Between two announcements to screen readers.
  const link = document.getElementById("link");
  const announcement = document.getElementById("announcement");
  const sources = new Map(); // The markup of each part as the server sent it.
  let stream = null;
  let watchdog = 0;
  let lastLook = 0;
  let isAsked = false;
  let lastSpeech = 0;
  let speech = 0;

  const parts = (page) => [...page.querySelectorAll("[data-part]")];
  for (const part of parts(document)) sources.set(part.dataset.part, part.outerHTML);

  // Opened with the token while signed in already.
  if (location.hash.startsWith("#token=")) history.replaceState(null, "", location.pathname);

  function show(state, text) {
    link.hidden = false;
    link.className = "link " + state;
    if (link.textContent !== text) link.textContent = text;
  }

  function ago(date) {
    const seconds = Math.max(0, Math.round((Date.now() - date) / 1000));
    if (seconds < 5) return "just now";
    if (seconds < 60) return `${seconds} s ago`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
    if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
    return `${Math.floor(seconds / 86400)} d ago`;
  }

  function tellTimes() {
    for (const time of document.querySelectorAll("time[datetime]")) {
      const date = Date.parse(time.dateTime);
      const text = date > Date.now() ? new Date(date).toLocaleTimeString() : ago(date);
      if (time.textContent !== text) time.textContent = text;
      time.title = new Date(date).toLocaleString();
    }
  }

  // Puts a part in place without taking focus, scroll position or open details from the reader.
  function replace(old, fresh) {
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    const places = [...old.querySelectorAll("[id]")].map((one) => [one.id, one.scrollTop, one.scrollLeft, one.open]);
    const next = document.adoptNode(fresh);
    old.replaceWith(next);
    for (const [id, top, left, open] of places) {
      const one = document.getElementById(id);
      if (!one) continue;
      if (open) one.open = true;
      if (top) one.scrollTop = top;
      if (left) one.scrollLeft = left;
    }
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  function announce() {
    if (speech) return;
    speech = setTimeout(() => {
      speech = 0;
      lastSpeech = Date.now();
      const text = [document.querySelector("h1"), document.getElementById("sentence")]
        .map((one) => one?.textContent ?? "").join(". ");
      if (announcement.textContent !== text) announcement.textContent = text;
    }, Math.max(0, lastSpeech + speechPause - Date.now()));
  }

  async function look() {
    lastLook = Date.now();
    isAsked = false;
    const answer = await fetch("/", { cache: "no-store", credentials: "same-origin" });
    if (answer.status === 401) return location.reload();
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const fresh of parts(page)) {
      const name = fresh.dataset.part;
      const source = fresh.outerHTML;
      if (sources.get(name) === source) continue;
      const old = document.querySelector(`[data-part="${name}"]`);
      if (!old) continue;
      sources.set(name, source);
      replace(old, fresh);
      if (name === "state") announce();
    }
    if (document.title !== page.title) document.title = page.title;
    tellTimes();
  }

  function ask() {
    if (isAsked || document.hidden) { isAsked = isAsked || document.hidden; return; }
    isAsked = true;
    setTimeout(() => look().catch(() => {}), Math.max(0, lastLook + pause - Date.now()));
  }

  function heard() {
    show("live", "Live");
    clearTimeout(watchdog);
    watchdog = setTimeout(reconnect, silence);
  }

  function reconnect() {
    show("lost", "Connection lost, trying again");
    stream?.close();
    connect();
    // Whoever is no longer signed in is asked for the token.
    look().catch(() => {});
  }

  function connect() {
    stream = new EventSource("/api/events");
    stream.onopen = heard;
    stream.addEventListener("heartbeat", heard);
    for (const kind of ["reset", "run", "state", "round", "party", "analysis", "model"]) {
      stream.addEventListener(kind, () => { heard(); ask(); });
    }
    stream.onerror = () => {
      show("lost", "Connection lost, trying again");
      if (stream.readyState === EventSource.CLOSED) {
        clearTimeout(watchdog);
        watchdog = setTimeout(reconnect, 5000);
      }
    };
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && isAsked) { isAsked = false; ask(); }
  });
  setInterval(tellTimes, 5000);
  tellTimes();
  announce();
  connect();
})();
